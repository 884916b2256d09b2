"""Cache of translated sentences: one SQLite file for each engine, model and language pair.

Files are <cache>/translations/<engine>-<pair>-<key>.sqlite. Stored results survive a killed process, several processes
may use a file at the same time, and damaged entries count as missing.
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

WRITE_TIMEOUT = 30.0
"""Seconds to wait for another process that is writing."""

_KEYS_PER_QUERY = 500  # SQLite allows 999 variables
_DAMAGE = ("malformed", "not a database", "columns", "no such column")


class SentenceCache:
    """Results by key, each a JSON object. No method raises: without a cache, work is repeated."""

    def __init__(self, name: str, parts: dict[str, Any], fresh: bool = False) -> None:
        """Open a cache.

        Args:
            name: Readable part of the file name.
            parts: Everything that determines all results of the file, such as engine and model.
            fresh: Whether to ignore what is stored.
        """
        self.key = digest(parts)
        self.path = cache_dir() / "translations" / f"{name}-{self.key[:16]}.sqlite"
        self.fresh = fresh

    def find(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return the stored results of `keys` that are intact."""
        wanted = list(dict.fromkeys(keys))
        if self.fresh or not self.path.exists():
            return {}

        def read(connection: sqlite3.Connection) -> dict[str, dict[str, Any]]:
            results = {}
            for first in range(0, len(wanted), _KEYS_PER_QUERY):
                batch = wanted[first : first + _KEYS_PER_QUERY]
                query = f"SELECT * FROM sentences WHERE key IN ({','.join('?' * len(batch))})"  # noqa: S608 - only "?"
                for key, value, checksum in connection.execute(query, batch):
                    if isinstance(value, str) and checksum == self._checksum(key, value):
                        results[key] = json.loads(value)
            return results

        return self._use(read) or {}

    def store(self, results: dict[str, dict[str, Any]]) -> None:
        """Store results, all of them or none."""
        values = {key: json.dumps(value, ensure_ascii=False, sort_keys=True) for key, value in results.items()}
        rows = [(key, value, self._checksum(key, value)) for key, value in values.items()]

        def write(connection: sqlite3.Connection) -> bool:
            connection.execute("CREATE TABLE IF NOT EXISTS sentences (key TEXT PRIMARY KEY, value TEXT, mark TEXT)")
            connection.executemany("INSERT OR REPLACE INTO sentences VALUES (?, ?, ?)", rows)
            connection.commit()
            return True

        if self._use(write) is None:
            self._use(write)  # a damaged file was removed: create it again

    def _use(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Run `work` on a new connection, since the file may be deleted at any time; None if that fails."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(sqlite3.connect(self.path, timeout=WRITE_TIMEOUT)) as connection:
                return work(connection)
        except sqlite3.DatabaseError as error:
            if any(sign in str(error) for sign in _DAMAGE):
                self._remove()
        except (OSError, sqlite3.Error, ValueError):
            pass
        return None

    def _remove(self) -> None:
        for path in (self.path, Path(f"{self.path}-journal")):
            with contextlib.suppress(OSError):
                path.unlink()

    def _checksum(self, key: Any, value: Any) -> str:
        """Detects a result that was damaged on disk or belongs to another cache."""
        return digest([self.key, key, value])[:16]
