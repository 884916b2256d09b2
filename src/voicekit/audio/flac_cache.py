"""How a stage's result is kept: run once for its key, timed, recorded, told. The one wrapper around all stages."""

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
from voicekit.storage.files import write_json, writing
from voicekit.types import Audio

_BLOCK = 1 << 20
"""Samples encoded at once, so that long sound is not copied whole."""


def write_sound(folder: Path, made: tuple[Audio, list[str]]) -> None:
    """As 16-bit FLAC, with its length and warnings beside it, so that a hit need not decode.

    Raises:
        OutputError: the folder cannot be written, or the disk is full.
    """
    import soundfile

    sound, warnings = made
    with writing(folder / "audio.flac") as path, path.open("wb") as file:
        told = _ErrorKeepingFile(file)
        try:
            with uninterrupted():
                flac = soundfile.SoundFile(told, "w", sound.rate, 1, "PCM_16", format="FLAC")
            try:
                for start in range(0, len(sound.mono), _BLOCK):
                    with uninterrupted():
                        flac.write(np.clip(sound.mono[start : start + _BLOCK], -1.0, 1.0))
            finally:
                with uninterrupted():
                    flac.close()
        finally:
            if told.error:
                raise told.error  # and not what soundfile made of it, an assertion or nothing
    write_json(folder / "audio.json", {"duration": round(sound.duration, 3), "warnings": warnings})


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """A Ctrl-C waits for the end of the block, for C that calls Python back, where an exception is lost and its result
    with it: a piece of sound, say."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    came: list[FrameType | None] = []
    signal.signal(signal.SIGINT, lambda _, frame: came.append(frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if came:
            handler(signal.SIGINT, came[0])


class _ErrorKeepingFile:
    """A file for libsndfile that keeps its error, which would be printed and lost on the way back from there."""

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


def read_sound(folder: Path) -> Audio:
    import soundfile

    samples, rate = soundfile.read(folder / "audio.flac", dtype="float32")
    return Audio(samples[None, :], rate)


def read_about(folder: Path) -> tuple[float, list[str]]:
    """Its seconds and warnings, without decoding."""
    kept = parse_json((folder / "audio.json").read_text(encoding="utf-8"))
    return float(kept["duration"]), kept["warnings"]
