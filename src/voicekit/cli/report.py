"""voicekit report: parse, call `write_report`, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from voicekit.config.report import ReportOptions
from voicekit.config.schema import build

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

_FIELDS = ReportOptions.model_fields


@app.command(epilog="The page is one file that asks for nothing; what it plays lies beside it, or in it with --embed")
def main(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="A run's folder, a recording's (its latest), transcript.json, takes.json"),
    ],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The page; RUN/report.html when left out")] = None,
    embed: Annotated[bool, typer.Option("--embed", help=_FIELDS["embed"].description)] = False,
    audio: Annotated[
        Path | None,
        typer.Option("--audio", metavar="FILE", help="The recording, where the run does not know it any more"),
    ] = None,
    below: Annotated[float | None, typer.Option("--below", help=_FIELDS["below"].description)] = None,
    speaker_below: Annotated[
        float | None, typer.Option("--speaker-below", help=_FIELDS["speaker_below"].description)
    ] = None,
) -> int:
    """Make a page of a run, to see and to hear: words with their sound, or takes with their scores.

    \b
    voicekit report outputs/talk/latest
    voicekit report outputs/talk/latest -o talk.html --embed
    voicekit report talk.json --audio talk.mp4
    """
    from voicekit.report.report import write_report

    given: dict[str, Any] = {"embed": embed, "below": below, "speaker_below": speaker_below}
    options = build(ReportOptions, {name: value for name, value in given.items() if value is not None}, "options")
    made = write_report(run, out, options, audio)
    for note in made.notes:
        print(f"note: {note}")
    print(f"{made.page}  {made.size}")
    return 0
