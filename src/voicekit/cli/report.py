"""voicekit report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from voicekit.cli.options import given_options, new_app, options_from
from voicekit.cli.terminal import echo
from voicekit.config.report import ReportOptions

app = new_app()


@app.command(epilog="The page works offline. Its audio is in a folder beside it, or in the page with --embed")
@options_from(ReportOptions, {"embed": "--embed"})
def main(
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN",
            help="Folder of a run or of all runs of a recording (the latest), transcript.json, takes.json",
        ),
    ],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Page to write (default: RUN/report.html)")] = None,
    audio: Annotated[
        Path | None, typer.Option("--audio", metavar="FILE", help="Recording (default: the one that the run names)")
    ] = None,
    **given: Any,
) -> int:
    """Make an HTML report of a run: words with their audio, or takes with their scores.

    \b
    voicekit report outputs/talk/latest
    voicekit report outputs/talk/latest -o talk.html --embed
    voicekit report talk.json --audio talk.mp4
    """
    from voicekit.report.report import write_report

    written = write_report(run, out, audio, **given_options(given))
    for note in written.notes:
        echo(f"note: {note}")
    echo(f"{written.page}  {written.size}")
    return 0
