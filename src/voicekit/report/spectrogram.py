"""Media of a page: sound and pictures beside it, by relative name, or embedded in it as data URIs.

    page.html
    page_files/        what was made for it: compact sound, spectrograms

A run's own sound is not copied: the page names it from where it is. Names come from runs, which are not trusted: a file
outside the run's folder is not shown.
"""

from __future__ import annotations

import functools
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from voicekit.audio.decode import MODEL_RATE
from voicekit.audio.levels import resample
from voicekit.types import Audio

MELS = 64
WIDTH = 320
"""Of a spectrogram, pixels at most."""

_FFT = 1024
_RANGE = 70.0
"""dB from the loudest to what is black."""

# Matplotlib's `magma`, at equal steps.
_MAGMA = "000004 140e36 3b0f70 641a80 8c2981 b73779 de4968 f7705c fe9f6d fecf92 fcfdbf".split()


def spectrogram(audio: Audio) -> bytes:
    """A PNG: MELS mel bands up to 8 kHz (Slaney's scale is not needed for looking: HTK's), at most WIDTH columns."""
    samples = resample(Audio(audio.mono[None, :], audio.rate), MODEL_RATE).samples[0]
    samples = np.pad(samples, (0, max(0, _FFT - len(samples))))
    hop = max(MODEL_RATE // 100, -(-len(samples) // WIDTH))
    starts = np.arange(0, len(samples) - _FFT + 1, hop)
    frames = samples[starts[:, None] + np.arange(_FFT)] * np.hanning(_FFT)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2 @ _mel_bands(MODEL_RATE).T
    level = 10 * np.log10(np.maximum(power, 1e-10))
    top = max(float(level.max()), -40.0)  # silence stays black
    shown = np.clip((level - top + _RANGE) / _RANGE, 0, 1).T[::-1]
    return png((shown * 255).astype(np.uint8))


@functools.cache
def _mel_bands(rate: int) -> NDArray[np.float64]:
    """float64 [MELS, bins]: triangles of equal width on the mel scale (HTK's)."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, MELS + 2) / 2595) - 1)
    at = np.fft.rfftfreq(_FFT, 1 / rate)
    rising = (at - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - at) / (edges[2:] - edges[1:-1])[:, None]
    bands: NDArray[np.float64] = np.maximum(0, np.minimum(rising, falling))
    return bands


def png(levels: NDArray[np.uint8]) -> bytes:
    """A PNG of uint8 [height, width] in magma's colours (PNG 1.2, 8 bits, palette)."""
    height, width = levels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), levels], axis=1)  # filter 0 before each row
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"PLTE", _palette())
        + _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@functools.cache
def _palette() -> bytes:
    steps = np.array([[int(colour[i : i + 2], 16) for i in (0, 2, 4)] for colour in _MAGMA])
    at = np.linspace(0, len(steps) - 1, 256)
    colours = np.stack([np.interp(at, np.arange(len(steps)), steps[:, i]) for i in range(3)], axis=1)
    return colours.round().astype(np.uint8).tobytes()
