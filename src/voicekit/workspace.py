"""Where results live: runs (what the user keeps) and the stage cache (what makes the second time free).

    <out>/<name>/<run-id>/run.json + results     one run: written beside, renamed into place when whole
    <out>/<name>/latest -> <run-id>              the newest
    <cache>/stages/<stage>/<key>/                one stage's result, keyed by everything that determines it
    <cache>/downloads/<site>/<id>/               fetched media
    <cache>/hashes/                              content hashes by path, size and time, so that big files hash once

Every write is a temporary file or folder and a rename, so a kill at any moment leaves whole things or nothing.
Knows nothing of audio, models or the command line.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from voicekit.errors import OutputError

RUN_SCHEMA = "voicekit.run/1"
MANIFEST = "run.json"


def cache_dir() -> Path:
    """$VOICEKIT_CACHE, or the platform's cache folder."""
    if custom := os.environ.get("VOICEKIT_CACHE"):
        return Path(custom).expanduser()
    import platformdirs

    return platformdirs.user_cache_path("voicekit", appauthor=False)


# --- atomic writes and hashes ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A temporary sibling to write to; renamed to `path` if the block succeeds, removed if not.

    Raises:
        OutputError: the folder cannot be made or written, or the disk is full.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".tmp-", suffix=path.suffix)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        if error.errno is None or isinstance(error, OutputError):
            raise
        raise OutputError(f"cannot write {path}: {error.strerror}", _write_remedy(path.parent)) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def digest(value: Any) -> str:
    """SHA-256 (hex) of a JSON value, the same in every process."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def hash_file(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes, read now."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes. Remembered by path, size and modification time."""
    stat = path.stat()
    stamp = [str(path.resolve()), stat.st_size, stat.st_mtime_ns, stat.st_ino]
    memo = cache_dir() / "hashes" / digest(stamp)[:32]
    with contextlib.suppress(OSError):
        known = memo.read_text()
        if len(known) == 64:
            return known
    result = hash_file(path)
    with contextlib.suppress(OutputError):
        write_text(memo, result)
    return result


def folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _write_remedy(folder: Path) -> str:
    with contextlib.suppress(OSError):
        if shutil.disk_usage(folder if folder.exists() else folder.parent).free < 100 << 20:
            return "The disk is full: free some space, or `voicekit cache prune`"
    return "Choose another folder with -o, or give this one write permission"


# --- the stage cache ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One stage's result on disk. `cached`: it was there already."""

    folder: Path
    key: str
    cached: bool
    seconds: float


