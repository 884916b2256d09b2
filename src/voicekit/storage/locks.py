"""Locks between processes: on a path itself while it is written or read, and around computing something once."""

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

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_STALE_SECONDS = 86_400
"""Age from which a temporary file counts as left over on file systems without locks: one day."""


class PathLock:
    """A lock on a file or folder, held until `release`, the end of this object or the end of the process.

    Args:
        handle: Descriptor of the open, locked file; None if the system cannot lock it.
    """

    def __init__(self, handle: int | None) -> None:
        self._handle = handle

    def release(self) -> None:
        """Release the lock now: an exception's traceback may keep this object alive."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def __del__(self) -> None:
        self.release()

    @property
    def effective(self) -> bool:
        """Whether the path is really locked; false on file systems without locks."""
        return self._handle is not None


def lock_path(path: Path, *, shared: bool = False, wait: bool = False) -> PathLock | None:
    """Lock a file or folder with flock.

    Writers and removers take an exclusive lock, readers a shared one.

    Args:
        path: File or folder; links are not followed.
        shared: Whether other shared locks are allowed.
        wait: Whether to wait for other processes.

    Returns:
        The lock; one that is not `effective` where the system or file system has no locks; None if another process
        holds the path or it does not exist.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    except OSError:
        return PathLock(None)
    lock = PathLock(handle)
    try:
        if fcntl is None:
            return PathLock(None)
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        return lock if os.path.samestat(os.fstat(handle), os.stat(path, follow_symlinks=False)) else None
    except (BlockingIOError, FileNotFoundError):
        return None
    except OSError:
        return PathLock(None)


def remove_stale(paths: Iterable[Path]) -> None:
    """Delete temporary files and folders of killed processes: those that nobody holds a lock on."""
    with contextlib.suppress(OSError):  # a folder that cannot be read
        for path in paths:
            if (lock := lock_path(path)) and (lock.effective or _is_old(path)):
                remove_tree(path)


def remove_stale_cache_files() -> None:
    """Delete the temporary files and folders that killed processes left in the cache."""
    root = cache_dir()
    for pattern in ("hashes", "stages/*", "downloads/*", "downloads/*/*", "models/*"):
        remove_stale(root.glob(f"{pattern}/.tmp-*"))


def _is_old(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return time.time() - path.lstat().st_mtime > _STALE_SECONDS
    return False


def remove_tree(path: Path) -> None:
    """Delete a file or folder; errors are ignored."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


class Busy(Exception):
    """Another process holds the lock."""


@contextlib.contextmanager
def locked(folder: Path, wait: bool = True) -> Iterator[None]:
    """Be the only process that creates `folder`, through a lock file next to it.

    Raises:
        Busy: Another process holds the lock, and `wait` is false.
        OutputError: The lock file cannot be written.
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
