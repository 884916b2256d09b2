"""Give each source a folder of its own below the output folder, named after its title."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from voicekit.errors import OutputError
from voicekit.storage.files import digest, write_text
from voicekit.storage.locks import lock_path, locked
from voicekit.storage.paths import safe_name
from voicekit.storage.write_errors import cannot_write

_MARKER = ".source"
"""File in a claimed folder that holds the identity of its source."""


def claim_name(out: Path, title: str, source: str) -> Path:
    """Return the folder below `out` for the runs of a source, and reserve it.

    Its name is the title, with a hash appended if another source or a folder of the user has that name.

    Args:
        out: Output folder.
        title: Of the recording.
        source: Identity of the source.
    """
    with _only_claim(out):
        for name in _candidates(title, source):
            if _claim(out / name, source):
                return out / name
    raise OutputError(
        f"{out / safe_name(title)} and its variants with a hash are taken", "Choose another folder with -o"
    )


@contextlib.contextmanager
def _only_claim(out: Path) -> Iterator[None]:
    """Be the only process that claims a name below `out`. A lock file is used only where folders cannot be locked."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(out, error) from error
    lock = lock_path(out.resolve(), wait=True)
    try:
        with contextlib.nullcontext() if lock and lock.effective else locked(out / ".names"):
            yield
    finally:
        if lock:
            lock.release()


def find_claimed_name(out: Path, title: str, source: str) -> Path | None:
    """Return the folder that `claim_name` gave this source before; None if it never did. Creates nothing."""
    for name in _candidates(title, source):
        if _owner(out / name) == source:
            return out / name
    return None


def _candidates(title: str, source: str) -> tuple[str, ...]:
    name, suffix = safe_name(title), digest(source)
    return (name, f"{name}-{suffix[:6]}", f"{name}-{suffix[:16]}")


def _claim(folder: Path, source: str) -> bool:
    """Whether the folder is the source's: it was claimed before, or it is new or empty and is claimed now."""
    is_new = not folder.exists()
    try:
        if (owner := _owner(folder)) is not None:
            return owner == source
        if folder.is_dir() and not _is_empty(folder):
            return False  # the user's own folder
        folder.mkdir(exist_ok=True)
        write_text(folder / _MARKER, source)
    except OSError as error:
        if is_new:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise error if isinstance(error, OutputError) else cannot_write(folder, error) from error
    return True


def _owner(folder: Path) -> str | None:
    with contextlib.suppress(OSError, ValueError):
        return (folder / _MARKER).read_text(encoding="utf-8")
    return None


def _is_empty(folder: Path) -> bool:
    return all(path.name.startswith(".tmp-") for path in folder.iterdir())


def release_name(folder: Path) -> None:
    """Delete a claimed folder that holds no run."""
    with contextlib.suppress(OSError):
        if [path.name for path in folder.iterdir()] == [_MARKER]:
            (folder / _MARKER).unlink()
            folder.rmdir()
