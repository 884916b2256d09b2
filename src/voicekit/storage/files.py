"""Atomic writing, hashing and limited reading of files."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from voicekit.errors import OutputError, SourceError
from voicekit.redact import escape_controls
from voicekit.storage.locks import PathLock, lock_path
from voicekit.storage.paths import cache_dir
from voicekit.storage.write_errors import cannot_write


def utc_now() -> str:
    """Return the UTC time in ISO 8601, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


JSON_SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


MAX_DOCUMENT = 256 << 20
"""Largest JSON or YAML file of a run or a job, in bytes."""


def read_regular(path: Path, most: int = MAX_DOCUMENT) -> bytes:
    """Read a file of limited size; pipes, which may never end, and devices are refused.

    Raises:
        OSError: The file cannot be read, is not a regular file, or is larger than `most` bytes.
        ValueError: There is a null byte in its name.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as file:
        kind = os.fstat(handle).st_mode
        if stat.S_ISDIR(kind):
            raise IsADirectoryError(errno.EISDIR, "a folder", str(path))
        if not stat.S_ISREG(kind):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EOVERFLOW, f"over {most >> 20} MiB", str(path))
    return data


def read_limited(
    path: Path, most: int, smaller: str, *, what: str = "", check: str = "Check the name and the permissions"
) -> bytes:
    """Read a file of limited size.

    Args:
        path: The file.
        most: Largest size in bytes.
        smaller: What to do if the file is larger, for the error.
        what: Kind of the file for the error, such as "the glossary".
        check: What to do if the file cannot be read, for the error.

    Raises:
        SourceError: The file cannot be read or is too large.
    """
    try:
        return read_regular(path, most)
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) == errno.EOVERFLOW:
            raise SourceError(f"{path} is over {most >> 20} MiB", smaller) from None
        reason = "no such file" if isinstance(error, FileNotFoundError) else getattr(error, "strerror", None) or error
        raise SourceError(f"cannot read {f'{what} ' if what else ''}{path}: {reason}", check) from error


def check_size(data: bytes, most: int, name: str, smaller: str) -> None:
    """Raise SourceError if there are more than `most` bytes; `smaller` says what to do then."""
    if len(data) > most:
        raise SourceError(f"{name} is over {most >> 20} MiB", smaller)


def decode_utf8(data: bytes, name: str, remedy: str = "Save it as UTF-8", column: bool = False) -> str:
    """Decode UTF-8, with or without a byte order mark.

    Args:
        data: Contents of a file.
        name: Of the file, for the error.
        remedy: For the error.
        column: Whether the error names the column too.

    Raises:
        SourceError: Not UTF-8; the message names the line.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column_number = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        place = f"line {line}, column {column_number}" if column else f"line {line}"
        raise SourceError(f"{name}: {place}: not UTF-8", remedy) from error


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary file next to `path`; rename it to `path` if the block succeeds, else delete it.

    Raises:
        OutputError: The folder cannot be created or written, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_file(path.parent, path.suffix) as temporary:
            yield temporary
            temporary.chmod(0o666 & ~current_umask())
            temporary.replace(path)
    except OSError as error:
        if error.errno is None or isinstance(error, OutputError):
            raise
        raise cannot_write(path, error) from error


@contextlib.contextmanager
def temporary_file(parent: Path, suffix: str = "") -> Iterator[Path]:
    """Create a locked temporary file in `parent`; delete it at the end of the block if it still exists."""
    while True:
        handle, name = tempfile.mkstemp(dir=parent, prefix=".tmp-", suffix=suffix)
        os.close(handle)
        lock = lock_path(Path(name), wait=True)
        if lock:
            break  # otherwise another process deleted it as stale before it was locked
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
        lock.release()


def new_temporary_folder(parent: Path, prefix: str = ".tmp-") -> tuple[Path, PathLock]:
    """Create a temporary folder in `parent` and lock it.

    Raises:
        OutputError: It cannot be created.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        while True:
            folder = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
            if lock := lock_path(folder, wait=True):
                return folder, lock
    except OSError as error:
        raise cannot_write(parent, error) from error


def sync_path(path: Path) -> None:
    """Write a file or folder through to the disk. Where the system cannot do that for folders, nothing happens."""
    with contextlib.suppress(PermissionError, IsADirectoryError):  # folders on Windows
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EROFS):  # file systems without it
                raise
        finally:
            os.close(handle)


def sync_tree(folder: Path) -> None:
    """Write the files of a folder, and it itself, through to the disk."""
    for path in [*folder.rglob("*"), folder]:
        if not path.is_symlink():
            sync_path(path)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON atomically. Raises ValueError for NaN and infinite numbers."""
    write_text(path, json_text(value))


def json_text(value: Any) -> str:
    """Return indented JSON with controls and direction marks escaped, and a final newline.

    Raises:
        ValueError: It contains NaN or an infinite number, which JSON does not have.
    """
    return escape_controls(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)) + "\n"


def digest(value: Any) -> str:
    """Return the SHA-256 (hex) of a JSON value; the same in every process."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def hash_file(path: Path) -> str:
    """Return the SHA-256 (hex) of a file, always reading it. Raises OSError for pipes and devices."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_sha256(path: Path) -> str:
    """Return the SHA-256 (hex) of a file; cached by path, size, modification time and inode."""
    status = path.stat()
    stamp = [str(path.resolve()), status.st_size, status.st_mtime_ns, status.st_ino]
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


def current_umask() -> int:
    """Return the process's umask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
