"""Translations by sentence: one SQLite file for each engine, model and pair, so that thousands of sentences are no
thousands of files. What was stored stays, whenever the process is killed; several may use a file at once; what is
damaged counts as absent. <cache>/translations/<engine>-<pair>-<key>.sqlite
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from voicekit.storage.files import digest
from voicekit.storage.paths import cache_dir

T = TypeVar("T")

WAIT = 30.0
"""Seconds to wait for another process that is writing."""

_MANY = 500
"""Keys asked for at once: SQLite takes 999 variables."""


class SentenceCache:
    """Results by key, each a JSON object. Nothing here raises: without a cache, work is done again."""

    def __init__(self, name: str, parts: dict[str, Any], fresh: bool = False) -> None:
        """`name`: of the file, for people; `parts`: all that holds for every sentence; `fresh`: find nothing."""
        self.key = digest(parts)
        self.path = cache_dir() / "translations" / f"{name}-{self.key[:16]}.sqlite"
        self.fresh = fresh

    def find(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        """What is stored of `keys`, whole and of this key."""
        wanted = list(dict.fromkeys(keys))
        if self.fresh or not self.path.exists():
            return {}

        def look(file: sqlite3.Connection) -> dict[str, dict[str, Any]]:
            found = {}
            for first in range(0, len(wanted), _MANY):
                some = wanted[first : first + _MANY]
                marks = ",".join("?" * len(some))
                for key, value, mark in file.execute(f"SELECT * FROM sentences WHERE key IN ({marks})", some):  # noqa: S608
                    if isinstance(value, str) and mark == self._mark(key, value):
                        found[key] = json.loads(value)
            return found

        return self._use(look) or {}

    def store(self, results: dict[str, dict[str, Any]]) -> None:
        """Keep results, all of them or none."""
        rows = [(key, json.dumps(value, ensure_ascii=False, sort_keys=True)) for key, value in results.items()]

        def keep(file: sqlite3.Connection) -> bool:
            file.execute("CREATE TABLE IF NOT EXISTS sentences (key TEXT PRIMARY KEY, value TEXT, mark TEXT)")
            marked = [(key, value, self._mark(key, value)) for key, value in rows]
            file.executemany("INSERT OR REPLACE INTO sentences VALUES (?, ?, ?)", marked)
            file.commit()
            return True

        if self._use(keep) is None:
            self._use(keep)  # a damaged file was removed, and is made anew

    def _use(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """`work`'s result, on a connection of its own: the file may be cleared away at any time. None where it cannot
        be had."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(sqlite3.connect(self.path, timeout=WAIT)) as file:
                return work(file)
        except sqlite3.DatabaseError as error:
            if any(sign in str(error) for sign in ("malformed", "not a database", "columns", "no such column")):
                self._remove()
        except (OSError, sqlite3.Error, ValueError):
            pass
        return None

    def _remove(self) -> None:
        for path in (self.path, Path(f"{self.path}-journal")):
            with contextlib.suppress(OSError):
                path.unlink()

    def _mark(self, key: Any, value: Any) -> str:
        """Tells a result that was damaged on the disk, or is of another key."""
        return digest([self.key, key, value])[:16]
