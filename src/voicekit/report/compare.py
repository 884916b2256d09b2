"""Compare runs: differences of their measures with confidence intervals, and of their settings.

Runs of takes are compared line by line, by the picked takes; runs of transcripts utterance by utterance, against the
same references. Every run is compared with the first one, A. The statistics are in `evaluation.significance`.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Unpack

import numpy as np

from voicekit.config.keywords import CompareKeywords
from voicekit.config.report import CompareOptions
from voicekit.config.schema import build
from voicekit.errors import SourceError, UsageError
from voicekit.evaluation.evaluate import evaluate
from voicekit.evaluation.result import LABELS, Evaluation
from voicekit.evaluation.score import Sample, pool_counts
from voicekit.evaluation.significance import (
    MIN_UNITS,
    Difference,
    Preference,
    Values,
    compare_values,
    pseudo_values,
)
from voicekit.formats.readers import READERS
from voicekit.jsonio import json_schema, strict_json
from voicekit.report.listening_test import PairedLine, count_votes, paired_lines
from voicekit.report.load import LoadedRun, load_run, model_weights
from voicekit.report.metrics import TAKE_METRICS
from voicekit.report.verdicts import difference_verdict
from voicekit.takes.records import TakeRecord
from voicekit.types import Transcript

SCHEMA: Literal["voicekit.compare/1"] = "voicekit.compare/1"

TAKE_MEASURES = ("wer", "similarity", "mos", "artifacts", "score", "pace", "pitch_range")
TRANSCRIPT_METRICS = ("wer", "cpwer", "der")
"""What is compared: few, because every further comparison makes the verdicts of the others less certain."""

_IGNORED_SETTINGS = ("config.description", "config.name", "config.format")


@dataclass(frozen=True)
class Changed:
    """A setting that differs between two runs."""

    what: str
    a: str
    b: str


@dataclass(frozen=True)
class Pair:
    """A run compared with the first one.

    Attributes:
        b: Its letter.
        differences: By measure.
        verdicts: One sentence per difference.
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
    """Result of `voicekit compare`.

    Attributes:
        kind: takes or transcript.
        runs: Names by letter; the first is A.
        pairs: Each other run compared with A.
        preference: Of B over A in blind listening tests; None without votes.
    """

    schema: Literal["voicekit.compare/1"]
    kind: Literal["takes", "transcript"]
    runs: dict[str, str]
    pairs: tuple[Pair, ...]
    preference: Preference | None = None

    def to_json(self) -> str:
        return strict_json(self)

    @staticmethod
    def json_schema() -> dict[str, Any]:
        return json_schema(Comparison, "serialization")


def compare(
    run_a: str | Path,
    run_b: str | Path,
    *more: str | Path,
    reference: str | Path | Sequence[str | Path] | None = None,
    metrics: Sequence[str] = TRANSCRIPT_METRICS,
    language: str | None = None,
    votes: Sequence[str | Path] = (),
    **options: Unpack[CompareKeywords],
) -> Comparison:
    """Compare runs with `run_a`.

    Args:
        run_a, run_b, *more: Runs of takes; or runs of transcripts, files that `evaluate` reads, or folders of runs.
        reference: For transcripts: the files of one recording, or a folder.
        metrics: For transcripts, as in `evaluate`.
        language: For transcripts, as in `evaluate`.
        votes: Files saved by the blind listening test of the page.
        **options: Fields of CompareOptions: seed=1 ...

    Raises:
        UsageError: Runs of different kinds, or transcripts without references.
        SourceError: A run, a reference or votes cannot be read, or the runs have nothing in common.
    """
    compare_options = build(CompareOptions, options, "options")
    places = [Path(run) for run in (run_a, run_b, *more)]
    references = [reference] if isinstance(reference, str | Path) else list(reference or ())
    if references:
        if votes:
            raise UsageError("votes are for takes, and transcripts are compared here", "Leave out --votes")
        return _compare_transcripts(places, [Path(each) for each in references], metrics, language, compare_options)
    runs = [load_run(place) for place in places]
    if any(isinstance(run.content, Transcript) for run in runs):
        if all(isinstance(run.content, Transcript) for run in runs):
            raise UsageError("transcripts are compared against references", "Give --reference: files, or a folder")
        raise UsageError("a transcript and takes cannot be compared", "Give runs of one kind")
    return _compare_takes(runs, compare_options.seed, votes)


