"""How a stage's result is kept: run once for its key, timed, recorded, told. The one wrapper around all stages."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO, TypeVar

import numpy as np
from pydantic import TypeAdapter

from voicekit.data import Audio, parse_json
from voicekit.progress import Reporter
from voicekit.workspace import Entry, StageCache, write_json, writing

T = TypeVar("T")

_BLOCK = 1 << 20
"""Samples encoded at once, so that long sound is not copied whole."""


class Stages:
    """The stages of one recording: `records` is what run.json keeps of them, `warnings` what the user should hear."""

    def __init__(self, cache: StageCache, report: Reporter) -> None:
        cache.release()
        self.cache = cache
        self.report = report
        self.records: list[dict[str, Any]] = []
        self.warnings: list[str] = []
        self._loading = 0.0

    def load(self, engine: Callable[[], T]) -> T:
        """Call `engine`, and count its time as loading instead of the stage's own."""
        started = time.monotonic()
        loaded = engine()
        self._loading = time.monotonic() - started
        return loaded

    def folder(self, name: str, seconds: float, parts: dict[str, Any], make: Callable[[Path], None]) -> Entry:
        """The cache's entry for `parts`, filled by `make` if it was not there. `seconds`: of sound."""
        self.report.stage_started(name, seconds)
        self._loading = 0.0
        entry = self.cache.entry(name, parts, make)
        took = entry.seconds - self._loading
        self.report.stage_done(name, took, entry.cached)
        record = {"name": name, "key": entry.key, "cached": entry.cached, "seconds": round(took, 3)}
        record |= {"loading": round(self._loading, 3)} if self._loading else {}
        self.records.append(record | {"made": entry.about["made"], "with": entry.about["with"]})
        return entry

    def result(
        self, name: str, seconds: float, parts: dict[str, Any], kind: type[T], make: Callable[[], tuple[T, list[str]]]
    ) -> T:
        """The result of a stage that gives a dataclass and warnings, as JSON in the cache."""
        adapter = TypeAdapter(kind)

        def write(folder: Path) -> None:
            found, notes = make()
            value = parse_json(adapter.dump_json(found).decode())
            write_json(folder / "result.json", {"result": value, "warnings": notes})

        entry = self.folder(name, seconds, parts, write)
        kept = parse_json((entry.folder / "result.json").read_text(encoding="utf-8"))
        self.warnings += kept["warnings"]
        return adapter.validate_python(kept["result"])


def write_sound(folder: Path, made: tuple[Audio, list[str]]) -> None:
    """As 16-bit FLAC, with its length and warnings beside it, so that a hit need not decode.

    Raises:
        OutputError: the folder cannot be written, or the disk is full.
    """
    import soundfile

    sound, warnings = made
    with writing(folder / "audio.flac") as path, path.open("wb") as file:
        told = _Told(file)
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


class _Told:
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
