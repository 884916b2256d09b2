"""voicekit doctor: print what `voicekit.doctor` finds."""

from __future__ import annotations

import dataclasses
import json as jsonlib
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

_MARKS = {"ok": "[green]ok[/]   ", "note": "[yellow]note[/] ", "fault": "[red]FAULT[/]"}


@app.command()
def doctor(
    json: Annotated[bool, typer.Option("--json", help="For machines")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the hub about the token")] = False,
) -> int:
    """Check Python, PyTorch, the GPU, ffmpeg, engines, weights, disk and hub rights; exit 1 on a fault."""
    from voicekit.cli.doctor_checks import examine

    findings = []
    console = Console(soft_wrap=True)
    for finding in examine(network=not offline):
        findings.append(finding)
        if not json:
            console.print(f"{_MARKS[finding.verdict]} [bold]{escape(f'{finding.name:<27}')}[/] {escape(finding.text)}")
            if finding.remedy:
                console.print(f"      {'':<27} [cyan]{escape(finding.remedy)}[/]")
    if json:
        print(jsonlib.dumps([dataclasses.asdict(finding) for finding in findings], indent=1))
    return int(any(finding.verdict == "fault" for finding in findings))