def _compare_takes(runs: list[LoadedRun], seed: int, votes: Sequence[str | Path]) -> Comparison:
    letters = _letters(runs)
    first, *others = runs
    paired = [paired_lines(first, other) for other in others]
    measured = [
        [(name, values) for name in TAKE_MEASURES if (values := _take_values(name, lines))[0].size]
        for lines, _ in paired
    ]
    comparisons = sum(map(len, measured))
    pairs = []
    for letter, other, (lines, notes), measures in zip(letters[1:], others, paired, measured, strict=True):
        differences = [
            compare_values(name, a, b, "lines", comparisons=comparisons, seed=seed) for name, (a, b) in measures
        ]
        if not differences:
            notes.append("no line was judged in both runs: judge both runs first")
        settings = [_take_settings([line.a for line in lines]), _take_settings([line.b for line in lines])]
        pairs.append(_pair(letter, differences, _changed_settings(first, other, *settings), notes))
    preference = count_votes(votes, runs, paired[0][0]) if votes else None
    names = {letter: run.name for letter, run in zip(letters, runs, strict=True)}
    return Comparison(SCHEMA, "takes", names, tuple(pairs), preference)


def _pair(letter: str, differences: Sequence[Difference], changed: tuple[Changed, ...], notes: Sequence[str]) -> Pair:
    verdicts = tuple(difference_verdict(letter, difference) for difference in differences)
    return Pair(letter, tuple(differences), verdicts, changed, tuple(notes))


def _take_values(name: str, lines: Sequence[PairedLine]) -> tuple[Values, Values]:
    """float64 [lines] of either run, for the lines that have the measure in both."""
    value_of = TAKE_METRICS[name].value_of
    values = [(value_of(line.a), value_of(line.b)) for line in lines]
    complete = np.array([pair for pair in values if None not in pair], dtype=np.float64).reshape(-1, 2)
    return complete[:, 0], complete[:, 1]


def _take_settings(takes: Sequence[TakeRecord]) -> dict[str, str]:
    """All values of each setting of the takes, by dotted name."""
    found: dict[str, dict[str, None]] = {}
    for take in takes:
        values = {
            "engine": take.engine, "preset": take.preset, "reference": take.reference, "voice": take.voice,
            **take.params,
        }  # fmt: skip
        for name, value in values.items():
            found.setdefault(f"takes.{name}", {})[_setting_text(value)] = None
    return {name: ", ".join(texts) for name, texts in found.items()}


def _compare_transcripts(
    places: list[Path], references: list[Path], metrics: Sequence[str], language: str | None, options: CompareOptions
) -> Comparison:
    letters = _letters(places)
    eval_options = {"metrics": tuple(metrics), **({"language": language} if language else {})}
    evaluated = [_evaluate_place(place, references, eval_options) for place in places]
    (first, first_run), *others = evaluated
    shared = [_shared_values(first, other) for other, _ in others]
    comparisons = sum(len(values) for values, _ in shared)
    pairs = []
    for letter, (_, run), (values, notes) in zip(letters[1:], others, shared, strict=True):
        differences = [
            compare_values(name, a, b, drawn, comparisons=comparisons, seed=options.seed)
            for name, drawn, a, b in values
        ]
        if not differences:
            notes.append("nothing can be compared: no measure has the same units in both runs")
        changed = _changed_settings(first_run, run) if first_run and run else ()
        pairs.append(_pair(letter, differences, changed, notes))
    names = {
        letter: run.name if run else str(place)
        for letter, place, (_, run) in zip(letters, places, evaluated, strict=True)
    }
    return Comparison(SCHEMA, "transcript", names, tuple(pairs))


def _evaluate_place(
    place: Path, references: list[Path], options: dict[str, Any]
) -> tuple[Evaluation, LoadedRun | None]:
    """Evaluate a run, a file or a folder of runs; returns the run, too, if it is one."""
    run = None
    if place.is_dir() or place.suffix == ".json":
        try:
            run = load_run(place)
        except SourceError:
            if not place.is_dir():
                raise
    if run is None:
        return evaluate(str(place), [str(each) for each in references], **options), None
    if len(references) == 1 and references[0].is_dir():
        references = _find_references(run, references[0])
    return evaluate(str(run.file), [str(each) for each in references], **options), run


