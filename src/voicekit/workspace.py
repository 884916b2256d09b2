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
import errno
import hashlib
import itertools
import json
import math
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from voicekit.errors import OutputError, UsageError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

RUN_SCHEMA = "voicekit.run/1"
MANIFEST = "run.json"
ENTRY = "entry.json"


def cache_dir() -> Path:
    """$VOICEKIT_CACHE, or the platform's cache folder."""
    if custom := os.environ.get("VOICEKIT_CACHE"):
        return Path(custom).expanduser()
    import platformdirs

    return platformdirs.user_cache_path("voicekit", appauthor=False)


def limit(name: str, default: float) -> float:
    """A positive number from the environment, or `default`.

    Raises:
        UsageError: it is set to something else.
    """
    text = os.environ.get(name, "")
    with contextlib.suppress(ValueError):
        if 0 < float(text or default) < math.inf:
            return float(text or default)
    raise UsageError(f"{name} is {text!r}", f"Set it to a number above 0, or unset it for {default:g}")


# --- holding --------------------------------------------------------------------------------------------------------


class Hold:
    """A lock on a file or folder itself, until `release` or the end of this object. A killed process's ends with it."""

    def __init__(self, handle: int | None) -> None:
        """`handle`: an open and locked file; None where the system cannot lock this one."""
        self._handle = handle

    def release(self) -> None:
        """Let go of it: an error's traceback may keep this object alive."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def __del__(self) -> None:
        self.release()

    @property
    def sure(self) -> bool:
        """Whether it is a lock."""
        return self._handle is not None


def hold(path: Path, *, shared: bool = False, wait: bool = False) -> Hold | None:
    """Lock a file or folder; None where somebody else has it, or it is gone.

    Who makes or removes something holds it alone; who reads it, `shared`. Where the system or the file system has no
    such locks the result is a Hold that is not `sure`.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    except OSError:
        return Hold(None)
    held = Hold(handle)
    try:
        if fcntl is None:
            return Hold(None)
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        return held if os.path.samestat(os.fstat(handle), os.stat(path, follow_symlinks=False)) else None
    except (BlockingIOError, FileNotFoundError):
        return None
    except OSError:
        return Hold(None)


def sweep(paths: Iterable[Path]) -> None:
    """Remove temporary files and folders that a killed process left: those that nobody holds."""
    with contextlib.suppress(OSError):  # of a folder that may not be read
        for path in paths:
            if (held := hold(path)) and (held.sure or _untouched_for_a_day(path)):
                _remove(path)


def sweep_cache() -> None:
    """`sweep` the temporary files and folders of the cache."""
    root = cache_dir()
    for place in ("hashes", "stages/*", "downloads/*", "downloads/*/*", "models/*"):
        sweep(root.glob(f"{place}/.tmp-*"))


def _untouched_for_a_day(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return time.time() - path.lstat().st_mtime > 86_400
    return False


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


class Busy(Exception):
    """Another process is making it."""


@contextlib.contextmanager
def locked(folder: Path, wait: bool = True) -> Iterator[None]:
    """Alone among all processes in making `folder`; waits for its turn.

    Raises:
        Busy: it is another's turn, and `wait` is false.
        OutputError: the lock file beside it cannot be written.
    """
    lock = FileLock(folder.with_suffix(".lock"))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout:
        raise Busy from None
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        yield
    finally:
        lock.release()


# --- atomic writes and hashes ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A temporary sibling to write to; renamed to `path` if the block succeeds, removed if not.

    Raises:
        OutputError: the folder cannot be made or written, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _temporary(path.parent, path.suffix) as temporary:
            yield temporary
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
    except OSError as error:
        if error.errno is None or isinstance(error, OutputError):
            raise
        raise cannot_write(path, error) from error


@contextlib.contextmanager
def _temporary(parent: Path, suffix: str = "") -> Iterator[Path]:
    """A new file in `parent`, held; removed at the end if it is still there."""
    while True:
        handle, name = tempfile.mkstemp(dir=parent, prefix=".tmp-", suffix=suffix)
        os.close(handle)
        held = hold(Path(name), wait=True)
        if held:
            break  # else it was swept between its making and its holding
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
        held.release()


def new_folder(parent: Path, prefix: str = ".tmp-") -> tuple[Path, Hold]:
    """A new temporary folder in `parent`, and the hold on it.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        while True:
            folder = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
            if held := hold(folder, wait=True):
                return folder, held
    except OSError as error:
        raise cannot_write(parent, error) from error


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
    """SHA-256 (hex) of a file's bytes, read now. Raises OSError where that could never end: a pipe, a device."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes. Remembered by path, size and modification time."""
    found = path.stat()
    stamp = [str(path.resolve()), found.st_size, found.st_mtime_ns, found.st_ino]
    memo = cache_dir() / "hashes" / digest(stamp)[:32]
    with contextlib.suppress(OSError, ValueError):
        known = memo.read_text()
        if re.fullmatch(r"[0-9a-f]{64}", known):
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


_WRITE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def cannot_write(path: Path, error: OSError) -> OutputError:
    """What failed to be written, why, and what to do about it."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = "The disk is full: free some space, or `voicekit cache prune`"
    elif error.errno == errno.EFBIG:
        remedy = "Files may not grow so large here: see `ulimit -f`"
    elif path.is_relative_to(cache_dir()):
        remedy = "Give that folder write permission, or set VOICEKIT_CACHE to another"
    else:
        remedy = "Choose another folder with -o, or give this one write permission"
    return OutputError(f"cannot write {path}: {error.strerror or error}", remedy)


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
        about = _read_json(folder / ENTRY)
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
            if error.errno not in _WRITE_ERRORS:  # perhaps of what `make` wanted to read
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


def _read_json(path: Path) -> dict[str, Any] | None:
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
        _remove(aside)
        held.release()
        lock.unlink(missing_ok=True)
    return item.bytes


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
        with contextlib.suppress(OSError, ValueError):
            if (out / name / ".source").read_text(encoding="utf-8") == source:
                return out / name
    return None


def _names(title: str, source: str) -> tuple[str, ...]:
    name, mark = safe_name(title), digest(source)
    return (name, f"{name}-{mark[:6]}", f"{name}-{mark[:16]}")


def _claim(marker: Path, source: str) -> bool:
    """Whether the folder of `marker` is `source`'s: it was, or it is new or empty and now is. Atomic."""
    folder = marker.parent
    new = False
    try:
        new = not folder.exists()
        # Listed before the marker is read: a claim that another process makes in between is then seen as one.
        taken = folder.is_dir() and any(not path.name.startswith(".tmp-") for path in folder.iterdir())
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, ValueError):
            return marker.read_text(encoding="utf-8") == source
        if taken:
            return False  # somebody's own folder
        folder.mkdir(parents=True, exist_ok=True)
        with _temporary(folder) as mine:
            mine.write_text(source, encoding="utf-8")
            mine.chmod(0o666 & ~_umask())
            try:
                os.link(mine, marker)  # unlike a rename, fails where another process was first
            except FileExistsError:
                pass
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise
                mine.replace(marker)  # a file system without links (exFAT, SMB)
        return marker.read_text(encoding="utf-8") == source
    except OSError as error:
        if new:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise cannot_write(folder, error) from error


