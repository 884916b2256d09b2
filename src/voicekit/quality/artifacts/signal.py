"""Artifacts: faults that can be heard in a take, each by a detector of its own. Pure.

A detector takes a `Heard` (samples, words, text) and yields (start, end, value) of whatever is most like its fault;
what is above the limit in `KINDS` is an artifact. The limits were set on clean takes and recordings and on damage of
stated size (benchmarks/judge.py, figures in benchmarks/RESULTS.md).
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicekit.audio.levels import level, loudness
from voicekit.quality.artifacts.kinds import FRAME, HEARD, Samples
from voicekit.quality.intelligibility import RoundTrip, round_trip
from voicekit.types import Word

WORD_PAUSE = re.compile(r"\[pause\s+([0-9]+(?:\.[0-9]+)?)\s*s?\]", re.IGNORECASE)


@dataclass(frozen=True)
class TakeSignal:
    """What a detector is given: mono samples, their rate, the words heard with times, the text meant, its language."""

    samples: Samples
    rate: int
    words: tuple[Word, ...]
    text: str
    language: str

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    @functools.cached_property
    def trip(self) -> RoundTrip:
        return round_trip(self.text, self.words, self.language)

    @functools.cached_property
    def loud(self) -> NDArray[np.float64]:
        """dB of each frame."""
        return loudness(self.samples, self._frame)

    @property
    def _frame(self) -> int:
        """Samples of a frame: FRAME, rounded."""
        return max(1, round(FRAME * self.rate))

    @functools.cached_property
    def level(self) -> float:
        """dB of the speech."""
        return level(self.samples, self.rate)

    @functools.cached_property
    def active(self) -> NDArray[np.bool_]:
        """Whether each frame holds sound: above HEARD, clearly above the noise if there is some, two in a row."""
        if not len(self.loud):
            return np.zeros(0, bool)
        floor = float(np.percentile(self.loud, 5))
        bar = max(self.level - HEARD, min(floor + 8.0, self.level - 12.0))
        on = self.loud > bar
        before, after = np.append(False, on[:-1]), np.append(on[1:], False)
        both: NDArray[np.bool_] = on & (before | after)
        return both

    @functools.cached_property
    def runs(self) -> list[tuple[float, float]]:
        """Start and end in seconds of each stretch of sound."""
        edges = np.flatnonzero(np.diff(np.concatenate([[False], self.active, [False]]).astype(np.int8)))
        return [(start * self._frame / self.rate, end * self._frame / self.rate) for start, end in edges.reshape(-1, 2)]


TONE = (4600.0, 5200.0)
"""Hz: chatterbox's is near 4.9 kHz (resemble-ai/chatterbox#536)."""

AUDIBLE_TONE, AUDIBLE_HUM = -45.0, -38.0
"""dB of speech's level: what is quieter is not heard beside it, hum even less so, where the ear is dull. Kokoro leaves
a line at 4.8 kHz, 48 to 80 dB below its speech; readers' recordings have hum 38 to 75 dB below."""


def tone_frequency(samples: Samples, rate: int) -> float | None:
    """Hz of the steadiest tone in TONE; None where the rate or the length is too low to tell."""
    found = steady(samples, rate, TONE, 0.05, beside=(60.0, 400.0))
    return found[0] if found else None


def steady(
    samples: Samples, rate: int, band: tuple[float, float], window: float, beside: tuple[float, float]
) -> tuple[float, float, float] | None:
    """The steadiest tone of a band: its Hz, its power in dB, and how far it stands above what is beside it, dB.

    Of each frequency the power is taken that it has in all but the quietest fifth of the frames, so that what comes and
    goes, as speech does, counts little.

    Args:
        band: Hz, from and to.
        window: Seconds of a frame.
        beside: Hz from a tone, from and to, where its surroundings are.
    """
    size = round(window * rate)
    if len(samples) < 4 * size or band[1] + beside[1] > rate / 2:
        return None
    hop = size // 2
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), size)[::hop]
    taper = np.hanning(size)
    hertz = np.arange(band[0] - beside[1], band[1] + beside[1], 1 / (4 * window))  # few: no need for a whole FFT
    angles = 2 * np.pi * np.outer(np.arange(size) / rate, hertz)
    real, imaginary = (frames @ (taper[:, None] * wave(angles)) for wave in (np.cos, np.sin))
    spectra = (real**2 + imaginary**2) / (taper.sum() ** 2 / 2)
    kept = 10 * np.log10(np.maximum(np.percentile(spectra, 20, axis=0), 1e-14))
    inside = np.flatnonzero((hertz >= band[0]) & (hertz <= band[1]))
    at = int(inside[kept[inside].argmax()])
    distance = np.abs(hertz - hertz[at])
    around = kept[(distance >= beside[0]) & (distance <= beside[1])]
    return float(hertz[at]), float(kept[at]), float(kept[at] - np.median(around))
