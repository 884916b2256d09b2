"""Load a clone job: a YAML file or mapping becomes a validated `CloneJob` with all its lines."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from voicekit.cloning.lines import MAX_LINES, VARIABLE_NAME, read_lines
from voicekit.config.clone import CloneJob, JobLine, JobVoice, Sweep
from voicekit.config.presets import preset
from voicekit.config.schema import build
from voicekit.config.yaml_file import LocatedDict, line_of, load_yaml
from voicekit.errors import UsageError
from voicekit.storage.paths import is_inside
from voicekit.text.speakable import MAX_TEXT

JobSource = str | Path | Mapping[str, Any]
"""A YAML file, a name in configs/clone, or the content of such a file."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True)
class Job:
    """A validated job.

    Attributes:
        file: The file it was loaded from; None for a mapping.
        spec: The job, with its name, its lines (each with an id and a voice), and paths relative to the current folder.
        locate: Gives file and line of a value, from its keys, for error messages.
    """

    file: Path | None
    spec: CloneJob
    locate: Callable[..., str]


@dataclass(frozen=True)
class JobAccess:
    """What a job may read beside its own folder. A job can come from anybody, and cannot grant itself anything.

    Attributes:
        variables: Values of `${NAME}` in the job.
        environment: Names of environment variables that it may read as `${NAME}`.
        paths: Files and folders from which it may read lines.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    environment: Collection[str] = ()
    paths: Collection[str | Path] = ()


def load_job(source: JobSource, overrides: Sequence[str] = (), access: JobAccess = JobAccess()) -> Job:
    """Load and validate a job and the file of its lines. Loads no model.

    Args:
        source: A YAML file, a name in configs/clone, or the content of such a file.
        overrides: `key=value` pairs that override the job, such as takes=3 or pick.gates.max_wer=0.05.
        access: Values of `${NAME}` in its texts, and what it may read.

    Raises:
        UsageError: The job is invalid; the message names the line.
        SourceError: The file of lines cannot be read.
    """
    if isinstance(source, Mapping):
        path, values, file, folder, name = None, LocatedDict(source), "the job", Path(), "job"
    else:
        path = preset("clone", str(source))
        values, file, folder, name = load_yaml(path), str(path), path.parent, path.stem
    values = _expand_variables(_apply_overrides(values, overrides), file, access)
    spec = build(CloneJob, values, file)

    def locate(*place: str | int) -> str:
        if spec.lines_from and place[0] == "lines":
            return f"{folder / spec.lines_from}: no. {int(place[1]) + 1}"
        line = line_of(values, place)
        return f"{file}: line {line}" if line else f"{file}: {'.'.join(map(str, place))}"

    resolved = {
        "name": spec.name or name,
        "lines": tuple(_load_lines(spec, file, folder, locate, access)),
        "lines_from": None,
        "voices": {key: _resolve_voice_paths(folder, voice) for key, voice in spec.voices.items()},
        "sweep": _resolve_sweep_paths(folder, spec.sweep),
    }
    return Job(path, spec.model_copy(update=resolved), locate)


def _load_lines(
    spec: CloneJob, file: str, folder: Path, locate: Callable[..., str], access: JobAccess
) -> list[JobLine]:
    """The lines of the job or of its file of lines, each with a voice and an id."""
    if spec.lines and spec.lines_from:
        raise UsageError(f"{file}: it has both lines and lines_from", "Give one of them")
    if spec.lines_from:
        _check_readable_path(folder / spec.lines_from, folder, file, access)
        lines = read_lines(folder / spec.lines_from, set(spec.voices))
    else:
        lines = list(spec.lines)
    if not lines:
        raise UsageError(f"{file}: no lines to speak", "Give lines, or lines_from: FILE")
    if len(lines) > MAX_LINES:
        raise UsageError(f"{file}: {len(lines)} lines", f"Give at most {MAX_LINES} at once")
    lines = _assign_ids([_assign_voice(spec, line, locate("lines", n)) for n, line in enumerate(lines)], locate)
    for number, line in enumerate(lines):
        if not any(char.isalnum() for char in line.text):
            raise UsageError(f"{locate('lines', number)}: nothing to speak in {line.text[:30]!r}", "Give words")
        if len(line.text) > MAX_TEXT:
            raise UsageError(f"{locate('lines', number)}: {len(line.text)} characters", f"Give at most {MAX_TEXT}")
    return lines


def _check_readable_path(path: Path, folder: Path, file: str, access: JobAccess) -> None:
    """Raise UsageError for a file of lines, with links resolved, outside the job's folder and the allowed paths."""
    allowed = [folder, *map(Path, access.paths)]
    if not any(is_inside(path, each) for each in allowed):
        raise UsageError(
            f"{file}: lines_from: {path} lies outside the job's folder",
            f"Give --allow-path {path} if you trust the job",
        )


