"""Prosody: pace, pitch and energy of a take, and how they compare with the voice's own. Pure.

F0 by Praat's autocorrelation (Boersma 1993), twice: the second time between limits that the first one's quartiles give,
so that octave errors are kept out (De Looze and Hirst 2008). Pace needs the times of words, which are the recogniser's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicekit.audio.levels import loudness
from voicekit.types import Measures, Word

LOWEST, HIGHEST = 60.0, 700.0
"""Hz: F0 of speech, men's creak to children's."""

VOICED = 10
"""Frames (of 10 ms) with a pitch that a median is taken of, at least."""

SPEECH = 30.0
"""dB below the loudest frame: what is quieter is a pause and counts for no energy."""

FEWEST = 3
"""Takes that the pace and pitch of a voice are the median of, at least: below, nothing is its own."""

LEAST_PACE, LEAST_PITCH = 0.05, 0.5
"""Least spreads (a share; semitones) that a voice is taken to have: the measures vary as much themselves."""


@dataclass(frozen=True)
class Pitch:
    """F0: median in Hz, and from the 10th to the 90th percentile in semitones."""

    median: float
    range: float


@dataclass(frozen=True)
class Profile:
    """A voice's own pace and pitch.

    Attributes:
        pace: Words a minute; None where it is not known. `pace_spread`: a share of it.
        pitch: Hz; None where it is not known. `pitch_spread`: semitones.
    """

    pace: float | None = None
    pace_spread: float = LEAST_PACE
    pitch: float | None = None
    pitch_spread: float = LEAST_PITCH


def pitch(samples: NDArray[np.float32], rate: int) -> Pitch | None:
    """F0 of mono sound; None where hardly anything is voiced."""
    import parselmouth

    if len(samples) < 0.1 * rate:  # Praat wants three periods of the lowest
        return None
    sound = parselmouth.Sound(samples.astype(np.float64), rate)
    found = _f0(sound, LOWEST, HIGHEST)
    if len(found) < VOICED:
        return None
    low, high = np.percentile(found, [25, 75])
    found = _f0(sound, max(LOWEST, 0.75 * float(low)), min(HIGHEST, 1.5 * float(high)))
    if len(found) < VOICED:
        return None
    low, middle, high = np.percentile(found, [10, 50, 90])
    return Pitch(float(middle), float(12 * np.log2(high / low)))


def _f0(sound: object, floor: float, ceiling: float) -> NDArray[np.float64]:
    """Hz of each voiced frame of 10 ms."""
    import parselmouth

    assert isinstance(sound, parselmouth.Sound)
    found = sound.to_pitch_ac(time_step=0.01, pitch_floor=floor, pitch_ceiling=ceiling)
    frequencies = np.asarray(found.selected_array["frequency"], dtype=np.float64)
    return frequencies[frequencies > 0]


def pace(words: Sequence[Word]) -> float | None:
    """Words a minute from the first to the last; None for fewer than three."""
    if len(words) < 3 or words[-1].end - words[0].start < 0.3:
        return None
    return 60 * len(words) / (words[-1].end - words[0].start)


def energy_range(samples: NDArray[np.float32], rate: int) -> float | None:
    """dB between the 10th and 90th percentile of the level of speech, frames of 20 ms; None for silence."""
    loud = loudness(samples, max(1, round(0.02 * rate)))
    if len(loud) < 10 or loud.max() < -80:
        return None
    speech = loud[loud > loud.max() - SPEECH]
    low, high = np.percentile(speech, [10, 90])
    return float(high - low)


def profile(measures: Sequence[Measures], reference: Measures | None = None) -> Profile:
    """A voice's own pace and pitch: the reference's, where it has them; else the median over its takes.

    Args:
        measures: Of all takes of the voice in a run. They give the spread, too: 1.4826 times the median deviation.
        reference: Of the clip that was cloned.
    """
    paces = np.array([one.pace for one in measures if one.pace])
    pitches = np.array([one.pitch for one in measures if one.pitch])
    own_pace = reference.pace if reference else None
    own_pitch = reference.pitch if reference else None
    pace = own_pace or (float(np.median(paces)) if len(paces) >= FEWEST else None)
    pitch = own_pitch or (float(np.median(pitches)) if len(pitches) >= FEWEST else None)
    return Profile(
        pace, max(LEAST_PACE, _spread(paces / np.median(paces))) if len(paces) >= FEWEST else LEAST_PACE,
        pitch, max(LEAST_PITCH, _spread(12 * np.log2(pitches))) if len(pitches) >= FEWEST else LEAST_PITCH,
    )  # fmt: skip


def _spread(values: NDArray[np.float64]) -> float:
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def off_pace(measures: Measures, own: Profile) -> float | None:
    """How much quicker (above 0) or slower than the voice's own, as a share of it; None where either is not known."""
    return measures.pace / own.pace - 1 if measures.pace and own.pace else None


def off_pitch(measures: Measures, own: Profile) -> float | None:
    """Semitones above (below 0) the voice's own; None where either is not known."""
    return float(12 * np.log2(measures.pitch / own.pitch)) if measures.pitch and own.pitch else None
