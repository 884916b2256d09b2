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
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from voicekit.storage.paths import cache_dir
from voicekit.storage.write_errors import cannot_write

# --- holding --------------------------------------------------------------------------------------------------------

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


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
                remove_tree(path)


def sweep_cache() -> None:
    """`sweep` the temporary files and folders of the cache."""
    root = cache_dir()
    for place in ("hashes", "stages/*", "downloads/*", "downloads/*/*", "models/*"):
        sweep(root.glob(f"{place}/.tmp-*"))


def _untouched_for_a_day(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return time.time() - path.lstat().st_mtime > 86_400
    return False


def remove_tree(path: Path) -> None:
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
