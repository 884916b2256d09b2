"""Prosody: pace, pitch and energy of a take, and how far they are from what is typical of the voice.

F0 is estimated by Praat's autocorrelation method (Boersma 1993) in two passes: the second pass uses limits derived from
the quartiles of the first, which avoids octave errors (De Looze and Hirst 2008). Pace uses the word times of the ASR
model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicekit.audio.levels import frame_levels
from voicekit.types import Measures, Word

MIN_F0, MAX_F0 = 60.0, 700.0
"""Hz: limits of the first pass, from creaky male voices to children."""

MIN_VOICED_FRAMES = 10
"""Frames of 10 ms with a pitch that are needed for a median."""

SPEECH_RANGE = 30.0
"""dB below the loudest frame: quieter frames are pauses and do not count for the energy range."""

MIN_TAKES = 3
"""Takes of a voice that are needed to compute its typical pace and pitch."""

MIN_PACE_SPREAD, MIN_PITCH_SPREAD = 0.05, 0.5
"""Lower limits of the spreads (a share; semitones): the measures themselves vary as much."""


@dataclass(frozen=True)
class Pitch:
    """F0: median in Hz, and range from the 10th to the 90th percentile in semitones."""

    median: float
    range: float


@dataclass(frozen=True)
class VoiceProfile:
    """Typical pace and pitch of a voice.

    Attributes:
        pace: Words per minute; None if unknown.
        pace_spread: Spread of the pace, as a share of it.
        pitch: Hz; None if unknown.
        pitch_spread: Spread of the pitch, semitones.
    """

    pace: float | None = None
    pace_spread: float = MIN_PACE_SPREAD
    pitch: float | None = None
    pitch_spread: float = MIN_PITCH_SPREAD


def measure_pitch(samples: NDArray[np.float32], rate: int) -> Pitch | None:
    """F0 of mono audio; None if too little of it is voiced."""
    import parselmouth

    if len(samples) < 0.1 * rate:  # Praat needs three periods of the lowest frequency
        return None
    audio = parselmouth.Sound(samples.astype(np.float64), rate)
    f0 = _voiced_f0(audio, MIN_F0, MAX_F0)
    if len(f0) < MIN_VOICED_FRAMES:
        return None
    low, high = np.percentile(f0, [25, 75])
    f0 = _voiced_f0(audio, max(MIN_F0, 0.75 * float(low)), min(MAX_F0, 1.5 * float(high)))
    if len(f0) < MIN_VOICED_FRAMES:
        return None
    low, median, high = np.percentile(f0, [10, 50, 90])
    return Pitch(float(median), float(12 * np.log2(high / low)))


def _voiced_f0(audio: object, floor: float, ceiling: float) -> NDArray[np.float64]:
    """F0 in Hz of each voiced frame of 10 ms."""
    import parselmouth

    assert isinstance(audio, parselmouth.Sound)
    pitch = audio.to_pitch_ac(time_step=0.01, pitch_floor=floor, pitch_ceiling=ceiling)
    frequencies = np.asarray(pitch.selected_array["frequency"], dtype=np.float64)
    return frequencies[frequencies > 0]


def measure_pace(words: Sequence[Word]) -> float | None:
    """Words per minute from the first word to the last; None for fewer than three words."""
    if len(words) < 3 or words[-1].end - words[0].start < 0.3:
        return None
    return 60 * len(words) / (words[-1].end - words[0].start)


def measure_energy_range(samples: NDArray[np.float32], rate: int) -> float | None:
    """dB between the 10th and 90th percentile of the level of speech, in frames of 20 ms; None for silence."""
    levels = frame_levels(samples, max(1, round(0.02 * rate)))
    if len(levels) < 10 or levels.max() < -80:
        return None
    low, high = np.percentile(levels[levels > levels.max() - SPEECH_RANGE], [10, 90])
    return float(high - low)


def voice_profile(measures: Sequence[Measures], reference: Measures | None = None) -> VoiceProfile:
    """Compute the typical pace and pitch of a voice: the reference clip's, else the median over its takes.

    Args:
        measures: Of all takes of the voice in a run. Their median absolute deviation, times 1.4826, is the spread.
        reference: Of the clip that was cloned.
    """
    paces = np.array([take.pace for take in measures if take.pace])
    pitches = np.array([take.pitch for take in measures if take.pitch])
    pace = reference.pace if reference else None
    pitch = reference.pitch if reference else None
    pace_spread, pitch_spread = MIN_PACE_SPREAD, MIN_PITCH_SPREAD
    if len(paces) >= MIN_TAKES:
        pace = pace or float(np.median(paces))
        pace_spread = max(MIN_PACE_SPREAD, _robust_deviation(paces / np.median(paces)))
    if len(pitches) >= MIN_TAKES:
        pitch = pitch or float(np.median(pitches))
        pitch_spread = max(MIN_PITCH_SPREAD, _robust_deviation(12 * np.log2(pitches)))
    return VoiceProfile(pace or None, pace_spread, pitch or None, pitch_spread)


def _robust_deviation(values: NDArray[np.float64]) -> float:
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def pace_deviation(measures: Measures, profile: VoiceProfile) -> float | None:
    """How much faster (above 0) or slower than the voice's pace, as a share of it; None if either is unknown."""
    return measures.pace / profile.pace - 1 if measures.pace and profile.pace else None


def pitch_deviation(measures: Measures, profile: VoiceProfile) -> float | None:
    """Semitones above (below 0) the voice's pitch; None if either is unknown."""
    return float(12 * np.log2(measures.pitch / profile.pitch)) if measures.pitch and profile.pitch else None
