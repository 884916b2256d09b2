"""Compare runs: what differs in their figures, how sure that is, and what differs in how they were made.

Two runs of takes are compared line by line, by the takes that were picked; two runs of transcripts against the same
references, utterance by utterance. The first run is the one that all others are held against. Statistics are
`judge.compare`'s.
"""

from __future__ import annotations

from voicekit.evaluation.bootstrap import LEVEL
from voicekit.evaluation.result import LABELS
from voicekit.evaluation.significance import FEWEST, Difference, Preference
from voicekit.report.metrics import MEASURES

# --- in words ---------------------------------------------------------------------------------------------------------


def verdict(letter: str, found: Difference) -> str:
    """What can be said of a run against A in one measure."""
    label, unit, factor, digits, better = metric_format(found.measure)
    units = f"{found.units} {found.drawn}"

    def number(value: float) -> str:
        return f"{value * factor:.{digits}f}".replace("-", "−")

    if found.outcome == "few":
        return f"{label}: no verdict, {units} and at least {FEWEST} are needed"
    if found.outcome == "equal":
        return f"{label}: the same on all {units}"
    if found.low is None or found.high is None:
        why = f"only {found.differ} of {units} differ" if found.differ < found.units else f"all {units} differ alike"
        return f"{label}: no verdict, {why}"
    sign = -1 if found.value < 0 else 1
    low, high = sorted((sign * found.low, sign * found.high))
    more = f"{number(abs(found.value))}{unit}"
    interval = f"{LEVEL * 100:.0f} % CI {number(low)} to {number(high)}; {units}"
    way = "lower" if found.value < 0 else "higher"
    if found.outcome == "none":
        return f"{label}: no difference shown ({letter} − A {number(found.low)} to {number(found.high)}{unit}; {units})"
    if found.outcome == "perhaps":
        return (
            f"{label}: no verdict, {way} by {more} ({interval}), but among {found.comparisons} comparisons "
            "chance gives one like it too often"
        )
    judged = "" if not better else ", better" if way == better else ", worse"
    return f"{label}: {letter} {way} by {more} ({interval}){judged}"


def metric_format(measure: str) -> tuple[str, str, float, int, str]:
    """Label, unit, factor, digits, and which way is better."""
    if measure in MEASURES and measure not in LABELS:
        known = MEASURES[measure]
        return known.what, f" {known.unit}" if known.unit else "", known.factor, known.digits + 1, known.better
    if measure.startswith(("start", "end")):
        return LABELS[measure], " ms", 1000, 0, "lower"
    return LABELS[measure], " points", 100, 2, "lower"


def heard_verdict(found: Preference) -> str:
    """What blind votes say, in words."""
    same = f"; {found.same} heard no difference" if found.same else ""
    if found.share is None or found.low is None or found.high is None:
        return f"blind: no votes for either{same}"
    said = f"B preferred in {found.b} of {found.a + found.b} ({found.low:.0%} to {found.high:.0%}{same})"
    if found.outcome == "few":
        return f"blind: no verdict, {said}, and at least {FEWEST} votes are needed"
    if found.outcome == "none":
        return f"blind: no preference shown, {said}"
    return f"blind: {'B' if found.outcome == 'higher' else 'A'} is preferred, {said}"
