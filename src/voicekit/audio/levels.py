"""Reference: a recording cut to a clip that a voice can be cloned from, with all that was wrong with it. Pure.

Chatterbox hears 6 s of a clip for manner and 10 s for timbre, cut hard: so the wanted part comes first, and the clip
ends on silence before 10 s. Mono, 24 kHz, one speaker, no clipping.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voicekit.types import Audio


def clipped(samples: NDArray[np.float32]) -> float:
    """Share of the samples that stand in runs of three or more at full scale, be it theirs or the file's."""
    peak = float(np.abs(samples).max(initial=0.0))
    if peak < 0.3:
        return 0.0
    at_top = np.abs(samples) >= 0.997 * peak
    runs = at_top[:-2] & at_top[1:-1] & at_top[2:]
    same = (np.abs(np.diff(samples, n=1)) < 1e-3)[:-1]
    return float((runs & same).sum() / max(1, len(samples)))


def at_loudness(audio: Audio, target: float) -> Audio:
    """The sound at `target` LUFS, or as near as peaks of -1 dB allow; silence stays silence."""
    import pyloudnorm

    if audio.duration < 0.4:
        return audio
    found = float(pyloudnorm.Meter(audio.rate).integrated_loudness(audio.samples.T.astype(np.float64)))
    peak = float(np.abs(audio.samples).max(initial=0.0))
    if not np.isfinite(found) or peak == 0:
        return audio
    gain = min(10 ** ((target - found) / 20), 10 ** (-1 / 20) / peak)
    return Audio(audio.samples * np.float32(gain), audio.rate)


def resample(audio: Audio, rate: int) -> Audio:
    """The sound at another rate, by soxr; itself where it has that rate."""
    if audio.rate == rate:
        return audio
    import soxr

    return Audio(np.ascontiguousarray(soxr.resample(audio.samples.T, audio.rate, rate).T, dtype=np.float32), rate)


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
