"""Apply: corrections that a page saved, into a transcript and its files. What `voicekit transcript apply` calls."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from voicekit.config.formats import FORMATS, USUAL_FORMATS, Format
from voicekit.config.subtitles import SubtitleStyle, subtitle_style
from voicekit.errors import SourceError, UsageError
from voicekit.formats.writers import ENDINGS, FILE_NAMES, format_of, write
from voicekit.provenance import git_commit, made_with
from voicekit.report.corrections import Edits, edited, mark
from voicekit.report.load import TRANSCRIPT, LoadedRun, load_run
from voicekit.storage.files import digest, hash_file, now
from voicekit.storage.runs import MANIFEST, RunFolder, find_run, point_latest
from voicekit.types import Transcript

BIGGEST = 64 << 20
"""Bytes of a file of edits."""

_KEPT = (
    "source", "inputs", "config", "clean", "subtitles", "chosen", "models", "seeds", "stages", "timings", "warnings",
    "dropped", "device",
)  # fmt: skip
"""What run.json says of the run that was corrected holds for the new one, too."""


@dataclass(frozen=True)
class Applied:
    """What became of edits: the new run's folder, or the new file; what was done, in words; notes."""

    place: Path
    transcript: Transcript
    told: str
    notes: tuple[str, ...] = ()


def apply_edits(transcript: str | Path, edits: str | Path, out: str | Path | None = None) -> Applied:
    """Correct a transcript.

    Args:
        transcript: A run's folder, a recording's folder, or a transcript.json file.
        edits: What the page saved.
        out: Of a file: the new one. A run's new files are a run of their own.

    Raises:
        SourceError: one cannot be read, or the edits are of another transcript.
        UsageError: `out` for a run, or over the file itself.
        OutputError: the files cannot be written.
    """
    run = load_run(transcript)
    changes = read_edits(Path(edits))
    before = run.transcript
    after = edited(before, changes)
    told = ", ".join(
        f"{count} {name}{'' if count == 1 else 's'}"
        for count, name in (
            (len(changes.words), "word"), (len(changes.segments), "segment"), (len(changes.names), "name"),
        )
        if count
    )  # fmt: skip
    if run.file.name == TRANSCRIPT and (run.manifest or (run.folder / MANIFEST).exists()):
        if out is not None:
            raise UsageError(
                "-o names a file, and of a run comes a new run", "Leave it out, or give transcript.json as a copy"
            )
        return _new_run(run, before, after, Path(edits), told)
    return _new_files(run, after, Path(out) if out else None, told)


def read_edits(path: Path) -> Edits:
    """Raises SourceError where the file cannot be read or holds no edits."""
    try:
        if path.stat().st_size > BIGGEST:
            raise SourceError(f"{path} is over {BIGGEST >> 20} MiB", "Save the edits from the page again")
        changes = Edits.from_json(path.read_bytes())
    except SourceError as error:
        raise SourceError(f"{path}: {error.message}", error.remedy) from None
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise SourceError(f"cannot read {path}: {reason}", "Save the edits from the page") from error
    if not len(changes):
        raise SourceError(f"{path} holds no edits", "Correct something on the page first")
    return changes


def _new_run(run: LoadedRun, before: Transcript, after: Transcript, edits: Path, told: str) -> Applied:
    home = run.folder.resolve().parent
    sha256 = hash_file(edits)
    style = _style(run)
    formats = _formats(run)
    plan = digest({"edited": mark(before), "edits": sha256, "formats": formats, "style": style.model_dump(mode="json")})
    if (folder := find_run(home, plan)) is not None:
        point_latest(folder)
        return Applied(folder, after, f"{told}; they were applied before")
    with RunFolder(home, plan) as new:
        for name in formats:
            write(after, new.folder / FILE_NAMES[name], name, style)
        folder = new.commit(
            {
                "kind": "transcript",
                "plan": plan,
                "created": now(),
                **{name: value for name in _KEPT if (value := run.get(name)) is not None},
                "edited": {"from": run.get("id"), "transcript": mark(before), "file": edits.name, "sha256": sha256},
                "voicekit": {"version": importlib.metadata.version("voicekit"), "commit": git_commit()},
                **made_with(),
            }
        )
    others = sorted(path.name for path in run.folder.glob("transcript.*.json"))
    notes = [f"translations are of the transcript as it was, and stay there: {', '.join(others)}"] if others else []
    return Applied(folder, after, told, tuple(notes))


def _style(run: LoadedRun) -> SubtitleStyle:
    """As the run was written; standard where run.json does not tell."""
    try:
        return SubtitleStyle.model_validate(run.get("subtitles"))
    except ValidationError:
        return subtitle_style()


def _formats(run: LoadedRun) -> tuple[Format, ...]:
    """Those of the run, JSON among them."""
    told: Any = run.get("config", "format")
    some = tuple(name for name in FORMATS if isinstance(told, list) and name in told) or USUAL_FORMATS
    return some if "json" in some else ("json", *some)


def _new_files(run: LoadedRun, after: Transcript, out: Path | None, told: str) -> Applied:
    place = out or run.file.with_name(f"{run.file.stem}.edited.json")
    if format_of(place) != "json":
        raise UsageError(f"{place} is not the name of a transcript", "End it with .json")
    if place.exists() and place.samefile(run.file):
        raise UsageError(f"{place} would be written over itself", "Give another name with -o")
    stem = run.file.name.removesuffix(".json")
    for name, ending in ENDINGS.items():
        if name != "json" and (run.folder / f"{stem}{ending}").exists():
            write(after, place.with_name(place.name.removesuffix(".json") + ending), name)
    write(after, place, "json")
    return Applied(place, after, told)
