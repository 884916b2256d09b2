"""Run the stages of one recording through the cache: each is computed once per key, timed, recorded and reported."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from voicekit.jsonio import parse_json, type_adapter
from voicekit.runtime.progress import Progress
from voicekit.storage.cache import CacheEntry, StageCache
from voicekit.storage.files import write_json

T = TypeVar("T")


class Stages:
    """Runs stages and collects what run.json keeps of them.

    Attributes:
        cache: Where results are kept.
        progress: Receives progress events.
        records: One JSON object per stage that ran: name, cache key, seconds, software versions.
        warnings: Warnings of all stages, for the user.
    """

    def __init__(self, cache: StageCache, progress: Progress) -> None:
        cache.release()
        self.cache = cache
        self.progress = progress
        self.records: list[dict[str, Any]] = []
        self.warnings: list[str] = []
        self._loading = 0.0

    def load(self, load_engine: Callable[[], T]) -> T:
        """Call `load_engine` and count its time as loading time, not as the stage's own."""
        started = time.monotonic()
        engine = load_engine()
        self._loading = time.monotonic() - started
        return engine

    def folder(self, name: str, seconds: float, parts: dict[str, Any], make: Callable[[Path], None]) -> CacheEntry:
        """Return the cache entry of a stage; on a cache miss `make` fills its folder.

        Args:
            name: The stage.
            seconds: Duration of the audio it works on, for the progress display.
            parts: JSON of everything that determines the result; the cache key is derived from it.
            make: Writes the result into the folder it is given.
        """
        self.progress.stage_started(name, seconds)
        self._loading = 0.0
        entry = self.cache.entry(name, parts, make)
        took = entry.seconds - self._loading
        self.progress.stage_done(name, took, entry.cached)
        record = {"name": name, "key": entry.key, "cached": entry.cached, "seconds": round(took, 3)}
        record |= {"loading": round(self._loading, 3)} if self._loading else {}
        self.records.append(record | {"made": entry.about["made"], "with": entry.about["with"]})
        return entry

    def result(
        self, name: str, seconds: float, parts: dict[str, Any], kind: type[T], make: Callable[[], tuple[T, list[str]]]
    ) -> T:
        """Return the result of a stage that computes a dataclass and warnings; the cache keeps it as JSON.

        Args:
            name, seconds, parts: As for `folder`.
            kind: Class of the result.
            make: Returns the result and its warnings.
        """
        adapter = type_adapter(kind)

        def write(folder: Path) -> None:
            result, warnings = make()
            value = parse_json(adapter.dump_json(result).decode())
            write_json(folder / "result.json", {"result": value, "warnings": warnings})

        entry = self.folder(name, seconds, parts, write)
        stored = parse_json((entry.folder / "result.json").read_text(encoding="utf-8"))
        self.warnings += stored["warnings"]
        return adapter.validate_python(stored["result"])
