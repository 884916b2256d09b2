"""Find what is wrong with the channels and the scale of a recording before it is mixed to mono.

A channel with reversed polarity cancels the other in the mean; float samples on an integer scale look clipped.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from voicekit.audio.ffmpeg import input_track, pcm_command, run_ffmpeg
from voicekit.audio.probe import MediaInfo

_RATE = 8_000
"""Hz. Speech correlates below 4 kHz."""

_SECONDS = 600
"""Longest part of a recording that is measured."""

_BLOCK = 1 << 18
"""Samples of all channels that are read at a time."""

INVERTED = -0.9
"""Correlation of two channels below which one is the other with its sign changed."""

MAX_PEAK = 64.0
"""Peak of float samples above which they are on an integer scale: no mixing overshoots by 36 dB."""


@dataclass(frozen=True)
class ChannelFaults:
    """What was measured.

    Attributes:
        inverted: Whether one of two channels is the other with its sign changed.
        scale: Factor that brings float samples to full scale at 1; 1 for every other file.
    """

    inverted: bool = False
    scale: float = 1.0

    def warnings(self, name: str) -> list[str]:
        """Describe the faults for the user. `name`: of the file."""
        notes = []
        if self.inverted:
            notes.append(f"{name}: the channels cancel each other (one is inverted); only the left one is used")
        if self.scale != 1:
            notes.append(
                f"{name}: its float samples are on an integer scale; they were divided by {1 / self.scale:.0f}"
            )
        return notes


def find_channel_faults(path: Path, media: MediaInfo) -> ChannelFaults:
    """Measure the first ten minutes of a file. Files that can have neither fault are not decoded."""
    if media.channels != 2 and not _is_float(media):
        return ChannelFaults()
    status = path.stat()
    return _find(path, media, status.st_size, status.st_mtime_ns)


def _is_float(media: MediaInfo) -> bool:
    return media.codec.startswith("pcm_f")


@functools.lru_cache(maxsize=64)
def _find(path: Path, media: MediaInfo, _size: int, _changed: int) -> ChannelFaults:
    scale = _integer_scale(_measure(path, media, media.rate)[0]) if _is_float(media) else 1.0
    if media.channels != 2:
        return ChannelFaults(scale=scale)
    _, (left, right, both) = _measure(path, media, _RATE)
    return ChannelFaults(bool(both < INVERTED * np.sqrt(left * right)), scale)


def _integer_scale(peak: float) -> float:
    """Return 1 / full scale of the narrowest integer format that holds a peak; 1 if the samples are not too large."""
    if peak <= MAX_PEAK:
        return 1.0
    return next((2.0**-bits for bits in (7, 15, 23) if peak <= 2.0**bits), 2.0**-31)


def _measure(path: Path, media: MediaInfo, rate: int) -> tuple[float, tuple[float, float, float]]:
    """Return the peak, and for two channels the sums of left², right² and left * right."""
    command = pcm_command(input_track(path, media.track), rate, media.channels, _SECONDS)

    def read(pipe: Any) -> tuple[float, tuple[float, float, float]]:
        peak, sums = 0.0, np.zeros(3)
        size = _BLOCK * 4 * max(1, media.channels)
        while data := pipe.read(size):
            samples = np.frombuffer(data[: len(data) // 4 * 4], "<f4").astype(np.float64)
            samples = samples[np.isfinite(samples)]
            peak = max(peak, float(np.abs(samples).max(initial=0.0)))
            if media.channels == 2:
                left, right = samples[: len(samples) // 2 * 2].reshape(-1, 2).T
                sums += left @ left, right @ right, left @ right
        return peak, (float(sums[0]), float(sums[1]), float(sums[2]))

    _, result, _ = run_ffmpeg(command, read)
    return result  # type: ignore[no-any-return]
