"""voicekit transcript: parse, call `apply_edits`, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)


@app.callback()
def group() -> None:
    """Corrections of transcripts."""


@app.command()
def apply(
    transcript: Annotated[
        Path, typer.Argument(metavar="RUN_OR_FILE", help="The run whose page they were saved from, or transcript.json")
    ],
    edits: Annotated[Path, typer.Argument(metavar="EDITS", help="What the page saved: talk.edits.json")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Of a file: the new one; NAME.edited.json when left out")
    ] = None,
) -> int:
    """Apply the corrections that a report's page saved, and write all files anew.

    Of a run comes a new run beside it, in the same formats and style, to which `latest` points; of a file
    NAME.edited.json beside it, and NAME.edited.srt and so on where there is a NAME.srt. What was there stays.

    \b
    voicekit transcript apply outputs/talk/latest talk.edits.json
    voicekit transcript apply talk.json talk.edits.json -o final.json
    """
    from voicekit.report.apply_corrections import apply_edits

    done = apply_edits(transcript, edits, out)
    for note in done.notes:
        print(f"note: {note}")
    print(f"{done.place}  {done.told}")
    return 0
