"""Run: the folder of a finished job of takes, opened again: its lines and takes, their sound, what people say of them.

    run.json  takes.json  job.yaml  takes/  picked/  scores.csv  scores.parquet  [joined.*]  [tags.json]

What is picked and what is written of it is made here, too, so that a tag that changes a pick does what the job did.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import yaml
from numpy.typing import NDArray

from voicekit.audio.decode import decode
from voicekit.audio.encode import write, write_blocks
from voicekit.config.clone import CloneJob, Picking
from voicekit.config.schema import build
from voicekit.config.yaml_file import load_yaml
from voicekit.quality.gates import verdict
from voicekit.quality.prosody import Profile
from voicekit.storage.files import write_text
from voicekit.storage.paths import safe_name
from voicekit.takes.records import FILE as TAKES_FILE
from voicekit.takes.records import LineRecord, TakeRecord, Takes
from voicekit.takes.render import read_take
from voicekit.takes.repair import repair_and_verify
from voicekit.takes.selection import choose
from voicekit.takes.table import write_scores
from voicekit.takes.tags import Tag
from voicekit.types import Audio

if TYPE_CHECKING:
    from voicekit.quality.judge import Judge


JOB = "job.yaml"

WORDS = 5
"""Of a text that stand in a file's name."""

RepairPick = Callable[[TakeRecord, Audio], tuple[Audio, tuple[str, ...]]]
"""What is done to a take that is picked: its sound, and what was mended, in words."""


def read_spec(folder: Path) -> CloneJob:
    """The job that a run was made of, from job.yaml. Raises UsageError where it is damaged."""
    return build(CloneJob, load_yaml(folder / JOB), str(folder / JOB))


def write_spec(folder: Path, spec: CloneJob) -> None:
    """job.yaml: the job with everything that was chosen in it; `voicekit clone` takes it."""
    values = spec.model_dump(mode="json", exclude_none=True)
    write_text(folder / JOB, yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=120))


# --- what is written of the picks -------------------------------------------------------------------------------------


def write_results(
    folder: Path, spec: CloneJob, takes: Takes, tags: Mapping[str, Tag], mend: RepairPick | None
) -> Takes:
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


def make_repairer(judge: Callable[[], Judge], picking: Picking, own: Mapping[str, Profile]) -> RepairPick:
    """Mends picks where that helps.

    Args:
        judge: Gives one; called when there is something to mend.
        own: Each voice's own pace and pitch.
    """

    def mend(take: TakeRecord, sound: Audio) -> tuple[Audio, tuple[str, ...]]:
        if take.measures is None:
            return sound, ()
        reference = Path(take.reference) if take.reference else None
        found = repair_and_verify(
            sound,
            take.measures,
            lambda mended: judge().measure(mended, take.text, take.language, reference),
            lambda heard: verdict(heard, picking.gates, picking.weights, own.get(take.voice, Profile())),
        )
        if not found.done:
            return sound, ()
        return found.audio, (*found.done, f"score {found.before['score']:.2f} to {found.after['score']:.2f}")

    return mend


def new_judge() -> Judge:
    from voicekit.quality.judge import Judge

    return Judge()
