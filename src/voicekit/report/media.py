"""Media of a page: sound and pictures beside it, by relative name, or embedded in it as data URIs.

    page.html
    page_files/        what was made for it: compact sound, spectrograms

A run's own sound is not copied: the page names it from where it is. Names come from runs, which are not trusted: a file
outside the run's folder is not shown.
"""

from __future__ import annotations

import base64
import functools
import os
import struct
import tempfile
import zlib
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from voicekit.audio import MODEL_RATE, decode, resample, write
from voicekit.data import Audio
from voicekit.workspace import digest, safe_name, writing

KINDS = {".mp3": "audio/mpeg", ".png": "image/png"}

COMPACT = ".mp3"
"""The one lossy format that every browser plays and seeks in."""

COMPACT_RATE = 16_000
COMPACT_KBPS = 32
"""MPEG-2 layer III of mono speech: 14 MB an hour."""

FINE_RATE = 24_000
FINE_KBPS = 64
"""Of takes, whose sound is what is judged."""

PEAKS = 20_000
"""Of a waveform, whatever its length: one for every 0.5 s of three hours."""

MELS = 64
WIDTH = 320
"""Of a spectrogram, pixels at most."""

_FFT = 1024
_RANGE = 70.0
"""dB from the loudest to what is black."""

# Matplotlib's `magma`, at equal steps.
_MAGMA = "000004 140e36 3b0f70 641a80 8c2981 b73779 de4968 f7705c fe9f6d fecf92 fcfdbf".split()


class Shelf:
    """Where the media of one page go.

    Args:
        page: The HTML file to be.
        embed: Put them into the page instead of beside it.
    """

    def __init__(self, page: Path, embed: bool) -> None:
        self.page = page
        self.embed = embed
        self.home = page.parent / f"{page.stem}_files"

    def file(self, path: Path, folder: Path) -> str | None:
        """The address of sound that is there already, below `folder`; None where it is not.

        Embedded it is made compact. Raises MediaError where it cannot be.
        """
        real = path.resolve()
        if not real.is_relative_to(folder.resolve()) or not real.is_file():
            return None
        if self.embed:
            return self.sound(path.stem, decode(real, rate=FINE_RATE)[0])
        try:
            return quote(Path(os.path.relpath(real, self.page.parent.resolve())).as_posix())
        except ValueError:  # another drive
            return real.as_uri()

    def picture(self, name: str, png: bytes) -> str:
        """The address of a picture that was made for the page. Raises OutputError where it cannot be written."""
        if self.embed:
            return self._data(png, ".png")
        place = self._place(name, ".png")
        with writing(place) as temporary:
            temporary.write_bytes(png)
        return self._beside(place)

    def sound(self, name: str, audio: Audio, loudness: float | None = None) -> str:
        """The address of sound that was made for the page, mono and compact. Raises OutputError, MediaError."""
        mono = Audio(audio.mono[None, :], audio.rate)
        rate, kbps = (COMPACT_RATE, COMPACT_KBPS) if audio.rate <= COMPACT_RATE else (FINE_RATE, FINE_KBPS)
        if not self.embed:
            return self._beside(write(mono, self._place(name, COMPACT), rate, loudness, kbps))
        with tempfile.TemporaryDirectory() as folder:
            return self._data(write(mono, Path(folder, f"sound{COMPACT}"), rate, loudness, kbps).read_bytes(), COMPACT)

    def _place(self, name: str, ending: str) -> Path:
        """In the page's folder, whatever the name."""
        safe = safe_name(name)
        return self.home / f"{safe if safe == name else f'{safe}-{digest(name)[:8]}'}{ending}"

    def _beside(self, place: Path) -> str:
        return quote(place.relative_to(self.page.parent).as_posix())

    def _data(self, data: bytes, ending: str) -> str:
        return f"data:{KINDS[ending]};base64,{base64.b64encode(data).decode()}"


def peaks(audio: Audio, count: int = PEAKS) -> str:
    """The waveform as base64 of at most `count` bytes: the largest sample of each stretch, 255 at full scale of it."""
    samples = np.abs(audio.mono)
    count = min(count, len(samples))
    if not count:
        return ""
    edges = np.linspace(0, len(samples), count, endpoint=False).astype(np.intp)
    highest = np.maximum.reduceat(samples, edges)
    top = float(np.quantile(highest, 0.999)) or 1.0
    return base64.b64encode((np.clip(highest / top, 0, 1) * 255).astype(np.uint8).tobytes()).decode()


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


def size(characters: int) -> str:
    """Of a file, for people."""
    return f"{characters / 1e6:.1f} MB" if characters >= 1e5 else f"{max(1, characters // 1000)} kB"
