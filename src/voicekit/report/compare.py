"""Compare runs: what differs in their figures, how sure that is, and what differs in how they were made.

Two runs of takes are compared line by line, by the takes that were picked; two runs of transcripts against the same
references, utterance by utterance. The first run is the one that all others are held against. Statistics are
`judge.compare`'s.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import TypeAdapter

from voicekit.config import CompareOptions, build
from voicekit.data import Transcript
from voicekit.documents import json_schema, strict_json
from voicekit.errors import SourceError, UsageError
from voicekit.judge.bootstrap import LEVEL
from voicekit.judge.compare import FEWEST, Difference, Preference, difference, pseudo_values
from voicekit.judge.evaluate import LABELS, Evaluation, evaluate
from voicekit.judge.score import Sample, counts_together
from voicekit.pipeline.read import READERS
from voicekit.report import page
from voicekit.report.blind import VOTES, Both, blind, blind_sounds, count, paired_lines
from voicekit.report.measures import MEASURES
from voicekit.report.media import Shelf
from voicekit.report.runs import Found, look, weights
from voicekit.speech.takes import TakeRecord

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
    runs = [look(place) for place in places]
    if any(isinstance(run.content, Transcript) for run in runs):
        if all(isinstance(run.content, Transcript) for run in runs):
            raise UsageError(
                "transcripts are compared by what is right", "Give --reference: its files, or their folder"
            )
        raise UsageError("a transcript and takes are not compared", "Give runs of one kind")
    return _of_takes(runs, chosen.seed, votes)


# --- takes ------------------------------------------------------------------------------------------------------------


def _of_takes(runs: list[Found], seed: int, votes: Sequence[str | Path]) -> Comparison:
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


def _measured(name: str, both: Sequence[Both]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """float64 [lines] of either run, of the lines that have the measure in both."""
    of = MEASURES[name].of
    values = [(of(one.a), of(one.b)) for one in both]
    there = np.array([pair for pair in values if None not in pair], dtype=np.float64).reshape(-1, 2)
    return there[:, 0], there[:, 1]


def _settings_of(both: Sequence[Both]) -> tuple[dict[str, str], dict[str, str]]:
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


def _evaluated(place: Path, references: list[Path], options: dict[str, Any]) -> tuple[Evaluation, Found | None]:
    """The scores of a run, a file or a folder of runs; and the run, where it is one."""
    run = None
    if place.is_dir() or place.suffix == ".json":
        try:
            run = look(place)
        except SourceError:
            if not place.is_dir():
                raise
    if run is None:
        return evaluate(str(place), [str(one) for one in references], **options), None
    if len(references) == 1 and references[0].is_dir():
        references = _references_of(run, references[0])
    return evaluate(str(run.file), [str(one) for one in references], **options), run


def _references_of(run: Found, folder: Path) -> list[Path]:
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


# --- in words ---------------------------------------------------------------------------------------------------------


def verdict(letter: str, found: Difference) -> str:
    """What can be said of a run against A in one measure."""
    label, unit, factor, digits, better = _writing(found.measure)
    units = f"{found.units} {found.drawn}"

    def number(value: float) -> str:
        return f"{value * factor:.{digits}f}".replace("-", "−")

    if found.outcome == "few":
        return f"{label}: no verdict, {units} and at least {FEWEST} are needed"
    if found.outcome == "equal":
        return f"{label}: the same on all {units}"
    if found.low is None or found.high is None:
        why = f"only {found.differ} of {units} differ" if found.differ < found.units else f"all {units} differ alike"
        return f"{label}: no verdict, {why}"
    sign = -1 if found.value < 0 else 1
    low, high = sorted((sign * found.low, sign * found.high))
    more = f"{number(abs(found.value))}{unit}"
    interval = f"{LEVEL * 100:.0f} % CI {number(low)} to {number(high)}; {units}"
    way = "lower" if found.value < 0 else "higher"
    if found.outcome == "none":
        return f"{label}: no difference shown ({letter} − A {number(found.low)} to {number(found.high)}{unit}; {units})"
    if found.outcome == "perhaps":
        return (
            f"{label}: no verdict, {way} by {more} ({interval}), but among {found.comparisons} comparisons "
            "chance gives one like it too often"
        )
    judged = "" if not better else ", better" if way == better else ", worse"
    return f"{label}: {letter} {way} by {more} ({interval}){judged}"


def _writing(measure: str) -> tuple[str, str, float, int, str]:
    """Label, unit, factor, digits, and which way is better."""
    if measure in MEASURES and measure not in LABELS:
        known = MEASURES[measure]
        return known.what, f" {known.unit}" if known.unit else "", known.factor, known.digits + 1, known.better
    if measure.startswith(("start", "end")):
        return LABELS[measure], " ms", 1000, 0, "lower"
    return LABELS[measure], " points", 100, 2, "lower"


def heard_verdict(found: Preference) -> str:
    """What blind votes say, in words."""
    same = f"; {found.same} heard no difference" if found.same else ""
    if found.share is None or found.low is None or found.high is None:
        return f"blind: no votes for either{same}"
    said = f"B preferred in {found.b} of {found.a + found.b} ({found.low:.0%} to {found.high:.0%}{same})"
    if found.outcome == "few":
        return f"blind: no verdict, {said}, and at least {FEWEST} votes are needed"
    if found.outcome == "none":
        return f"blind: no preference shown, {said}"
    return f"blind: {'B' if found.outcome == 'higher' else 'A'} is preferred, {said}"


def _changed(
    a: Found, b: Found, of_a: dict[str, str] | None = None, of_b: dict[str, str] | None = None
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


def _told(run: Found) -> dict[str, str]:
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


def _names(runs: Sequence[Found]) -> list[str]:
    return [run.name for run in runs]


# --- the page ---------------------------------------------------------------------------------------------------------


def compare_page(result: Comparison, places: Sequence[str | Path], out: Path, options: CompareOptions) -> str:
    """The page's HTML, with blind listening where takes are compared; its sounds made.

    Raises:
        OutputError: a sound cannot be written.
    """
    notes = [note for pair in result.pairs for note in pair.notes]
    data: dict[str, Any] = {"runs": result.runs, "seed": options.seed, "few": FEWEST, "rows": [], "schema": VOTES}
    if result.kind == "takes":
        a, b = (look(place) for place in places[:2])
        heard = blind(paired_lines(a, b)[0], options.seed)
        rows, lost = blind_sounds(heard, a, b, Shelf(out, options.embed), options.loudness)
        notes += [*heard.notes, *lost]
        data |= {"rows": rows, "pair": heard.mark}
    return page.render(
        "compare", " and ".join(result.runs.values()), data,
        result=result, notes=list(dict.fromkeys(notes)), rows=[list(_rows(pair)) for pair in result.pairs],
        heard=heard_verdict(result.preference) if result.preference else "", level=f"{LEVEL * 100:.0f} %", few=FEWEST,
        blind=bool(data["rows"]),
    )  # fmt: skip


def _rows(pair: Pair) -> Iterator[dict[str, Any]]:
    """For the table: figures as they are written, and where the interval lies on a common scale of -1 to 1."""
    for found, sentence in zip(pair.differences, pair.verdicts, strict=True):
        label, unit, factor, digits, better = _writing(found.measure)

        def signed(value: float | None, factor: float = factor, digits: int = digits) -> str | None:
            return None if value is None else f"{value * factor:+.{digits}f}".replace("-", "−")

        ends = [abs(end) for end in (found.low, found.high, found.value) if end is not None]
        reach = max([*ends, 1e-12])
        yield {
            "label": label, "unit": unit.strip(), "better": better, "sentence": sentence, "outcome": found.outcome,
            "a": f"{found.a * factor:.{digits}f}", "b": f"{found.b * factor:.{digits}f}",
            "value": signed(found.value), "low": signed(found.low), "high": signed(found.high),
            "units": found.units, "drawn": found.drawn,
            "at": [None if end is None else round(end / reach, 4) for end in (found.low, found.value, found.high)],
        }  # fmt: skip
