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
    engines: Annotated[
        bool, typer.Option("--engines", help="Run each engine once in a process of its own; takes a minute or two")
    ] = False,
) -> int:
    """Check Python, the GPU, PyTorch, ffmpeg, engines, weights, disk and hub access. Exit status 1: a fault.

    --engines finds libraries that crash on this processor. The results are kept, and later runs show them.
    """
    from voicekit.cli.doctor_checks import examine, try_all_engines

    findings = []
    console = new_console(soft_wrap=True)
    for finding in try_all_engines() if engines else examine(network=not offline):
        findings.append(finding)
        if not json:
            console.print(f"{_LABELS[finding.verdict]} [bold]{escape(f'{finding.name:<27}')}[/] {escape(finding.text)}")
            if finding.remedy:
                console.print(f"      {'':<27} [cyan]{escape(finding.remedy)}[/]")
    if json:
        echo(jsonlib.dumps([dataclasses.asdict(finding) for finding in findings], indent=1))
    return int(any(finding.verdict == "fault" for finding in findings))
