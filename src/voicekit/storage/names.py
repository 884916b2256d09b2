"""Claim a folder name below the output folder for one source."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from voicekit.errors import OutputError
from voicekit.storage.files import digest, temporary_name, umask
from voicekit.storage.paths import safe_name
from voicekit.storage.write_errors import cannot_write


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
        with temporary_name(folder) as mine:
            mine.write_text(source, encoding="utf-8")
            mine.chmod(0o666 & ~umask())
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


def release_name(home: Path) -> None:
    """Remove a folder that was claimed and holds no run."""
    with contextlib.suppress(OSError):
        if [path.name for path in home.iterdir()] == [".source"]:
            (home / ".source").unlink()
            home.rmdir()
