"""Run folders: write the files of one run, put them in place atomically, find earlier runs."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import time
from pathlib import Path
from typing import Any

from voicekit.errors import OutputError
from voicekit.storage.cache import files_intact, inventory, read_json_object
from voicekit.storage.files import current_umask, new_temporary_folder, sync_path, sync_tree, write_json
from voicekit.storage.locks import lock_path, remove_stale
from voicekit.storage.names import release_name
from voicekit.storage.write_errors import cannot_write

RUN_SCHEMA = "voicekit.run/1"
MANIFEST = "run.json"
"""Describes a run; it is written last."""


class RunFolder:
    """A run that is being written: its files go to a hidden folder, which `commit` renames.

    Use it as a context manager; without a commit the folder is deleted.

    Args:
        home: Folder of the source's runs.
        plan: Digest of everything that determines the results.
    """

    def __init__(self, home: Path, plan: str) -> None:
        self.home = home
        self.id = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{plan[:8]}"
        self.final = home / self.id
        _remove_stale_runs(home)
        self.folder, self._lock = new_temporary_folder(home, ".partial-")
        self.folder.chmod(0o777 & ~current_umask())

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.release()
        release_name(self.home)

    def commit(self, manifest: dict[str, Any], reuse: bool = True) -> Path:
        """Write run.json, move the run to its final place and return that folder.

        Args:
            manifest: Content of run.json but its schema, id and outputs.
            reuse: Return the run of the same plan that another process has finished meanwhile, if there is one.
        """
        lock = lock_path(self.home.resolve(), wait=True)
        try:
            if reuse and (other := find_run(self.home, str(manifest.get("plan")))):
                point_latest(other)
                return other
            return self._commit(manifest)
        finally:
            if lock:
                lock.release()

    def _commit(self, manifest: dict[str, Any]) -> Path:
        try:
            outputs = inventory(self.folder)
            sync_tree(self.folder)
            write_json(self.folder / MANIFEST, {"schema": RUN_SCHEMA, "id": self.id, **manifest, "outputs": outputs})
            sync_path(self.folder / MANIFEST)
            sync_path(self.folder)
            target = self._rename()
            sync_path(self.home)
        except OSError as error:
            if isinstance(error, OutputError):
                raise
            raise cannot_write(self.final, error) from error
        point_latest(target)
        return target

    def _rename(self) -> Path:
        for number in itertools.count(1):  # two runs of one plan within a second have the same id
            target = self.final if number == 1 else self.final.with_name(f"{self.id}-{number}")
            try:
                self.folder.rename(target)
                return target
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                    raise
        raise AssertionError("unreachable")


def _remove_stale_runs(home: Path) -> None:
    remove_stale([*home.glob(".partial-*"), *home.glob(".tmp-*")])


def point_latest(run: Path) -> None:
    """Point `<home>/latest` to a run: a relative link, or a text file on file systems without links."""
    latest = run.parent / "latest"
    if latest.is_symlink() and os.readlink(latest) == run.name:
        return  # also in a folder that cannot be written
    _remove_stale_runs(run.parent)
    folder, lock = new_temporary_folder(run.parent)
    try:
        link = folder / "latest"
        try:
            link.symlink_to(run.name, target_is_directory=True)
        except OSError:
            link.write_text(run.name)
        link.replace(latest)
    except OSError as error:
        failure = cannot_write(latest, error)
        if latest.is_dir() and not latest.is_symlink():
            failure = OutputError(
                f"cannot point {latest} to {run.name}: {error.strerror}", "Delete it: it is a folder, not a link"
            )
        raise failure from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def latest_run(home: Path) -> Path | None:
    """Return the run that `<home>/latest` points to; None without one. See `point_latest`."""
    latest = home / "latest"
    if latest.is_file() and latest.stat().st_size < 1000:
        latest = home / Path(latest.read_text(encoding="utf-8", errors="replace").strip()).name
    return latest if latest.is_dir() else None


def find_run(home: Path, plan: str) -> Path | None:
    """Return the newest finished run of a plan whose files are unchanged; None without one."""
    for folder in sorted(home.glob(f"*-{plan[:8]}*"), reverse=True):
        manifest = read_json_object(folder / MANIFEST)
        if manifest and manifest.get("plan") == plan and files_intact(folder, manifest.get("outputs")):
            return folder
    return None
