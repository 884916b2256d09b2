"""Mel spectrograms as PNG files."""

from __future__ import annotations

import functools
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from voicekit.audio.levels import resample
from voicekit.audio.probe import MODEL_RATE
from voicekit.types import Audio

MELS = 64
"""Mel bands, and height of a picture in pixels."""

MAX_WIDTH = 320
"""Pixels."""

_FFT_SIZE = 1024
_DYNAMIC_RANGE = 70.0
"""dB from the brightest to black."""

_MAGMA = "000004 140e36 3b0f70 641a80 8c2981 b73779 de4968 f7705c fe9f6d fecf92 fcfdbf".split()
"""Colours of matplotlib's "magma" at equal steps."""


def spectrogram(audio: Audio) -> bytes:
    """Spectrogram up to 8 kHz as a PNG of MELS rows and at most MAX_WIDTH columns."""
    samples = resample(Audio(audio.mono[None, :], audio.rate), MODEL_RATE).samples[0]
    samples = np.pad(samples, (0, max(0, _FFT_SIZE - len(samples))))
    hop = max(MODEL_RATE // 100, -(-len(samples) // MAX_WIDTH))
    starts = np.arange(0, len(samples) - _FFT_SIZE + 1, hop)
    frames = samples[starts[:, None] + np.arange(_FFT_SIZE)] * np.hanning(_FFT_SIZE)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2 @ _mel_filterbank(MODEL_RATE).T
    level = 10 * np.log10(np.maximum(power, 1e-10))
    top = max(float(level.max()), -40.0)  # keeps silence black
    brightness = np.clip((level - top + _DYNAMIC_RANGE) / _DYNAMIC_RANGE, 0, 1).T[::-1]
    return encode_png((brightness * 255).astype(np.uint8))


@functools.cache
def _mel_filterbank(rate: int) -> NDArray[np.float64]:
    """Triangular filters, equally spaced on HTK's mel scale, float64 [MELS, bins]."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, MELS + 2) / 2595) - 1)
    frequencies = np.fft.rfftfreq(_FFT_SIZE, 1 / rate)
    rising = (frequencies - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - frequencies) / (edges[2:] - edges[1:-1])[:, None]
    filters: NDArray[np.float64] = np.maximum(0, np.minimum(rising, falling))
    return filters


def encode_png(values: NDArray[np.uint8]) -> bytes:
    """Encode uint8 [height, width] as a PNG in the colours of "magma" (PNG 1.2, 8 bits, palette)."""
    height, width = values.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), values], axis=1)  # each row starts with its filter type, 0
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
    positions = np.linspace(0, len(steps) - 1, 256)
    colours = np.stack([np.interp(positions, np.arange(len(steps)), steps[:, i]) for i in range(3)], axis=1)
    return colours.round().astype(np.uint8).tobytes()
