"""How measures are named and formatted, and which way is better, on pages and in sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from voicekit.evaluation.result import LABELS, TIME_SCORES
from voicekit.quality.artifacts.kinds import KINDS
from voicekit.quality.gates import ALIKE, MOS, WORST_WER
from voicekit.takes.records import TakeRecord
from voicekit.types import Artifact


@dataclass(frozen=True)
class MetricFormat:
    """How a measure is written in a comparison.

    Attributes:
        label: Its name.
        unit: Unit of a difference; "" for none.
        factor: From the value to the written number.
        digits: Decimals.
        better: Which way is better; "" if neither is.
    """

    label: str
    unit: str = ""
    factor: float = 1.0
    digits: int = 2
    better: Literal["lower", "higher", ""] = ""

    def number(self, value: float) -> str:
        return f"{value * self.factor:.{self.digits}f}".replace("-", "−")

    def signed(self, value: float | None) -> str | None:
        return None if value is None else f"{value * self.factor:+.{self.digits}f}".replace("-", "−")


METRIC_FORMATS: dict[str, MetricFormat] = {
    "score": MetricFormat("score", digits=3, better="higher"),
    "similarity": MetricFormat("similarity", digits=3, better="higher"),
    "mos": MetricFormat("DNSMOS", digits=3, better="higher"),
    "artifacts": MetricFormat("artifacts per take", digits=1, better="lower"),
    "pace": MetricFormat("pace", "words a minute", digits=1),
    "pitch": MetricFormat("pitch", "Hz", digits=1),
    "pitch_range": MetricFormat("pitch range", "semitones"),
    "seconds": MetricFormat("length", "s"),
    **{
        name: MetricFormat(LABELS[name], "points", 100, 2, "lower")
        for name in ("wer", "cer", "cpwer", "wder", "der", "jer")
    },
    **{name: MetricFormat(LABELS[name], "ms", 1000, 0, "lower") for name in TIME_SCORES},
}
"""Measures of takes and scores of transcripts, by name; `wer` is both."""


@dataclass(frozen=True)
class TakeMetric:
    """A measure of a take as a column of a table.

    Attributes:
        label: Head of the column.
        format: How it is written in comparisons; in tables it has one decimal less.
        value_of: The value of a take; None if it has none.
        worst, best: Values at the ends of the colour scale, which is the same on every page; None without a scale.
    """

    label: str
    format: MetricFormat
    value_of: Callable[[TakeRecord], float | None]
    worst: float | None = None
    best: float | None = None

    def text(self, value: float | None) -> str:
        return "–" if value is None else f"{value * self.format.factor:.{self.format.digits - 1}f}"

    def shade(self, value: float | None) -> float | None:
        """Position on the colour scale, 0 (worst) to 1 (best); None without a value or a scale."""
        if value is None or self.worst is None or self.best is None:
            return None
        return round(min(1.0, max(0.0, (value - self.worst) / (self.best - self.worst))), 3)


def _measure(name: str) -> Callable[[TakeRecord], float | None]:
    def value_of(take: TakeRecord) -> float | None:
        value = getattr(take.measures, name) if take.measures else None
        return None if value is None else float(value)

    return value_of


def _artifact_count(take: TakeRecord) -> float | None:
    return float(len(take.measures.artifacts)) if take.measures else None


TAKE_METRICS: dict[str, TakeMetric] = {
    "score": TakeMetric("score", METRIC_FORMATS["score"], lambda take: take.score, 0.4, 1.0),
    "wer": TakeMetric("WER %", METRIC_FORMATS["wer"], _measure("wer"), WORST_WER, 0.0),
    "similarity": TakeMetric("similarity", METRIC_FORMATS["similarity"], _measure("similarity"), *ALIKE),
    "mos": TakeMetric("MOS", METRIC_FORMATS["mos"], _measure("mos"), *MOS),
    "artifacts": TakeMetric("artifacts", METRIC_FORMATS["artifacts"], _artifact_count, 3.0, 0.0),
    "pace": TakeMetric("pace", METRIC_FORMATS["pace"], _measure("pace")),
    "pitch": TakeMetric("pitch Hz", METRIC_FORMATS["pitch"], _measure("pitch")),
    "pitch_range": TakeMetric("range st", METRIC_FORMATS["pitch_range"], _measure("pitch_range")),
    "seconds": TakeMetric("length s", METRIC_FORMATS["seconds"], lambda take: take.seconds or None),
}
"""By name, in the order of columns."""


def describe_artifact(artifact: Artifact) -> str:
    """What an artifact is, where, how much of it there is, and the limit."""
    kind = KINDS.get(artifact.kind)
    what = kind.description if kind else artifact.kind.replace("_", " ")
    where = (
        f"{artifact.start:.1f}" if artifact.end - artifact.start < 0.1 else f"{artifact.start:.1f}–{artifact.end:.1f}"
    )
    return f"{what}, at {where} s ({artifact.value:g} {artifact.unit}; limit {artifact.limit:g})"
