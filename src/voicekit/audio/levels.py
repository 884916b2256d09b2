"""Measure and change the level of audio, trim silence, fade edges, resample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voicekit.types import Audio

QUIET = -45.0
"""dBFS: level below which speech is amplified before it is transcribed."""

RAISED = -26.0
"""dBFS: level to which it is brought."""

DIGITAL_SILENCE = -90.0
"""dBFS: level of frames that hold nothing, or only the noise of 16-bit rounding."""

Samples = NDArray[np.float32]
"""float32 [n], full scale at 1.0."""

FRAME = 0.01
"""Seconds per frame in which the level is measured."""

SILENT = -45.0
"""dB relative to the loudest frame: quieter edges are trimmed as silence."""

EDGE = 0.04
"""Seconds kept before the first and after the last speech, so that soft consonants are not cut."""

FADE = 0.005
"""Seconds of the fade at each end of a part, which prevents clicks."""

MAX_PART_GAIN = 3.0
"""Largest level change of a part when parts are joined, dB."""

SPEECH_RANGE = 25.0
"""dB below the loudest frame within which frames count as speech."""


def clipping_ratio(samples: Samples) -> float:
    """Return the share of samples in runs of three or more at the peak level, below full scale too."""
    peak = float(np.abs(samples).max(initial=0.0))
    if peak < 0.3:
        return 0.0
    at_peak = np.abs(samples) >= 0.997 * peak
    runs = at_peak[:-2] & at_peak[1:-1] & at_peak[2:]
    flat = (np.abs(np.diff(samples, n=1)) < 1e-3)[:-1]
    return float((runs & flat).sum() / max(1, len(samples)))


def normalize_loudness(audio: Audio, target: float) -> Audio:
    """Return audio at `target` LUFS (ITU-R BS.1770), or as close as peaks of -1 dBFS allow.

    Silence and audio under 0.4 s, the length of a measurement block, are returned unchanged.
    """
    import pyloudnorm

    if audio.duration < 0.4:
        return audio
    measured = float(pyloudnorm.Meter(audio.rate).integrated_loudness(audio.samples.T.astype(np.float64)))
    peak = float(np.abs(audio.samples).max(initial=0.0))
    if not np.isfinite(measured) or peak == 0:
        return audio
    gain = min(10 ** ((target - measured) / 20), 10 ** (-1 / 20) / peak)
    return Audio(audio.samples * np.float32(gain), audio.rate)


def resample(audio: Audio, rate: int) -> Audio:
    """Return audio at another sample rate (soxr); the same object if it has that rate already."""
    if audio.rate == rate:
        return audio
    import soxr

    return Audio(np.ascontiguousarray(soxr.resample(audio.samples.T, audio.rate, rate).T, dtype=np.float32), rate)


def trim_silence(samples: Samples, rate: int) -> Samples:
    """Return the samples without silence at either end; all of them if there is nothing but silence."""
    size = max(1, round(FRAME * rate))
    levels = frame_levels(samples, size)
    if not len(levels) or levels.max() <= -90:
        return samples
    audible = np.flatnonzero(levels > levels.max() + SILENT)
    edge = round(EDGE * rate)
    return samples[max(0, audible[0] * size - edge) : min(len(samples), (audible[-1] + 1) * size + edge)]


def frame_levels(samples: Samples, size: int) -> NDArray[np.float64]:
    """Return the level of each frame of `size` samples, dBFS [frames]; at least -100."""
    count = len(samples) // size
    frames = samples[: count * size].reshape(count, size).astype(np.float64)
    levels: NDArray[np.float64] = 10 * np.log10(np.maximum((frames**2).mean(axis=1), 1e-10))
    return levels


def speech_level(samples: Samples, rate: int) -> float:
    """Return the level of the speech, dBFS: the mean power of the frames within SPEECH_RANGE of the loudest."""
    levels = frame_levels(samples, max(1, round(FRAME * rate)))
    if not len(levels):
        return -100.0
    speech = levels[levels > levels.max() - SPEECH_RANGE]
    return float(10 * np.log10((10 ** (speech / 10)).mean()))


def raise_quiet_speech(audio: Audio) -> tuple[Audio, float]:
    """Amplify audio whose speech is below QUIET, which voice activity detectors do not hear, to RAISED.

    Peaks are clipped: a door that slams must not keep the speech down.

    Returns:
        The audio, and the gain in dB; the same object and 0 if it is loud enough, or silence.
    """
    levels = frame_levels(audio.mono, max(1, round(FRAME * audio.rate)))
    heard = levels[levels > DIGITAL_SILENCE]
    if len(heard) < 0.5 / FRAME:
        return audio, 0.0
    loud = float(np.percentile(heard, 95))
    if loud >= QUIET:
        return audio, 0.0
    gain = RAISED - loud
    return Audio(np.clip(audio.samples * np.float32(10 ** (gain / 20)), -1, 1), audio.rate), gain


def apply_fades(samples: Samples, rate: int) -> Samples:
    """Return a copy with a fade-in and a fade-out of FADE seconds (raised cosine)."""
    size = min(round(FADE * rate), len(samples) // 2)
    if size == 0:
        return samples
    ramp = (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, size))).astype(np.float32)
    out = samples.copy()
    out[:size] *= ramp
    out[-size:] *= ramp[::-1]
    return out
