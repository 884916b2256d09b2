"""Evaluate: files and folders to scores with intervals. What `voicekit eval` and `voicekit.evaluate` call.

Each score is computed where reference and hypothesis both hold what it needs, from the file that holds it best: words
from the one that also names speakers, turns from the one that has turns of its own. What is left out is said in a note.

Intervals (95 %, `bootstrap`): within a recording, utterances of the reference are drawn for the scores of words, and
stretches of 5 to 30 s for DER and JER. For the total recordings are drawn where there are five or more, else the units
of all of them together. Speakers stay assigned as they are over the whole recording. The total is errors of all
recordings over their total, for JER the mean over all speakers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicekit.config.evaluate import EvalOptions, Metric
from voicekit.config.schema import build
from voicekit.errors import SourceError, UsageError, VoicekitError
from voicekit.evaluation import bootstrap, der, wer
from voicekit.evaluation.bootstrap import Counts
from voicekit.evaluation.pairing import Source, pairs
from voicekit.evaluation.result import LABELS, TIMES, UNDEFINED, Evaluation, Scored
from voicekit.evaluation.score import Sample, Score, figure, together
from voicekit.formats.readers import Annotation, annotation_of, read_annotation
from voicekit.types import Transcript


def evaluate(hypothesis: Source, reference: Source | list[Source] | tuple[Source, ...], **options: Any) -> Evaluation:
    """Score what was found against what is right.

    Args:
        hypothesis: A file, a Transcript, a Reading, a run's folder, or a folder of files or of runs.
        reference: As many files (or Transcripts, Readings) as there are for one recording, or a folder. Folders are
            matched by stem: all files `a.*` are of the recording `a`, and so is the run OUT/a/latest/transcript.json.
        **options: As EvalOptions has them: language="de", metrics=("wer", "der"), collar=0.25 ...

    Raises:
        UsageError: an option, or a folder scored against a file.
        SourceError: a file cannot be read; nothing matches; nothing can be scored. Of many recordings those that
            cannot be read are in `failed`, unless it is all of them.
    """
    chosen = build(EvalOptions, options, "options")
    references = list(reference) if isinstance(reference, list | tuple) else [reference]
    if not references:
        raise UsageError("no reference", "Give at least one")
    found, notes = pairs(hypothesis, references)
    scored, failed = [], []
    for name, hypotheses, right in found:
        try:
            scored.append(_score(name, [_read(each) for each in hypotheses], [_read(each) for each in right], chosen))
        except VoicekitError as error:
            failed.append((name, error))
    if not scored:
        raise failed[0][1]
    if not any(each.scores for each in scored):
        raise SourceError("nothing can be scored", "; ".join(dict.fromkeys(n for each in scored for n in each.notes)))
    total = _total(scored, chosen.seed)
    notes = _languages(scored) + notes
    if len(scored) > 1:
        notes += [f"total: {note}" for note in _without_interval(total)]
    return Evaluation(tuple(scored), total, tuple(notes), tuple(failed), chosen)


def _read(source: Source) -> Annotation:
    if isinstance(source, Annotation):
        return source
    return annotation_of(source) if isinstance(source, Transcript) else read_annotation(source)


# --- one recording --------------------------------------------------------------------------------------------------


def _score(name: str, found: list[Annotation], right: list[Annotation], options: EvalOptions) -> Scored:
    ignored = [stretch for reading in right for stretch in reading.ignored]
    heard = _Side("hypothesis", [reading.without(ignored) for reading in found])
    said = _Side("reference", [reading.without(ignored) for reading in right])
    language, language_from = _language(options, found, right)
    samples: dict[str, Sample] = {}
    lacking: dict[str, str] = {}
    for metric in options.metrics:
        if lack := _lack(metric, said, heard):
            lacking[metric] = lack
        else:
            samples |= _samples(metric, said, heard, language, ignored, options)
    scores = {}
    for key, sample in samples.items():
        if score := figure(sample, options.seed):
            scores[key] = score
        else:
            lacking["times" if key in TIMES else key] = UNDEFINED[key]
    notes = [*said.notes(samples), *heard.notes(samples)]
    if ignored and heard.words and any(u.start is None for u in heard.words.utterances or ()):
        notes.append("the hypothesis has no times: its words in the stretches not to be scored count as insertions")
    notes += [*_by_reason("left out", lacking), *_without_interval(scores)]
    files = tuple(r.source for r in found), tuple(r.source for r in right)
    return Scored(name, *files, language, language_from, scores, tuple(notes), samples)


class _Side:
    """What the files of one side hold, each thing from the file that holds it best; None where none does."""

    def __init__(self, name: str, readings: Sequence[Annotation]) -> None:
        self.name = name
        self.readings = readings
        texts = [reading for reading in readings if reading.utterances is not None]
        self.words = max(texts, key=_worth, default=None)
        timed = [reading for reading in texts if reading.has_word_times]
        self.times = max(timed, key=lambda reading: bool(reading.words), default=None)
        turns = [reading for reading in readings if reading.speaking is not None]
        self.turns = max(turns, key=lambda reading: reading.turns is not None, default=None)
        self.unused = [reading for reading in texts if reading is not self.words and reading is not self.times]

    def notes(self, samples: Iterable[str]) -> Iterator[str]:
        used = set(samples)
        if self.words and self.unused and used - {"der", "jer"}:
            others = ", ".join(_kind(reading) for reading in self.unused)
            yield f"words of the {self.name} from its {_kind(self.words)}, not from its {others}"
        if self.turns and self.turns.turns is None and used & {"der", "jer"}:
            yield f"turns of the {self.name} are the utterances of its {_kind(self.turns)}, pauses included"


def _kind(reading: Annotation) -> str:
    return Path(reading.source).suffix or reading.source


def _worth(reading: Annotation) -> tuple[bool, bool]:
    """Words with speakers before words without, then words with times before words without."""
    return reading.has_speakers, any(utterance.start is not None for utterance in reading.utterances or ())


def _language(options: EvalOptions, found: Sequence[Annotation], right: Sequence[Annotation]) -> tuple[str, str]:
    """The language to compare words in, and who says so."""
    if options.language:
        return options.language, "option"
    for side, readings in (("hypothesis", found), ("reference", right)):
        for reading in readings:
            if reading.language:
                return reading.language, side
    return "en", "default"


def _lack(metric: Metric, said: _Side, heard: _Side) -> str:
    """What the metric needs and a side does not have; "" where nothing is missing."""
    sides = (said, heard)
    if metric in ("der", "jer"):
        return _absent("turns", [side for side in sides if side.turns is None])
    if lack := _absent("words", [side for side in sides if side.words is None]):
        return lack
    if metric == "times":
        return _absent("word times", [side for side in sides if side.times is None])
    if metric in ("cpwer", "wder"):
        if lack := _absent("speakers of words", [side for side in sides if side.words and not side.words.has_speakers]):
            return lack
        counts = [len({u.speaker for u in side.words.utterances or ()}) for side in sides if side.words]
        if metric == "cpwer" and max(counts) > wer.MOST_SPEAKERS:
            return f"more than {wer.MOST_SPEAKERS} speakers"
    return ""


def _absent(what: str, sides: Sequence[_Side]) -> str:
    return f"no {what} in the {' and the '.join(side.name for side in sides)}" if sides else ""


def _samples(
    metric: Metric,
    said: _Side,
    heard: _Side,
    language: str,
    ignored: Sequence[tuple[float, float]],
    options: EvalOptions,
) -> dict[str, Sample]:
    if metric in ("der", "jer"):
        return {metric: _of_turns(metric, said, heard, ignored, options)}
    normal = wer.normalizer(language, options.normalize)
    if metric == "times":
        assert said.times is not None
        assert heard.times is not None
        found = wer.word_times(said.times.utterances or (), heard.times.utterances or (), normal)
        return dict(_of_times(found))
    assert said.words is not None
    assert heard.words is not None
    texts = said.words.utterances or (), heard.words.utterances or ()
    if metric == "wder":
        counts = wer.speaker_errors(*texts, normal)
        return {metric: Sample("words", "utterances", counts[:, None, :])}
    if metric == "cer":
        spaced = wer.base_language(language) not in wer.UNSPACED_LANGUAGES
        return {metric: _of_errors(wer.character_errors(*texts, normal, spaced), "characters")}
    count = wer.word_errors if metric == "wer" else wer.cp_errors
    return {metric: _of_errors(count(*texts, normal), "words")}


def _of_errors(counts: Counts, unit: str) -> Sample:
    details = dict(zip(wer.KINDS, counts[:, :3].sum(axis=0).tolist(), strict=True))
    return Sample(unit, "utterances", _parts(counts), details=details)


def _of_times(found: list[NDArray[np.float64]]) -> Iterator[tuple[str, Sample]]:
    for column, edge in enumerate(("start", "end")):
        values = tuple(some[:, column] for some in found)
        yield f"{edge}_median", Sample("words", "utterances", values=values)
        counts = np.array([[[some.sum(), len(some)]] for some in values]).reshape(-1, 1, 2)
        yield f"{edge}_mean", Sample("words", "utterances", counts)


def _of_turns(
    metric: Metric, said: _Side, heard: _Side, ignored: Sequence[tuple[float, float]], options: EvalOptions
) -> Sample:
    assert said.turns is not None
    assert heard.turns is not None
    right, found = said.turns.speaking or (), heard.turns.speaking or ()
    # The recording's length where a file knows it, else as far as anybody speaks.
    known = [r.duration for r in (*said.readings, *heard.readings) if r.duration is not None]
    ends = known or [turn.end for turn in found]
    errors, jaccard = der.diarization_errors(
        right,
        found,
        max([*ends, *(turn.end for turn in right)], default=0.0),
        ignored=tuple(ignored),
        collar=options.collar,
        skip_overlap=options.skip_overlap,
    )
    if metric == "jer":
        return Sample("speakers", "stretches", jaccard, averaged=True)
    details = dict(zip(der.KINDS, errors[:, :3].sum(axis=0).tolist(), strict=True))
    return Sample("seconds", "stretches", _parts(errors), details=details)


def _parts(counts: Counts) -> Counts:
    """[units, 1, 2] of [units, 4]: the errors of all kinds, and the total."""
    return np.stack([counts[:, :3].sum(axis=1), counts[:, 3]], axis=1)[:, None, :]


def _total(scored: Sequence[Scored], seed: int) -> dict[str, Score]:
    names = dict.fromkeys(name for each in scored for name in each.samples)
    pooled = {name: together([each.samples[name] for each in scored if name in each.samples]) for name in names}
    return {name: score for name, sample in pooled.items() if (score := figure(sample, seed))}


def _languages(scored: Sequence[Scored]) -> list[str]:
    """As what words were compared, where the user did not say it."""
    with_words = [each for each in scored if {"wer", "cer", "cpwer", "wder", *TIMES} & set(each.scores)]
    because = {
        "hypothesis": "the language of the hypothesis",
        "reference": "the language of the reference",
        "default": "as no file names a language: --language sets it",
    }
    named = {why: dict.fromkeys(each.language for each in with_words if each.language_from == why) for why in because}
    return [f"words compared as {', '.join(some)}, {because[why]}" for why, some in named.items() if some]


def _without_interval(scores: dict[str, Score]) -> list[str]:
    few = f"fewer than {bootstrap.FEWEST}"
    reasons = {
        name: f"{few} {score.drawn}" if score.units < bootstrap.FEWEST else "all draws alike"
        for name, score in scores.items()
        if score.low is None
    }
    return _by_reason("no interval", reasons)


def _by_reason(what: str, reasons: dict[str, str]) -> list[str]:
    """One note of scores and why: `what: WER, CER (this); DER (that)`; none without any."""
    grouped: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        grouped.setdefault(reason, []).append(LABELS[name])
    said = "; ".join(f"{', '.join(names)} ({reason})" for reason, names in grouped.items())
    return [f"{what}: {said}"] if said else []
