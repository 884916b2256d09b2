"""voicekit transcript."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voicekit.cli.options import new_app
from voicekit.cli.terminal import echo

app = new_app(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Correct transcripts."""


@app.command()
def apply(
    transcript: Annotated[
        Path, typer.Argument(metavar="RUN_OR_FILE", help="Run that the report belongs to, or transcript.json")
    ],
    edits: Annotated[Path, typer.Argument(metavar="EDITS", help="Corrections saved by the report: talk.edits.json")],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="File to write for a transcript.json (default: NAME.edited.json)"),
    ] = None,
) -> int:
    """Apply the corrections that a report saved, and write all files again.

    For a run, this makes a new run beside it, in the same formats and style, and points `latest` to it. For a file,
    it writes NAME.edited.json beside it, and NAME.edited.srt and so on if NAME.srt exists. The original stays.

    \b
    voicekit transcript apply outputs/talk/latest talk.edits.json
    voicekit transcript apply talk.json talk.edits.json -o final.json
    """
    from voicekit.report.apply_corrections import apply_edits

    applied = apply_edits(transcript, edits, out)
    for note in applied.notes:
        echo(f"note: {note}")
    echo(f"{applied.place}  {applied.told}")
    return 0
