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
from voicekit.storage.locks import Hold, hold
from voicekit.storage.paths import cache_dir
from voicekit.storage.write_errors import cannot_write


def now() -> str:
    """UTC, ISO 8601, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


NEW_LINE = b"\n"

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def read_limited(
    path: Path, most: int, smaller: str, *, what: str = "", check: str = "Check the name and its rights"
) -> bytes:
    """A file's bytes.

    Args:
        most: Bytes; `smaller` is the remedy where there are more.
        what: It is, for the error: "the glossary".
        check: The remedy where it cannot be read.

    Raises:
        SourceError: it cannot be read, or is too big.
    """
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except (OSError, ValueError) as error:  # of a name with a zero byte
        reason = "no such file" if isinstance(error, FileNotFoundError) else getattr(error, "strerror", None) or error
        raise SourceError(f"cannot read {f'{what} ' if what else ''}{path}: {reason}", check) from error
    check_size(data, most, str(path), smaller)
    return data


def check_size(data: bytes, most: int, name: str, smaller: str) -> None:
    """Raises SourceError where there are more than `most` bytes."""
    if len(data) > most:
        raise SourceError(f"{name} is over {most >> 20} MiB", smaller)


def utf8(data: bytes, name: str, remedy: str = "Save it as UTF-8", column: bool = False) -> str:
    """The text, with or without a byte order mark. Raises SourceError with the line, and the `column` if asked for."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = f"line {data[: error.start].count(NEW_LINE) + 1}"
        if column:
            place += f", column {error.start - data.rfind(NEW_LINE, 0, error.start)}"
        raise SourceError(f"{name}: {place}: not UTF-8", remedy) from error


# --- atomic writes and hashes ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A temporary sibling to write to; renamed to `path` if the block succeeds, removed if not.

    Raises:
        OutputError: the folder cannot be made or written, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_name(path.parent, path.suffix) as temporary:
            yield temporary
            temporary.chmod(0o666 & ~umask())
            temporary.replace(path)
    except OSError as error:
        if error.errno is None or isinstance(error, OutputError):
            raise
        raise cannot_write(path, error) from error


@contextlib.contextmanager
def temporary_name(parent: Path, suffix: str = "") -> Iterator[Path]:
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


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
