"""Compare runs: what differs in their figures, how sure that is, and what differs in how they were made.

Two runs of takes are compared line by line, by the takes that were picked; two runs of transcripts against the same
references, utterance by utterance. The first run is the one that all others are held against. Statistics are
`judge.compare`'s.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import TypeAdapter

from voicekit.config.report import CompareOptions
from voicekit.config.schema import build
from voicekit.errors import SourceError, UsageError
from voicekit.evaluation.evaluate import evaluate
from voicekit.evaluation.result import LABELS, Evaluation
from voicekit.evaluation.score import Sample, counts_together
from voicekit.evaluation.significance import FEWEST, Difference, Preference, difference, pseudo_values
from voicekit.formats.readers import READERS
from voicekit.jsonio import json_schema, strict_json
from voicekit.report.listening_test import PairedLine, count, paired_lines
from voicekit.report.load import LoadedRun, load_run, weights
from voicekit.report.metrics import MEASURES
from voicekit.report.verdicts import verdict
from voicekit.takes.records import TakeRecord
from voicekit.types import Transcript

SCHEMA: Literal["voicekit.compare/1"] = "voicekit.compare/1"

OF_TAKES = ("wer", "similarity", "mos", "artifacts", "score", "pace", "pitch_range")
OF_TRANSCRIPTS = ("wer", "cpwer", "der")
"""What is compared: few, since every further one costs the others some certainty."""

_UNTOLD = ("config.description", "config.name", "config.format")


@dataclass(frozen=True)
class Changed:
    """A setting that differs, in words."""

    what: str
    a: str
    b: str


@dataclass(frozen=True)
class Pair:
    """One run held against the first.

    Attributes:
        b: Its letter.
        differences: Measure by measure.
        verdicts: A sentence each.
        changed: Settings that differ.
        notes: What was left out.
    """

    b: str
    differences: tuple[Difference, ...]
    verdicts: tuple[str, ...]
    changed: tuple[Changed, ...]
    notes: tuple[str, ...]

    @property
    def summary(self) -> str:
        """All verdicts in one line."""
        return "; ".join(self.verdicts)


@dataclass(frozen=True)
class Comparison:
    """What `voicekit compare` finds.

    Attributes:
        kind: takes or transcript.
        runs: Names by letter, the first A.
        pairs: Each other run against A.
        preference: Of B against A by blind votes, where there are any.
    """

    schema: Literal["voicekit.compare/1"]
    kind: Literal["takes", "transcript"]
    runs: dict[str, str]
    pairs: tuple[Pair, ...]
    preference: Preference | None = None

    def to_json(self) -> str:
        """Strict JSON."""
        return strict_json(TypeAdapter(Comparison), self)

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """JSON Schema of what `to_json` gives."""
        return json_schema(TypeAdapter(Comparison), "serialization")


def compare(
    run_a: str | Path,
    run_b: str | Path,
    *more: str | Path,
    reference: str | Path | Sequence[str | Path] | None = None,
    metrics: Sequence[str] = OF_TRANSCRIPTS,
    language: str | None = None,
    votes: Sequence[str | Path] = (),
    **options: Any,
) -> Comparison:
    """How others differ from `run_a`, and whether that is more than chance.

    Args:
        run_a, run_b, *more: Runs of takes; or runs of transcripts, files that `evaluate` reads, or folders of runs.
        reference: For transcripts: the files of one recording, or a folder.
        metrics: For transcripts, as `evaluate` has them.
        language: For transcripts, as `evaluate` has it.
        votes: Files that the page of blind listening saved.
        **options: As CompareOptions has them: seed=1 ...

    Raises:
        UsageError: runs of different kinds; transcripts without references.
        SourceError: a run, a reference or votes cannot be read; nothing is in both.
    """
    chosen = build(CompareOptions, options, "options")
    places = [Path(run) for run in (run_a, run_b, *more)]
    references = [reference] if isinstance(reference, str | Path) else list(reference or ())
    if references:
        if votes:
            raise UsageError("votes are of takes, and transcripts are compared here", "Leave out --votes")
        return _of_transcripts(places, [Path(one) for one in references], metrics, language, chosen)
    runs = [load_run(place) for place in places]
    if any(isinstance(run.content, Transcript) for run in runs):
        if all(isinstance(run.content, Transcript) for run in runs):
            raise UsageError(
                "transcripts are compared by what is right", "Give --reference: its files, or their folder"
            )
        raise UsageError("a transcript and takes are not compared", "Give runs of one kind")
    return _of_takes(runs, chosen.seed, votes)


# --- takes ------------------------------------------------------------------------------------------------------------


def _of_takes(runs: list[LoadedRun], seed: int, votes: Sequence[str | Path]) -> Comparison:
    first, *others = runs
    paired = [paired_lines(first, other) for other in others]
    measured = [
        [(name, values) for name in OF_TAKES if (values := _measured(name, both))[0].size] for both, _ in paired
    ]
    total = sum(map(len, measured))
    pairs = []
    for letter, other, (both, notes), some in zip(_letters(runs)[1:], others, paired, measured, strict=True):
        found = tuple(difference(name, a, b, "lines", comparisons=total, seed=seed) for name, (a, b) in some)
        if not found:
            notes.append("no line was judged in both runs: judge them before they are compared")
        changed = _changed(first, other, *_settings_of(both))
        pairs.append(Pair(letter, found, tuple(map(functools.partial(verdict, letter), found)), changed, tuple(notes)))
    heard = count(votes, runs, paired[0][0]) if votes else None
    return Comparison(SCHEMA, "takes", dict(zip(_letters(runs), _names(runs), strict=True)), tuple(pairs), heard)


def _measured(name: str, both: Sequence[PairedLine]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """float64 [lines] of either run, of the lines that have the measure in both."""
    of = MEASURES[name].of
    values = [(of(one.a), of(one.b)) for one in both]
    there = np.array([pair for pair in values if None not in pair], dtype=np.float64).reshape(-1, 2)
    return there[:, 0], there[:, 1]


def _settings_of(both: Sequence[PairedLine]) -> tuple[dict[str, str], dict[str, str]]:
    """With what the takes of either run were made, where that is not the same for every line."""

    def of(takes: Sequence[TakeRecord]) -> dict[str, str]:
        found: dict[str, dict[str, None]] = {}
        for take in takes:
            values = {
                "engine": take.engine, "preset": take.preset, "reference": take.reference, "voice": take.voice,
                **take.params,
            }  # fmt: skip
            for name, value in values.items():
                found.setdefault(f"takes.{name}", {})[_said(value)] = None
        return {name: ", ".join(some) for name, some in found.items()}

    return of([one.a for one in both]), of([one.b for one in both])


# --- transcripts ------------------------------------------------------------------------------------------------------


def _of_transcripts(
    places: list[Path], references: list[Path], metrics: Sequence[str], language: str | None, options: CompareOptions
) -> Comparison:
    given = {"metrics": tuple(metrics), **({"language": language} if language else {})}
    found = [_evaluated(place, references, given) for place in places]
    runs = [run for _, run in found]
    first, *others = [result for result, _ in found]
    samples = [_shared(first, other) for other in others]
    total = sum(len(some) for some, _ in samples)
    pairs = []
    letters = _letters(places)
    for number, (some, notes) in enumerate(samples, 1):
        differences = tuple(
            difference(name, a, b, drawn, comparisons=total, seed=options.seed) for name, drawn, a, b in some
        )
        if not some:
            notes.append("nothing can be compared: no measure is of the same units in both")
        one, other = runs[0], runs[number]
        changed = _changed(one, other) if one and other else ()
        sentences = tuple(verdict(letters[number], each) for each in differences)
        pairs.append(Pair(letters[number], differences, sentences, changed, tuple(notes)))
    names = [run.name if run else str(place) for place, run in zip(places, runs, strict=True)]
    return Comparison(SCHEMA, "transcript", dict(zip(letters, names, strict=True)), tuple(pairs))


def _evaluated(place: Path, references: list[Path], options: dict[str, Any]) -> tuple[Evaluation, LoadedRun | None]:
    """The scores of a run, a file or a folder of runs; and the run, where it is one."""
    run = None
    if place.is_dir() or place.suffix == ".json":
        try:
            run = load_run(place)
        except SourceError:
            if not place.is_dir():
                raise
    if run is None:
        return evaluate(str(place), [str(one) for one in references], **options), None
    if len(references) == 1 and references[0].is_dir():
        references = _references_of(run, references[0])
    return evaluate(str(run.file), [str(one) for one in references], **options), run


def _references_of(run: LoadedRun, folder: Path) -> list[Path]:
    stems = {Path(run.transcript.source).stem, run.folder.resolve().parent.name, run.file.stem}
    found = [path for path in sorted(folder.iterdir()) if path.stem in stems and path.suffix.lower() in READERS]
    found = [path for path in found if path.resolve() != run.file.resolve()]
    if not found:
        raise SourceError(
            f"{folder} holds no reference of {run.transcript.source}", "Name it as the recording is named"
        )
    return found


def _shared(a: Evaluation, b: Evaluation) -> tuple[list[tuple[str, str, Any, Any]], list[str]]:
    """(measure, what units are, values of A, of B) for each measure that both have on the same units; and notes."""
    of_a, of_b = ({each.name: each for each in result.recordings} for result in (a, b))
    names = [name for name in of_a if name in of_b]
    if not names:
        raise SourceError("no recording is in both", "Compare runs of the same recordings")
    notes = [
        f"{len(some) - len(names)} recordings are in one run only" for some in (of_a, of_b) if len(some) > len(names)
    ]
    out = []
    for metric in dict.fromkeys(metric for name in names for metric in of_a[name].samples):
        both = [
            (of_a[name].samples[metric], of_b[name].samples[metric])
            for name in names
            if metric in of_a[name].samples and metric in of_b[name].samples
        ]
        usable = [pair for pair in both if _same_units(*pair)]
        if len(usable) < len(names):
            notes.append(f"{LABELS[metric]}: {len(names) - len(usable)} of {len(names)} recordings cannot be paired")
        if usable and usable[0][0].counts is not None:
            out.append((metric, *_values(usable)))
    return out, notes


def _same_units(a: Sample, b: Sample) -> bool:
    return a.units == b.units and a.units > 0


def _values(pairs: Sequence[tuple[Sample, Sample]]) -> tuple[str, Any, Any]:
    """Recordings are the units where there are enough; else those within them."""
    sides = [[pair[side] for pair in pairs] for side in (0, 1)]
    if len(pairs) >= FEWEST:
        counts = [np.array([[sample.sums] for sample in side]) for side in sides]
        drawn = "recordings"
    else:
        counts = [counts_together(side) for side in sides]
        drawn = pairs[0][0].drawn
    a, b = map(pseudo_values, counts)
    return drawn, a, b


def _changed(
    a: LoadedRun, b: LoadedRun, of_a: dict[str, str] | None = None, of_b: dict[str, str] | None = None
) -> tuple[Changed, ...]:
    """Settings of two runs that differ, and of their takes."""
    left, right = {**_told(a), **(of_a or {})}, {**_told(b), **(of_b or {})}
    out = []
    for name in dict.fromkeys([*left, *right]):
        one, other = left.get(name, "–"), right.get(name, "–")
        if one != other and name not in _UNTOLD:
            what = name.removeprefix("config.").replace("_", " ").replace(".", " ")
            out.append(Changed(what, one, other))
    return tuple(out)


def _told(run: LoadedRun) -> dict[str, str]:
    """What run.json says of how a run was made, by dotted name."""
    out: dict[str, str] = {}
    for part in ("config", "chosen"):
        out |= _flat(part, run.get(part))
    for number, (name, revision) in enumerate(sorted(weights(run)), 1):
        out[f"weights {number}"] = f"{name} ({revision})"
    for name in ("device.name", "voicekit.version", "voicekit.commit", "ffmpeg", "python"):
        if (value := run.get(*name.split("."))) is not None:
            out[name] = str(value)
    return out | _flat("packages", run.get("packages"))


def _flat(prefix: str, value: Any) -> dict[str, str]:
    if isinstance(value, dict):
        return {name: said for key, part in value.items() for name, said in _flat(f"{prefix}.{key}", part).items()}
    return {prefix: _said(value)} if value is not None else {}


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_said, value)) or "none"
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _letters(runs: Sequence[Any]) -> list[str]:
    if len(runs) > len(string.ascii_uppercase):
        raise UsageError(f"{len(runs)} runs", f"Compare at most {len(string.ascii_uppercase)}")
    return list(string.ascii_uppercase[: len(runs)])


def _names(runs: Sequence[LoadedRun]) -> list[str]:
    return [run.name for run in runs]
