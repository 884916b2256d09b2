"""Join parts of speech into one recording: pauses between them, faded edges, equal levels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from voicekit.audio.levels import MAX_PART_GAIN, Samples, apply_fades, speech_level, trim_silence
from voicekit.types import Audio


def concatenate(
    parts: Sequence[Audio], pauses: Sequence[float], lead: float = 0.0
) -> tuple[Audio, tuple[tuple[float, float], ...]]:
    """Join parts, each with its silent edges trimmed and its level moved towards the median level.

    Args:
        parts: Mono audio, all at one sample rate.
        pauses: Seconds of silence after each part; as many as parts.
        lead: Seconds of silence before the first part.

    Returns:
        The joined audio, peaks at most 0.99, and (start, end) of each part in it in seconds.
    """
    rate = parts[0].rate
    trimmed = [trim_silence(part.mono, rate) for part in parts]
    levels = [speech_level(samples, rate) for samples in trimmed]
    median_level = float(np.median(levels))
    position = round(max(0.0, lead) * rate)
    pieces: list[Samples] = [np.zeros(position, np.float32)]
    places = []
    for samples, part_level, pause in zip(trimmed, levels, pauses, strict=True):
        gain = 10 ** (np.clip(median_level - part_level, -MAX_PART_GAIN, MAX_PART_GAIN) / 20)
        pieces.append(apply_fades(samples, rate) * np.float32(gain))
        places.append((round(position / rate, 3), round((position + len(samples)) / rate, 3)))
        silence = np.zeros(round(max(0.0, pause) * rate), np.float32)
        pieces.append(silence)
        position += len(samples) + len(silence)
    joined = np.concatenate(pieces)
    peak = float(np.abs(joined).max(initial=0.0))
    return Audio((joined / peak * 0.99 if peak > 0.99 else joined)[None, :], rate), tuple(places)
