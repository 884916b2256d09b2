"""voicekit doctor."""

from __future__ import annotations

import dataclasses
import json as jsonlib
from typing import Annotated

import typer
from rich.markup import escape

from voicekit.cli.console import new_console
from voicekit.cli.options import Json, new_app
from voicekit.cli.terminal import echo

app = new_app()

_LABELS = {"ok": "[green]ok[/]   ", "note": "[yellow]note[/] ", "fault": "[red]FAULT[/]"}


@app.command()
def doctor(
    json: Json = False,
    offline: Annotated[bool, typer.Option("--offline", help="Do not check the token with the model hub")] = False,
) -> int:
    """Check Python, PyTorch, the GPU, ffmpeg, engines, weights, disk and hub access. Exit status 1: a fault."""
    from voicekit.cli.doctor_checks import examine

    findings = []
    console = new_console(soft_wrap=True)
    for finding in examine(network=not offline):
        findings.append(finding)
        if not json:
            console.print(f"{_LABELS[finding.verdict]} [bold]{escape(f'{finding.name:<27}')}[/] {escape(finding.text)}")
            if finding.remedy:
                console.print(f"      {'':<27} [cyan]{escape(finding.remedy)}[/]")
    if json:
        echo(jsonlib.dumps([dataclasses.asdict(finding) for finding in findings], indent=1))
    return int(any(finding.verdict == "fault" for finding in findings))