def _find_references(run: LoadedRun, folder: Path) -> list[Path]:
    stems = {Path(run.transcript.source).stem, run.folder.resolve().parent.name, run.file.stem}
    paths = [path for path in sorted(folder.iterdir()) if path.stem in stems and path.suffix.lower() in READERS]
    paths = [path for path in paths if path.resolve() != run.file.resolve()]
    if not paths:
        raise SourceError(f"{folder} has no reference for {run.transcript.source}", "Name it like the recording")
    return paths


def _shared_values(a: Evaluation, b: Evaluation) -> tuple[list[tuple[str, str, Values, Values]], list[str]]:
    """The values of two evaluations on the same units.

    Returns:
        (measure, what the units are, values of A, values of B) for each measure that both have; and notes.
    """
    scored_a, scored_b = ({recording.name: recording for recording in each.recordings} for each in (a, b))
    names = [name for name in scored_a if name in scored_b]
    if not names:
        raise SourceError("the runs have no recording in common", "Compare runs of the same recordings")
    notes = [
        f"{len(scored) - len(names)} recordings are in one run only"
        for scored in (scored_a, scored_b)
        if len(scored) > len(names)
    ]
    shared = []
    for metric in dict.fromkeys(metric for name in names for metric in scored_a[name].samples):
        samples = [
            (scored_a[name].samples[metric], scored_b[name].samples[metric])
            for name in names
            if metric in scored_a[name].samples and metric in scored_b[name].samples
        ]
        usable = [(of_a, of_b) for of_a, of_b in samples if of_a.units == of_b.units and of_a.units > 0]
        if len(usable) < len(names):
            notes.append(f"{LABELS[metric]}: {len(names) - len(usable)} of {len(names)} recordings cannot be paired")
        if usable and usable[0][0].counts is not None:
            shared.append((metric, *_unit_values(usable)))
    return shared, notes


def _unit_values(samples: Sequence[tuple[Sample, Sample]]) -> tuple[str, Values, Values]:
    """What the units are, and the values of A and B: recordings if there are enough, else the units within them."""
    sides = [[pair[side] for pair in samples] for side in (0, 1)]
    if len(samples) >= MIN_UNITS:
        counts = [np.array([[sample.sums] for sample in side]) for side in sides]
        drawn = "recordings"
    else:
        counts = [pool_counts(side) for side in sides]
        drawn = samples[0][0].drawn
    a, b = map(pseudo_values, counts)
    return drawn, a, b


def _changed_settings(
    a: LoadedRun, b: LoadedRun, takes_a: dict[str, str] | None = None, takes_b: dict[str, str] | None = None
) -> tuple[Changed, ...]:
    """Settings that differ between two runs, and between their takes."""
    left, right = {**_run_settings(a), **(takes_a or {})}, {**_run_settings(b), **(takes_b or {})}
    changed = []
    for name in dict.fromkeys([*left, *right]):
        value_a, value_b = left.get(name, "–"), right.get(name, "–")
        if value_a != value_b and name not in _IGNORED_SETTINGS:
            what = name.removeprefix("config.").replace("_", " ").replace(".", " ")
            changed.append(Changed(what, value_a, value_b))
    return tuple(changed)


def _run_settings(run: LoadedRun) -> dict[str, str]:
    """Settings, weights, device and versions in run.json, by dotted name."""
    settings: dict[str, str] = {}
    for part in ("config", "chosen"):
        settings |= _flatten(part, run.get(part))
    for number, (name, revision) in enumerate(sorted(model_weights(run)), 1):
        settings[f"weights {number}"] = f"{name} ({revision})"
    for name in ("device.name", "voicekit.version", "voicekit.commit", "ffmpeg", "python"):
        if (value := run.get(*name.split("."))) is not None:
            settings[name] = str(value)
    return settings | _flatten("packages", run.get("packages"))


def _flatten(prefix: str, value: Any) -> dict[str, str]:
    if isinstance(value, dict):
        return {name: text for key, part in value.items() for name, text in _flatten(f"{prefix}.{key}", part).items()}
    return {prefix: _setting_text(value)} if value is not None else {}


def _setting_text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_setting_text, value)) or "none"
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _letters(runs: Sequence[Any]) -> list[str]:
    if len(runs) > len(string.ascii_uppercase):
        raise UsageError(f"{len(runs)} runs", f"Compare at most {len(string.ascii_uppercase)}")
    return list(string.ascii_uppercase[: len(runs)])
