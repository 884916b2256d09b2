"""voicekit compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicekit.cli.options import Json, given_options, new_app, options_from
from voicekit.cli.terminal import echo
from voicekit.config.report import CompareOptions
from voicekit.config.schema import build

if TYPE_CHECKING:
    from voicekit.report.compare import Comparison

app = new_app()


@app.command(epilog="A verdict needs 20 units; with several metrics it must hold at a corrected level")
@options_from(CompareOptions, {"seed": "", "loudness": "", "embed": "--embed"})
def main(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN_A RUN_B...", help="Runs of clone jobs, or of transcripts with --reference"),
    ],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Page to write, with a blind listening test")] = None,
    reference: Annotated[
        list[Path] | None,
        typer.Option("-r", "--reference", help="Reference file, or folder of references; repeat for more files"),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric", metavar="NAME", help="Metric, as in eval; repeat for more", show_default="wer, cpwer, der"
        ),
    ] = None,
    language: Annotated[str | None, typer.Option("-l", "--language", help="Language of the words, as in eval")] = None,
    votes: Annotated[
        list[Path] | None,
        typer.Option("--votes", metavar="FILE", help="Votes saved by the page; repeat for more listeners"),
    ] = None,
    json: Json = False,
    **given: Any,
) -> int:
    """Compare runs: differences with 95 % intervals, a verdict, and the settings that differ.

    \b
    voicekit compare outputs/calm/latest outputs/lively/latest -o compare.html
    voicekit compare outputs/calm/latest outputs/lively/latest --votes votes.json
    voicekit compare base/talk/latest small/talk/latest --reference talk.stm

    Takes are compared line by line (the picked ones), transcripts utterance by utterance against the same references.
    The first run is A. A difference that may be due to chance is not reported as one.
    """
    from voicekit.errors import UsageError
    from voicekit.report.compare import TRANSCRIPT_METRICS, compare
    from voicekit.report.compare_page import compare_page
    from voicekit.report.media import format_bytes
    from voicekit.report.page import write_page
    from voicekit.report.report import page_path

    if len(runs) < 2:
        raise UsageError("there is only one run", "Give two or more")
    path = page_path(out) if out else None
    options = given_options(given)
    result = compare(
        runs[0], runs[1], *runs[2:], reference=reference, metrics=tuple(metric or TRANSCRIPT_METRICS),
        language=language, votes=votes or (), **options,
    )  # fmt: skip
    if path:
        write_page(path, compare_page(result, runs, path, build(CompareOptions, options, "options")))
    if json:
        echo(result.to_json(), end="")
        return 0
    _print_comparison(result)
    if path:
        echo(f"\n{path}  {format_bytes(path.stat().st_size)}")
    return 0


def _print_comparison(result: Comparison) -> None:
    from voicekit.redact import one_line
    from voicekit.report.verdicts import preference_verdict

    for letter, name in result.runs.items():
        echo(f"{letter}  {one_line(name)}")
    for pair in result.pairs:
        echo(f"\n{pair.b} against A")
        for sentence in pair.verdicts:
            echo(f"  {sentence}")
        if pair.changed:
            echo("  settings:")
            for setting in pair.changed:
                echo(f"    {one_line(f'{setting.what}: {setting.a} -> {setting.b}')}")
        for note in pair.notes:
            echo(one_line(f"note: {note}"))
    if result.preference:
        echo(f"\n{preference_verdict(result.preference)}")
