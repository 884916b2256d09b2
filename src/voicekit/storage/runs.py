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

import errno
import itertools
import shutil
import time
from pathlib import Path
from typing import Any

from voicekit.errors import OutputError
from voicekit.storage.cache import intact, inventory, read_json_object
from voicekit.storage.files import new_folder, umask, write_json
from voicekit.storage.locks import sweep
from voicekit.storage.names import release_name
from voicekit.storage.write_errors import cannot_write

RUN_SCHEMA = "voicekit.run/1"
MANIFEST = "run.json"


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
        self.folder.chmod(0o777 & ~umask())

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self._held.release()
        release_name(self.home)

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
        manifest = read_json_object(folder / MANIFEST)
        if manifest and manifest.get("plan") == plan and intact(folder, manifest.get("outputs")):
            return folder
    return None
