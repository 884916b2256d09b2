"""The page of a comparison: verdicts, differences, changed settings and a blind listening test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from voicekit.config.report import CompareOptions
from voicekit.evaluation.bootstrap import LEVEL
from voicekit.evaluation.significance import MIN_UNITS
from voicekit.report.compare import Comparison, Pair
from voicekit.report.listening_test import VOTES, listening_test_rows, make_listening_test, paired_lines
from voicekit.report.load import load_run
from voicekit.report.media import PageMedia
from voicekit.report.metrics import METRIC_FORMATS
from voicekit.report.page import render_page
from voicekit.report.verdicts import preference_verdict


def compare_page(result: Comparison, runs: Sequence[str | Path], out: Path, options: CompareOptions) -> str:
    """Render the page and write its audio.

    Args:
        result: The comparison.
        runs: Its runs.
        out: File of the page.
        options: Seed and loudness of the listening test, and whether to embed its audio.

    Returns:
        The HTML.

    Raises:
        OutputError: An audio file cannot be written.
    """
    notes = [note for pair in result.pairs for note in pair.notes]
    data: dict[str, Any] = {"runs": result.runs, "seed": options.seed, "few": MIN_UNITS, "rows": [], "schema": VOTES}
    if result.kind == "takes":
        a, b = (load_run(run) for run in runs[:2])
        test = make_listening_test(paired_lines(a, b)[0], options.seed)
        rows, audio_notes = listening_test_rows(test, a, b, PageMedia(out, options.embed), options.loudness)
        notes += [*test.notes, *audio_notes]
        data |= {"rows": rows, "pair": test.digest}
    return render_page(
        "compare", " and ".join(result.runs.values()), data,
        result=result, notes=list(dict.fromkeys(notes)), rows=[list(_table_rows(pair)) for pair in result.pairs],
        preference=preference_verdict(result.preference) if result.preference else "",
        level=f"{LEVEL * 100:.0f} %", few=MIN_UNITS, blind=bool(data["rows"]),
    )  # fmt: skip


def _table_rows(pair: Pair) -> Iterator[dict[str, Any]]:
    """Rows of the table; `at` has the ends and the value of the difference on a scale of -1 to 1."""
    for difference, sentence in zip(pair.differences, pair.verdicts, strict=True):
        metric = METRIC_FORMATS[difference.measure]
        marks = (difference.low, difference.value, difference.high)
        scale = max([*(abs(mark) for mark in marks if mark is not None), 1e-12])
        yield {
            "label": metric.label, "unit": metric.unit, "better": metric.better, "sentence": sentence,
            "outcome": difference.outcome, "a": metric.number(difference.a), "b": metric.number(difference.b),
            "value": metric.signed(difference.value), "low": metric.signed(difference.low),
            "high": metric.signed(difference.high), "units": difference.units, "drawn": difference.drawn,
            "at": [None if mark is None else round(mark / scale, 4) for mark in marks],
        }  # fmt: skip
