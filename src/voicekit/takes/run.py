"""Run: the folder of a finished job of takes, opened again: its lines and takes, their sound, what people say of them.

    run.json  takes.json  job.yaml  takes/  picked/  scores.csv  scores.parquet  [joined.*]  [tags.json]

What is picked and what is written of it is made here, too, so that a tag that changes a pick does what the job did.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicekit.audio.decode import decode, probe
from voicekit.errors import SourceError, UsageError
from voicekit.notebook import run_html
from voicekit.quality.prosody import Profile
from voicekit.storage.files import hash_file, write_json
from voicekit.storage.runs import MANIFEST, latest_run
from voicekit.takes.records import SCHEMA as TAKES_SCHEMA
from voicekit.takes.records import LineRecord, TakeRecord, Takes, read_takes
from voicekit.takes.render import read_take
from voicekit.takes.results import JOB, make_repairer, new_judge, read_spec, write_results
from voicekit.takes.table import to_dataframe
from voicekit.takes.tags import FILE as TAGS_FILE
from voicekit.takes.tags import Agreement, Tag, agreement, new_tag, read_tags, write_tags
from voicekit.types import Audio

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class CloneRun:
    """A finished job.

    Attributes:
        folder: Where it is.
        manifest: run.json.
        lines: Each with the id of its pick, and why that one.
        takes: All of them, in order.
        tags: By take.
    """

    folder: Path
    manifest: dict[str, Any]
    lines: tuple[LineRecord, ...]
    takes: tuple[TakeRecord, ...]
    tags: Mapping[str, Tag]

    @property
    def picked(self) -> dict[str, TakeRecord]:
        """The take that was kept of each line, by the line's id."""
        by_id = {take.id: take for take in self.takes}
        return {line.id: by_id[line.picked] for line in self.lines if line.picked}

    @property
    def flagged(self) -> tuple[LineRecord, ...]:
        """Lines to listen to: no take of theirs went through the gates."""
        return tuple(line for line in self.lines if line.flagged)

    @property
    def agreement(self) -> Agreement:
        """How far the judge agrees with the tags."""
        return agreement(self.takes, self.tags)

    def take(self, name: str) -> TakeRecord:
        """A take by its id, or a line's pick by the line's. Raises UsageError where there is none."""
        for take in self.takes:
            if take.id == name:
                return take
        if name in self.picked:
            return self.picked[name]
        raise UsageError(f"no take {name!r} in {self.folder}", f"Its takes: {_some([t.id for t in self.takes])}")

    def sound(self, name: str) -> Audio:
        """The sound of a take, as it was rendered; of a line (by its id), that of its pick, as it was written."""
        line = next((line for line in self.lines if line.id == name and line.file), None)
        take = self.take(name)
        if line and line.file:
            path = self.folder / line.file
            return decode(path, rate=probe(path).rate)[0]
        if not take.file:
            raise SourceError(f"take {take.id} has no sound: {take.error}", "Run the job again")
        return read_take(self.folder / take.file)

    def to_dataframe(self) -> pd.DataFrame:
        """One row a take, as scores.csv has it."""
        return to_dataframe(Takes(TAKES_SCHEMA, self.lines, self.takes), self.tags)

    def tag(self, name: str, tag: str, note: str = "") -> CloneRun:
        """Say of a take that it is good, bad or weird; the run with its picks made anew. See `tag_take`."""
        return tag_take(self.folder, self.take(name).id, tag, note)

    def _repr_html_(self) -> str:
        return run_html(self)


def open_clone_run(path: str | Path) -> CloneRun:
    """A run by its folder, or the latest in a job's folder.

    Raises:
        SourceError: it is none of takes.
    """
    folder = find_run_folder(Path(path))
    found = read_takes(folder)
    return CloneRun(folder, read_manifest(folder), found.lines, found.takes, read_tags(folder))


def find_run_folder(path: Path) -> Path:
    """A run's folder: itself, or the latest in it. Raises SourceError where there is no run."""
    if (path / MANIFEST).is_file():
        return path
    if path.is_dir() and (latest := latest_run(path)) and (latest / MANIFEST).is_file():
        return latest.parent / latest.resolve().name
    raise SourceError(f"{path} is no run", f"Give a folder that holds {MANIFEST}, or one with `latest` in it")


def read_manifest(folder: Path) -> dict[str, Any]:
    """run.json. Raises SourceError where it cannot be read."""
    path = folder / MANIFEST
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SourceError(f"{path} cannot be read: {error}", "Take another run, or run the job again") from error
    if not isinstance(found, dict):
        raise SourceError(f"{path} is no manifest", "Take another run, or run the job again")
    return found


def _some(names: list[str]) -> str:
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


# --- tags -------------------------------------------------------------------------------------------------------------


def tag_take(folder: Path, name: str, tag: str, note: str = "") -> CloneRun:
    """Say of a take that it is good, bad or weird; what is picked follows, and the manifest last.

    Raises:
        UsageError: no such take or tag.
        SourceError: the folder is no run of takes.
        OutputError: it cannot be written.
    """
    run = open_clone_run(folder)
    take = run.take(name)
    tags = {**run.tags, take.id: new_tag(tag, note)}
    write_tags(run.folder, tags)
    if (run.folder / JOB).is_file():
        before = Takes(TAKES_SCHEMA, run.lines, run.takes)
        spec = read_spec(run.folder)
        own = {voice: Profile(**each) for voice, each in run.manifest.get("profiles", {}).items()}
        mend = make_repairer(functools.cache(new_judge), spec.pick, own) if spec.repair else None
        write_results(run.folder, spec, before, tags, mend)
    _count_outputs(run.folder, run.manifest)
    return open_clone_run(run.folder)


def _count_outputs(folder: Path, manifest: dict[str, Any]) -> None:
    """run.json with the files as they are now: those that it had, and what a tag writes."""
    had = {row["path"] for row in manifest.get("outputs", [])}
    mine = {TAGS_FILE, *(path.relative_to(folder).as_posix() for path in (folder / "picked").glob("*"))}
    rows = [
        {"path": name, "bytes": (folder / name).stat().st_size, "sha256": hash_file(folder / name)}
        for name in sorted(had | mine)
        if (folder / name).is_file()
    ]
    write_json(folder / MANIFEST, {**manifest, "outputs": rows})
