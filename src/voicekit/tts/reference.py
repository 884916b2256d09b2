"""Reference: a recording cut to a clip that a voice can be cloned from, with all that was wrong with it. Pure.

Chatterbox hears 6 s of a clip for manner and 10 s for timbre, cut hard: so the wanted part comes first, and the clip
ends on silence before 10 s. Mono, 24 kHz, one speaker, no clipping.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicekit.audio.decode import MODEL_RATE
from voicekit.audio.levels import at_loudness, clipped, faded, level, loudness, resample
from voicekit.errors import UsageError
from voicekit.types import Audio, Turn

RATE = 24_000
LONGEST, SHORTEST, ENOUGH = 9.7, 2.0, 5.0
"""Seconds of the clip, at most; of speech in it, at least; and from where on it is enough."""

LOUDNESS = -20.0
"""LUFS."""

QUIET = 20.0
"""dB that speech is above what is between it, at least, for a clip that is clean."""

TOO_CLIPPED, CLIPPED = 0.01, 0.0005
"""Shares of the samples that stand at full scale in runs: beyond repair; and heard."""

TAIL = 0.15
"""Seconds of silence at the end."""

Span = tuple[float, float]


@dataclass(frozen=True)
class Reference:
    """A clip, where it is from (seconds of the recording), what was wrong with that, and what was done, in words."""

    clip: Audio
    start: float
    end: float
    faults: tuple[str, ...]
    done: tuple[str, ...]


def prepare(
    recording: Audio,
    spans: Callable[[NDArray[np.float32]], Sequence[Span]],
    turns: Callable[[Audio], Sequence[Turn]] | None = None,
    start: float | None = None,
    shortest: float = SHORTEST,
) -> Reference:
    """The clip to clone from.

    Args:
        recording: As decoded, any rate.
        spans: Speech in 16 kHz samples, (start, end) in seconds.
        turns: Who speaks when in 16 kHz sound; None takes one speaker for granted.
        start: Seconds: where the wanted part begins; the part with the most speech when left out.
        shortest: Seconds of the recording, and of speech in it, at least.

    Raises:
        UsageError: nothing can be made of it, with the reason.
    """
    faults: list[str] = []
    mono = recording.mono - np.float32(recording.mono.mean() if recording.mono.size else 0.0)
    if recording.duration < shortest or float(np.abs(mono).max(initial=0.0)) < 1e-4:
        why = "is silent" if recording.duration >= shortest else f"lasts {recording.duration:.1f} s"
        raise UsageError(f"the recording {why}", f"Give {ENOUGH:g} to 30 s of one person speaking")
    if recording.rate < 16_000:
        faults.append(f"{recording.rate} Hz: as dull as a telephone, and so will the voice be")
    share = clipped(mono)
    if share > TOO_CLIPPED:
        raise UsageError(f"{share:.1%} of the samples are clipped", "Record it again, at a lower level")
    if share > CLIPPED:
        faults.append(f"{share:.2%} of the samples are clipped: it will crackle")
    listened = resample(Audio(mono[None, :], recording.rate), MODEL_RATE)
    speech = list(spans(listened.mono))
    if turns is not None:
        speech, told = _of_one(speech, turns(listened))
        faults += told
    spoken = sum(b - a for a, b in speech)
    if spoken < shortest:
        raise UsageError(f"only {spoken:.1f} s of clear speech by one person", f"Give {ENOUGH:g} s or more")
    clean = _quiet(listened.mono, speech)
    if clean < QUIET:
        faults.append(f"noisy: speech is {clean:.0f} dB above what is between it, {QUIET:g} would be clean")
    begin, end = _window(speech, listened.mono, start)
    within = sum(max(0.0, min(b, end) - max(a, begin)) for a, b in speech)
    if within < ENOUGH:
        faults.append(f"{within:.1f} s of speech: {ENOUGH:g} or more would sound more alike")
    cut = mono[round(begin * recording.rate) : round(end * recording.rate)]
    clip = resample(Audio(faded(cut, recording.rate)[None, :], recording.rate), RATE)
    clip = at_loudness(clip, LOUDNESS)
    done = (f"cut to {begin:.2f} to {end:.2f} s", f"mono, {RATE} Hz, {LOUDNESS:g} LUFS")
    silence = np.zeros((1, round(TAIL * RATE)), np.float32)
    return Reference(Audio(np.concatenate([clip.samples, silence], axis=1), RATE), begin, end, tuple(faults), done)


def _of_one(speech: Sequence[Span], turns: Sequence[Turn]) -> tuple[list[Span], list[str]]:
    """Speech of whoever speaks most, without what others speak into."""
    totals: dict[str, float] = {}
    for turn in turns:
        totals[turn.speaker] = totals.get(turn.speaker, 0.0) + turn.end - turn.start
    if len(totals) < 2:
        return list(speech), []
    main = max(totals, key=lambda name: totals[name])
    others = sorted((t.start, t.end) for t in turns if t.speaker != main)
    if sum(b - a for a, b in others) < 0.3:
        return list(speech), []
    kept: list[Span] = []
    for a, b in speech:
        for low, high in others:
            if low < b and high > a:
                kept.append((a, min(b, low)))
                a = max(a, high)
        kept.append((a, b))
    alone = [(a, b) for a, b in kept if b - a > 0.2]
    return alone, [f"{len(totals)} people speak: only where the one who speaks most speaks alone is it of use"]


def _quiet(samples: NDArray[np.float32], speech: Sequence[Span]) -> float:
    """dB between speech and what is between it; large where nothing is."""
    mask = np.zeros(len(samples), bool)
    for a, b in speech:
        mask[round(a * MODEL_RATE) : round(b * MODEL_RATE)] = True
    between = samples[~mask]
    if len(between) < 0.2 * MODEL_RATE:
        return 60.0
    size = round(0.02 * MODEL_RATE)
    return level(samples[mask], MODEL_RATE) - float(np.median(loudness(between, size)))


def _window(speech: Sequence[Span], samples: NDArray[np.float32], start: float | None) -> Span:
    """From the start of a span of speech to the end of one, LONGEST at most; the earliest with the most speech.

    Within it nobody pauses for over a second. A span that is too long itself ends where it is quietest.
    """
    if start is not None:
        speech = [(max(a, start), b) for a, b in speech if b > start + 0.2]
        if not speech:
            raise UsageError(f"no speech after {start:g} s", "Give an earlier --start")
    best: tuple[float, float, float] | None = None
    for first, (begin, end) in enumerate(speech):
        if end - begin > LONGEST:
            end = _quietest(samples, begin + 6.0, begin + LONGEST)
        total, last = end - begin, end
        for a, b in speech[first + 1 :]:
            if b - begin > LONGEST or a - last > 1.0:
                break
            total, last = total + b - a, b
        if best is None or total > best[0] + 0.05:
            best = (total, begin, last)
        if start is not None:
            break
    assert best is not None
    return best[1], best[2]


def _quietest(samples: NDArray[np.float32], low: float, high: float) -> float:
    size = round(0.02 * MODEL_RATE)
    part = samples[round(low * MODEL_RATE) : round(high * MODEL_RATE)]
    loud = loudness(part, size)
    return low + (int(loud.argmin()) + 0.5) * 0.02 if len(loud) else high
