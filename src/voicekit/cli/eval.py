"""voicekit eval."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from voicekit.cli.console import new_console
from voicekit.cli.options import Json, given_options, new_app, options_from
from voicekit.cli.reporters import plain_table, print_error
from voicekit.cli.terminal import echo
from voicekit.config.evaluate import EvalOptions
from voicekit.evaluation import bootstrap
from voicekit.evaluation.evaluate import evaluate
from voicekit.evaluation.result import LABELS, Evaluation
from voicekit.evaluation.score import Score
from voicekit.redact import list_names, one_line

app = new_app()

WIDTH = 100


@app.command(epilog="Formats: .json (voicekit's transcript.json), .stm, .rttm, .ctm, .srt, .vtt, .txt")
@options_from(
    EvalOptions,
    {"language": "-l", "encoding": "", "collar": "", "skip_overlap": "--skip-overlap", "seed": ""},
    exclude=("metrics", "normalize"),
)
def main(
    hypothesis: Annotated[
        str, typer.Argument(metavar="HYP", help="Transcript to score: a file, a run, or a folder of them")
    ],
    reference: Annotated[
        list[str], typer.Argument(metavar="REF...", help="References: the files of one recording, or a folder")
    ],
    no_normalize: Annotated[
        bool, typer.Option("--no-normalize", help="Compare words as written, without Whisper's normalizer")
    ] = False,
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", metavar="NAME", help=EvalOptions.model_fields["metrics"].description),
    ] = None,
    json: Json = False,
    **given: Any,
) -> int:
    """Score transcripts against references: words, speakers and times, with 95 % intervals.

    \b
    voicekit eval outputs/talk/latest/transcript.json talk.stm talk.rttm
    voicekit eval outputs references
    voicekit eval theirs.srt talk.txt --language de --metric wer --metric cer

    \b
    WER, CER    word (character) error rate
    cpWER       WER with the speakers matched in the best way
    WDER        share of the recognized words with the wrong speaker
    DER         diarization error rate: missed, false and confused speech time
    JER         Jaccard error rate: the mean over speakers, so quiet ones count as much
    start, end  error of the word times

    Lower is better. A metric is computed if both sides have what it needs; notes list what is missing. In folders,
    files with the same stem belong to one recording (a.txt, a.stm and a.rttm), and so does the latest run in a folder
    of that name.
    """
    options = given_options({**given, "metrics": metric})
    result = evaluate(hypothesis, list(reference), normalize=not no_normalize, **options)
    if json:
        echo(result.to_json(), end="")
    else:
        console = new_console()
        console = console if console.is_terminal else new_console(width=WIDTH)
        console.print(_table(result))
        for line in (_legend(result), *_notes(result)):
            console.print(Text(line, style="dim"))
    for name, error in result.failed:
        print_error(one_line(name), error, debug=False)
    return int(bool(result.failed))


def _table(result: Evaluation) -> Table:
    """One row per recording and one for all; each cell has the score and below it the interval."""
    metrics = [name for name in LABELS if name in result.total and not name.endswith("_mean")]
    table = plain_table("recording")
    for name in metrics:
        table.add_column(LABELS[name], justify="right", no_wrap=True)
    for recording in result.recordings:
        table.add_row(Text(one_line(recording.name)), *(_cell(name, recording.scores) for name in metrics))
    if len(result.recordings) > 1:
        label = Text(f"all {len(result.recordings)}", style="bold")
        table.add_row(label, *(_cell(name, result.total) for name in metrics))
    return table


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


def _legend(result: Evaluation) -> str:
    times = (
        "; start and end in ms: median / mean, with the interval of the median" if "end_mean" in result.total else ""
    )
    return f"in %, with the {bootstrap.LEVEL:.0%} interval below{times}"


def _notes(result: Evaluation) -> list[str]:
    """Return one line per note; a note that several recordings share appears once."""
    recordings: dict[str, list[str]] = {}
    for recording in result.recordings:
        for note in recording.notes:
            recordings.setdefault(note, []).append(recording.name)
    notes = [
        note if len(names) == len(result.recordings) else f"{list_names(names, 4)}: {note}"
        for note, names in recordings.items()
    ]
    return [one_line(f"note: {note}") for note in (*notes, *result.notes)]
