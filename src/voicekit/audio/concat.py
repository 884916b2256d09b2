"""Join: parts of speech to one sound, with pauses, without clicks, at a steady level. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from voicekit.audio.levels import STEADIEST, Samples, faded, level, trim
from voicekit.types import Audio


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