def _resolve_voice_paths(folder: Path, voice: JobVoice) -> JobVoice:
    clip = _resolve_path(folder, voice.clip) if voice.clip else None
    return voice.model_copy(update={"clip": clip, "sweep": voice.sweep and _resolve_sweep_paths(folder, voice.sweep)})


def _resolve_sweep_paths(folder: Path, sweep: Sweep) -> Sweep:
    grid = {
        key: tuple(_resolve_path(folder, str(v)) for v in values) if key == "reference" else values
        for key, values in sweep.grid.items()
    }
    points = tuple(
        {key: _resolve_path(folder, str(v)) if key == "reference" else v for key, v in point.items()}
        for point in sweep.points
    )
    return Sweep(grid=grid, points=points)


def _resolve_path(folder: Path, name: str) -> str:
    return os.path.normpath(folder / Path(name).expanduser())


def _expand_variables(values: LocatedDict, file: str, access: JobAccess) -> LocatedDict:
    def expand(value: Any, place: tuple[str | int, ...]) -> Any:
        if isinstance(value, str):
            return _VARIABLE.sub(lambda match: look_up(match[1], place), value)
        if isinstance(value, Mapping):
            return {key: expand(each, (*place, key)) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [expand(each, (*place, number)) for number, each in enumerate(value)]
        return value

    def look_up(name: str, place: tuple[str | int, ...]) -> str:
        line = line_of(values, place)
        where = f"{file}: line {line}" if line else file
        if not VARIABLE_NAME.fullmatch(name):
            raise UsageError(f"{where}: ${{{name}}} is not a variable name", "Write ${NAME}")
        if name in access.variables:
            return access.variables[name]
        if name in access.environment and name in os.environ:
            return os.environ[name]
        remedy = f"Give --var {name}=..., or --allow-env {name} to take it from the environment"
        raise UsageError(f"{where}: the variable {name} is not set", remedy)

    return _with_lines_of(expand(dict(values), ()), values)


def _with_lines_of(values: dict[str, Any], original: LocatedDict) -> LocatedDict:
    located = LocatedDict(values)
    located.lines = getattr(original, "lines", {})
    return located


def _apply_overrides(values: LocatedDict, overrides: Iterable[str]) -> LocatedDict:
    out = _with_lines_of(dict(values), values)
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"{override!r} sets nothing", "Write --set takes=3")
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError:
            value = text
        parent: dict[str, Any] = out
        *path, last = key.strip().replace("-", "_").split(".")
        for part in path:
            child = parent.get(part)
            parent[part] = dict(child) if isinstance(child, Mapping) else {}
            parent = parent[part]
        parent[last] = value
    return out


def _assign_voice(spec: CloneJob, line: JobLine, where: str) -> JobLine:
    voice = line.voice or spec.voice or (next(iter(spec.voices)) if len(spec.voices) == 1 else None)
    if voice is None:
        raise UsageError(
            f"{where}: it names no voice, and the job has {len(spec.voices)}",
            "Give the line a voice, or the job one: `voice: NAME`, or `voice: all`",
        )
    if voice != "all" and voice not in spec.voices:
        raise UsageError(f"{where}: no voice {voice!r} in the job", f"Its voices: {', '.join(spec.voices)}")
    return line.model_copy(update={"voice": voice})


def _assign_ids(lines: Sequence[JobLine], locate: Callable[..., str]) -> list[JobLine]:
    digits = max(3, len(str(len(lines))))
    with_ids = [line.model_copy(update={"id": line.id or f"{n:0{digits}}"}) for n, line in enumerate(lines, 1)]
    seen: set[str | None] = set()
    for number, line in enumerate(with_ids):
        if line.id in seen:
            raise UsageError(f"{locate('lines', number)}: duplicate id {line.id!r}", "Give each line its own id")
        seen.add(line.id)
    return with_ids
