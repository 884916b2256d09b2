"""Join: parts of speech to one sound, with pauses, without clicks, at a steady level. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from voicekit.data import Audio

FRAME = 0.01
"""Seconds over which loudness is taken."""

SILENT = -45.0
"""dB below the loudest frame: what is quieter at an edge is no speech."""

EDGE = 0.04
"""Seconds kept beyond the first and last speech, so that no soft sound is cut."""

FADE = 0.005
"""Seconds over which each part rises and falls: no click."""

STEADIEST = 3.0
"""dB that a part is raised or lowered by, at most."""

Samples = NDArray[np.float32]


def join(parts: Sequence[Audio], pauses: Sequence[float]) -> tuple[Audio, tuple[tuple[float, float], ...]]:
    """One sound, and (start, end) of each part in it, in seconds.

    Args:
        parts: Mono, all at one rate.
        pauses: Seconds after each part; as many as parts.
    """
    rate = parts[0].rate
    trimmed = [trim(part.mono, rate) for part in parts]
    levels = [level(samples, rate) for samples in trimmed]
    middle = float(np.median(levels))
    pieces: list[Samples] = []
    places = []
    at = 0
    for samples, own, pause in zip(trimmed, levels, pauses, strict=True):
        gain = 10 ** (np.clip(middle - own, -STEADIEST, STEADIEST) / 20)
        pieces.append(faded(samples, rate) * np.float32(gain))
        places.append((round(at / rate, 3), round((at + len(samples)) / rate, 3)))
        silence = np.zeros(round(max(0.0, pause) * rate), np.float32)
        pieces.append(silence)
        at += len(samples) + len(silence)
    whole = np.concatenate(pieces)
    peak = float(np.abs(whole).max(initial=0.0))
    return Audio((whole / peak * 0.99 if peak > 0.99 else whole)[None, :], rate), tuple(places)


def trim(samples: Samples, rate: int) -> Samples:
    """Without what is silent at its edges; all of it where it is silent throughout."""
    size = max(1, round(FRAME * rate))
    loud = loudness(samples, size)
    if not len(loud) or loud.max() <= -90:
        return samples
    heard = np.flatnonzero(loud > loud.max() + SILENT)
    keep = round(EDGE * rate)
    return samples[max(0, heard[0] * size - keep) : min(len(samples), (heard[-1] + 1) * size + keep)]


def loudness(samples: Samples, size: int) -> NDArray[np.float64]:
    """dB of full scale of each frame of `size` samples."""
    count = len(samples) // size
    frames = samples[: count * size].reshape(count, size).astype(np.float64)
    found: NDArray[np.float64] = 10 * np.log10(np.maximum((frames**2).mean(axis=1), 1e-10))
    return found


def level(samples: Samples, rate: int) -> float:
    """dB of the speech in it: the mean power of the frames within 25 dB of the loudest."""
    loud = loudness(samples, max(1, round(FRAME * rate)))
    if not len(loud):
        return -100.0
    speech = loud[loud > loud.max() - 25]
    return float(10 * np.log10((10 ** (speech / 10)).mean()))


def faded(samples: Samples, rate: int) -> Samples:
    """With a short rise and fall."""
    size = min(round(FADE * rate), len(samples) // 2)
    if size == 0:
        return samples
    ramp = (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, size))).astype(np.float32)
    out = samples.copy()
    out[:size] *= ramp
    out[-size:] *= ramp[::-1]
    return out
