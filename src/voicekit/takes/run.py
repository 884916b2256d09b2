"""CloneRun: open the run of a job of takes, listen to its takes and tag them.

run.json  takes.json  job.yaml  takes/  picked/  scores.csv  scores.parquet  [joined.*]  [tags.json]
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicekit.audio.decode import decode
from voicekit.audio.probe import probe
from voicekit.errors import SourceError, UsageError
from voicekit.notebook import run_html
from voicekit.quality.judge import Judge
from voicekit.quality.prosody import VoiceProfile
from voicekit.redact import list_names
from voicekit.storage.files import read_regular
from voicekit.storage.paths import path_inside
from voicekit.storage.run_changes import change_run, changed_files, finish_change
from voicekit.storage.runs import MANIFEST, latest_run
from voicekit.takes.records import SCHEMA as TAKES_SCHEMA
from voicekit.takes.records import LineRecord, TakeRecord, Takes, read_takes
from voicekit.takes.render import read_take_audio
from voicekit.takes.repair import TakeRepairer
from voicekit.takes.results import JOB_FILE, read_spec, write_results
from voicekit.takes.table import PARQUET_FILE, to_dataframe, writes_parquet
from voicekit.takes.tags import Agreement, Tag, agreement, new_tag, read_tags, write_tags
from voicekit.types import Audio

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class CloneRun:
    """A finished run of a job of takes.

    Attributes:
        folder: The run's folder.
        manifest: Content of run.json.
        lines: Lines with their picks, in order.
        takes: All takes, in order.
        tags: By take id.
    """

    folder: Path
    manifest: dict[str, Any]
    lines: tuple[LineRecord, ...]
    takes: tuple[TakeRecord, ...]
    tags: Mapping[str, Tag]

    @property
    def picked(self) -> dict[str, TakeRecord]:
        """The picked take of each line, by line id."""
        by_id = {take.id: take for take in self.takes}
        return {line.id: by_id[line.picked] for line in self.lines if line.picked}

    @property
    def flagged(self) -> tuple[LineRecord, ...]:
        """Lines of which no take passes the gates."""
        return tuple(line for line in self.lines if line.flagged)

    @property
    def agreement(self) -> Agreement:
        """How well the judge agrees with the tags."""
        return agreement(self.takes, self.tags)

    def take(self, take_id: str) -> TakeRecord:
        """Get a take by its id. Raises UsageError if it does not exist."""
        take = next((take for take in self.takes if take.id == take_id), None)
        if take is None:
            known = list_names([take.id for take in self.takes])
            raise UsageError(f"no take {take_id!r} in {self.folder}", f"Its takes: {known}")
        return take

    def find_take(self, name: str) -> TakeRecord:
        """Get a take by its id, or the pick of a line by the line's id. Raises UsageError if neither exists."""
        is_take = any(take.id == name for take in self.takes)
        return self.picked[name] if not is_take and name in self.picked else self.take(name)

    def take_audio(self, take_id: str) -> Audio:
        """Audio of a take as rendered. Raises SourceError if rendering it failed."""
        take = self.take(take_id)
        if not take.file:
            raise SourceError(f"take {take.id} has no audio: {take.error}", "Run the job again")
        return read_take_audio(self.folder / take.file)

    def picked_audio(self, line_id: str) -> Audio:
        """Audio of a line as written to picked/, or of its picked take in runs without such files.

        Raises:
            UsageError: The run has no such line, or none of its takes was picked.
        """
        line = next((line for line in self.lines if line.id == line_id), None)
        if line is None or not line.picked:
            known = list_names([line.id for line in self.lines if line.picked])
            raise UsageError(f"no picked take for line {line_id!r} in {self.folder}", f"Lines with one: {known}")
        if not line.file:
            return self.take_audio(line.picked)
        path = self.folder / line.file
        return decode(path, rate=probe(path).rate)[0]

    def to_dataframe(self) -> pd.DataFrame:
        """One row per take, with the columns of scores.csv."""
        return to_dataframe(Takes(TAKES_SCHEMA, self.lines, self.takes), self.tags)

    def tag(self, name: str, tag: str, note: str = "") -> CloneRun:
        """Tag a take as good, bad or weird; see `tag_take`. Changed files of the run are warned of."""
        return tag_take(self.folder, name, tag, note)

    def _repr_html_(self) -> str:
        return run_html(self)


