"""Mix: placed clips become stems and one sound, at a loudness, with its true peak kept. Chunk by chunk.

    clips -> a track a speaker (pan, room) -> their sum, measured -> one gain -> stems and mix

The gain is one number and, where peaks would go too far, a look-ahead limiter's curve. Both are the same for the mix
and for every stem, so the stems add up to the mix. They are found from one measurement: every 2 ms the K-weighted
energy (ITU-R BS.1770-4, by pyloudnorm's filters) and the true peak (oversampled four times, as its annex 2 has it).
The sound itself is made twice, to measure and to write, and never held whole: memory grows by those two numbers only.
"""

from __future__ import annotations

import functools

import numpy as np

from voicekit.seeds import RandomStreams
from voicekit.types import Samples

ROOMS: dict[str, tuple[float, float]] = {"small": (0.25, -16.0), "large": (0.7, -13.0)}
"""Seconds in which its echo falls by 60 dB, and dB of all of the echo against the direct sound; chosen."""


@functools.lru_cache(maxsize=4)
def room(name: str, rate: int) -> Samples | None:
    """The echo of a room, float32 [2, samples], without the direct sound; None for none.

    Noise that dies away, darker as walls are, from 4 ms on and a little different on both sides; the same for all who
    are in it, and in every process.
    """
    if name == "none":
        return None
    from scipy.signal import butter, sosfilt

    seconds, share = ROOMS[name]
    count = round(seconds * rate)
    noise = RandomStreams(0, ("room", name)).numpy("echo").standard_normal((2, count))
    fall = 10 ** (-3 * np.arange(count) / count)
    rise = np.clip((np.arange(count) / rate - 0.004) / 0.004, 0, 1)
    echo = sosfilt(butter(2, (150, 5000), "bandpass", fs=rate, output="sos"), noise, axis=1) * fall * rise
    echo *= 10 ** (share / 20) / np.sqrt((echo**2).sum(axis=1, keepdims=True))
    found: Samples = echo.astype(np.float32)
    return found
