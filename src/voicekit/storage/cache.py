"""The stage cache: results of stages on disk, keyed by the SHA-256 of everything that determines them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from voicekit.errors import WRITE_ERRORS
from voicekit.storage.files import (
    digest,
    folder_bytes,
    hash_file,
    new_temporary_folder,
    read_regular,
    utc_now,
    write_json,
)
from voicekit.storage.locks import PathLock, lock_path, locked, remove_stale, remove_stale_cache_files, remove_tree
from voicekit.storage.paths import cache_dir
from voicekit.storage.write_errors import cannot_write

ENTRY = "entry.json"
"""Describes an entry; it is written last, so a folder without it is incomplete."""


@dataclass(frozen=True)
class CacheEntry:
    """One stage's result on disk.

    Attributes:
        folder: Its files.
        key: SHA-256 of what determines it.
        cached: Whether it existed already.
        seconds: Time it took to get it.
        about: Contents of entry.json: date, software versions, inventory of the files.
    """

    folder: Path
    key: str
    cached: bool
    seconds: float
    about: dict[str, Any] = field(default_factory=dict)


class StageCache:
    """Computes each result once and keeps it.

    If two processes want the same entry, the second waits for the first. An entry whose files were changed is computed
    again. Entries that were handed out are locked against `voicekit cache clear` until `release` or the end of this
    object.

    Args:
        fresh: Compute every entry again, once in the life of this object.
        software_versions: Called for the versions to record with new entries.
    """

    def __init__(self, fresh: bool = False, software_versions: Callable[[], dict[str, Any]] = dict) -> None:
        self.root = cache_dir() / "stages"
        self.fresh = fresh
        self.software_versions = software_versions
        self._made: set[str] = set()
        self._locks: list[PathLock] = []
        remove_stale_cache_files()

    def release(self) -> None:
        """Unlock the entries that were handed out; call it when they are no longer read."""
        while self._locks:
            self._locks.pop().release()

    def entry(self, stage: str, parts: dict[str, Any], make: Callable[[Path], None], wait: bool = True) -> CacheEntry:
        """Return the entry for `parts`; if it is missing or damaged, `make(folder)` computes it.

        Args:
            stage: Name of the stage.
            parts: JSON of what determines the result: input hash, options, engine, model revision, stage version.
            make: Writes the result into the folder it is given.
            wait: Whether to wait for another process that computes the same entry.

        Raises:
            Busy: Another process computes it, and `wait` is false.
            OutputError: The cache cannot be written.
        """
        key = digest({"stage": stage, **parts})
        folder = self.root / stage / key[:40]
        started = time.monotonic()
        if entry := self._load(folder, key, started):
            return entry
        with locked(folder, wait):
            if entry := self._load(folder, key, started):
                return entry
            about = self._make(folder, {"stage": stage, "key": key, "parts": parts}, make)
            self._made.add(key)
            self._locks.append(lock_path(folder, shared=True) or PathLock(None))
            return CacheEntry(folder, key, False, time.monotonic() - started, about)

    def has(self, stage: str, parts: dict[str, Any]) -> bool:
        """Whether an entry for `parts` exists. Its files are not checked."""
        return not self.fresh and (self.root / stage / digest({"stage": stage, **parts})[:40] / ENTRY).is_file()

    def _load(self, folder: Path, key: str, started: float) -> CacheEntry | None:
        """Return and lock the entry in `folder`; None if it is missing, damaged or excluded by `fresh`."""
        if self.fresh and key not in self._made:
            return None
        lock = lock_path(folder, shared=True, wait=True)
        about = read_json_object(folder / ENTRY)
        if lock is None or about is None or about.get("key") != key or not files_intact(folder, about.get("files")):
            return None
        with contextlib.suppress(OSError):
            os.utime(folder)  # date of the last use, for `cache prune`
        self._locks.append(lock)
        return CacheEntry(folder, key, True, time.monotonic() - started, about)

    def _make(self, folder: Path, about: dict[str, Any], make: Callable[[Path], None]) -> dict[str, Any]:
        temporary, lock = new_temporary_folder(folder.parent)
        try:
            make(temporary)
            about |= {"made": utc_now(), "with": self.software_versions(), "files": inventory(temporary)}
            write_json(temporary / ENTRY, about)
            _discard(folder)
            temporary.rename(folder)
        except OSError as error:
            if error.errno not in WRITE_ERRORS:  # may be an error of reading in `make`
                raise
            raise cannot_write(folder, error) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            lock.release()
        return about


def inventory(folder: Path) -> list[dict[str, Any]]:
    """List every file in the folder with its size and SHA-256, sorted by name."""
    return [
        {"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": hash_file(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


def files_intact(folder: Path, files: Any) -> bool:
    """Whether the files of an `inventory` are still in the folder, unchanged."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return all(hash_file(folder / file["path"]) == file["sha256"] for file in files)
    return False


def read_json_object(path: Path) -> dict[str, Any] | None:
    """Read a JSON object; None if the file is missing, unreadable or something else."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        value = json.loads(read_regular(path).decode())
        return value if isinstance(value, dict) else None
    return None


def _discard(folder: Path) -> None:
    """Move a folder away atomically and delete it; if somebody still reads it, `remove_stale` does so later."""
    aside = folder.with_name(f".tmp-{folder.name}-{os.getpid()}-{time.monotonic_ns()}")
    with contextlib.suppress(FileNotFoundError):
        folder.rename(aside)
    remove_stale([aside])


@dataclass(frozen=True)
class CacheItem:
    """A folder or file of the cache, as `voicekit cache list` shows it.

    Attributes:
        kind: Name of the stage; or download, url, hash, translation.
        path: Folder or file.
        bytes: Size.
        used: Unix time of the last use.
    """

    kind: str
    path: Path
    bytes: int
    used: float


def cache_items() -> list[CacheItem]:
    """List stage results, downloads and their indexes (not models), least recently used first."""
    root = cache_dir()
    paths = [(path.parent.name, path) for path in root.glob("stages/*/*") if path.is_dir()]
    paths += [("download", path) for path in root.glob("downloads/*/*") if path.is_dir()]
    paths += [("url", path) for path in root.glob("downloads/urls/*.json")]
    paths += [("hash", path) for path in root.glob("hashes/*")]
    paths += [("translation", path) for path in root.glob("translations/*.sqlite")]
    items = []
    for kind, path in paths:
        with contextlib.suppress(OSError):
            if not path.name.startswith(".tmp-"):  # being written
                size = folder_bytes(path) if path.is_dir() else path.stat().st_size
                items.append(CacheItem(kind, path, size, path.stat().st_mtime))
    return sorted(items, key=lambda item: item.used)


def remove_cache_items(items: list[CacheItem]) -> int:
    """Delete items and return the bytes freed. Items that another process writes or reads are kept."""
    freed = 0
    for item in items:
        with contextlib.suppress(OSError, Timeout):
            freed += _remove_item(item)
    return freed


def _remove_item(item: CacheItem) -> int:
    if not item.path.is_dir():
        item.path.unlink()
        return item.bytes
    lock_file = item.path.with_suffix(".lock")
    with FileLock(lock_file, timeout=0):
        lock = lock_path(item.path)
        if lock is None:
            return 0
        aside = item.path.with_name(f".tmp-{item.path.name}-{os.getpid()}")
        item.path.rename(aside)  # atomic, so that a killed process leaves no half-deleted entry
        remove_tree(aside)
        lock.release()
        lock_file.unlink(missing_ok=True)
    return item.bytes
