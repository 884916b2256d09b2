"""Runs as pages see them: whatever is in a folder, and in words what is missing. Only reads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voicekit.errors import SourceError
from voicekit.jsonio import parse_json
from voicekit.sources.download import fetched_before
from voicekit.storage.files import file_sha256
from voicekit.storage.runs import MANIFEST, RUN_SCHEMA, latest_run
from voicekit.takes import records as taken
from voicekit.takes.records import Takes
from voicekit.types import Transcript

TRANSCRIPT = "transcript.json"


@dataclass(frozen=True)
class LoadedRun:
    """What was found.

    Attributes:
        file: The transcript.json or takes.json, by whatever name.
        content: What it holds.
        manifest: run.json, or {}; of any shape, so ask it by `get`.
        notes: What is missing or unusual, in words, for the page to say.
    """

    file: Path
    content: Transcript | Takes
    manifest: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Where relative names are from."""
        return self.file.parent

    @property
    def name(self) -> str:
        """As people tell runs apart: job/run-id, or the file's name."""
        if not self.manifest:
            return self.file.stem if self.file.name not in (TRANSCRIPT, taken.FILE) else self.folder.name
        real = self.folder.resolve()
        return f"{real.parent.name}/{real.name}"

    @property
    def transcript(self) -> Transcript:
        """Raises SourceError for a run of takes."""
        if isinstance(self.content, Takes):
            raise SourceError(f"{self.file} holds takes", "Give the run of a transcript")
        return self.content

    @property
    def takes(self) -> Takes:
        """Raises SourceError for a run of a transcript."""
        if isinstance(self.content, Transcript):
            raise SourceError(f"{self.file} is a transcript", "Give the run of a clone job or a dialogue")
        return self.content

    def get(self, *keys: str | int) -> Any:
        """What stands in run.json below these keys; None where nothing does."""
        value: Any = self.manifest
        for key in keys:
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def load_run(path: str | Path) -> LoadedRun:
    """A run's folder, a recording's or a job's folder (its latest run), or a transcript.json or takes.json file.

    Raises:
        SourceError: there is neither a transcript nor a list of takes, or it cannot be read.
    """
    path = Path(path)
    file = _file(path)
    try:
        text = file.read_bytes()
    except OSError as error:
        raise SourceError(f"cannot read {file}: {error.strerror}", "Check the name and its rights") from error
    content = _parse(file, text)
    manifest, notes = _manifest(file, isinstance(content, Takes))
    return LoadedRun(file, content, manifest, tuple(notes))


def _file(path: Path) -> Path:
    if path.is_file():
        return path
    if not path.is_dir():
        raise SourceError(f"no such file or folder: {path}", "Give a run's folder, such as outputs/talk/latest")
    for folder in (path, latest_run(path)):
        for name in (taken.FILE, TRANSCRIPT) if folder else ():
            if folder and (folder / name).is_file():
                return folder / name
    if (path / MANIFEST).is_file():
        raise SourceError(
            f"{path} is a run without {TRANSCRIPT} or {taken.FILE}", "Run it again with json among the --format"
        )
    raise SourceError(f"{path} is no run: neither {TRANSCRIPT} nor {taken.FILE} is in it", "Give a run's folder")


def _parse(file: Path, text: bytes) -> Transcript | Takes:
    """By the schema that it says it has."""
    try:
        value = parse_json(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{file} is not JSON ({error})", f"Give a {TRANSCRIPT} or {taken.FILE}") from None
    schema = value.get("schema") if isinstance(value, dict) else None
    kind = Takes if schema == taken.SCHEMA or file.name == taken.FILE else Transcript
    try:
        return kind.from_json(text)
    except SourceError as error:
        raise SourceError(f"{file}: {error.message}", error.remedy) from None


def _manifest(file: Path, of_takes: bool) -> tuple[dict[str, Any], list[str]]:
    """run.json beside a file, if it is about it; and what is wrong with it."""
    in_run = file.name in (TRANSCRIPT, taken.FILE)
    try:
        value = parse_json((file.parent / MANIFEST).read_text(encoding="utf-8"))
    except OSError:
        missing = "run.json is missing: the run was not finished, or only some of its files are here"
        return {}, [missing] if in_run else []
    except (ValueError, RecursionError):
        return {}, ["run.json cannot be read: how this was made is not known"] if in_run else []
    if not isinstance(value, dict) or not in_run:
        return {}, []
    schema = value.get("schema")
    if schema != RUN_SCHEMA:
        return value, [f"run.json has the schema {schema!r}, not {RUN_SCHEMA}: shown is what could be understood"]
    wanted = ("clone", "dialogue") if of_takes else ("transcript",)
    if value.get("kind") not in wanted:
        return value, [f"run.json is of a run of kind {value.get('kind')!r}"]
    return value, []


def recording_of(run: LoadedRun) -> tuple[Path | None, str]:
    """The recording that a transcript was made of; or None, and in words why not."""
    if not run.manifest:
        beside = run.folder / Path(run.transcript.source).name
        if beside.is_file() and beside != run.file:
            return beside, ""
        return None, f"the recording ({run.transcript.source}) is not beside {run.file.name}"
    missing = ""
    for path in _candidates(run):
        if not path.is_file():
            missing = missing or f"the recording is not at {path} any more"
            continue
        with contextlib.suppress(OSError):
            if file_sha256(path) == run.get("inputs", 0, "sha256"):
                return path, ""
        missing = f"{path} is not the recording of this run: it has changed"
    return None, missing or "the recording is not known, or not in the cache any more"


def _candidates(run: LoadedRun) -> Iterator[Path]:
    kind, identity = run.get("source", "kind"), run.get("inputs", 0, "identity")
    if kind == "file":
        for place in dict.fromkeys([identity, run.get("source", "path")]):
            if isinstance(place, str) and place:
                yield Path(place)
    elif kind == "url" and isinstance(identity, str):
        found = fetched_before(str(run.get("source", "extractor")), identity)
        if found:
            yield found.path


def weights(run: LoadedRun) -> list[tuple[str, str]]:
    """Name and revision of every model that run.json names, wherever it does."""
    found: dict[tuple[str, str], None] = {}

    def walk(value: Any) -> None:
        if isinstance(value, dict) and "name" in value and "revision" in value:
            found[str(value["name"]), str(value["revision"])] = None
        elif isinstance(value, dict | list):
            for part in value.values() if isinstance(value, dict) else value:
                walk(part)

    walk(run.get("models"))
    return list(found)