class StageCache:
    """Results of stages by the SHA-256 of what determines them.

    Two processes that want one entry make it once: the second waits for the first.
    """

    def __init__(self, fresh: bool = False, made_with: Callable[[], dict[str, Any]] = dict) -> None:
        """`fresh`: make every entry again, once in this object's life. `made_with` is kept with new entries."""
        self.root = cache_dir() / "stages"
        self.fresh = fresh
        self.made_with = made_with
        self._made: set[str] = set()

    def entry(self, stage: str, parts: dict[str, Any], make: Callable[[Path], None]) -> Entry:
        """The entry for `parts`, made by `make(folder)` if it is not there.

        `parts` is JSON: input hash, options, engine, model revision, stage version.
        """
        key = digest({"stage": stage, **parts})
        folder = self.root / stage / key[:40]
        started = time.monotonic()
        if self._usable(folder, key):
            return self._hit(folder, key, started)
        with self._locked(folder):
            if self._usable(folder, key):
                return self._hit(folder, key, started)
            temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".tmp-"))
            try:
                make(temporary)
                about = {"stage": stage, "key": key, "made": now(), "with": self.made_with(), "parts": parts}
                write_json(temporary / "entry.json", about)
                if folder.exists():
                    folder.rename(temporary.with_suffix(".old"))
                temporary.rename(folder)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
                shutil.rmtree(temporary.with_suffix(".old"), ignore_errors=True)
            self._made.add(key)
        return Entry(folder, key, cached=False, seconds=time.monotonic() - started)

    @contextlib.contextmanager
    def _locked(self, folder: Path) -> Iterator[None]:
        lock = FileLock(folder.with_suffix(".lock"))
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except OSError as error:
            raise OutputError(
                f"cannot write the cache {self.root}: {error.strerror}", "Set VOICEKIT_CACHE to another folder"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _usable(self, folder: Path, key: str) -> bool:
        return (folder / "entry.json").exists() and (not self.fresh or key in self._made)

    @staticmethod
    def _hit(folder: Path, key: str, started: float) -> Entry:
        with contextlib.suppress(OSError):
            os.utime(folder)  # last use, for prune
        return Entry(folder, key, cached=True, seconds=time.monotonic() - started)


@dataclass(frozen=True)
class CacheItem:
    """A folder of the cache, as `voicekit cache list` shows it. `used`: Unix time of the last use."""

    kind: str
    path: Path
    bytes: int
    used: float


def cache_items() -> list[CacheItem]:
    """What the cache holds (stage results and downloads, not models), least recently used first."""
    root = cache_dir()
    folders = [(path.parent.name, path) for path in root.glob("stages/*/*")]
    folders += [("download", path) for path in root.glob("downloads/*/*")]
    items = []
    for kind, path in folders:
        if not path.is_dir() or (path.name.startswith(".tmp-") and time.time() - path.stat().st_mtime < 86_400):
            continue  # a lock, or being made
        with contextlib.suppress(OSError):
            items.append(CacheItem(kind, path, folder_bytes(path), path.stat().st_mtime))
    return sorted(items, key=lambda item: item.used)


def remove_cache_items(items: list[CacheItem]) -> int:
    """Delete them, and the locks nobody holds; returns the bytes freed. What is in use stays."""
    freed = 0
    for item in items:
        lock = FileLock(item.path.with_suffix(".lock"), timeout=0)
        try:
            with lock:
                shutil.rmtree(item.path, ignore_errors=True)
        except Timeout:
            continue
        freed += item.bytes
        item.path.with_suffix(".lock").unlink(missing_ok=True)
    return freed


# --- runs -----------------------------------------------------------------------------------------------------------


def safe_name(title: str) -> str:
    """A title or stem as a folder name: printable, no separators, no leading dash or dot, at most 80 bytes."""
    kept = "".join(c if c.isprintable() and c not in '<>:"/\\|?*' else " " for c in title)
    name = "-".join(kept.split()).strip("-. ")
    name = name.encode()[:80].decode(errors="ignore").strip("-. ")
    return name if name and name.lower() != "latest" else "untitled"


def claim_name(out: Path, title: str, source: str) -> Path:
    """The folder under `out` for runs of `source`: its safe title, or that and a hash if another source has it."""
    for name in _names(title, source):
        if _claim(out / name / ".source", source):
            return out / name
    raise OutputError(f"{out / safe_name(title)} and its like are taken", "Choose another folder with -o")


def claimed_name(out: Path, title: str, source: str) -> Path | None:
    """The folder that `claim_name` gave this source before; None if it never did. Makes nothing."""
    for name in _names(title, source):
        with contextlib.suppress(OSError):
            if (out / name / ".source").read_text(encoding="utf-8") == source:
                return out / name
    return None


def _names(title: str, source: str) -> tuple[str, ...]:
    name, mark = safe_name(title), digest(source)
    return (name, f"{name}-{mark[:6]}", f"{name}-{mark[:16]}")


def _claim(marker: Path, source: str) -> bool:
    """Whether the folder of `marker` is `source`'s: it was, or it is new or empty and now is. Atomic."""
    with contextlib.suppress(OSError):
        return marker.read_text(encoding="utf-8") == source
    folder = marker.parent
    if folder.is_dir() and any(not path.name.startswith(".tmp-") for path in folder.iterdir()):
        return False  # somebody's own folder
    mine = marker.with_name(f".tmp-{os.getpid()}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        mine.write_text(source, encoding="utf-8")
        try:
            os.link(mine, marker)  # unlike a rename, fails where another process was first
        except FileExistsError:
            pass
        except OSError:  # a file system without links (exFAT, SMB)
            mine.replace(marker)
        return marker.read_text(encoding="utf-8") == source
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror}", _write_remedy(folder)) from error
    finally:
        mine.unlink(missing_ok=True)


def now() -> str:
    """UTC, ISO 8601, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class RunFolder:
    """One run being written: files go to a hidden folder that is renamed into place by `commit`.

    Use as a context manager; what was not committed is removed.
    """

    def __init__(self, home: Path, plan: str) -> None:
        """`home`: the source's folder; `plan`: digest of all that determines the results."""
        self.home = home
        self.id = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{plan[:8]}"
        self.final = home / self.id
        try:
            home.mkdir(parents=True, exist_ok=True)
            _sweep(home)
            self.folder = Path(tempfile.mkdtemp(dir=home, prefix=".partial-"))
        except OSError as error:
            raise OutputError(f"cannot write to {home}: {error.strerror}", _write_remedy(home)) from error
        self.folder.chmod(0o777 & ~_umask())
        self._lock = FileLock(self.folder.with_suffix(".lock"))
        self._lock.acquire()

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)

    def commit(self, manifest: dict[str, Any]) -> Path:
        """Write run.json (last) and put the run in its place; returns that place."""
        outputs = [
            {"path": path.relative_to(self.folder).as_posix(), "bytes": path.stat().st_size, "sha256": hash_file(path)}
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        ]
        whole = {"schema": RUN_SCHEMA, "id": self.id, **manifest, "outputs": outputs}
        write_json(self.folder / MANIFEST, whole)
        target, n = self.final, 1
        while target.exists():  # the same plan twice within a second
            n += 1
            target = self.final.with_name(f"{self.id}-{n}")
        try:
            self.folder.rename(target)
        except OSError as error:
            raise OutputError(f"cannot write {target}: {error.strerror}", _write_remedy(self.home)) from error
        point_latest(target)
        return target


