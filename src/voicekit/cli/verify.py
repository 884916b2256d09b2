"""voicekit verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voicekit.cli.options import Device, Json, new_app
from voicekit.cli.terminal import echo
from voicekit.redact import one_line
from voicekit.verification import Check, to_json, verify

app = new_app()


@app.command()
def main(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, or of runs (the latest)")],
    take: Annotated[
        list[str] | None,
        typer.Option("--take", metavar="TAKE", help="Take id, or line id for its pick; repeat for more"),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="Model outside the catalogue that the run may load; repeat for more",
        ),
    ] = None,
    device: Device = "auto",
    json: Json = False,
) -> int:
    """Re-run a job from its manifest and compare the results, bit for bit.

    Takes are rendered again and transcripts are transcribed again, without the cache. For results that differ, it
    prints by how much, and which versions or devices differ. Exit status 1: a result differs.

    A run can come from anybody: its models are loaded only if they are in the catalogue or given with --model, and
    its URLs are fetched only from public addresses.

    \b
    voicekit verify outputs/packaged/latest
    voicekit verify outputs/packaged/latest --take 004-2
    voicekit verify outputs/talk/latest
    """
    checks = []
    for check in verify(run, take or (), device, models=model or ()):
        checks.append(check)
        if not json:
            echo(_row(check), flush=True)
    if json:
        echo(to_json(checks))
    else:
        echo(f"{sum(check.same is True for check in checks)} of {len(checks)} reproduced")
    return int(not all(check.same for check in checks))


def _row(check: Check) -> str:
    if check.same:
        return f"{check.name}: reproduced bit for bit"
    state = "differs" if check.same is False else "could not be made again"
    changes = f" (changed since: {'; '.join(check.why[:4])}{' ...' if len(check.why) > 4 else ''})" if check.why else ""
    return one_line(f"{check.name}: {state}: {check.difference}{changes}")
