"""Run: the folder of a finished job of takes, opened again: its lines and takes, their sound, what people say of them.

    run.json  takes.json  job.yaml  takes/  picked/  scores.csv  scores.parquet  [joined.*]  [tags.json]

What is picked and what is written of it is made here, too, so that a tag that changes a pick does what the job did.
"""

from __future__ import annotations

import functools
import json
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from numpy.typing import NDArray

from voicekit.audio import decode, probe, write, write_blocks
from voicekit.config import CloneJob, Picking, build, load_yaml
from voicekit.data import Audio
from voicekit.errors import SourceError, UsageError
from voicekit.judge.prosody import Profile
from voicekit.judge.verdict import verdict
from voicekit.speech import repair
from voicekit.speech.choose import choose
from voicekit.speech.render import read_take
from voicekit.speech.scores import to_dataframe, write_scores
from voicekit.speech.tags import FILE as TAGS_FILE
from voicekit.speech.tags import Agreement, Tag, agreement, new_tag, read_tags, write_tags
from voicekit.speech.takes import FILE as TAKES_FILE
from voicekit.speech.takes import SCHEMA as TAKES_SCHEMA
from voicekit.speech.takes import LineRecord, TakeRecord, Takes, read_takes
from voicekit.workspace import MANIFEST, hash_file, latest_run, safe_name, write_json, write_text

if TYPE_CHECKING:
    import pandas as pd

    from voicekit.judge.take import Judge

JOB = "job.yaml"

WORDS = 5
"""Of a text that stand in a file's name."""

Mend = Callable[[TakeRecord, Audio], tuple[Audio, tuple[str, ...]]]
"""What is done to a take that is picked: its sound, and what was mended, in words."""


@dataclass(frozen=True)
class Run:
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

    def tag(self, name: str, tag: str, note: str = "") -> Run:
        """Say of a take that it is good, bad or weird; the run with its picks made anew. See `tag_take`."""
        return tag_take(self.folder, self.take(name).id, tag, note)

    def _repr_html_(self) -> str:
        from voicekit.notebook import run_html

        return run_html(self)


def open_run(path: str | Path) -> Run:
    """A run by its folder, or the latest in a job's folder.

    Raises:
        SourceError: it is none of takes.
    """
    folder = find_run_folder(Path(path))
    found = read_takes(folder)
    return Run(folder, read_manifest(folder), found.lines, found.takes, read_tags(folder))


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


def read_spec(folder: Path) -> CloneJob:
    """The job that a run was made of, from job.yaml. Raises UsageError where it is damaged."""
    return build(CloneJob, load_yaml(folder / JOB), str(folder / JOB))


def write_spec(folder: Path, spec: CloneJob) -> None:
    """job.yaml: the job with everything that was chosen in it; `voicekit clone` takes it."""
    values = spec.model_dump(mode="json", exclude_none=True)
    write_text(folder / JOB, yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=120))


# --- what is written of the picks -------------------------------------------------------------------------------------


def write_results(folder: Path, spec: CloneJob, takes: Takes, tags: Mapping[str, Tag], mend: Mend | None) -> Takes:
    """Choose the picks and write them, the joined file, the scores and takes.json into a run's folder.

    A pick that is written already stays as it is.

    Args:
        takes: As judged. Of each line that was written before, `picked` and `file` say what is there.
        mend: What is done to a pick before it is written.
    """
    by_id = {take.id: take for take in takes.takes}
    lines = []
    for number, line in enumerate(takes.lines, 1):
        chosen = choose(line, takes.of(line.id), tags)
        if chosen.picked and (chosen.picked != line.picked or not line.file):
            take = by_id[chosen.picked]
            sound = read_take(folder / str(take.file))
            if mend:
                sound, done = mend(take, sound)
                by_id[take.id] = replace(take, repaired=done)
            name = picked_name(spec, number, chosen, take)
            write(sound, folder / name, spec.output.rate, spec.output.loudness)
            chosen = replace(chosen, file=name)
        if line.file and line.file != chosen.file:
            (folder / line.file).unlink(missing_ok=True)
        lines.append(chosen)
    done_takes = Takes(takes.schema, tuple(lines), tuple(by_id.values()))
    if spec.output.joined:
        _write_joined(folder, spec, done_takes)
    write_scores(folder, done_takes, tags)
    write_text(folder / TAKES_FILE, done_takes.to_json())
    return done_takes


