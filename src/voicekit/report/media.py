"""Media of a page: sound and pictures beside it, by relative name, or embedded in it as data URIs.

    page.html
    page_files/        what was made for it: compact sound, spectrograms

A run's own sound is not copied: the page names it from where it is. Names come from runs, which are not trusted: a file
outside the run's folder is not shown.
"""

from __future__ import annotations

import base64
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

import numpy as np

from voicekit.audio.decode import decode
from voicekit.audio.encode import write
from voicekit.storage.files import digest, writing
from voicekit.storage.paths import safe_name
from voicekit.types import Audio

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


class PageMedia:
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


def size(characters: int) -> str:
    """Of a file, for people."""
    return f"{characters / 1e6:.1f} MB" if characters >= 1e5 else f"{max(1, characters // 1000)} kB"
