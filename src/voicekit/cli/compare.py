"""voicekit compare: parse, call `compare`, print, and write the page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from voicekit.config.report import CompareOptions
from voicekit.config.schema import build

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

_FIELDS = CompareOptions.model_fields


@app.command(epilog="A verdict needs 20 units; with several measures it must hold at a level shared out over them")
def main(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN_A RUN_B...", help="Runs of takes, or with --reference of transcripts")
    ],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Also write a page, with blind listening")] = None,
    reference: Annotated[
        list[Path] | None,
        typer.Option("-r", "--reference", help="What is right: a file, or their folder; repeat for more files"),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", metavar="NAME", help="As in eval; repeat for more", show_default="wer, cpwer, der"),
    ] = None,
    language: Annotated[str | None, typer.Option("-l", "--language", help="Language of the words, as in eval")] = None,
    votes: Annotated[
        list[Path] | None,
        typer.Option("--votes", metavar="FILE", help="Votes that the page saved; repeat for more people"),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help=_FIELDS["seed"].description, show_default="0")] = None,
    loudness: Annotated[
        float | None,
        typer.Option("--loudness", metavar="LUFS", help=_FIELDS["loudness"].description, show_default="-23"),
    ] = None,
    embed: Annotated[bool, typer.Option("--embed", help=_FIELDS["embed"].description)] = False,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON, for machines")] = False,
) -> int:
    """Compare runs: differences with 95 % intervals, a verdict in words, and what differed in how they were made.

    \b
    voicekit compare outputs/calm/latest outputs/lively/latest -o compare.html
    voicekit compare outputs/calm/latest outputs/lively/latest --votes votes.json
    voicekit compare base/talk/latest small/talk/latest --reference talk.stm

    Takes are compared line by line, by those that were picked; transcripts utterance by utterance, against the same
    references. The first run is A. What may be chance is not called a difference.
    """
    from voicekit.errors import UsageError
    from voicekit.redact import one_line
    from voicekit.report.compare import OF_TRANSCRIPTS, compare
    from voicekit.report.compare_page import compare_page
    from voicekit.report.media import size
    from voicekit.report.page import write
    from voicekit.report.report import html_file
    from voicekit.report.verdicts import heard_verdict

    if len(runs) < 2:
        raise UsageError("one run is compared with nothing", "Give two or more")
    place = html_file(out) if out else None
    given: dict[str, Any] = {"seed": seed, "loudness": loudness, "embed": embed}
    given = {name: value for name, value in given.items() if value is not None}
    result = compare(
        runs[0], runs[1], *runs[2:], reference=reference, metrics=tuple(metric or OF_TRANSCRIPTS), language=language,
        votes=votes or (), **given,
    )  # fmt: skip
    if place:
        write(place, compare_page(result, runs, place, build(CompareOptions, given, "options")))
    if json:
        print(result.to_json(), end="")
        return 0
    for letter, name in result.runs.items():
        print(f"{letter}  {one_line(name)}")
    for pair in result.pairs:
        print(f"\n{pair.b} against A")
        for sentence in pair.verdicts:
            print(f"  {sentence}")
        if pair.changed:
            print("  settings:")
            for each in pair.changed:
                print(f"    {one_line(f'{each.what}: {each.a} -> {each.b}')}")
        for note in pair.notes:
            print(one_line(f"note: {note}"))
    if result.preference:
        print(f"\n{heard_verdict(result.preference)}")
    if place:
        print(f"\n{place}  {size(place.stat().st_size)}")
    return 0
