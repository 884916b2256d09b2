"""Gates and score of a take, and the choice of the best of several takes.

Takes that fail a gate are rejected unless every take of that line fails. Among the others the best score wins. The
score is a weighted mean of these parts, each 0 to 1; parts without a measure are left out:

    words        1 at no error, 0 at WORST_WER
    similarity   0 at ALIKE[0], 1 at ALIKE[1]
    quality      0 at MOS[0], 1 at MOS[1]
    artifacts    halved by each kind that was found
    pace         1 within the voice's spread, 0 at twice the gate's limit beyond it
    pitch        likewise
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from voicekit.config.quality import Gates, Weights
from voicekit.quality.artifacts.kinds import KINDS
from voicekit.quality.prosody import VoiceProfile, pace_deviation, pitch_deviation
from voicekit.types import Measures

WORST_WER = 0.5
"""WER at which speech is unintelligible."""

ALIKE = (0.2, 0.9)
"""Cosine similarity of two different speakers, and of two takes of one voice in the same room."""

MOS = (1.5, 3.8)
"""DNSMOS P.835 overall of noise, and of the best recordings (its calibration curve ends at 3.93)."""


@dataclass(frozen=True)
class Verdict:
    """Gates and score of one take.

    Attributes:
        passed: Whether it passes every gate.
        reasons: The gates it fails, in words.
        score: Weighted mean, 0 to 1.
        parts_of_score: The values that `score` is the mean of, each 0 to 1.
    """

    passed: bool
    reasons: tuple[str, ...]
    score: float
    parts_of_score: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Pick:
    """Index of the best take, and why it was picked."""

    index: int
    why: str


def assess(
    measures: Measures,
    gates: Gates = Gates(),  # noqa: B008 - frozen
    weights: Weights = Weights(),  # noqa: B008
    profile: VoiceProfile = VoiceProfile(),  # noqa: B008
) -> Verdict:
    """Apply gates and weights to the measures of a take; pace and pitch are compared with the voice's profile."""
    reasons = tuple(_failed_gates(measures, gates, profile))
    parts = {name: round(min(1.0, max(0.0, value)), 4) for name, value in _score_parts(measures, gates, profile)}
    used = {name: getattr(weights, name) for name in parts if getattr(weights, name) > 0}
    score = sum(used[name] * parts[name] for name in used) / sum(used.values()) if used else 0.0
    return Verdict(not reasons, reasons, round(score, 4), {name: parts[name] for name in used})


def pick_best(verdicts: Sequence[Verdict]) -> Pick:
    """Pick the best take: passed before failed, then by score, then by fewer failed gates, then the first.

    Raises:
        ValueError: `verdicts` is empty.
    """
    if not verdicts:
        raise ValueError("no verdicts to pick from")

    def rank(index: int) -> tuple[bool, float, int, int]:
        verdict = verdicts[index]
        return not verdict.passed, -verdict.score, len(verdict.reasons), index

    order = sorted(range(len(verdicts)), key=rank)
    best = verdicts[order[0]]
    passed = sum(verdict.passed for verdict in verdicts)
    if not best.passed:
        why = f"none of {len(order)} passed; the best score, {best.score:.2f}, though {best.reasons[0]}"
        if len(order) == 1:
            why = f"the only take, though {best.reasons[0]}"
    elif len(order) == 1:
        why = f"the only take, passed, score {best.score:.2f}"
    elif passed == 1:
        why = f"the only one of {len(order)} that passed, score {best.score:.2f}"
    else:
        why = f"of {passed} that passed the best score, {best.score:.2f}{_advantage(best, verdicts[order[1]])}"
    return Pick(order[0], why)


def _advantage(best: Verdict, second: Verdict) -> str:
    """The score of the second best take, and the part in which the best one is most ahead."""
    gains = {
        name: value - second.parts_of_score[name]
        for name, value in best.parts_of_score.items()
        if name in second.parts_of_score
    }
    largest = max(gains, key=lambda name: gains[name], default=None)
    if largest is None or gains[largest] <= 0.005:
        return f" (the next {second.score:.2f})"
    return f" (the next {second.score:.2f}; better in {largest})"


def _failed_gates(measures: Measures, gates: Gates, profile: VoiceProfile) -> Iterator[str]:
    if gates.max_wer is not None and measures.wer is not None and measures.wer > gates.max_wer:
        yield f"{measures.wer:.0%} of the words are wrong (at most {gates.max_wer:.0%})"
    similarity = measures.similarity
    if gates.min_similarity is not None and similarity is not None and similarity < gates.min_similarity:
        yield f"similarity to the reference is {similarity:.2f} (at least {gates.min_similarity:.2f})"
    if gates.min_mos is not None and measures.mos is not None and measures.mos < gates.min_mos:
        yield f"DNSMOS is {measures.mos:.2f} (at least {gates.min_mos:.2f})"
    pace, pitch = pace_deviation(measures, profile), pitch_deviation(measures, profile)
    if gates.max_pace is not None and pace is not None and abs(pace) > _pace_limit(gates.max_pace, gates, profile):
        yield f"it is {abs(pace):.0%} {'quicker' if pace > 0 else 'slower'} than the voice's own pace"
    if gates.max_pitch is not None and pitch is not None and abs(pitch) > _pitch_limit(gates.max_pitch, gates, profile):
        yield f"it is {abs(pitch):.1f} semitones {'above' if pitch > 0 else 'below'} the voice's own pitch"
    for kind in gates.artifacts:
        artifacts = [artifact for artifact in measures.artifacts if artifact.kind == kind]
        if artifacts:
            worst = max(artifacts, key=lambda artifact: artifact.value)
            times = f", {len(artifacts)} times" if len(artifacts) > 1 else ""
            yield f"{kind} at {worst.start:.2f} s{times}: {worst.value:.3g} {worst.unit} (at most {worst.limit:g})"


def _pace_limit(share: float, gates: Gates, profile: VoiceProfile) -> float:
    return max(share, gates.spreads * profile.pace_spread)


def _pitch_limit(semitones: float, gates: Gates, profile: VoiceProfile) -> float:
    return max(semitones, gates.spreads * profile.pitch_spread)


def _score_parts(measures: Measures, gates: Gates, profile: VoiceProfile) -> Iterator[tuple[str, float]]:
    if measures.wer is not None:
        yield "words", 1 - measures.wer / WORST_WER
    if measures.similarity is not None:
        yield "similarity", (measures.similarity - ALIKE[0]) / (ALIKE[1] - ALIKE[0])
    if measures.mos is not None:
        yield "quality", (measures.mos - MOS[0]) / (MOS[1] - MOS[0])
    yield "artifacts", 0.5 ** len({artifact.kind for artifact in measures.artifacts if artifact.kind in KINDS})
    defaults = Gates()
    pace, pitch = pace_deviation(measures, profile), pitch_deviation(measures, profile)
    if pace is not None:
        limit = _pace_limit(gates.max_pace or defaults.max_pace or 1.0, gates, profile)
        yield "pace", 1 - max(0.0, abs(pace) - profile.pace_spread) / (2 * limit)
    if pitch is not None:
        limit = _pitch_limit(gates.max_pitch or defaults.max_pitch or 1.0, gates, profile)
        yield "pitch", 1 - max(0.0, abs(pitch) - profile.pitch_spread) / (2 * limit)
