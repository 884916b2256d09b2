"""Change files of a finished run all at once, and find those that somebody else changed.

New files are written to a hidden folder in the run. Its renaming to `.change` is the moment from which the change
counts: then its files are moved over the old ones, run.json last. Whoever opens the run next finishes what a killed
process left, so that a run has either all of a change or nothing of it.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voicekit.errors import SourceError
from voicekit.storage.cache import inventory, read_json_object
from voicekit.storage.files import file_sha256, new_temporary_folder, sync_path, sync_tree, write_json
from voicekit.storage.locks import lock_path, remove_stale
from voicekit.storage.paths import path_inside
from voicekit.storage.runs import MANIFEST
from voicekit.storage.write_errors import cannot_write

_CHANGE = ".change"


@dataclass
class RunChange:
    """A change in preparation.

    Attributes:
        run: The run's folder; read from here.
        folder: Where the new files are written, under the names they will have in the run.
        manifest: run.json as it is; its `outputs` are updated when the change is made.
        removed: Names of files that the run will no longer have.
    """

    run: Path
    folder: Path
    manifest: dict[str, Any]
    removed: set[str] = field(default_factory=set)

    def current(self, name: str) -> Path:
        """Return where a file of the run is: among the new ones, or in the run."""
        return self.folder / name if (self.folder / name).exists() else self.run / name


@contextlib.contextmanager
def change_run(run: Path) -> Iterator[RunChange]:
    """Prepare a change in the block, and make it at the end of the block; one process at a time.

    Raises:
        OutputError: The run cannot be written.
    """
    run = run.resolve()
    lock = lock_path(run, wait=True)
    try:
        _finish(run)
        remove_stale(run.glob(".tmp-*"))
        folder, folder_lock = new_temporary_folder(run)
        try:
            change = RunChange(run, folder, read_json_object(run / MANIFEST) or {})
            yield change
            _commit(change)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            folder_lock.release()
    finally:
        if lock:
            lock.release()


def _commit(change: RunChange) -> None:
    written = {row["path"]: row for row in inventory(change.folder)}
    rows = {row["path"]: row for row in change.manifest.get("outputs", []) if row["path"] not in change.removed}
    outputs = [row for _, row in sorted((rows | written).items())]
    try:
        sync_tree(change.folder)
        write_json(change.folder / MANIFEST, {**change.manifest, "outputs": outputs})
        sync_path(change.folder / MANIFEST)
        change.folder.rename(change.run / _CHANGE)
        sync_path(change.run)
    except OSError as error:
        raise cannot_write(change.run, error) from error
    _finish(change.run)


def finish_change(run: Path) -> None:
    """Finish the change of a killed process, if there is one; wait for one that is being made.

    Raises:
        SourceError: The change names files outside the run.
        OutputError: The run cannot be written.
    """
    if not (run / _CHANGE).exists():
        return
    lock = lock_path(run.resolve(), wait=True)
    try:
        _finish(run)
    finally:
        if lock:
            lock.release()


def _finish(run: Path) -> None:
    change = run / _CHANGE
    if change.is_symlink():
        return
    new = read_json_object(change / MANIFEST)
    if new is None:  # run.json, the last file, was moved: the process was killed while it removed the folder
        shutil.rmtree(change, ignore_errors=True)
        return
    if any(path.is_symlink() for path in change.rglob("*")):
        raise SourceError(f"{change} holds links", "Do not use this folder: it was changed or forged")
    try:
        for path in sorted(change.rglob("*")):
            name = path.relative_to(change).as_posix()
            if path.is_file() and name != MANIFEST:
                target = path_inside(run, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
        old = read_json_object(run / MANIFEST) or {}
        for name in _names(old.get("outputs")) - _names(new.get("outputs")):
            path_inside(run, name).unlink(missing_ok=True)
        (change / MANIFEST).replace(run / MANIFEST)
        sync_path(run)
    except OSError as error:
        raise cannot_write(run, error) from error
    shutil.rmtree(change, ignore_errors=True)


def _names(outputs: Any) -> set[str]:
    return {str(row["path"]) for row in outputs or [] if isinstance(row, dict) and "path" in row}


def changed_note(file: Path) -> str:
    """Return a note if a file of a run is not what the run's manifest says; empty for all others."""
    manifest = read_json_object(file.parent / MANIFEST) or {}
    return (
        f"{file} was changed since it was written"
        if changed_files(file.parent, manifest.get("outputs"), [file.name])
        else ""
    )


def changed_files(run: Path, outputs: Any, only: Iterable[str] | None = None) -> list[str]:
    """Return the files of a run that are not what its manifest says.

    Args:
        run: The run's folder.
        outputs: `outputs` of its manifest.
        only: Names of the files to compare (default: all).
    """
    wanted = None if only is None else set(only)
    changed = []
    for row in outputs if isinstance(outputs, list) else []:
        if not isinstance(row, dict) or not isinstance(row.get("path"), str) or (wanted and row["path"] not in wanted):
            continue
        with contextlib.suppress(OSError, ValueError):
            if file_sha256(path_inside(run, row["path"])) == row.get("sha256"):
                continue
        changed.append(row["path"])
    return changed
