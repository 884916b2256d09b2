"""Audio and pictures of a page: files beside it with relative addresses, or data URIs within it.

    page.html
    page_files/        what was made for the page: compressed audio, spectrograms

A run's own audio is not copied; the page refers to it. File names in runs are not trusted: a file outside the run's
folder is not used.
"""

from __future__ import annotations

import base64
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

import numpy as np

from voicekit.audio.decode import decode
from voicekit.audio.encode import write_audio
from voicekit.errors import OutputError
from voicekit.storage.files import atomic_write, digest
from voicekit.storage.paths import safe_name
from voicekit.types import Audio

MIME_TYPES = {".mp3": "audio/mpeg", ".png": "image/png"}

AUDIO_SUFFIX = ".mp3"
"""The only lossy format that every browser can play and seek in."""

COMPACT_RATE = 16_000
COMPACT_KBPS = 32
"""For recordings: MPEG-2 layer III of mono speech, 14 MB per hour."""

FINE_RATE = 24_000
FINE_KBPS = 64
"""For takes, whose audio quality matters."""

PEAKS = 20_000
"""Points of a waveform of any length: one per 0.5 s for three hours."""


class PageMedia:
    """Stores the media of one page and gives their addresses."""

    def __init__(self, page: Path, embed: bool) -> None:
        """Set where to store media.

        Args:
            page: The HTML file.
            embed: Embed media in the page instead of storing files beside it.
        """
        self.page = page
        self.embed = embed
        self.folder = page.parent / f"{page.stem}_files"

    def add_file(self, path: Path, folder: Path) -> str | None:
        """Address of an existing audio file below `folder`; None if it is missing or outside.

        Raises:
            MediaError: The page embeds its media, and the file cannot be decoded.
        """
        real = path.resolve()
        if not real.is_relative_to(folder.resolve()) or not real.is_file():
            return None
        if self.embed:
            return self.add_audio(path.stem, decode(real, rate=FINE_RATE)[0])
        try:
            return quote(Path(os.path.relpath(real, self.page.parent.resolve())).as_posix())
        except ValueError:  # on another drive
            return real.as_uri()

    def add_picture(self, name: str, png: bytes) -> str:
        """Store a PNG and return its address. Raises OutputError if it cannot be written."""
        if self.embed:
            return _data_uri(png, ".png")
        path = self._path(name, ".png")
        with atomic_write(path) as temporary:
            temporary.write_bytes(png)
        return self._address(path)

    def add_audio(self, name: str, audio: Audio, loudness: float | None = None) -> str:
        """Store audio as mono MP3 and return its address. Raises OutputError or MediaError."""
        mono = Audio(audio.mono[None, :], audio.rate)
        rate, kbps = (COMPACT_RATE, COMPACT_KBPS) if audio.rate <= COMPACT_RATE else (FINE_RATE, FINE_KBPS)
        if not self.embed:
            return self._address(write_audio(mono, self._path(name, AUDIO_SUFFIX), rate, loudness, kbps))
        with tempfile.TemporaryDirectory() as folder:
            path = write_audio(mono, Path(folder, f"audio{AUDIO_SUFFIX}"), rate, loudness, kbps)
            return _data_uri(path.read_bytes(), AUDIO_SUFFIX)

    def _path(self, name: str, suffix: str) -> Path:
        """A path in the page's folder for any name."""
        if self.folder.is_symlink():
            raise OutputError(
                f"{self.folder} is a link: what is written would go elsewhere", "Remove it, or choose a page with -o"
            )
        safe = safe_name(name)
        return self.folder / f"{safe if safe == name else f'{safe}-{digest(name)[:8]}'}{suffix}"

    def _address(self, path: Path) -> str:
        return quote(path.relative_to(self.page.parent).as_posix())


def _data_uri(data: bytes, suffix: str) -> str:
    return f"data:{MIME_TYPES[suffix]};base64,{base64.b64encode(data).decode()}"


def waveform_peaks(audio: Audio, count: int = PEAKS) -> str:
    """The waveform as base64 of at most `count` bytes: the peak of each section; 255 is the 99.9th percentile."""
    samples = np.abs(audio.mono)
    count = min(count, len(samples))
    if not count:
        return ""
    edges = np.linspace(0, len(samples), count, endpoint=False).astype(np.intp)
    peaks = np.maximum.reduceat(samples, edges)
    top = float(np.quantile(peaks, 0.999)) or 1.0
    return base64.b64encode((np.clip(peaks / top, 0, 1) * 255).astype(np.uint8).tobytes()).decode()


def format_bytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{max(1, count // 1000)} kB"
