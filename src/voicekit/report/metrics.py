"""Measures: what the judge's figures are called on pages, how they are written, and which way is better.

A shade runs from `worst` to `best` and is the same on every page; where neither way is better there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from voicekit.quality.artifacts.kinds import KINDS
from voicekit.quality.gates import ALIKE, MOS, WORST_WER
from voicekit.takes.records import TakeRecord
from voicekit.types import Artifact


@dataclass(frozen=True)
class Measure:
    """One figure of a take.

    Attributes:
        label: In a table's head.
        what: In a sentence.
        unit: After a difference: points, words a minute ...
        of: The take's value; None where it has none.
        factor: From the value to what is written.
        digits: Behind the point.
        worst, best: Of the value, where the shade ends; None where neither way is better.
    """

    label: str
    what: str
    unit: str
    of: Callable[[TakeRecord], float | None]
    factor: float = 1.0
    digits: int = 2
    worst: float | None = None
    best: float | None = None

    @property
    def better(self) -> str:
        """lower, higher, or nothing."""
        if self.worst is None or self.best is None:
            return ""
        return "lower" if self.best < self.worst else "higher"

    def written(self, value: float | None) -> str:
        """As pages show it."""
        return "–" if value is None else f"{value * self.factor:.{self.digits}f}"

    def shade(self, value: float | None) -> float | None:
        """0 at worst, 1 at best; None where there is none."""
        if value is None or self.worst is None or self.best is None:
            return None
        return round(min(1.0, max(0.0, (value - self.worst) / (self.best - self.worst))), 3)


def _heard(name: str) -> Callable[[TakeRecord], float | None]:
    def of(take: TakeRecord) -> float | None:
        value = getattr(take.measures, name) if take.measures else None
        return None if value is None else float(value)

    return of


def _faults(take: TakeRecord) -> float | None:
    return float(len(take.measures.artifacts)) if take.measures else None


MEASURES: dict[str, Measure] = {
    "score": Measure("score", "score", "", lambda take: take.score, 1, 2, 0.4, 1.0),
    "wer": Measure("WER %", "WER", "points", _heard("wer"), 100, 1, WORST_WER, 0.0),
    "similarity": Measure("similarity", "similarity", "", _heard("similarity"), 1, 2, *ALIKE),
    "mos": Measure("MOS", "DNSMOS", "", _heard("mos"), 1, 2, *MOS),
    "artifacts": Measure("faults", "faults a take", "", _faults, 1, 0, 3.0, 0.0),
    "pace": Measure("pace", "pace", "words a minute", _heard("pace"), 1, 0),
    "pitch": Measure("pitch Hz", "pitch", "Hz", _heard("pitch"), 1, 0),
    "pitch_range": Measure("range st", "pitch range", "semitones", _heard("pitch_range"), 1, 1),
    "seconds": Measure("length s", "length", "s", lambda take: take.seconds or None, 1, 1),
}
"""By name, in the order of columns."""


def fault(artifact: Artifact) -> str:
    """An artifact in words: what, where, how much and how much is let pass."""
    kind = KINDS.get(artifact.kind)
    what = kind.what if kind else artifact.kind.replace("_", " ")
    where = (
        f"{artifact.start:.1f}" if artifact.end - artifact.start < 0.1 else f"{artifact.start:.1f}–{artifact.end:.1f}"
    )
    return f"{what}, at {where} s ({artifact.value:g} {artifact.unit}; {artifact.limit:g} is let pass)"
