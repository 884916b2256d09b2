"""Find the files that belong to one recording.

In two folders, files with the same stem do (a.txt, a.stm, a.rttm), and the latest run in a folder of that name.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from voicekit.errors import SourceError, UsageError
from voicekit.formats.readers import READERS, Annotation
from voicekit.redact import list_names
from voicekit.storage.paths import safe_name
from voicekit.storage.runs import latest_run
from voicekit.types import Transcript

Source = str | Path | Transcript | Annotation

RecordingFiles = tuple[str, list[Source], list[Source]]
"""A recording's name, the files of its hypothesis and those of its reference."""


def pair_files(hypothesis: Source, references: list[Source]) -> tuple[list[RecordingFiles], list[str]]:
    """Pair hypotheses with references.

    Returns:
        The recordings to score, and notes about files without a partner.

    Raises:
        UsageError: A folder is scored against a file.
        SourceError: A folder cannot be read, or nothing in two folders matches.
    """
    folder, reference_folder = _as_folder(hypothesis), _as_folder(references[0])
    if folder and reference_folder and len(references) == 1:
        return _match_folders(folder, reference_folder)
    if folder:
        hypothesis = _transcript_in(folder)
    for source in (hypothesis, *references):
        if _as_folder(source):
            raise UsageError(f"{source} is a folder", "Score a file against files, or a folder against a folder")
    return [(_stem(references[0]), [hypothesis], references)], []


def _as_folder(source: Source) -> Path | None:
    return Path(source) if isinstance(source, str | Path) and Path(source).is_dir() else None


def _stem(source: Source) -> str:
    return Path(source if isinstance(source, str | Path) else source.source).stem


def _transcript_in(folder: Path) -> Path:
    """The transcript of a run, or of the latest run in a recording's folder; else the folder itself."""
    transcript = (latest_run(folder) or folder) / "transcript.json"
    return transcript if transcript.is_file() else folder


def _match_folders(folder: Path, reference_folder: Path) -> tuple[list[RecordingFiles], list[str]]:
    hypotheses = _files_by_stem(folder) | _runs_by_name(folder)
    references = _files_by_stem(reference_folder)
    partners = {name: name if name in hypotheses else safe_name(name) for name in references}
    matched = [
        (name, hypotheses[partner], references[name]) for name, partner in partners.items() if partner in hypotheses
    ]
    without_hypothesis = sorted(name for name, partner in partners.items() if partner not in hypotheses)
    without_reference = sorted(set(hypotheses) - set(partners.values()))
    if not matched:
        raise SourceError(
            f"nothing in {folder} matches {reference_folder}: hypotheses {_listed(without_reference)}; "
            f"references {_listed(without_hypothesis)}",
            "Give the files of a recording one stem (talk.json, talk.stm, talk.rttm), or score file against file",
        )
    notes = [f"no hypothesis for {_listed(without_hypothesis)}"] if without_hypothesis else []
    return matched, notes + ([f"no reference for {_listed(without_reference)}"] if without_reference else [])


def _listed(names: list[str]) -> str:
    return list_names(names, 8)


def _files_by_stem(folder: Path) -> dict[str, list[Source]]:
    by_stem: dict[str, list[Source]] = defaultdict(list)
    for path in _list_folder(folder):
        if path.is_file() and path.suffix.lower() in READERS and not path.name.startswith("."):
            by_stem[path.stem].append(path)
    return dict(by_stem)


def _runs_by_name(folder: Path) -> dict[str, list[Source]]:
    transcripts = {home.name: _transcript_in(home) for home in _list_folder(folder) if latest_run(home)}
    return {name: [path] for name, path in transcripts.items() if path.is_file()}


def _list_folder(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise SourceError(f"cannot read {folder}: {error.strerror}", "Check its permissions") from error
