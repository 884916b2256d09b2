"""Where results live: runs (what the user keeps) and the stage cache (what makes the second time free).

    <out>/<name>/<run-id>/run.json + results     one run: written beside, renamed into place when whole
    <out>/<name>/latest -> <run-id>              the newest
    <cache>/stages/<stage>/<key>/                one stage's result, keyed by everything that determines it
    <cache>/downloads/<site>/<id>/               fetched media
    <cache>/downloads/urls/                      what each URL turned out to be
    <cache>/translations/*.sqlite                sentences that were translated (see sentence_cache.py)
    <cache>/hashes/                              content hashes by path, size and time, so that big files hash once

Every write is a temporary file or folder and a rename, so a kill at any moment leaves whole things or nothing. What is
being made or read is held (see `hold`), and what a killed process left is held by nobody: that is how `sweep` knows it.
Knows nothing of audio, models or the command line.
"""

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

from voicekit.storage.files import digest, folder_bytes, hash_file, new_folder, now, write_json
from voicekit.storage.locks import Hold, hold, locked, remove_tree, sweep, sweep_cache
from voicekit.storage.paths import cache_dir
from voicekit.storage.write_errors import WRITE_ERRORS, cannot_write

ENTRY = "entry.json"


# --- the stage cache ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One stage's result on disk. `cached`: it was there already; `about`: with what it was made."""

    folder: Path
    key: str
    cached: bool
    seconds: float
    about: dict[str, Any] = field(default_factory=dict)


class StageCache:
    """Results of stages by the SHA-256 of what determines them.

    Two processes that want one entry make it once: the second waits for the first. An entry whose files are not as
    they were written is made again. What was handed out stays, whoever clears the cache, until `release` or the end of
    this object.
    """

    def __init__(self, fresh: bool = False, made_with: Callable[[], dict[str, Any]] = dict) -> None:
        """`fresh`: make every entry again, once in this object's life. `made_with` is kept with new entries."""
        self.root = cache_dir() / "stages"
        self.fresh = fresh
        self.made_with = made_with
        self._made: set[str] = set()
        self._held: list[Hold] = []
        sweep_cache()

    def release(self) -> None:
        """The entries handed out so far are read no more."""
        while self._held:
            self._held.pop().release()

    def entry(self, stage: str, parts: dict[str, Any], make: Callable[[Path], None], wait: bool = True) -> Entry:
        """The entry for `parts`, made by `make(folder)` if it is not there.

        `parts` is JSON: input hash, options, engine, model revision, stage version.

        Raises:
            Busy: another process is making it, and `wait` is false.
            OutputError: the cache cannot be written.
        """
        key = digest({"stage": stage, **parts})
        folder = self.root / stage / key[:40]
        started = time.monotonic()
        if found := self._found(folder, key, started):
            return found
        with locked(folder, wait):
            if found := self._found(folder, key, started):
                return found
            about = self._make(folder, {"stage": stage, "key": key, "parts": parts}, make)
            self._made.add(key)
            self._held.append(hold(folder, shared=True) or Hold(None))
            return Entry(folder, key, False, time.monotonic() - started, about)

    def has(self, stage: str, parts: dict[str, Any]) -> bool:
        """Whether there is an entry for `parts`; whether it is whole is not looked at."""
        return not self.fresh and (self.root / stage / digest({"stage": stage, **parts})[:40] / ENTRY).is_file()

    def _found(self, folder: Path, key: str, started: float) -> Entry | None:
        """The entry in `folder`, if there is one, it may be used and it is whole."""
        if self.fresh and key not in self._made:
            return None
        held = hold(folder, shared=True, wait=True)
        about = read_json_object(folder / ENTRY)
        if held is None or about is None or about.get("key") != key or not intact(folder, about.get("files")):
            return None
        with contextlib.suppress(OSError):
            os.utime(folder)  # last use, for prune
        self._held.append(held)
        return Entry(folder, key, True, time.monotonic() - started, about)

    def _make(self, folder: Path, about: dict[str, Any], make: Callable[[Path], None]) -> dict[str, Any]:
        temporary, held = new_folder(folder.parent)
        try:
            make(temporary)
            about |= {"made": now(), "with": self.made_with(), "files": inventory(temporary)}
            write_json(temporary / ENTRY, about)
            _put_aside(folder)
            temporary.rename(folder)
        except OSError as error:
            if error.errno not in WRITE_ERRORS:  # perhaps of what `make` wanted to read
                raise
            raise cannot_write(folder, error) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            held.release()
        return about


def inventory(folder: Path) -> list[dict[str, Any]]:
    """Every file in the folder with its size and SHA-256, by name."""
    return [
        {"path": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": hash_file(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


def intact(folder: Path, files: Any) -> bool:
    """Whether the files of an `inventory` are in the folder as they were then."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return all(hash_file(folder / file["path"]) == file["sha256"] for file in files)
    return False


def read_json_object(path: Path) -> dict[str, Any] | None:
    """A JSON object; None where there is none to be read."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        value = json.loads(path.read_text(encoding="utf-8"))
        return value if isinstance(value, dict) else None
    return None


def _put_aside(folder: Path) -> None:
    """Take a folder from its place, at once; removed now, or by `sweep` when nobody reads it any more."""
    aside = folder.with_name(f".tmp-{folder.name}-{os.getpid()}-{time.monotonic_ns()}")
    with contextlib.suppress(FileNotFoundError):
        folder.rename(aside)
    sweep([aside])


@dataclass(frozen=True)
class CacheItem:
    """A folder or file of the cache, as `voicekit cache list` shows it. `used`: Unix time of the last use."""

    kind: str
    path: Path
    bytes: int
    used: float


def cache_items() -> list[CacheItem]:
    """What the cache holds (stage results, downloads, and notes on both; not models), least recently used first."""
    root = cache_dir()
    found = [(path.parent.name, path) for path in root.glob("stages/*/*") if path.is_dir()]
    found += [("download", path) for path in root.glob("downloads/*/*") if path.is_dir()]
    found += [("url", path) for path in root.glob("downloads/urls/*.json")]
    found += [("hash", path) for path in root.glob("hashes/*")]
    found += [("translation", path) for path in root.glob("translations/*.sqlite")]
    items = []
    for kind, path in found:
        with contextlib.suppress(OSError):
            if not path.name.startswith(".tmp-"):  # being made
                size = folder_bytes(path) if path.is_dir() else path.stat().st_size
                items.append(CacheItem(kind, path, size, path.stat().st_mtime))
    return sorted(items, key=lambda item: item.used)


def remove_cache_items(items: list[CacheItem]) -> int:
    """Delete them; returns the bytes freed. What another process is making or reading stays."""
    freed = 0
    for item in items:
        with contextlib.suppress(OSError, Timeout):
            freed += _remove_item(item)
    return freed


def _remove_item(item: CacheItem) -> int:
    if not item.path.is_dir():
        item.path.unlink()
        return item.bytes
    lock = item.path.with_suffix(".lock")
    with FileLock(lock, timeout=0):
        held = hold(item.path)
        if held is None:
            return 0
        aside = item.path.with_name(f".tmp-{item.path.name}-{os.getpid()}")
        item.path.rename(aside)  # at once: a kill leaves no half entry
        remove_tree(aside)
        held.release()
        lock.unlink(missing_ok=True)
    return item.bytes