def picked_name(spec: CloneJob, number: int, line: LineRecord, take: TakeRecord) -> str:
    """The name of a pick's file in the run's folder."""
    digits = max(3, len(str(len(spec.lines) * len(spec.voices))))
    fields = {
        "number": f"{number:0{digits}}", "id": line.id, "voice": line.voice, "engine": take.engine, "seed": take.seed,
        "take": take.number, "preset": take.preset or "", "text": " ".join(line.text.split()[:WORDS]),
    }  # fmt: skip
    name = "".join(
        text + (str(fields[field]) if field is not None else "")
        for text, field, _, _ in string.Formatter().parse(spec.output.names)
    )
    return f"picked/{safe_name(name)}.{spec.output.format}"


def _write_joined(folder: Path, spec: CloneJob, takes: Takes) -> None:
    by_id = {take.id: take for take in takes.takes}
    picks = [(line, by_id[line.picked]) for line in takes.lines if line.picked]
    rate = spec.output.rate or max((take.rate for _, take in picks), default=24_000)

    def blocks() -> Iterator[NDArray[np.float32]]:
        for number, (line, _) in enumerate(picks):
            sound, _ = decode(folder / str(line.file), rate=rate)
            if number:
                yield np.zeros((1, round(spec.output.pause * rate)), np.float32)
            yield sound.samples

    write_blocks(blocks(), rate, folder / f"joined.{spec.output.format}")


# --- tags -------------------------------------------------------------------------------------------------------------


def tag_take(folder: Path, name: str, tag: str, note: str = "") -> Run:
    """Say of a take that it is good, bad or weird; what is picked follows, and the manifest last.

    Raises:
        UsageError: no such take or tag.
        SourceError: the folder is no run of takes.
        OutputError: it cannot be written.
    """
    run = open_run(folder)
    take = run.take(name)
    tags = {**run.tags, take.id: new_tag(tag, note)}
    write_tags(run.folder, tags)
    if (run.folder / JOB).is_file():
        before = Takes(TAKES_SCHEMA, run.lines, run.takes)
        spec = read_spec(run.folder)
        own = {voice: Profile(**each) for voice, each in run.manifest.get("profiles", {}).items()}
        mend = mender(functools.cache(_judge), spec.pick, own) if spec.repair else None
        write_results(run.folder, spec, before, tags, mend)
    _count_outputs(run.folder, run.manifest)
    return open_run(run.folder)


def mender(judge: Callable[[], Judge], picking: Picking, own: Mapping[str, Profile]) -> Mend:
    """Mends picks where that helps.

    Args:
        judge: Gives one; called when there is something to mend.
        own: Each voice's own pace and pitch.
    """

    def mend(take: TakeRecord, sound: Audio) -> tuple[Audio, tuple[str, ...]]:
        if take.measures is None:
            return sound, ()
        reference = Path(take.reference) if take.reference else None
        found = repair.mend(
            sound,
            take.measures,
            lambda mended: judge().measure(mended, take.text, take.language, reference),
            lambda heard: verdict(heard, picking.gates, picking.weights, own.get(take.voice, Profile())),
        )
        if not found.done:
            return sound, ()
        return found.audio, (*found.done, f"score {found.before['score']:.2f} to {found.after['score']:.2f}")

    return mend


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


def _judge() -> Judge:
    from voicekit.judge.take import Judge

    return Judge()


def _some(names: list[str]) -> str:
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
