"""Repair: what can be mended in a take, of what the judge found. Pure but for `mend`, which asks a judge.

A tail is cut off, a constant tone notched out, clicks are filled in from what is around them, an offset is taken away,
and hard edges are faded. What was said wrongly, cut short or clipped stays as it is: another take is the remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicekit.audio.levels import faded
from voicekit.quality.artifacts.signal import tone_frequency
from voicekit.quality.gates import Verdict
from voicekit.types import Artifact, Audio, Measures

Samples = NDArray[np.float32]

NOTCH = 40.0
"""Hz that the notch is wide at -3 dB: the tone is narrower, and speech does not miss so little."""

RELEASE = 0.01
"""Seconds over which the sound falls where a tail is cut off: in the silence before it, where there is one."""

HARD = 10 ** (-50 / 20)
"""Of full scale: an edge that begins or ends above it clicks."""

EDGE = 0.001
"""Seconds at an edge that are looked at."""

ORDER, CONTEXT = 32, 0.02
"""Of the linear prediction that fills a click, and the seconds before and after that it learns from."""


@dataclass(frozen=True)
class Repaired:
    """What came of an attempt to repair a take.

    Attributes:
        audio, measures, verdict: Of the take as it is kept: the repaired one, or the one that came in.
        done: What was mended, in words; empty where nothing was, or where it was not kept.
        before, after: Scores of the take, by part and as `score`; `after` is empty where there was nothing to mend.
        why_not: Why the repair was not kept, in words; empty where it was, or where there was nothing to mend.
    """

    audio: Audio
    measures: Measures
    verdict: Verdict
    done: tuple[str, ...]
    before: dict[str, float]
    after: dict[str, float]
    why_not: str = ""


def repair(audio: Audio, measures: Measures) -> tuple[Audio, tuple[str, ...]]:
    """The take with what was found in it mended, and what was done, in words; as it is, and (), where nothing can be.

    Args:
        audio: The take, [channels, n].
        measures: Of this very take.
    """
    found: dict[str, list[Artifact]] = {}
    for one in measures.artifacts:
        found.setdefault(one.kind, []).append(one)
    samples = np.nan_to_num(audio.samples, nan=0.0, posinf=1.0, neginf=-1.0)
    done: list[str] = []
    if "dc" in found:
        offset = samples.mean(axis=1, keepdims=True, dtype=np.float64)
        samples = (samples - offset).astype(np.float32)
        done.append(f"offset of {100 * float(np.abs(offset).max()):.1f} % removed")
    if clicks := found.get("click"):
        samples = np.stack([_without_clicks(channel, audio.rate, clicks) for channel in samples])
        done.append(f"{len(clicks)} click{'s' if len(clicks) > 1 else ''} mended")
    if "tone" in found and (hertz := tone_frequency(audio.mono, audio.rate)):
        samples = _notched(samples, audio.rate, hertz)
        done.append(f"tone at {hertz:.0f} Hz notched out")
    if tails := found.get("tail"):
        cut = round(tails[0].start * audio.rate)
        done.append(f"tail of {audio.duration - tails[0].start:.2f} s cut off")
        samples = samples[:, :cut].copy()
        size = min(cut, round(RELEASE * audio.rate))
        samples[:, cut - size :] *= (0.5 + 0.5 * np.cos(np.linspace(0, np.pi, size))).astype(np.float32)
    size = max(1, round(EDGE * audio.rate))
    if samples.shape[1] and max(np.abs(samples[:, :size]).max(), np.abs(samples[:, -size:]).max()) > HARD:
        samples = np.stack([faded(channel, audio.rate) for channel in samples])
        done.append("edges faded")
    return (Audio(samples, audio.rate), tuple(done)) if done else (audio, ())


def repair_and_verify(
    audio: Audio,
    measures: Measures,
    measure: Callable[[Audio], Measures],
    judge: Callable[[Measures], Verdict],
) -> Repaired:
    """Repair a take, measure it again, and keep that only where no score falls and nothing new is found.

    Args:
        measure: Listens to sound as it did to the take, with the same text, language and reference.
        judge: Gives the verdict on measures.
    """
    before = judge(measures)
    mended, done = repair(audio, measures)
    if not done:
        return Repaired(audio, measures, before, (), _scores(before), {})
    again = measure(mended)
    after = judge(again)
    why_not = _worse(measures, again, before, after)
    if why_not:
        return Repaired(audio, measures, before, (), _scores(before), _scores(after), why_not)
    return Repaired(mended, again, after, done, _scores(before), _scores(after))


JITTER = 0.04
"""By which a part of the score may fall while the whole does not: DNSMOS and voice prints move by up to as much in 95
of 100 takes whose first 10 ms are cut off (benchmarks/RESULTS.md)."""


def _worse(old: Measures, new: Measures, before: Verdict, after: Verdict) -> str:
    fresh = {one.kind for one in new.artifacts} - {one.kind for one in old.artifacts}
    if fresh:
        return f"it brought {', '.join(sorted(fresh))}"
    if after.score < before.score:
        return f"the score fell from {before.score:.3f} to {after.score:.3f}"
    for name, value in before.parts_of_score.items():
        if after.parts_of_score.get(name, 0.0) < value - JITTER:
            return f"{name} fell from {value:.2f} to {after.parts_of_score.get(name, 0.0):.2f}"
    return ""


def _scores(one: Verdict) -> dict[str, float]:
    return {**one.parts_of_score, "score": one.score}


def _notched(samples: Samples, rate: int, hertz: float) -> Samples:
    """Forwards and backwards, so that nothing is delayed."""
    from scipy.signal import filtfilt, iirnotch

    b, a = iirnotch(hertz, hertz / NOTCH, rate)
    return np.asarray(filtfilt(b, a, samples.astype(np.float64), axis=1), dtype=np.float32)


def _without_clicks(samples: Samples, rate: int, clicks: Sequence[Artifact]) -> Samples:
    out = samples.astype(np.float64)
    for click in clicks:
        _fill(out, round(click.start * rate), round(click.end * rate) + 1, round(CONTEXT * rate))
    return out.astype(np.float32)


def _fill(samples: NDArray[np.float64], start: int, end: int, context: int) -> None:
    """Replace samples[start:end] by what linear prediction from both sides makes likeliest (Janssen et al. 1986)."""
    low, high = max(0, start - context), min(len(samples), end + context)
    start, end = max(start, 0), min(end, len(samples))
    piece = samples[low:high].copy()
    gap = np.arange(start - low, end - low)
    piece[gap] = np.interp(gap, [gap[0] - 1, gap[-1] + 1], [_at(piece, gap[0] - 1), _at(piece, gap[-1] + 1)])
    order = min(ORDER, len(piece) // 4)
    for _ in range(3):
        lags = np.array([piece[: len(piece) - lag] @ piece[lag:] for lag in range(order + 1)])
        if lags[0] <= 1e-12:
            break
        lags[0] *= 1 + 1e-6
        index = np.abs(np.subtract.outer(np.arange(order), np.arange(order)))
        filter_ = np.concatenate([[1.0], -np.linalg.solve(lags[index], lags[1:])])
        # The gap's samples that make the prediction error least: a banded system in them alone.
        auto = np.correlate(filter_, filter_, "full")[order:]
        auto = np.concatenate([auto, np.zeros(len(piece))])
        distance = np.abs(np.subtract.outer(gap, np.arange(len(piece))))
        known = np.ones(len(piece), bool)
        known[gap] = False
        right = -auto[distance[:, known]] @ piece[known]
        piece[gap] = np.linalg.solve(auto[distance[:, ~known]], right)
    samples[start:end] = piece[gap]


def _at(piece: NDArray[np.float64], index: int) -> float:
    return float(piece[index]) if 0 <= index < len(piece) else 0.0
