"""Apply corrections that a page saved and write all files again: the function behind `voicekit transcript apply`."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from voicekit.config.formats import DEFAULT_FORMATS, FORMATS, Format
from voicekit.config.subtitles import SubtitleStyle, subtitle_style
from voicekit.errors import SourceError, UsageError
from voicekit.formats.writers import ENDINGS, FILE_NAMES, format_of, write_transcript
from voicekit.provenance import git_commit, software_versions
from voicekit.report.corrections import Edits, apply_corrections, transcript_digest
from voicekit.report.load import TRANSCRIPT, LoadedRun, load_run
from voicekit.storage.files import digest, hash_file, read_regular, utc_now
from voicekit.storage.paths import refuse_overwrite
from voicekit.storage.runs import MANIFEST, RunFolder, find_run, point_latest
from voicekit.types import Transcript

_COPIED_KEYS = (
    "source", "inputs", "config", "clean", "subtitles", "chosen", "models", "seeds", "stages", "timings", "warnings",
    "dropped", "unrecognized", "device",
)  # fmt: skip
"""Entries of run.json that also hold for the corrected run."""


@dataclass(frozen=True)
class Applied:
    """Result of applying corrections.

    Attributes:
        place: Folder of the new run, or the new file.
        transcript: The corrected transcript.
        told: Number of corrections, in words.
        notes: What was left unchanged.
    """

    place: Path
    transcript: Transcript
    told: str
    notes: tuple[str, ...] = ()


def apply_edits(transcript: str | Path, edits: str | Path, out: str | Path | None = None) -> Applied:
    """Correct a transcript and write its files.

    Args:
        transcript: A run's folder, a recording's folder, or a transcript.json.
        edits: The file that the page saved.
        out: For a file: the new file (default: NAME.edited.json). For a run a new run is made.

    Raises:
        SourceError: A file cannot be read, or the corrections belong to another transcript.
        UsageError: `out` is given for a run, or names the input file.
        OutputError: The files cannot be written.
    """
    run = load_run(transcript)
    changes = read_edits(Path(edits))
    corrected = apply_corrections(run.transcript, changes)
    counts = {"word": len(changes.words), "segment": len(changes.segments), "name": len(changes.names)}
    summary = ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items() if count)
    if run.file.name == TRANSCRIPT and (run.manifest or (run.folder / MANIFEST).exists()):
        if out is not None:
            raise UsageError(
                "-o names a file, but corrections of a run make a new run",
                "Leave it out, or give a copy of transcript.json",
            )
        return _write_run(run, corrected, Path(edits), summary)
    return _write_files(run, corrected, Path(out) if out else None, summary)


def read_edits(path: Path) -> Edits:
    """Read corrections. Raises SourceError if the file cannot be read, is invalid, or has no corrections."""
    try:
        edits = Edits.from_json(read_regular(path))
    except SourceError as error:
        raise SourceError(f"{path}: {error.message}", error.remedy) from None
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise SourceError(f"cannot read {path}: {reason}", "Save the edits from the page") from error
    if not len(edits):
        raise SourceError(f"{path} has no edits", "Correct something on the page first")
    return edits


def _write_run(run: LoadedRun, corrected: Transcript, edits: Path, summary: str) -> Applied:
    home = run.folder.resolve().parent
    sha256 = hash_file(edits)
    style = _subtitle_style(run)
    formats = _formats(run)
    original = transcript_digest(run.transcript)
    plan = digest({"edited": original, "edits": sha256, "formats": formats, "style": style.model_dump(mode="json")})
    if (folder := find_run(home, plan)) is not None:
        point_latest(folder)
        return Applied(folder, corrected, f"{summary}; they were applied before")
    with RunFolder(home, plan) as new:
        for name in formats:
            write_transcript(corrected, new.folder / FILE_NAMES[name], name, style)
        folder = new.commit(
            {
                "kind": "transcript",
                "plan": plan,
                "created": utc_now(),
                **{name: value for name in _COPIED_KEYS if (value := run.get(name)) is not None},
                "edited": {"from": run.get("id"), "transcript": original, "file": edits.name, "sha256": sha256},
                "voicekit": {"version": importlib.metadata.version("voicekit"), "commit": git_commit()},
                **software_versions(),
            }
        )
    translations = sorted(path.name for path in run.folder.glob("transcript.*.json"))
    notes: tuple[str, ...] = ()
    if translations:
        notes = (f"translations are not corrected and stay in the old run: {', '.join(translations)}",)
    return Applied(folder, corrected, summary, notes)


def _subtitle_style(run: LoadedRun) -> SubtitleStyle:
    """The style of the run; the standard one if run.json does not have it."""
    try:
        return SubtitleStyle.model_validate(run.get("subtitles"))
    except ValidationError:
        return subtitle_style()


def _formats(run: LoadedRun) -> tuple[Format, ...]:
    """The formats of the run, and JSON."""
    recorded: Any = run.get("config", "format")
    formats = tuple(name for name in FORMATS if isinstance(recorded, list) and name in recorded) or DEFAULT_FORMATS
    return formats if "json" in formats else ("json", *formats)


def _write_files(run: LoadedRun, corrected: Transcript, out: Path | None, summary: str) -> Applied:
    path = out or run.file.with_name(f"{run.file.stem}.edited.json")
    if format_of(path) != "json":
        raise UsageError(f"{path} is not the name of a transcript", "End it with .json")
    refuse_overwrite(path, run.file)
    stem = run.file.name.removesuffix(".json")
    for name, suffix in ENDINGS.items():
        if name != "json" and (run.folder / f"{stem}{suffix}").exists():
            write_transcript(corrected, path.with_name(path.name.removesuffix(".json") + suffix), name)
    write_transcript(corrected, path, "json")
    return Applied(path, corrected, summary)
