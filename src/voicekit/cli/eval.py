"""voicekit eval: parse, call `evaluate`, print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from voicekit.cli.reporters import say_error
from voicekit.config.evaluate import EvalOptions
from voicekit.evaluation import bootstrap
from voicekit.evaluation.evaluate import evaluate
from voicekit.evaluation.result import LABELS, Evaluation
from voicekit.evaluation.score import Score
from voicekit.redact import one_line

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

WIDTH = 100


def _option(field: str, *names: str, **more: Any) -> Any:
    """A command-line option for a field of EvalOptions: its help is the field's."""
    return typer.Option(*names, help=EvalOptions.model_fields[field].description, **more)


@app.command(epilog="Formats: .json (voicekit's transcript.json), .stm, .rttm, .ctm, .srt, .vtt, .txt, all UTF-8")
def main(
    hypothesis: Annotated[
        str, typer.Argument(metavar="HYP", help="What was found: a file, a run's folder, or a folder")
    ],
    reference: Annotated[
        list[str], typer.Argument(metavar="REF...", help="What is right: the files of one recording, or a folder")
    ],
    language: Annotated[str | None, _option("language", "-l", "--language")] = None,
    no_normalize: Annotated[
        bool, typer.Option("--no-normalize", help="Compare words as they are written, not after Whisper's normaliser")
    ] = False,
    collar: Annotated[float | None, _option("collar", "--collar", metavar="SECONDS", show_default="0")] = None,
    skip_overlap: Annotated[bool, _option("skip_overlap", "--skip-overlap")] = False,
    metric: Annotated[list[str] | None, _option("metrics", "--metric", metavar="NAME")] = None,
    seed: Annotated[int | None, _option("seed", "--seed", show_default="0")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON, for machines")] = False,
) -> int:
    """Score transcripts against references: words, speakers and times, with 95 % intervals.

    \b
    voicekit eval outputs/talk/latest/transcript.json talk.stm talk.rttm
    voicekit eval outputs references
    voicekit eval theirs.srt talk.txt --language de --metric wer --metric cer

    \b
    WER, CER    words (characters) wrong, missing and added, of those said
    cpWER       the same speaker by speaker, speakers matched as fits best
    WDER        words given to the wrong speaker, of those that were heard
    DER         time missed, made up or given to the wrong speaker, of time spoken
    JER         the like for each speaker, then the mean: quiet ones count as much
    start, end  how far the times of the words are off

    Less is better. Each is computed where both sides hold what it needs; a note says what is left out. In two folders,
    files of one stem are one recording (a.txt, a.stm and a.rttm), and so is the latest run in a folder of that name.
    """
    given = {"language": language, "collar": collar, "metrics": metric, "seed": seed}
    options = {name: value for name, value in given.items() if value not in (None, [])}
    result = evaluate(hypothesis, list(reference), normalize=not no_normalize, skip_overlap=skip_overlap, **options)
    if json:
        print(result.to_json(), end="")
    else:
        console = Console()
        console = console if console.is_terminal else Console(width=WIDTH)
        console.print(table(result))
        for line in (legend(result), *notes(result)):
            console.print(Text(line, style="dim"))
    for name, error in result.failed:
        say_error(one_line(name), error, debug=False)
    return int(bool(result.failed))


def table(result: Evaluation) -> Table:
    """A row a recording and one for all of them; in a cell the score and under it the interval."""
    shown = [name for name in LABELS if name in result.total and not name.endswith("_mean")]
    out = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    out.add_column("recording", overflow="fold")
    for name in shown:
        out.add_column(LABELS[name], justify="right", no_wrap=True)
    for each in result.recordings:
        out.add_row(Text(one_line(each.name)), *(_cell(name, each.scores) for name in shown))
    if len(result.recordings) > 1:
        out.add_row(Text(f"all {len(result.recordings)}", style="bold"), *(_cell(name, result.total) for name in shown))
    return out


def _cell(name: str, scores: dict[str, Score]) -> str:
    score = scores.get(name)
    if score is None:
        return "-"
    factor, digits = (1000, 0) if name.endswith("_median") else (100, 2)
    value = f"{score.value * factor:.{digits}f}"
    if name.endswith("_median"):
        value += f" / {scores[name.replace('median', 'mean')].value * factor:.0f}"
    if score.low is None or score.high is None:
        return value
    digits = 1 if digits and score.high < 1 else 0
    return f"{value}\n{score.low * factor:.{digits}f}–{score.high * factor:.{digits}f}"


def legend(result: Evaluation) -> str:
    times = "; start and end in ms, median / mean, the interval is the median's" if "end_mean" in result.total else ""
    return f"in %, under each its {bootstrap.LEVEL:.0%} interval{times}"


def notes(result: Evaluation) -> list[str]:
    """A line a note; what several recordings have in common is said once."""
    names: dict[str, list[str]] = {}
    for each in result.recordings:
        for note in each.notes:
            names.setdefault(note, []).append(each.name)
    every = len(result.recordings)
    said = [(note if len(some) == every else f"{_some(some)}: {note}") for note, some in names.items()]
    return [one_line(f"note: {note}") for note in (*said, *result.notes)]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"
