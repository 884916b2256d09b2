"""Match: which files belong to one recording.

In two folders those of one stem do (a.txt, a.stm, a.rttm), and the latest run in a folder of that name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from voicekit.errors import SourceError, UsageError
from voicekit.formats.readers import READERS, Annotation
from voicekit.storage.paths import safe_name
from voicekit.storage.runs import latest_run
from voicekit.types import Transcript

Source = str | Path | Transcript | Annotation

Pair = tuple[str, list[Source], list[Source]]
"""A recording's name, its hypothesis's files, its reference's files."""


def pairs(hypothesis: Source, references: list[Source]) -> tuple[list[Pair], list[str]]:
    """The recordings to score, and notes on those without a partner.

    Raises:
        UsageError: a folder scored against a file.
        SourceError: a folder cannot be read; nothing in two folders matches.
    """
    found, right = _folder(hypothesis), _folder(references[0])
    if found and right and len(references) == 1:
        return _match(found, right)
    if found:
        hypothesis = _run_in(found)
    for each in (hypothesis, *references):
        if _folder(each):
            raise UsageError(f"{each} is a folder", "Score a file against files, or a folder against a folder")
    return [(_name(references[0]), [hypothesis], references)], []


def _folder(source: Source) -> Path | None:
    return Path(source) if isinstance(source, str | Path) and Path(source).is_dir() else None


def _name(source: Source) -> str:
    return Path(source if isinstance(source, str | Path) else source.source).stem


def _run_in(folder: Path) -> Path:
    """The transcript in a run's folder, or of the latest run in a recording's folder; else the folder itself."""
    transcript = (latest_run(folder) or folder) / "transcript.json"
    return transcript if transcript.is_file() else folder


def _match(found: Path, right: Path) -> tuple[list[Pair], list[str]]:
    hypotheses, references = _by_stem(found) | _runs(found), _by_stem(right)
    partners = {name: name if name in hypotheses else safe_name(name) for name in references}
    matched = [(name, hypotheses[other], references[name]) for name, other in partners.items() if other in hypotheses]
    alone = sorted(name for name, other in partners.items() if other not in hypotheses)
    surplus = sorted(set(hypotheses) - set(partners.values()))
    if not matched:
        raise SourceError(
            f"nothing in {found} matches {right}: hypotheses {_some(surplus)}; references {_some(alone)}",
            "Give the files of a recording one stem (talk.json, talk.stm, talk.rttm), or score file against file",
        )
    notes = [f"no hypothesis for {_some(alone)}"] if alone else []
    return matched, notes + ([f"no reference for {_some(surplus)}"] if surplus else [])


def _by_stem(folder: Path) -> dict[str, list[Source]]:
    out: dict[str, list[Source]] = defaultdict(list)
    for path in _entries(folder):
        if path.is_file() and path.suffix.lower() in READERS and not path.name.startswith("."):
            out[path.stem].append(path)
    return dict(out)


def _runs(folder: Path) -> dict[str, list[Source]]:
    found = {home.name: _run_in(home) for home in _entries(folder) if latest_run(home)}
    return {name: [path] for name, path in found.items() if path.is_file()}


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise SourceError(f"cannot read {folder}: {error.strerror}", "Check its rights") from error


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(names[:8]) + more if names else "none"
