"""Write the results of a run: pick a take for each line, write picked/, the joined file, the scores and takes.json.

Used both when a job finishes and when a tag changes a pick.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from voicekit.audio.decode import decode
from voicekit.audio.encode import write_audio, write_audio_blocks
from voicekit.config.clone import CloneJob
from voicekit.config.schema import build
from voicekit.config.yaml_file import load_yaml
from voicekit.storage.files import write_text
from voicekit.storage.paths import distinct_name, safe_name
from voicekit.takes.records import FILE as TAKES_FILE
from voicekit.takes.records import LineRecord, TakeRecord, Takes
from voicekit.takes.render import read_take_audio
from voicekit.takes.repair import TakeRepairer
from voicekit.takes.selection import pick_take
from voicekit.takes.table import write_scores
from voicekit.takes.tags import Tag

JOB_FILE = "job.yaml"

FILE_NAME_WORDS = 5
"""Words of the text in the file name of a pick."""


def read_spec(folder: Path) -> CloneJob:
    """Read the job of a run from job.yaml. Raises UsageError if it is invalid."""
    return build(CloneJob, load_yaml(folder / JOB_FILE), str(folder / JOB_FILE))


def write_spec(folder: Path, spec: CloneJob) -> None:
    """Write job.yaml, the job with all defaults filled in; `voicekit clone` accepts it."""
    values = spec.model_dump(mode="json", exclude_none=True)
    write_text(folder / JOB_FILE, yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=120))


def write_results(
    folder: Path,
    spec: CloneJob,
    takes: Takes,
    tags: Mapping[str, Tag],
    repairer: TakeRepairer | None,
    run: Path | None = None,
) -> Takes:
    """Pick a take for each line and write everything that depends on it.

    Args:
        folder: Where files are written.
        spec: The job.
        takes: Takes with verdicts. `picked` and `file` of its lines name the current picks; a pick that does not change
            is not written again.
        tags: By take id.
        repairer: Repairs picks before they are written; None to leave them as rendered.
        run: The run's folder, with takes/ and the picks that stay (default: `folder`).

    Returns:
        The takes as written to takes.json.
    """
    run = run or folder
    by_id = {take.id: take for take in takes.takes}
    lines = []
    used: set[str] = set()
    for number, line in enumerate(takes.lines, 1):
        picked = pick_take(line, takes.of_line(line.id), tags)
        if picked.picked and (picked.picked != line.picked or not line.file):
            take = by_id[picked.picked]
            audio = read_take_audio(run / str(take.file))
            if repairer:
                audio, repairs = repairer(take, audio)
                by_id[take.id] = replace(take, repaired=repairs)
            name = f"picked/{distinct_name(picked_name(spec, number, picked, take), used)}.{spec.output.format}"
            write_audio(audio, folder / name, spec.output.rate, spec.output.loudness)
            picked = replace(picked, file=name)
        elif line.file:
            used.add(Path(line.file).stem.casefold())
        lines.append(picked)
    written = Takes(takes.schema, tuple(lines), tuple(by_id.values()))
    if spec.output.joined:
        _write_joined(folder, run, spec, written)
    write_scores(folder, written, tags)
    write_text(folder / TAKES_FILE, written.to_json())
    return written


def picked_name(spec: CloneJob, number: int, line: LineRecord, take: TakeRecord) -> str:
    """Name of a pick's file without its ending, from the template `output.names`; others may have the same."""
    digits = max(3, len(str(len(spec.lines) * len(spec.voices))))
    fields = {
        "number": f"{number:0{digits}}", "id": line.id, "voice": line.voice, "engine": take.engine, "seed": take.seed,
        "take": take.number, "preset": take.preset or "", "text": " ".join(line.text.split()[:FILE_NAME_WORDS]),
    }  # fmt: skip
    name = "".join(
        text + (str(fields[field]) if field is not None else "")
        for text, field, _, _ in string.Formatter().parse(spec.output.names)
    )
    return safe_name(name)


def _write_joined(folder: Path, run: Path, spec: CloneJob, takes: Takes) -> None:
    by_id = {take.id: take for take in takes.takes}
    picks = [(line, by_id[line.picked]) for line in takes.lines if line.picked]
    rate = spec.output.rate or max((take.rate for _, take in picks), default=24_000)

    def blocks() -> Iterator[NDArray[np.float32]]:
        for number, (line, _) in enumerate(picks):
            name = str(line.file)
            audio, _ = decode(folder / name if (folder / name).exists() else run / name, rate=rate)
            if number:
                yield np.zeros((1, round(spec.output.pause * rate)), np.float32)
            yield audio.samples

    write_audio_blocks(blocks(), rate, folder / f"joined.{spec.output.format}")
