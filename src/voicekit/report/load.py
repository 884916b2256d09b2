"""Load a run for a report, tolerating what is missing: the page shows the rest and notes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voicekit.errors import SourceError
from voicekit.jsonio import parse_json
from voicekit.redact import limit_notes
from voicekit.sources.download import find_fetched
from voicekit.storage.files import file_sha256, read_regular
from voicekit.storage.paths import is_inside, refuse_links_outside
from voicekit.storage.run_changes import changed_files, finish_change
from voicekit.storage.runs import MANIFEST, RUN_SCHEMA, latest_run
from voicekit.takes.records import FILE as TAKES
from voicekit.takes.records import SCHEMA as TAKES_SCHEMA
from voicekit.takes.records import Takes, check_paths
from voicekit.types import Transcript

TRANSCRIPT = "transcript.json"


@dataclass(frozen=True)
class LoadedRun:
    """A transcript or takes with their manifest.

    Attributes:
        file: The transcript.json or takes.json, under whatever name.
        content: Its content.
        manifest: run.json as it is, or {}; its shape is not checked, so use `get`.
        notes: What is missing or unusual, for the reader of the page.
    """

    file: Path
    content: Transcript | Takes
    manifest: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """The folder that file names are relative to."""
        return self.file.parent

    @property
    def name(self) -> str:
        """JOB/RUN-ID, or the file's name."""
        if not self.manifest:
            return self.file.stem if self.file.name not in (TRANSCRIPT, TAKES) else self.folder.name
        real = self.folder.resolve()
        return f"{real.parent.name}/{real.name}"

    @property
    def transcript(self) -> Transcript:
        """Raises SourceError for a run of takes."""
        if isinstance(self.content, Takes):
            raise SourceError(f"{self.file} has takes, not a transcript", "Give the run of a transcript")
        return self.content

    @property
    def takes(self) -> Takes:
        """Raises SourceError for a run of a transcript."""
        if isinstance(self.content, Transcript):
            raise SourceError(f"{self.file} is a transcript", "Give the run of a clone job or a dialogue")
        return self.content

    def get(self, *keys: str | int) -> Any:
        """A value of run.json by its keys; None if it does not exist."""
        value: Any = self.manifest
        for key in keys:
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def load_run(path: str | Path) -> LoadedRun:
    """Load a run.

    Args:
        path: A run's folder, the folder of a recording or job (its latest run), or a transcript.json or takes.json.

    Raises:
        SourceError: There is neither a transcript nor takes, they cannot be read, or they lead out of the run.
    """
    path = Path(path)
    file = _find_file(path)
    finish_change(file.parent)
    try:
        data = read_regular(file)
    except OSError as error:
        raise SourceError(f"cannot read {file}: {error.strerror}", "Check the name and its permissions") from error
    content = _parse_content(file, data)
    if isinstance(content, Takes):
        check_paths(file.parent, content)
    elif (file.parent / MANIFEST).is_file():
        refuse_links_outside(file.parent)
    manifest, notes = _load_manifest(file, isinstance(content, Takes))
    changed = changed_files(file.parent, manifest.get("outputs"))
    notes += [f"{name} was changed or removed since it was written" for name in changed]
    return LoadedRun(file, content, manifest, tuple(limit_notes(notes)))


def _find_file(path: Path) -> Path:
    if path.is_file():
        return path
    if not path.is_dir():
        raise SourceError(f"no such file or folder: {path}", "Give a run's folder, such as outputs/talk/latest")
    for folder in (path, latest_run(path)):
        for name in (TAKES, TRANSCRIPT) if folder else ():
            if folder and (folder / name).is_file():
                return folder / name
    if (path / MANIFEST).is_file():
        raise SourceError(f"the run {path} has no {TRANSCRIPT} or {TAKES}", "Run it again with json in --format")
    raise SourceError(f"{path} is not a run: it has neither {TRANSCRIPT} nor {TAKES}", "Give a run's folder")


def _parse_content(file: Path, data: bytes) -> Transcript | Takes:
    try:
        value = parse_json(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{file} is not JSON ({error})", f"Give a {TRANSCRIPT} or {TAKES}") from None
    schema = value.get("schema") if isinstance(value, dict) else None
    kind = Takes if schema == TAKES_SCHEMA or file.name == TAKES else Transcript
    try:
        return kind.from_json(data)
    except SourceError as error:
        raise SourceError(f"{file}: {error.message}", error.remedy) from None


def _load_manifest(file: Path, has_takes: bool) -> tuple[dict[str, Any], list[str]]:
    """run.json beside a file of a run, and notes on what is wrong with it; {} for other files."""
    in_run = file.name in (TRANSCRIPT, TAKES)
    try:
        value = parse_json(read_regular(file.parent / MANIFEST).decode())
    except OSError:
        note = "run.json is missing: the run was not finished, or only some of its files were copied"
        return {}, [note] if in_run else []
    except (ValueError, RecursionError):
        return {}, ["run.json cannot be read: the settings of the run are unknown"] if in_run else []
    if not isinstance(value, dict) or not in_run:
        return {}, []
    schema = value.get("schema")
    if schema != RUN_SCHEMA:
        return value, [f"run.json has the schema {schema!r}, not {RUN_SCHEMA}: only known parts are shown"]
    wanted = ("clone", "dialogue") if has_takes else ("transcript",)
    if value.get("kind") not in wanted:
        return value, [f"run.json belongs to a run of kind {value.get('kind')!r}"]
    return value, []


def find_recording(run: LoadedRun) -> tuple[Path | None, str]:
    """The recording of a transcript; or None, and why it was not found."""
    if not run.manifest:
        path = run.folder / Path(run.transcript.source).name
        if path.is_file() and path != run.file and is_inside(path, run.folder):
            return path, ""
        return None, f"the recording ({run.transcript.source}) is not beside {run.file.name}"
    reason = ""
    for path in _recording_candidates(run):
        if not path.is_file():
            reason = reason or f"the recording is not at {path} any more"
            continue
        with contextlib.suppress(OSError):
            if file_sha256(path) == run.get("inputs", 0, "sha256"):
                return path, ""
        reason = f"{path} is not the recording of this run: it has changed"
    return None, reason or "the recording is unknown, or not in the cache any more"


def _recording_candidates(run: LoadedRun) -> Iterator[Path]:
    kind, identity = run.get("source", "kind"), run.get("inputs", 0, "identity")
    if kind == "file":
        for path in dict.fromkeys([identity, run.get("source", "path")]):
            if isinstance(path, str) and path:
                yield Path(path)
    elif kind == "url" and isinstance(identity, str):
        fetched = find_fetched(str(run.get("source", "extractor")), identity)
        if fetched:
            yield fetched.path


def model_weights(run: LoadedRun) -> list[tuple[str, str]]:
    """Name and revision of every model in run.json, at any depth."""
    models: dict[tuple[str, str], None] = {}

    def collect(value: Any) -> None:
        if isinstance(value, dict) and "name" in value and "revision" in value:
            models[str(value["name"]), str(value["revision"])] = None
        elif isinstance(value, dict | list):
            for part in value.values() if isinstance(value, dict) else value:
                collect(part)

    collect(run.get("models"))
    return list(models)