def _unclaim(home: Path) -> None:
    """Remove a folder that was claimed and holds no run."""
    with contextlib.suppress(OSError):
        if [path.name for path in home.iterdir()] == [".source"]:
            (home / ".source").unlink()
            home.rmdir()


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
        _sweep_home(home)
        self.folder, self._held = new_folder(home, ".partial-")
        self.folder.chmod(0o777 & ~_umask())

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self._held.release()
        _unclaim(self.home)

    def commit(self, manifest: dict[str, Any]) -> Path:
        """Write run.json (last) and put the run in its place; returns that place."""
        try:
            outputs = inventory(self.folder)
            write_json(self.folder / MANIFEST, {"schema": RUN_SCHEMA, "id": self.id, **manifest, "outputs": outputs})
            target = self._take_place()
        except OSError as error:
            if isinstance(error, OutputError):
                raise
            raise cannot_write(self.final, error) from error
        point_latest(target)
        return target

    def _take_place(self) -> Path:
        for number in itertools.count(1):  # the same plan twice within a second, by us or by another process
            target = self.final if number == 1 else self.final.with_name(f"{self.id}-{number}")
            try:
                self.folder.rename(target)
                return target
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                    raise
        raise AssertionError("unreachable")


def _sweep_home(home: Path) -> None:
    """Remove what killed processes left in a folder for runs."""
    sweep([*home.glob(".partial-*"), *home.glob(".tmp-*")])


def point_latest(run: Path) -> None:
    """Make `<home>/latest` point to `run`: a relative link, or a text file where links cannot be made."""
    latest = run.parent / "latest"
    _sweep_home(run.parent)
    folder, held = new_folder(run.parent)
    try:
        link = folder / "latest"
        try:
            link.symlink_to(run.name, target_is_directory=True)
        except OSError:
            link.write_text(run.name)
        link.replace(latest)
    except OSError as error:
        fault = cannot_write(latest, error)
        if latest.is_dir() and not latest.is_symlink():
            fault = OutputError(f"cannot point {latest} to {run.name}: {error.strerror}", "Remove it: it is no link")
        raise fault from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        held.release()


def latest_run(home: Path) -> Path | None:
    """What `<home>/latest` points to: a link, or a text file where links cannot be made. None without one."""
    latest = home / "latest"
    if latest.is_file() and latest.stat().st_size < 1000:
        latest = home / Path(latest.read_text(encoding="utf-8", errors="replace").strip()).name
    return latest if latest.is_dir() else None


def find_run(home: Path, plan: str) -> Path | None:
    """A finished run of this plan whose files are as they were written, newest first; None if there is none."""
    for folder in sorted(home.glob(f"*-{plan[:8]}*"), reverse=True):
        manifest = _read_json(folder / MANIFEST)
        if manifest and manifest.get("plan") == plan and intact(folder, manifest.get("outputs")):
            return folder
    return None
