"""Keep audio in a stage-cache folder: FLAC, and its duration and warnings as JSON."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import BinaryIO

import numpy as np

from voicekit.jsonio import parse_json
from voicekit.storage.files import atomic_write, write_json
from voicekit.types import Audio

_BLOCK = 1 << 20
"""Samples encoded per call, so that long audio is not copied as a whole."""


def write_flac(folder: Path, audio: Audio, warnings: list[str]) -> None:
    """Write audio.flac (16 bit) and audio.json, which holds the duration and the warnings of decoding.

    Raises:
        OutputError: The folder cannot be written, or the disk is full.
    """
    import soundfile

    with atomic_write(folder / "audio.flac") as path, path.open("wb") as file:
        target = _ErrorKeepingFile(file)
        try:
            with defer_interrupts():
                flac = soundfile.SoundFile(target, "w", audio.rate, 1, "PCM_16", format="FLAC")
            try:
                for start in range(0, len(audio.mono), _BLOCK):
                    with defer_interrupts():
                        flac.write(np.clip(audio.mono[start : start + _BLOCK], -1.0, 1.0))
            finally:
                with defer_interrupts():
                    flac.close()
        finally:
            if target.error:
                raise target.error  # instead of soundfile's own reaction, an AssertionError or nothing
    write_json(folder / "audio.json", {"duration": round(audio.duration, 3), "warnings": warnings})


@contextlib.contextmanager
def defer_interrupts() -> Iterator[None]:
    """Delay Ctrl-C until the end of the block.

    Needed around C code that calls back into Python: an exception raised there is lost, and with it audio data.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    interrupts: list[FrameType | None] = []
    signal.signal(signal.SIGINT, lambda _, frame: interrupts.append(frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if interrupts:
            handler(signal.SIGINT, interrupts[0])


class _ErrorKeepingFile:
    """A file for libsndfile that keeps its write error, which libsndfile would print and drop."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = error
            return 0

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def read_flac(folder: Path) -> Audio:
    """Read the samples that `write_flac` wrote."""
    import soundfile

    samples, rate = soundfile.read(folder / "audio.flac", dtype="float32")
    return Audio(samples[None, :], rate)


def read_flac_info(folder: Path) -> tuple[float, list[str]]:
    """Return the duration in seconds and the warnings, without decoding."""
    info = parse_json((folder / "audio.json").read_text(encoding="utf-8"))
    return float(info["duration"]), info["warnings"]
