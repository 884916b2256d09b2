"""Loudness measurement (ITU-R BS.1770-4) and the gain curve of a look-ahead limiter, in frames of 2 ms."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicekit.types import Samples

FRAME = 0.002
"""Frame length in seconds."""

BLOCK_FRAMES, STEP_FRAMES = 200, 50
"""Frames of a gating block of BS.1770 (400 ms), and from one block to the next (100 ms)."""

OVERSAMPLING = 4
"""For the true peak (BS.1770-4, annex 2)."""

FILTER_CONTEXT = 64
"""Samples on both sides that the oversampling filter is given."""

LOOK_AHEAD = 0.03
"""Seconds before and after a peak over which the limiter moves: long enough to be inaudible."""

MAX_REDUCTION = 12.0
"""dB. A target loudness that needs more gain reduction is not reached."""


class LoudnessMeter:
    """Measures energy and true peak per frame of stereo audio that comes in chunks.

    All chunks except the last must be whole frames.
    """

    def __init__(self, rate: int) -> None:
        import pyloudnorm

        self.frame_size = round(FRAME * rate)
        self._filters = [(stage.b, stage.a) for stage in pyloudnorm.Meter(rate)._filters.values()]
        self._filter_states = [np.zeros((2, max(len(a), len(b)) - 1)) for b, a in self._filters]
        self._energies: list[NDArray[np.float32]] = []
        self._peaks: list[Samples] = []
        self._last = np.zeros((2, FILTER_CONTEXT), np.float32)
        self._pending_peaks = np.zeros((2, 0), np.float32)

    def add(self, samples: Samples) -> None:
        """Add a chunk, float32 [2, n]."""
        self._energies.append(self._per_frame(self._k_weight(samples) ** 2, np.sum).astype(np.float32))
        known = np.concatenate([self._last, samples], axis=1)
        peaks = self._new_peaks(known)
        whole = peaks.shape[1] - peaks.shape[1] % self.frame_size
        self._peaks.append(self._per_frame(peaks[:, :whole], np.max))
        self._last, self._pending_peaks = known[:, -2 * FILTER_CONTEXT :], peaks[:, whole:]

    def finish(self) -> tuple[NDArray[np.float32], Samples]:
        """For each frame, the sum of squares of the K-weighted audio, and the highest true peak."""
        known = np.concatenate([self._last, np.zeros((2, FILTER_CONTEXT), np.float32)], axis=1)
        self._peaks.append(self._per_frame(self._new_peaks(known), np.max))
        energies, peaks = np.concatenate(self._energies), np.concatenate(self._peaks)
        return energies, peaks[: len(energies)]

    def _new_peaks(self, known: Samples) -> Samples:
        """True peaks of the samples that have full context, after those that are pending."""
        peaks = self._true_peaks(known)[:, FILTER_CONTEXT:-FILTER_CONTEXT]
        return np.concatenate([self._pending_peaks, peaks], axis=1)

    def _k_weight(self, samples: Samples) -> NDArray[np.float64]:
        from scipy.signal import lfilter

        out: NDArray[np.float64] = samples.astype(np.float64)
        for number, (b, a) in enumerate(self._filters):
            out, self._filter_states[number] = lfilter(b, a, out, axis=1, zi=self._filter_states[number])
        return out

    def _true_peaks(self, samples: Samples) -> Samples:
        """The highest absolute value from each sample to the next one, [2, n]."""
        from scipy.signal import resample_poly

        oversampled = np.abs(resample_poly(samples, OVERSAMPLING, 1, axis=1))
        peaks: Samples = np.abs(samples)
        for phase in range(OVERSAMPLING):
            np.maximum(peaks, oversampled[:, phase::OVERSAMPLING], out=peaks)
        return peaks

    def _per_frame(self, values: NDArray[Any], reduce: Callable[..., Any]) -> NDArray[Any]:
        """Reduce [2, n] to one value per frame over both channels; the last frame is padded with zeros."""
        missing = -values.shape[1] % self.frame_size
        padded = np.pad(values, ((0, 0), (0, missing))) if missing else values
        reduced: NDArray[Any] = reduce(padded.reshape(2, -1, self.frame_size), axis=(0, 2))
        return reduced


def integrated_loudness(energies: NDArray[Any], rate: int) -> float | None:
    """Integrated loudness in LUFS of frame energies (BS.1770-4: gates at -70 LUFS and -10 LU); None for silence."""
    sums = np.concatenate([[0.0], np.cumsum(energies, dtype=np.float64)])
    starts = np.arange(0, max(1, len(energies) - BLOCK_FRAMES + 1), STEP_FRAMES)
    power = (sums[np.minimum(starts + BLOCK_FRAMES, len(energies))] - sums[starts]) / (BLOCK_FRAMES * FRAME * rate)
    gated = power[power > 10 ** ((-70 + 0.691) / 10)]
    if not len(gated):
        return None
    gated = gated[gated > gated.mean() / 10]
    return float(-0.691 + 10 * np.log10(gated.mean()))


def compute_gain_curve(
    energies: NDArray[Any], peaks: NDArray[Any], rate: int, target: float, max_peak: float
) -> tuple[NDArray[np.float32], float]:
    """Compute the gain that brings audio to `target` LUFS with a true peak of at most `max_peak` dBTP.

    Returns:
        A gain factor per frame, and the largest gain reduction by the limiter in dB.
    """
    loudness = integrated_loudness(energies, rate)
    if loudness is None:
        return np.ones(len(energies), np.float32), 0.0
    ceiling = 10 ** (max_peak / 20)
    max_gain = 20 * math.log10(ceiling / float(peaks.max())) + MAX_REDUCTION
    gain = min(target - loudness, max_gain)
    curve = limit_peaks(peaks, gain, ceiling)
    for _ in range(12):  # make up for the loudness that the limiter takes; the error shrinks with each round
        loudness = integrated_loudness(energies * curve**2, rate)
        if loudness is None or abs(target - loudness) < 0.005 or gain >= max_gain:
            break
        gain = min(gain + target - loudness, max_gain)
        curve = limit_peaks(peaks, gain, ceiling)
    reduction = gain - 20 * math.log10(float(curve.min()))
    return curve, max(0.0, reduction)


def limit_peaks(peaks: NDArray[Any], gain: float, ceiling: float) -> NDArray[np.float32]:
    """Gain factor per frame: `gain` dB, smoothly reduced around peaks that would exceed the ceiling.

    A minimum filter followed by a Hann-weighted mean of the same reach never exceeds the gain that a peak allows.
    """
    from scipy.ndimage import minimum_filter1d

    factor = 10 ** (gain / 20)
    allowed = np.minimum(factor, ceiling / np.maximum(peaks.astype(np.float64), 1e-9))
    if float(allowed.min()) >= factor:
        return np.full(len(peaks), factor, np.float32)
    reach = round(LOOK_AHEAD / FRAME)
    minimum = minimum_filter1d(allowed, 2 * (reach + 1) + 1, mode="nearest")
    window = np.hanning(2 * reach + 3)[1:-1]
    padded = np.pad(minimum, reach, mode="edge")
    curve: NDArray[np.float32] = np.convolve(padded, window / window.sum(), mode="valid").astype(np.float32)
    return curve


def interpolate_gain(curve: NDArray[np.float32], at: int, count: int, rate: int) -> Samples:
    """Gain of each of `count` samples from `at`, interpolated linearly between the centres of frames."""
    size = round(FRAME * rate)
    first = max(0, at // size - 1)
    last = min(len(curve), (at + count) // size + 2)
    positions = (np.arange(at, at + count) + 0.5) / size - 0.5
    gain: Samples = np.interp(positions, np.arange(first, last), curve[first:last]).astype(np.float32)
    return gain
