"""Verdicts of comparisons as sentences."""

from __future__ import annotations

from voicekit.evaluation.bootstrap import LEVEL
from voicekit.evaluation.significance import MIN_UNITS, Difference, OutcomeName, Preference
from voicekit.report.metrics import METRIC_FORMATS

VERDICTS: dict[OutcomeName, str] = {
    "lower": "{label}: {letter} {direction} by {size} ({interval}){judgement}",
    "higher": "{label}: {letter} {direction} by {size} ({interval}){judgement}",
    "uncertain": (
        "{label}: no verdict, {direction} by {size} ({interval}), which may be due to chance "
        "among {comparisons} comparisons"
    ),
    "no_difference": "{label}: no difference shown ({letter} − A {low} to {high}{unit}; {units})",
    "identical": "{label}: the same on all {units}",
    "too_few_units": "{label}: no verdict, {units} and at least {min_units} are needed",
    "too_few_differences": "{label}: no verdict, {differences}",
}

PREFERENCES: dict[OutcomeName, str] = {
    "lower": "blind: A is preferred, {votes}",
    "higher": "blind: B is preferred, {votes}",
    "no_difference": "blind: no preference shown, {votes}",
    "too_few_units": "blind: no verdict, {votes}, and at least {min_units} votes are needed",
}


def difference_verdict(letter: str, difference: Difference) -> str:
    """The verdict on run `letter` compared with run A in one measure."""
    metric = METRIC_FORMATS[difference.measure]
    unit = f" {metric.unit}" if metric.unit else ""
    units = f"{difference.units} {difference.drawn}"
    direction = "lower" if difference.value < 0 else "higher"
    fields = {
        "label": metric.label, "letter": letter, "unit": unit, "units": units, "direction": direction,
        "min_units": MIN_UNITS, "comparisons": difference.comparisons,
        "judgement": "" if not metric.better else ", better" if direction == metric.better else ", worse",
        "differences": f"only {difference.differ} of {units} differ"
        if difference.differ < difference.units
        else f"all {units} differ by the same amount",
    }  # fmt: skip
    if difference.low is not None and difference.high is not None:
        sign = -1 if difference.value < 0 else 1
        smallest, largest = sorted((sign * difference.low, sign * difference.high))
        fields |= {
            "size": f"{metric.number(abs(difference.value))}{unit}",
            "interval": f"{LEVEL * 100:.0f} % CI {metric.number(smallest)} to {metric.number(largest)}; {units}",
            "low": metric.number(difference.low),
            "high": metric.number(difference.high),
        }
    return VERDICTS[difference.outcome].format(**fields)


def preference_verdict(preference: Preference) -> str:
    """The verdict of the votes of a blind listening test."""
    same = f"; {preference.same} heard no difference" if preference.same else ""
    if preference.share is None or preference.low is None or preference.high is None:
        return f"blind: no votes for either{same}"
    decided = preference.a + preference.b
    votes = f"B preferred in {preference.b} of {decided} ({preference.low:.0%} to {preference.high:.0%}{same})"
    return PREFERENCES[preference.outcome].format(votes=votes, min_units=MIN_UNITS)
