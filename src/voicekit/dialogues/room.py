"""Room reverberation: synthetic impulse responses."""

from __future__ import annotations

import functools

import numpy as np

from voicekit.seeds import RandomStreams
from voicekit.types import Samples

ROOMS: dict[str, tuple[float, float]] = {"small": (0.25, -16.0), "large": (0.7, -13.0)}
"""RT60 in seconds, and level in dB of the reverberation relative to the direct sound; chosen by ear."""

BAND = (150, 5000)
"""Hz: walls absorb the highest frequencies, and low reverberation sounds muddy."""

PREDELAY = 0.004
"""Seconds before the first reflections, and length of their rise."""


@functools.lru_cache(maxsize=4)
def room_impulse_response(name: str, rate: int) -> Samples | None:
    """Impulse response of a room without the direct sound, float32 [2, samples]; None for the room "none".

    Exponentially decaying band-limited noise, different on both sides, and the same for all speakers and processes.
    """
    if name == "none":
        return None
    from scipy.signal import butter, sosfilt

    rt60, level = ROOMS[name]
    count = round(rt60 * rate)
    noise = RandomStreams(0, ("room", name)).numpy("echo").standard_normal((2, count))
    decay = 10 ** (-3 * np.arange(count) / count)
    rise = np.clip((np.arange(count) / rate - PREDELAY) / PREDELAY, 0, 1)
    response = sosfilt(butter(2, BAND, "bandpass", fs=rate, output="sos"), noise, axis=1) * decay * rise
    response *= 10 ** (level / 20) / np.sqrt((response**2).sum(axis=1, keepdims=True))
    return np.asarray(response, np.float32)
