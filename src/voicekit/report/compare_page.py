"""Compare runs: what differs in their figures, how sure that is, and what differs in how they were made.

Two runs of takes are compared line by line, by the takes that were picked; two runs of transcripts against the same
references, utterance by utterance. The first run is the one that all others are held against. Statistics are
`judge.compare`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from voicekit.config.report import CompareOptions
from voicekit.evaluation.bootstrap import LEVEL
from voicekit.evaluation.significance import FEWEST
from voicekit.report import page
from voicekit.report.compare import Comparison, Pair
from voicekit.report.listening_test import VOTES, listening_test_audio, make_listening_test, paired_lines
from voicekit.report.load import load_run
from voicekit.report.media import PageMedia
from voicekit.report.verdicts import heard_verdict, metric_format

# --- the page ---------------------------------------------------------------------------------------------------------


def compare_page(result: Comparison, places: Sequence[str | Path], out: Path, options: CompareOptions) -> str:
    """The page's HTML, with blind listening where takes are compared; its sounds made.

    Raises:
        OutputError: a sound cannot be written.
    """
    notes = [note for pair in result.pairs for note in pair.notes]
    data: dict[str, Any] = {"runs": result.runs, "seed": options.seed, "few": FEWEST, "rows": [], "schema": VOTES}
    if result.kind == "takes":
        a, b = (load_run(place) for place in places[:2])
        heard = make_listening_test(paired_lines(a, b)[0], options.seed)
        rows, lost = listening_test_audio(heard, a, b, PageMedia(out, options.embed), options.loudness)
        notes += [*heard.notes, *lost]
        data |= {"rows": rows, "pair": heard.mark}
    return page.render(
        "compare", " and ".join(result.runs.values()), data,
        result=result, notes=list(dict.fromkeys(notes)), rows=[list(_rows(pair)) for pair in result.pairs],
        heard=heard_verdict(result.preference) if result.preference else "", level=f"{LEVEL * 100:.0f} %", few=FEWEST,
        blind=bool(data["rows"]),
    )  # fmt: skip


def _rows(pair: Pair) -> Iterator[dict[str, Any]]:
    """For the table: figures as they are written, and where the interval lies on a common scale of -1 to 1."""
    for found, sentence in zip(pair.differences, pair.verdicts, strict=True):
        label, unit, factor, digits, better = metric_format(found.measure)

        def signed(value: float | None, factor: float = factor, digits: int = digits) -> str | None:
            return None if value is None else f"{value * factor:+.{digits}f}".replace("-", "−")

        ends = [abs(end) for end in (found.low, found.high, found.value) if end is not None]
        reach = max([*ends, 1e-12])
        yield {
            "label": label, "unit": unit.strip(), "better": better, "sentence": sentence, "outcome": found.outcome,
            "a": f"{found.a * factor:.{digits}f}", "b": f"{found.b * factor:.{digits}f}",
            "value": signed(found.value), "low": signed(found.low), "high": signed(found.high),
            "units": found.units, "drawn": found.drawn,
            "at": [None if end is None else round(end / reach, 4) for end in (found.low, found.value, found.high)],
        }  # fmt: skip
