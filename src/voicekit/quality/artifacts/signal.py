"""What the detectors share: a take with its derived signals, and the measurement of constant tones."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voicekit.audio.intervals import true_runs
from voicekit.audio.levels import frame_levels, speech_level
from voicekit.quality.artifacts.kinds import Samples
from voicekit.quality.intelligibility import RoundTrip, round_trip
from voicekit.types import Word

PAUSE_TAG = re.compile(r"\[pause\s+([0-9]+(?:\.[0-9]+)?)\s*s?\]", re.IGNORECASE)

FRAME_SECONDS = 0.01
"""Frame length of levels."""

ACTIVE_RANGE = 35.0
"""dB below the level of speech: quieter frames are silence."""

TONE_BAND = (4600.0, 5200.0)
"""Hz. Chatterbox leaves a tone near 4.9 kHz (resemble-ai/chatterbox#536)."""

TONE_WINDOW = 0.05
"""Frame length in seconds for tones in TONE_BAND."""

TONE_SURROUNDINGS = (60.0, 400.0)
"""Distance in Hz, from and to, of the frequencies that a tone is compared with."""


@dataclass(frozen=True)
class TakeSignal:
    """Input of a detector.

    Attributes:
        samples: float32 [n], mono.
        rate: Hz.
        words: Recognized words with times.
        text: The text that should be spoken; empty if unknown.
        language: BCP-47 of the text.
    """

    samples: Samples
    rate: int
    words: tuple[Word, ...]
    text: str
    language: str

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    @functools.cached_property
    def round_trip(self) -> RoundTrip:
        return round_trip(self.text, self.words, self.language)

    @property
    def _frame_size(self) -> int:
        return max(1, round(FRAME_SECONDS * self.rate))

    @functools.cached_property
    def speech_level(self) -> float:
        """dB of full scale."""
        return speech_level(self.samples, self.rate)

    @functools.cached_property
    def active(self) -> NDArray[np.bool_]:
        """Whether each frame contains sound: within ACTIVE_RANGE, above the noise floor, and next to another one."""
        levels = frame_levels(self.samples, self._frame_size)
        if not len(levels):
            return np.zeros(0, bool)
        noise_floor = float(np.percentile(levels, 5))
        threshold = max(self.speech_level - ACTIVE_RANGE, min(noise_floor + 8.0, self.speech_level - 12.0))
        above = levels > threshold
        previous_above, next_above = np.append(False, above[:-1]), np.append(above[1:], False)
        active: NDArray[np.bool_] = above & (previous_above | next_above)
        return active

    @functools.cached_property
    def active_spans(self) -> list[tuple[float, float]]:
        """Start and end in seconds of each run of active frames."""
        size, rate = self._frame_size, self.rate
        return [(start * size / rate, end * size / rate) for start, end in true_runs(self.active)]


class Tone(NamedTuple):
    """A constant tone: frequency in Hz, power in dB of full scale, prominence in dB above its surroundings."""

    frequency: float
    power: float
    prominence: float


def tone_frequency(samples: Samples, rate: int) -> float | None:
    """Frequency in Hz of the most constant tone in TONE_BAND; None if the rate or the length is too low."""
    tone = find_tone(samples, rate, TONE_BAND, TONE_WINDOW, TONE_SURROUNDINGS)
    return tone.frequency if tone else None


def find_tone(
    samples: Samples, rate: int, band: tuple[float, float], window: float, surroundings: tuple[float, float]
) -> Tone | None:
    """Find the most constant tone of a frequency band.

    The spectrogram is reduced to the 20th percentile over time of each frequency (a minimum-statistics estimate), so
    that only what is present in 80 % of the frames counts, and speech hardly does. The tone is its maximum in the band.

    Args:
        samples: float32 [n].
        rate: Hz.
        band: Hz, from and to.
        window: Frame length in seconds.
        surroundings: Distance in Hz, from and to, of the frequencies that the tone is compared with.
    """
    size = round(window * rate)
    if len(samples) < 4 * size or band[1] + surroundings[1] > rate / 2:
        return None
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), size)[:: size // 2]
    taper = np.hanning(size)
    # A direct DFT at few frequencies, four times finer than an FFT of this window would give.
    frequencies = np.arange(band[0] - surroundings[1], band[1] + surroundings[1], 1 / (4 * window))
    angles = 2 * np.pi * np.outer(np.arange(size) / rate, frequencies)
    real, imaginary = (frames @ (taper[:, None] * wave(angles)) for wave in (np.cos, np.sin))
    power = (real**2 + imaginary**2) / (taper.sum() ** 2 / 2)
    constant_power = 10 * np.log10(np.maximum(np.percentile(power, 20, axis=0), 1e-14))
    in_band = np.flatnonzero((frequencies >= band[0]) & (frequencies <= band[1]))
    peak = int(in_band[constant_power[in_band].argmax()])
    distance = np.abs(frequencies - frequencies[peak])
    surrounding_power = constant_power[(distance >= surroundings[0]) & (distance <= surroundings[1])]
    return Tone(
        float(frequencies[peak]),
        float(constant_power[peak]),
        float(constant_power[peak] - np.median(surrounding_power)),
    )
