"""Repair artifacts of a take: cut a tail, notch out a tone, interpolate clicks, remove a DC offset, fade hard edges.

Wrong words, truncation and clipping cannot be repaired; they need another take.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicekit.audio.levels import apply_fades
from voicekit.config.quality import Gates, Weights
from voicekit.quality.artifacts.signal import tone_frequency
from voicekit.quality.gates import Verdict, assess
from voicekit.quality.judge import Judge
from voicekit.quality.prosody import VoiceProfile
from voicekit.takes.records import TakeRecord
from voicekit.types import Artifact, Audio, Measures

Samples = NDArray[np.float32]

NOTCH_WIDTH = 40.0
"""Width of the notch filter at -3 dB, Hz: wider than the tone, and too narrow to affect speech."""

RELEASE = 0.01
"""Length in seconds of the fade-out where a tail is cut."""

HARD_EDGE = 10 ** (-50 / 20)
"""Level relative to full scale: a take that begins or ends above it clicks."""

EDGE = 0.001
"""Seconds at each end that are checked for a hard edge."""

LPC_ORDER = 32
"""Order of the linear prediction that interpolates a click."""

LPC_CONTEXT = 0.02
"""Seconds before and after a click that the prediction is fitted to."""

LPC_ITERATIONS = 3
"""Rounds of fitting and interpolating; Janssen et al. find little change after the first few."""

SCORE_TOLERANCE = 0.04
"""How much a part of the score may fall while the total does not: DNSMOS and speaker embeddings change by up to as much
in 95 of 100 takes whose first 10 ms are cut off (benchmarks/RESULTS.md)."""


@dataclass(frozen=True)
class RepairResult:
    """Result of an attempt to repair a take.

    Attributes:
        audio, measures, verdict: Of the take to keep: the repaired one, or else the original.
        done: The repairs, in words; empty if there was nothing to repair, or the repair was rejected.
        before, after: Scores of the original and repaired take, by part, with the total as `score`; `after` is empty
            if there was nothing to repair.
        why_not: Why the repair was rejected, in words; empty otherwise.
    """

    audio: Audio
    measures: Measures
    verdict: Verdict
    done: tuple[str, ...]
    before: dict[str, float]
    after: dict[str, float]
    why_not: str = ""


def repair(audio: Audio, measures: Measures) -> tuple[Audio, tuple[str, ...]]:
    """Repair what can be repaired.

    Args:
        audio: The take, [channels, n].
        measures: Its measures, which name the artifacts.

    Returns:
        The repaired audio and the repairs in words; the original and () if there is nothing to repair.
    """
    artifacts: dict[str, list[Artifact]] = {}
    for artifact in measures.artifacts:
        artifacts.setdefault(artifact.kind, []).append(artifact)
    samples = np.nan_to_num(audio.samples, nan=0.0, posinf=1.0, neginf=-1.0)
    done: list[str] = []
    if "dc" in artifacts:
        offset = samples.mean(axis=1, keepdims=True, dtype=np.float64)
        samples = (samples - offset).astype(np.float32)
        done.append(f"offset of {100 * float(np.abs(offset).max()):.1f} % removed")
    if clicks := artifacts.get("click"):
        samples = np.stack([_interpolate_clicks(channel, audio.rate, clicks) for channel in samples])
        done.append(f"{len(clicks)} click{'s' if len(clicks) > 1 else ''} mended")  # in run.json
    if "tone" in artifacts and (frequency := tone_frequency(audio.mono, audio.rate)):
        samples = _notch(samples, audio.rate, frequency)
        done.append(f"tone at {frequency:.0f} Hz notched out")
    if tails := artifacts.get("tail"):
        cut = round(tails[0].start * audio.rate)
        done.append(f"tail of {audio.duration - tails[0].start:.2f} s cut off")
        samples = samples[:, :cut].copy()
        size = min(cut, round(RELEASE * audio.rate))
        samples[:, cut - size :] *= (0.5 + 0.5 * np.cos(np.linspace(0, np.pi, size))).astype(np.float32)
    size = max(1, round(EDGE * audio.rate))
    if samples.shape[1] and max(np.abs(samples[:, :size]).max(), np.abs(samples[:, -size:]).max()) > HARD_EDGE:
        samples = np.stack([apply_fades(channel, audio.rate) for channel in samples])
        done.append("edges faded")
    return (Audio(samples, audio.rate), tuple(done)) if done else (audio, ())


def repair_and_verify(
    audio: Audio,
    measures: Measures,
    measure: Callable[[Audio], Measures],
    assess_measures: Callable[[Measures], Verdict],
) -> RepairResult:
    """Repair a take, measure it again, and keep the repair only if no score falls and no new artifact appears.

    Args:
        audio: The take.
        measures: Its measures.
        measure: Measures audio with the take's text, language and reference.
        assess_measures: Gives the verdict on measures.
    """
    before = assess_measures(measures)
    repaired, done = repair(audio, measures)
    if not done:
        return RepairResult(audio, measures, before, (), _scores(before), {})
    new_measures = measure(repaired)
    after = assess_measures(new_measures)
    why_not = _reason_to_reject(measures, new_measures, before, after)
    if why_not:
        return RepairResult(audio, measures, before, (), _scores(before), _scores(after), why_not)
    return RepairResult(repaired, new_measures, after, done, _scores(before), _scores(after))


class TakeRepairer:
    """Repairs takes that have measures, and keeps a repair only if it does not lower the score.

    The judge is created by the first take that has something to repair.
    """

    def __init__(
        self,
        judge_factory: Callable[[], Judge],
        gates: Gates,
        weights: Weights,
        profiles: Mapping[str, VoiceProfile],
    ) -> None:
        self.judge = functools.cache(judge_factory)
        self.gates = gates
        self.weights = weights
        self.profiles = profiles

    def __call__(self, take: TakeRecord, audio: Audio) -> tuple[Audio, tuple[str, ...]]:
        """Return the audio to keep, and the repairs in words; the original and () if nothing was repaired."""
        if take.measures is None:
            return audio, ()
        reference = Path(take.reference) if take.reference else None
        profile = self.profiles.get(take.voice, VoiceProfile())
        result = repair_and_verify(
            audio,
            take.measures,
            lambda repaired: self.judge().measure(repaired, take.text, take.language, reference),
            lambda measures: assess(measures, self.gates, self.weights, profile),
        )
        if not result.done:
            return audio, ()
        return result.audio, (
            *result.done, f"score {result.before['score']:.2f} to {result.after['score']:.2f}",
        )  # fmt: skip


def _reason_to_reject(old: Measures, new: Measures, before: Verdict, after: Verdict) -> str:
    new_kinds = {artifact.kind for artifact in new.artifacts} - {artifact.kind for artifact in old.artifacts}
    if new_kinds:
        return f"it brought {', '.join(sorted(new_kinds))}"
    if after.score < before.score:
        return f"the score fell from {before.score:.3f} to {after.score:.3f}"
    for name, value in before.parts_of_score.items():
        if after.parts_of_score.get(name, 0.0) < value - SCORE_TOLERANCE:
            return f"{name} fell from {value:.2f} to {after.parts_of_score.get(name, 0.0):.2f}"
    return ""


def _scores(verdict: Verdict) -> dict[str, float]:
    return {**verdict.parts_of_score, "score": verdict.score}


def _notch(samples: Samples, rate: int, frequency: float) -> Samples:
    """Apply a notch filter forwards and backwards, which leaves no delay."""
    from scipy.signal import filtfilt, iirnotch

    b, a = iirnotch(frequency, frequency / NOTCH_WIDTH, rate)
    return np.asarray(filtfilt(b, a, samples.astype(np.float64), axis=1), dtype=np.float32)


def _interpolate_clicks(samples: Samples, rate: int, clicks: Sequence[Artifact]) -> Samples:
    out = samples.astype(np.float64)
    for click in clicks:
        _interpolate_gap(out, round(click.start * rate), round(click.end * rate) + 1, round(LPC_CONTEXT * rate))
    return out.astype(np.float32)


def _interpolate_gap(samples: NDArray[np.float64], start: int, end: int, context: int) -> None:
    """Replace samples[start:end] by autoregressive interpolation (Janssen, Veldhuis and Vries 1986).

    Alternates between fitting a linear prediction filter to the context and choosing the gap's samples so that the
    prediction error is least. Starts from a straight line across the gap.
    """
    low, high = max(0, start - context), min(len(samples), end + context)
    start, end = max(start, 0), min(end, len(samples))
    piece = samples[low:high].copy()
    gap = np.arange(start - low, end - low)
    edges = [gap[0] - 1, gap[-1] + 1]
    piece[gap] = np.interp(gap, edges, [piece[edge] if 0 <= edge < len(piece) else 0.0 for edge in edges])
    order = min(LPC_ORDER, len(piece) // 4)
    known = np.ones(len(piece), bool)
    known[gap] = False
    distance = np.abs(np.subtract.outer(gap, np.arange(len(piece))))
    for _ in range(LPC_ITERATIONS):
        autocorrelation = np.array([piece[: len(piece) - lag] @ piece[lag:] for lag in range(order + 1)])
        if autocorrelation[0] <= 1e-12:
            break
        autocorrelation[0] *= 1 + 1e-6  # keeps the equations well conditioned
        lags = np.abs(np.subtract.outer(np.arange(order), np.arange(order)))
        predictor = np.linalg.solve(autocorrelation[lags], autocorrelation[1:])
        error_filter = np.concatenate([[1.0], -predictor])
        # The gradient of the squared prediction error in the gap's samples is linear, with these coefficients by lag.
        coefficients = np.correlate(error_filter, error_filter, "full")[order:]
        coefficients = np.concatenate([coefficients, np.zeros(len(piece))])
        right = -coefficients[distance[:, known]] @ piece[known]
        piece[gap] = np.linalg.solve(coefficients[distance[:, ~known]], right)
    samples[start:end] = piece[gap]
