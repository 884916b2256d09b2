"""Clone: a job from its file to a finished run. Takes are rendered, judged, tried again where none was good, chosen.

What is rendered and heard lies in the stage cache, so that a job which was killed goes on where it stopped; the run's
folder appears when it is whole. A line that cannot be said costs that line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from voicekit.cloning.lines import LINE_ID, MOST_LINES, read_lines
from voicekit.config.clone import CloneJob, JobLine, JobVoice, Sweep
from voicekit.config.presets import preset
from voicekit.config.schema import build
from voicekit.config.yaml_file import Located, line_of, load_yaml
from voicekit.errors import UsageError
from voicekit.text.speakable import LONGEST_TEXT

JobSource = str | Path | Mapping[str, Any]


_VARIABLE = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True)
class Job:
    """A job that was read.

    Attributes:
        file: That it was read from; None for a mapping.
        spec: With its name, its lines (each with an id and a voice) and paths that hold from here.
        where: The place of a value in the job, as an error names it: file and line.
    """

    file: Path | None
    spec: CloneJob
    where: Callable[..., str]


def load_job(source: str | Path | Mapping[str, Any], changes: Sequence[str] = ()) -> Job:
    """Read a job, and the file of its lines.

    Args:
        source: A YAML file, a name in configs/clone, or what would stand in a file.
        changes: `key=value`, such as takes=3 or pick.gates.max_wer=0.05; before all else.

    Raises:
        UsageError: what is wrong, with the line of the file.
        SourceError: a file of lines that cannot be read.
    """
    if isinstance(source, Mapping):
        path, values, file, folder, name = None, Located(source), "the job", Path(), "job"
    else:
        path = preset("clone", str(source))
        values, file, folder, name = load_yaml(path), str(path), path.parent, path.stem
    values = _with_variables(_changed(values, changes), file)
    spec = build(CloneJob, values, file)
    if spec.lines and spec.lines_from:
        raise UsageError(f"{file}: it has lines and lines_from", "Give one of them")
    lines = read_lines(folder / spec.lines_from, set(spec.voices)) if spec.lines_from else list(spec.lines)
    if not lines:
        raise UsageError(f"{file}: no lines to say", "Give lines, or lines_from: FILE")
    if len(lines) > MOST_LINES:
        raise UsageError(f"{file}: {len(lines)} lines", f"Give at most {MOST_LINES} at once")

    def where(*place: str | int) -> str:
        if spec.lines_from and place[0] == "lines":
            return f"{folder / spec.lines_from}: no. {int(place[1]) + 1}"
        line = line_of(values, place)
        return f"{file}: line {line}" if line else f"{file}: {'.'.join(map(str, place))}"

    lines = _with_ids([_with_voice(spec, line, where("lines", n)) for n, line in enumerate(lines)], where)
    for number, line in enumerate(lines):
        if not any(char.isalnum() for char in line.text):
            raise UsageError(f"{where('lines', number)}: nothing in {line.text[:30]!r} can be said", "Give words")
        if len(line.text) > LONGEST_TEXT:
            raise UsageError(f"{where('lines', number)}: {len(line.text)} characters", f"Give at most {LONGEST_TEXT}")
    known = {
        "name": spec.name or name,
        "lines": tuple(lines),
        "lines_from": None,
        "voices": {key: _voice_from(folder, voice) for key, voice in spec.voices.items()},
        "sweep": _sweep_from(folder, spec.sweep),
    }
    return Job(path, spec.model_copy(update=known), where)


def _voice_from(folder: Path, voice: JobVoice) -> JobVoice:
    """Its clips as paths that hold from here."""
    clip = _path_from(folder, voice.clip) if voice.clip else None
    return voice.model_copy(update={"clip": clip, "sweep": voice.sweep and _sweep_from(folder, voice.sweep)})


def _sweep_from(folder: Path, sweep: Sweep) -> Sweep:
    grid = {
        key: tuple(_path_from(folder, str(v)) for v in values) if key == "reference" else values
        for key, values in sweep.grid.items()
    }
    points = tuple(
        {key: _path_from(folder, str(v)) if key == "reference" else v for key, v in point.items()}
        for point in sweep.points
    )
    return Sweep(grid=grid, points=points)


def _path_from(folder: Path, name: str) -> str:
    return os.path.normpath(folder / Path(name).expanduser())


def _with_variables(values: Located, where: str) -> Located:
    def put_in(value: Any, place: tuple[str | int, ...]) -> Any:
        if isinstance(value, str):
            return _VARIABLE.sub(lambda found: of_environment(found[1], place), value)
        if isinstance(value, Mapping):
            return {key: put_in(each, (*place, key)) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [put_in(each, (*place, number)) for number, each in enumerate(value)]
        return value

    def of_environment(name: str, place: tuple[str | int, ...]) -> str:
        line = line_of(values, place)
        told = f"{where}: line {line}" if line else where
        if not LINE_ID.fullmatch(name):
            raise UsageError(f"{told}: ${{{name}}} names no variable", "Write ${NAME}; nothing else is put in")
        if name not in os.environ:
            raise UsageError(f"{told}: the variable {name} is not set", f"export {name}=..., or write the value itself")
        return os.environ[name]

    return _located(put_in(dict(values), ()), values)


def _located(values: dict[str, Any], like: Located) -> Located:
    found = Located(values)
    found.lines = getattr(like, "lines", {})
    return found


def _changed(values: Located, changes: Iterable[str]) -> Located:
    out = _located(dict(values), values)
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"{change!r} sets nothing", "Write --set takes=3")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError:
            value = text
        at: dict[str, Any] = out
        *path, last = key.strip().replace("-", "_").split(".")
        for part in path:
            inner = at.get(part)
            at[part] = dict(inner) if isinstance(inner, Mapping) else {}
            at = at[part]
        at[last] = value
    return out


def _with_voice(job: CloneJob, line: JobLine, where: str) -> JobLine:
    voice = line.voice or job.voice or (next(iter(job.voices)) if len(job.voices) == 1 else None)
    if voice is None:
        raise UsageError(
            f"{where}: it names no voice, and the job has {len(job.voices)}",
            "Give the line a voice, or the job one: `voice: NAME`, or `voice: all`",
        )
    if voice != "all" and voice not in job.voices:
        raise UsageError(f"{where}: no voice {voice!r} in the job", f"Its voices: {', '.join(job.voices)}")
    return line.model_copy(update={"voice": voice})


def _with_ids(lines: Sequence[JobLine], where: Callable[..., str]) -> list[JobLine]:
    digits = max(3, len(str(len(lines))))
    named = [line.model_copy(update={"id": line.id or f"{n:0{digits}}"}) for n, line in enumerate(lines, 1)]
    seen: set[str | None] = set()
    for number, line in enumerate(named):
        if line.id in seen:
            raise UsageError(
                f"{where('lines', number)}: the id {line.id!r} stands twice", "Give each line an id of its own"
            )
        seen.add(line.id)
    return named