def open_clone_run(path: str | Path) -> CloneRun:
    """Open a run by its folder, or the latest one in a job's folder. Raises SourceError if there is none."""
    folder = find_run_folder(Path(path))
    takes = read_takes(folder)
    return CloneRun(folder, read_manifest(folder), takes.lines, takes.takes, read_tags(folder))


def find_run_folder(path: Path) -> Path:
    """The folder of a run: `path` itself, or the latest run in it. Raises SourceError if there is none."""
    if (path / MANIFEST).is_file():
        finish_change(path)
        return path
    if path.is_dir() and (latest := latest_run(path)) and (latest / MANIFEST).is_file():
        finish_change(latest)
        return latest.parent / latest.resolve().name
    raise SourceError(f"{path} is not a run", f"Give a folder that has {MANIFEST}, or one that has `latest`")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read run.json. Raises SourceError if it cannot be read, or names files outside the run."""
    path = folder / MANIFEST
    remedy = "Use another run, or run the job again"
    try:
        manifest = json.loads(read_regular(path).decode())
    except (OSError, ValueError, RecursionError) as error:
        raise SourceError(f"cannot read {path}: {error}", remedy) from error
    if not isinstance(manifest, dict):
        raise SourceError(f"{path} is not a manifest", remedy)
    outputs = manifest.get("outputs", [])
    if not isinstance(outputs, list) or not all(isinstance(row, dict) and "path" in row for row in outputs):
        raise SourceError(f"{path}: its outputs are not a list of files", remedy)
    for row in outputs:
        path_inside(folder, str(row["path"]))
    return manifest


def tag_take(
    folder: Path, name: str, tag: str, note: str = "", warn: Callable[[str], None] = warnings.warn
) -> CloneRun:
    """Tag a take, pick again, and update everything that depends on it, all at once.

    Args:
        folder: The run.
        name: A take id, or a line id for its pick.
        tag: good, bad or weird.
        note: Why.
        warn: Called for each file of the run that was changed or removed since it was written.

    Returns:
        The run afterwards.

    Raises:
        UsageError: Unknown take or tag.
        SourceError: The folder is not a run of takes.
        OutputError: The run cannot be written.
    """
    folder = find_run_folder(folder)
    with change_run(folder) as change:
        run = open_clone_run(folder)
        take = run.find_take(name)
        tags = {**run.tags, take.id: new_tag(tag, note)}
        changed = changed_files(folder, run.manifest.get("outputs"))
        write_tags(change.folder, tags)
        if (folder / JOB_FILE).is_file():
            written = write_results(
                change.folder, read_spec(folder), Takes(TAKES_SCHEMA, run.lines, run.takes), tags, _repairer(run),
                folder,
            )  # fmt: skip
            stay = {line.file for line in written.lines}
            change.removed = {
                line.file
                for line in run.lines
                if line.file and line.file not in stay and line.file.startswith("picked/")
            } | ({PARQUET_FILE} if not writes_parquet() else set())
        for each in changed:
            again = "; it is written again" if (change.folder / each).exists() else ""
            warn(f"{folder / each} was changed or removed since it was written{again}")
    return open_clone_run(folder)


def _repairer(run: CloneRun) -> TakeRepairer | None:
    spec = read_spec(run.folder)
    if not spec.repair:
        return None
    profiles = {voice: VoiceProfile(**each) for voice, each in run.manifest.get("profiles", {}).items()}
    return TakeRepairer(Judge, spec.pick.gates, spec.pick.weights, profiles)
