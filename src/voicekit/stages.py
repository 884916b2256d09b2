"""How a stage's result is kept: run once for its key, timed, recorded, told. The one wrapper around all stages."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

from voicekit.jsonio import parse_json
from voicekit.runtime.progress import Progress
from voicekit.storage.cache import Entry, StageCache
from voicekit.storage.files import write_json

T = TypeVar("T")


class Stages:
    """The stages of one recording: `records` is what run.json keeps of them, `warnings` what the user should hear."""

    def __init__(self, cache: StageCache, progress: Progress) -> None:
        cache.release()
        self.cache = cache
        self.progress = progress
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