def _sweep(home: Path) -> None:
    """Remove what killed processes left in `home`: hidden folders and locks that nobody holds any more."""
    for path in {p.with_suffix("") for p in home.glob(".partial-*")}:
        with contextlib.suppress(OSError, Timeout):
            if path.exists() and time.time() - path.stat().st_mtime < 60:
                continue  # its owner may be about to lock it
            with FileLock(path.with_suffix(".lock"), timeout=0):
                shutil.rmtree(path, ignore_errors=True)
                path.with_suffix(".lock").unlink(missing_ok=True)


def point_latest(run: Path) -> None:
    """Make `<home>/latest` point to `run`: a relative link, or a text file where links cannot be made."""
    latest = run.parent / "latest"
    temporary = run.parent / f".latest-{os.getpid()}"
    temporary.unlink(missing_ok=True)
    try:
        try:
            temporary.symlink_to(run.name, target_is_directory=True)
        except OSError:
            temporary.write_text(run.name)
        temporary.replace(latest)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        remedy = "Remove it: it is no link of ours" if latest.is_dir() else _write_remedy(run.parent)
        raise OutputError(f"cannot point {latest} to {run.name}: {error.strerror}", remedy) from error


def find_run(home: Path, plan: str) -> Path | None:
    """A finished run of this plan whose files are as they were written, newest first; None if there is none."""
    for folder in sorted(home.glob(f"*-{plan[:8]}*"), reverse=True):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            if manifest["plan"] == plan and all(
                hash_file(folder / output["path"]) == output["sha256"] for output in manifest["outputs"]
            ):
                return folder
    return None
