"""Kaldi's log mel filterbank in NumPy.

Equals `torchaudio.compliance.kaldi.fbank` without dither to float32 precision. Definition:
https://github.com/kaldi-asr/kaldi/blob/master/src/feat/feature-fbank.h
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
FRAME = 400
"""Samples of a frame: 25 ms."""

SHIFT = 160
"""Samples from one frame to the next: 10 ms."""

_FFT = 512
_PREEMPHASIS = 0.97
_LOWEST = 20.0
"""Hz."""


def filterbank(samples: NDArray[np.float32], bands: int) -> NDArray[np.float32]:
    """Return the log energies of mel bands.

    Args:
        samples: float32 [n], 16 kHz, -1 to 1.
        bands: Number of bands.

    Returns:
        float32 [frames, bands]; only frames that lie fully in the samples.
    """
    if len(samples) < FRAME:
        return np.zeros((0, bands), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::SHIFT]
    frames = frames - frames.mean(axis=1, keepdims=True, dtype=np.float32)
    previous = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    windowed = (frames - np.float32(_PREEMPHASIS) * previous) * _povey_window()
    spectrum = np.fft.rfft(windowed, _FFT)
    power = spectrum.real**2 + spectrum.imag**2
    energies = np.empty((len(power), bands), np.float32)
    for band, (first, weights) in enumerate(_mel_bands(bands)):
        # Not a matrix product: BLAS would start threads, on which the last bits depend.
        energies[:, band] = np.einsum("fk,k->f", power[:, first : first + len(weights)], weights)
    logarithms: NDArray[np.float32] = np.log(np.maximum(energies, np.finfo(np.float32).eps))
    return logarithms


@functools.cache
def _povey_window() -> NDArray[np.float32]:
    """Return Kaldi's window: a Hann window to the power of 0.85."""
    return (np.hanning(FRAME) ** 0.85).astype(np.float32)


@functools.cache
def _mel_bands(bands: int) -> list[tuple[int, NDArray[np.float32]]]:
    """Return the first FFT bin and the weights of the bins of each band: triangles of equal width in mel."""

    def mel(hertz: NDArray[np.float64] | float) -> NDArray[np.float64]:
        return np.asarray(1127 * np.log1p(np.asarray(hertz) / 700))

    edges = np.linspace(mel(_LOWEST), mel(RATE / 2), bands + 2)
    bins = mel(np.arange(_FFT // 2 + 1) * RATE / _FFT)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0, np.minimum(rising, falling))
    weights[-1] = 0  # Kaldi leaves out the highest bin
    used = [np.flatnonzero(weights[:, band]) for band in range(bands)]
    return [(int(bins[0]), weights[bins[0] : bins[-1] + 1, band].astype(np.float32)) for band, bins in enumerate(used)]
