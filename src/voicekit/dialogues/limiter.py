"""Mix: placed clips become stems and one sound, at a loudness, with its true peak kept. Chunk by chunk.

    clips -> a track a speaker (pan, room) -> their sum, measured -> one gain -> stems and mix

The gain is one number and, where peaks would go too far, a look-ahead limiter's curve. Both are the same for the mix
and for every stem, so the stems add up to the mix. They are found from one measurement: every 2 ms the K-weighted
energy (ITU-R BS.1770-4, by pyloudnorm's filters) and the true peak (oversampled four times, as its annex 2 has it).
The sound itself is made twice, to measure and to write, and never held whole: memory grows by those two numbers only.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicekit.types import Samples

# --- loudness and peak ----------------------------------------------------------------------------------------------


OVERSAMPLED = 4
"""Times, for the true peak (ITU-R BS.1770-4, annex 2)."""

CONTEXT = 64
"""Samples on both sides that the oversampling filter is given."""


class Meter:
    """Measures sound that comes in chunks, of whole frames but for the last."""

    def __init__(self, rate: int) -> None:
        import pyloudnorm

        self.rate = rate
        self.size = round(FRAME * rate)
        self._filters = [(one.b, one.a) for one in pyloudnorm.Meter(rate)._filters.values()]
        self._states = [np.zeros((2, max(len(a), len(b)) - 1)) for b, a in self._filters]
        self._energies: list[NDArray[np.float32]] = []
        self._peaks: list[Samples] = []
        self._last = np.zeros((2, CONTEXT), np.float32)
        self._rest = np.zeros((2, 0), np.float32)

    def add(self, samples: Samples) -> None:
        """float32 [2, n]."""
        self._energies.append(self._frames(self._weighted(samples) ** 2, np.sum).astype(np.float32))
        known = np.concatenate([self._last, samples], axis=1)
        risen = np.concatenate([self._rest, self._risen(known)[:, CONTEXT:-CONTEXT]], axis=1)
        whole = risen.shape[1] - risen.shape[1] % self.size
        self._peaks.append(self._frames(risen[:, :whole], np.max))
        self._last, self._rest = known[:, -2 * CONTEXT :], risen[:, whole:]

    def finish(self) -> tuple[NDArray[np.float32], Samples]:
        """For each frame the sum of squares of the K-weighted sound, and the highest true peak."""
        known = np.concatenate([self._last, np.zeros((2, CONTEXT), np.float32)], axis=1)
        risen = np.concatenate([self._rest, self._risen(known)[:, CONTEXT:-CONTEXT]], axis=1)
        self._peaks.append(self._frames(risen, np.max))
        energies, peaks = np.concatenate(self._energies), np.concatenate(self._peaks)
        return energies, peaks[: len(energies)]

    def _weighted(self, samples: Samples) -> NDArray[np.float64]:
        from scipy.signal import lfilter

        out: NDArray[np.float64] = samples.astype(np.float64)
        for number, (b, a) in enumerate(self._filters):
            out, self._states[number] = lfilter(b, a, out, axis=1, zi=self._states[number])
        return out

    def _risen(self, samples: Samples) -> Samples:
        """The highest absolute value at each sample and until the next: [2, n]."""
        from scipy.signal import resample_poly

        between = np.abs(resample_poly(samples, OVERSAMPLED, 1, axis=1))
        found: Samples = np.abs(samples)
        for phase in range(OVERSAMPLED):
            np.maximum(found, between[:, phase::OVERSAMPLED], out=found)
        return found

    def _frames(self, values: NDArray[Any], how: Callable[..., Any]) -> NDArray[Any]:
        """A number a frame of [2, n], over both sides; the last frame is filled up with zeros."""
        short = -values.shape[1] % self.size
        whole = np.pad(values, ((0, 0), (0, short))) if short else values
        found: NDArray[Any] = how(whole.reshape(2, -1, self.size), axis=(0, 2))
        return found


BLOCK, STEP = 200, 50
"""Frames of a block of BS.1770, 400 ms, and from one to the next."""


def integrated(energies: NDArray[Any], rate: int) -> float | None:
    """LUFS (ITU-R BS.1770-4: gated at -70 and 10 LU below) of frames' energies; None where nothing is heard."""
    sums = np.concatenate([[0.0], np.cumsum(energies, dtype=np.float64)])
    starts = np.arange(0, max(1, len(energies) - BLOCK + 1), STEP)
    power = (sums[np.minimum(starts + BLOCK, len(energies))] - sums[starts]) / (BLOCK * FRAME * rate)
    loud = power[power > 10 ** ((-70 + 0.691) / 10)]
    if not len(loud):
        return None
    loud = loud[loud > loud.mean() / 10]
    return float(-0.691 + 10 * np.log10(loud.mean()))


def gains(
    energies: NDArray[Any], peaks: NDArray[Any], rate: int, target: float, most: float
) -> tuple[NDArray[np.float32], float]:
    """What brings sound to `target` LUFS with its true peak at most `most` dBTP.

    Returns:
        A gain for each frame; and the most that the limiter takes, dB.
    """
    found = integrated(energies, rate)
    if found is None:
        return np.ones(len(energies), np.float32), 0.0
    ceiling = 10 ** (most / 20)
    highest = 20 * math.log10(ceiling / float(peaks.max())) + MOST_LIMITED
    gain = min(target - found, highest)
    curve = limited(peaks, gain, ceiling)
    for _ in range(12):  # what the limiter takes is given back; each round leaves a small part of the rest
        now = integrated(energies * curve**2, rate)
        if now is None or abs(target - now) < 0.005 or gain >= highest:
            break
        gain = min(gain + target - now, highest)
        curve = limited(peaks, gain, ceiling)
    taken = gain - 20 * math.log10(float(curve.min()))
    return curve, max(0.0, taken)


def limited(peaks: NDArray[Any], gain: float, ceiling: float) -> NDArray[np.float32]:
    """A gain for each frame: `gain` dB, and less, smoothly, about peaks that would go beyond the ceiling.

    The least that is needed within reach, averaged over the reach: nowhere more than is needed there.
    """
    from scipy.ndimage import minimum_filter1d

    plain = 10 ** (gain / 20)
    needed = np.minimum(plain, ceiling / np.maximum(peaks.astype(np.float64), 1e-9))
    if float(needed.min()) >= plain:
        return np.full(len(peaks), plain, np.float32)
    reach = round(LIMITER / FRAME)
    least = minimum_filter1d(needed, 2 * (reach + 1) + 1, mode="nearest")
    window = np.hanning(2 * reach + 3)[1:-1]
    padded = np.pad(least, reach, mode="edge")
    curve: NDArray[np.float32] = np.convolve(padded, window / window.sum(), mode="valid").astype(np.float32)
    return curve


def at_samples(curve: NDArray[np.float32], at: int, count: int, rate: int) -> Samples:
    """The gain at each of `count` samples from `at`: between the middles of frames in a straight line."""
    size = round(FRAME * rate)
    first = max(0, at // size - 1)
    last = min(len(curve), (at + count) // size + 2)
    places = (np.arange(at, at + count) + 0.5) / size - 0.5
    found: Samples = np.interp(places, np.arange(first, last), curve[first:last]).astype(np.float32)
    return found


FRAME = 0.002
"""Seconds for which energy and peak are measured; a block of BS.1770 is 200 of them."""

LIMITER = 0.03
"""Seconds before and after a peak in which the limiter moves: no click, no pumping that is heard."""

MOST_LIMITED = 12.0
"""dB; a loudness for which the limiter would have to do more is not reached."""
