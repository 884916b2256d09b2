"""Verdict: whether a take is kept, why not, how good it is, and which of several is best. Pure.

Gates first: what fails one is not kept while another take passes. Then a score, the mean of these parts, each 0 to 1,
weighted as `config.Weights` has it; a part that there is no measure for is left out of the mean:

    words        1 at no error, 0 at WORST_WER
    similarity   0 at ALIKE[0], 1 at ALIKE[1]
    quality      0 at MOS[0], 1 at MOS[1]
    artifacts    halved by each kind that was found
    pace         1 within the voice's spread, 0 where the gate's limit is twice passed
    pitch        likewise
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from voicekit.config.quality import Gates, Weights
from voicekit.quality.artifacts.kinds import KINDS
from voicekit.quality.prosody import Profile, off_pace, off_pitch
from voicekit.types import Measures

WORST_WER = 0.5
"""With every second word wrong nothing is understood."""

ALIKE = (0.2, 0.9)
"""Cosines: of strangers, and of two takes of one voice in one room."""

MOS = (1.5, 3.8)
"""DNSMOS P.835 overall: of noise, and of the best recordings (its curve ends at 3.93)."""


@dataclass(frozen=True)
class Verdict:
    """Of one take.

    Attributes:
        passed: Whether it went through every gate.
        reasons: The gates it failed, in words.
        score: 0 to 1.
        parts_of_score: What `score` is the mean of, each 0 to 1.
    """

    passed: bool
    reasons: tuple[str, ...]
    score: float
    parts_of_score: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Pick:
    """Which of the takes was picked, counted from 0, and why, in words."""

    index: int
    why: str


def verdict(
    measures: Measures,
    gates: Gates = Gates(),  # noqa: B008 - frozen
    weights: Weights = Weights(),  # noqa: B008
    profile: Profile = Profile(),  # noqa: B008
) -> Verdict:
    """Gates and score of a take, its pace and pitch against the voice's own, where `profile` knows them."""
    reasons = tuple(_reasons(measures, gates, profile))
    parts = {name: round(min(1.0, max(0.0, value)), 4) for name, value in _parts(measures, gates, profile)}
    weight = {name: getattr(weights, name) for name in parts if getattr(weights, name) > 0}
    score = sum(weight[name] * parts[name] for name in weight) / sum(weight.values()) if weight else 0.0
    return Verdict(not reasons, reasons, round(score, 4), {name: parts[name] for name in weight})


def pick(verdicts: Sequence[Verdict]) -> Pick:
    """The best: one that passed before one that failed, then by score, then with fewer reasons, then the first.

    Raises:
        ValueError: there is none to pick from.
    """
    if not verdicts:
        raise ValueError("no verdicts to pick from")

    def rank(index: int) -> tuple[bool, float, int, int]:
        one = verdicts[index]
        return not one.passed, -one.score, len(one.reasons), index

    order = sorted(range(len(verdicts)), key=rank)
    best = verdicts[order[0]]
    passed = [i for i in order if verdicts[i].passed]
    if not best.passed:
        why = f"none of {len(order)} passed; the best score, {best.score:.2f}, though {best.reasons[0]}"
        if len(order) == 1:
            why = f"the only take, though {best.reasons[0]}"
    elif len(order) == 1:
        why = f"the only take, passed, score {best.score:.2f}"
    elif len(passed) == 1:
        why = f"the only one of {len(order)} that passed, score {best.score:.2f}"
    else:
        why = f"of {len(passed)} that passed the best score, {best.score:.2f}{_better(best, verdicts[order[1]])}"
    return Pick(order[0], why)


def _better(best: Verdict, second: Verdict) -> str:
    """By how much, and in what most."""
    gained = {
        name: value - second.parts_of_score[name]
        for name, value in best.parts_of_score.items()
        if name in second.parts_of_score
    }
    most = max(gained, key=lambda name: gained[name], default=None)
    if most is None or gained[most] <= 0.005:
        return f" (the next {second.score:.2f})"
    return f" (the next {second.score:.2f}; better in {most})"


def _reasons(measures: Measures, gates: Gates, own: Profile) -> Iterator[str]:
    if gates.max_wer is not None and measures.wer is not None and measures.wer > gates.max_wer:
        yield f"{measures.wer:.0%} of the words are wrong (at most {gates.max_wer:.0%})"
    alike = measures.similarity
    if gates.min_similarity is not None and alike is not None and alike < gates.min_similarity:
        yield f"similarity to the reference is {alike:.2f} (at least {gates.min_similarity:.2f})"
    if gates.min_mos is not None and measures.mos is not None and measures.mos < gates.min_mos:
        yield f"DNSMOS is {measures.mos:.2f} (at least {gates.min_mos:.2f})"
    quicker, higher = off_pace(measures, own), off_pitch(measures, own)
    if gates.max_pace is not None and quicker is not None and abs(quicker) > _pace_limit(gates.max_pace, gates, own):
        yield f"it is {abs(quicker):.0%} {'quicker' if quicker > 0 else 'slower'} than the voice's own pace"
    if gates.max_pitch is not None and higher is not None and abs(higher) > _pitch_limit(gates.max_pitch, gates, own):
        yield f"it is {abs(higher):.1f} semitones {'above' if higher > 0 else 'below'} the voice's own pitch"
    for kind in gates.artifacts:
        found = [one for one in measures.artifacts if one.kind == kind]
        if found:
            worst = max(found, key=lambda one: one.value)
            times = f", {len(found)} times" if len(found) > 1 else ""
            yield f"{kind} at {worst.start:.2f} s{times}: {worst.value:.3g} {worst.unit} (at most {worst.limit:g})"


def _pace_limit(share: float, gates: Gates, own: Profile) -> float:
    return max(share, gates.spreads * own.pace_spread)


def _pitch_limit(semitones: float, gates: Gates, own: Profile) -> float:
    return max(semitones, gates.spreads * own.pitch_spread)


def _parts(measures: Measures, gates: Gates, own: Profile) -> Iterator[tuple[str, float]]:
    if measures.wer is not None:
        yield "words", 1 - measures.wer / WORST_WER
    if measures.similarity is not None:
        yield "similarity", (measures.similarity - ALIKE[0]) / (ALIKE[1] - ALIKE[0])
    if measures.mos is not None:
        yield "quality", (measures.mos - MOS[0]) / (MOS[1] - MOS[0])
    yield "artifacts", 0.5 ** len({one.kind for one in measures.artifacts if one.kind in KINDS})
    defaults = Gates()
    quicker, higher = off_pace(measures, own), off_pitch(measures, own)
    if quicker is not None:
        limit = _pace_limit(gates.max_pace or defaults.max_pace or 1.0, gates, own)
        yield "pace", 1 - max(0.0, abs(quicker) - own.pace_spread) / (2 * limit)
    if higher is not None:
        limit = _pitch_limit(gates.max_pitch or defaults.max_pitch or 1.0, gates, own)
        yield "pitch", 1 - max(0.0, abs(higher) - own.pitch_spread) / (2 * limit)
