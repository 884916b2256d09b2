"""Evaluate transcripts against references: the functions behind `voicekit eval` and `voicekit.evaluate`.

A score is computed if both sides have what it needs, from the file that has it in the best form: words from the one
that also has speakers, turns from the one that has turns of its own. Notes say what was left out.

Confidence intervals (95 %, see `bootstrap`): within a recording, the units are utterances of the reference for word
scores, and stretches of 5 to 30 s for DER and JER. For the total, the units are recordings if there are five or more,
else the units of all recordings. The total is errors over total of all recordings; for JER, the mean over all speakers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from voicekit.config.evaluate import EvalOptions, Metric
from voicekit.config.keywords import EvaluateKeywords
from voicekit.config.schema import build
from voicekit.errors import SourceError, UsageError, VoicekitError
from voicekit.evaluation import bootstrap, der, wer
from voicekit.evaluation.bootstrap import Counts
from voicekit.evaluation.normalization import normalizer
from voicekit.evaluation.pairing import Source, pair_files
from voicekit.evaluation.result import LABELS, TIME_SCORES, UNDEFINED, Evaluation, RecordingScores
from voicekit.evaluation.score import Sample, Score, compute_score, pool_samples
from voicekit.formats.readers import Annotation, annotation_from_transcript, read_annotation
from voicekit.subtitles.source_cue import ReadOptions
from voicekit.text.languages import UNSPACED_LANGUAGES, base_language
from voicekit.types import Transcript

Span = tuple[float, float]


def evaluate(
    hypothesis: Source, reference: Source | list[Source] | tuple[Source, ...], **options: Unpack[EvaluateKeywords]
) -> Evaluation:
    """Score a hypothesis against a reference.

    Args:
        hypothesis: A file, a Transcript, an Annotation, a run's folder, or a folder of files or of runs.
        reference: The file or files (or Transcripts, Annotations) of one recording, or a folder. Folders are matched by
            stem: all files `a.*` belong to the recording `a`, and so does the run OUT/a/latest/transcript.json.
        **options: Fields of EvalOptions: language="de", metrics=("wer", "der"), collar=0.25 ...

    Raises:
        UsageError: An invalid option, or a folder scored against a file.
        SourceError: A file cannot be read, nothing matches, or nothing can be scored. Of several recordings, those that
            cannot be read are in `failed`, unless all of them fail.
    """
    eval_options = build(EvalOptions, options, "options")
    references = list(reference) if isinstance(reference, list | tuple) else [reference]
    if not references:
        raise UsageError("no reference", "Give at least one")
    recordings, notes = pair_files(hypothesis, references)
    scored, failed = [], []
    for name, hypothesis_files, reference_files in recordings:
        try:
            scored.append(
                _score_recording(
                    name,
                    [_read(file, eval_options) for file in hypothesis_files],
                    [_read(file, eval_options) for file in reference_files],
                    eval_options,
                )
            )  # fmt: skip
        except VoicekitError as error:
            failed.append((name, error))
    if not scored:
        raise failed[0][1]
    if not any(recording.scores for recording in scored):
        reasons = dict.fromkeys(note for recording in scored for note in recording.notes)
        raise SourceError("nothing can be scored", "; ".join(reasons))
    total = _compute_totals(scored, eval_options.seed)
    notes = _language_notes(scored) + notes
    if len(scored) > 1:
        notes += [f"total: {note}" for note in _missing_interval_notes(total)]
    return Evaluation(tuple(scored), total, tuple(notes), tuple(failed), eval_options)


def _read(source: Source, options: EvalOptions) -> Annotation:
    if isinstance(source, Annotation):
        return source
    if isinstance(source, Transcript):
        return annotation_from_transcript(source)
    return read_annotation(source, ReadOptions(options.encoding, options.language))


def _score_recording(
    name: str, hypothesis_files: list[Annotation], reference_files: list[Annotation], options: EvalOptions
) -> RecordingScores:
    ignored = [span for annotation in reference_files for span in annotation.ignored]
    hypothesis = _Side("hypothesis", [annotation.without_intervals(ignored) for annotation in hypothesis_files])
    reference = _Side("reference", [annotation.without_intervals(ignored) for annotation in reference_files])
    language, language_from = _choose_language(options, hypothesis_files, reference_files)
    samples: dict[str, Sample] = {}
    left_out: dict[str, str] = {}
    for metric in options.metrics:
        if reason := _missing_data(metric, reference, hypothesis):
            left_out[metric] = reason
        else:
            samples |= _compute_samples(metric, reference, hypothesis, language, ignored, options)
    scores = {}
    for key, sample in samples.items():
        if score := compute_score(sample, options.seed):
            scores[key] = score
        else:
            left_out["times" if key in TIME_SCORES else key] = UNDEFINED[key]
    notes = [*reference.notes(samples), *hypothesis.notes(samples)]
    if ignored and hypothesis.words and any(u.start is None for u in hypothesis.words.utterances or ()):
        notes.append("the hypothesis has no times: its words in the stretches not to be scored count as insertions")
    notes += [*_group_by_reason("left out", left_out), *_missing_interval_notes(scores)]
    return RecordingScores(
        name,
        tuple(annotation.source for annotation in hypothesis_files),
        tuple(annotation.source for annotation in reference_files),
        language,
        language_from,
        scores,
        tuple(notes),
        samples,
    )


class _Side:
    """The files of the hypothesis or the reference, and which of them is used for what; None if no file has it."""

    def __init__(self, name: str, annotations: Sequence[Annotation]) -> None:
        self.name = name
        self.annotations = annotations
        with_text = [annotation for annotation in annotations if annotation.utterances is not None]
        self.words = max(with_text, key=_word_quality, default=None)
        with_times = [annotation for annotation in with_text if annotation.has_word_times]
        self.times = max(with_times, key=lambda annotation: bool(annotation.words), default=None)
        with_turns = [annotation for annotation in annotations if annotation.speaker_turns is not None]
        self.turns = max(with_turns, key=lambda annotation: annotation.turns is not None, default=None)
        self.unused = [each for each in with_text if each is not self.words and each is not self.times]

    def notes(self, samples: Iterable[str]) -> Iterator[str]:
        for annotation in self.annotations:
            yield from (f"{Path(annotation.source).name}: {note}" for note in annotation.notes)
        used = set(samples)
        if self.words and self.unused and used - {"der", "jer"}:
            unused = ", ".join(_suffix(annotation) for annotation in self.unused)
            yield f"words of the {self.name} from its {_suffix(self.words)}, not from its {unused}"
        if self.turns and self.turns.turns is None and used & {"der", "jer"}:
            yield f"turns of the {self.name} are the utterances of its {_suffix(self.turns)}, pauses included"


def _suffix(annotation: Annotation) -> str:
    return Path(annotation.source).suffix or annotation.source


def _word_quality(annotation: Annotation) -> tuple[bool, bool]:
    """Rank words with speakers before words without, then words with times before words without."""
    return annotation.has_speakers, any(utterance.start is not None for utterance in annotation.utterances or ())


def _choose_language(
    options: EvalOptions, hypothesis: Sequence[Annotation], reference: Sequence[Annotation]
) -> tuple[str, str]:
    """The language to compare words in, and where it comes from."""
    if options.language:
        return options.language, "option"
    for side, files in (("hypothesis", hypothesis), ("reference", reference)):
        for annotation in files:
            if annotation.language:
                return annotation.language, side
    return "en", "default"


def _missing_data(metric: Metric, reference: _Side, hypothesis: _Side) -> str:
    """What a side lacks for the metric; "" if nothing is missing."""
    sides = (reference, hypothesis)
    if metric in ("der", "jer"):
        return _describe_missing("turns", [side for side in sides if side.turns is None])
    if missing := _describe_missing("words", [side for side in sides if side.words is None]):
        return missing
    if metric == "times":
        return _describe_missing("word times", [side for side in sides if side.times is None])
    if metric in ("cpwer", "wder"):
        without_speakers = [side for side in sides if side.words and not side.words.has_speakers]
        if missing := _describe_missing("speakers of words", without_speakers):
            return missing
    return ""


def _describe_missing(what: str, sides: Sequence[_Side]) -> str:
    return f"no {what} in the {' and the '.join(side.name for side in sides)}" if sides else ""


def _compute_samples(
    metric: Metric, reference: _Side, hypothesis: _Side, language: str, ignored: Sequence[Span], options: EvalOptions
) -> dict[str, Sample]:
    """The data of a metric, by score; `reference` and `hypothesis` have what it needs."""
    if metric in ("der", "jer"):
        return {metric: _turn_sample(metric, reference, hypothesis, ignored, options)}
    normalize = normalizer(language, options.normalize)
    if metric == "times":
        assert reference.times is not None
        assert hypothesis.times is not None
        errors = wer.word_times(reference.times.utterances or (), hypothesis.times.utterances or (), normalize)
        return dict(_time_samples(errors))
    assert reference.words is not None
    assert hypothesis.words is not None
    texts = reference.words.utterances or (), hypothesis.words.utterances or ()
    if metric == "wder":
        counts = wer.speaker_errors(*texts, normalize)
        return {metric: Sample("words", "utterances", counts[:, None, :])}
    if metric == "cer":
        spaced = base_language(language) not in UNSPACED_LANGUAGES
        return {metric: _error_sample(wer.character_errors(*texts, normalize, spaced), "characters")}
    if metric == "wer":
        return {metric: _error_sample(wer.word_errors(*texts, normalize), "words")}
    if metric == "cpwer":
        return {metric: _error_sample(wer.cp_errors(*texts, normalize), "words")}
    raise AssertionError(f"{metric} is not computed")


def _error_sample(counts: Counts, unit: str) -> Sample:
    details = dict(zip(wer.KINDS, counts[:, :3].sum(axis=0).tolist(), strict=True))
    return Sample(unit, "utterances", _errors_and_total(counts), details=details)


def _time_samples(errors: list[NDArray[np.float64]]) -> Iterator[tuple[str, Sample]]:
    for column, edge in enumerate(("start", "end")):
        values = tuple(of_utterance[:, column] for of_utterance in errors)
        yield f"{edge}_median", Sample("words", "utterances", values=values)
        counts = np.array([[[of_utterance.sum(), len(of_utterance)]] for of_utterance in values]).reshape(-1, 1, 2)
        yield f"{edge}_mean", Sample("words", "utterances", counts)


def _turn_sample(
    metric: Metric, reference: _Side, hypothesis: _Side, ignored: Sequence[Span], options: EvalOptions
) -> Sample:
    assert reference.turns is not None
    assert hypothesis.turns is not None
    reference_turns, hypothesis_turns = reference.turns.speaker_turns or (), hypothesis.turns.speaker_turns or ()
    # The recording's duration if a file has it, else the end of the last turn.
    annotations = (*reference.annotations, *hypothesis.annotations)
    durations = [annotation.duration for annotation in annotations if annotation.duration is not None]
    ends = durations or [turn.end for turn in hypothesis_turns]
    errors, jaccard = der.diarization_errors(
        reference_turns,
        hypothesis_turns,
        max([*ends, *(turn.end for turn in reference_turns)], default=0.0),
        ignored=tuple(ignored),
        collar=options.collar,
        skip_overlap=options.skip_overlap,
    )
    if metric == "jer":
        return Sample("speakers", "stretches", jaccard, averaged=True)
    details = dict(zip(der.KINDS, errors[:, :3].sum(axis=0).tolist(), strict=True))
    return Sample("seconds", "stretches", _errors_and_total(errors), details=details)


def _errors_and_total(counts: Counts) -> Counts:
    """Sum the kinds of errors: [units, 4] to [units, 1, 2]."""
    return np.stack([counts[:, :3].sum(axis=1), counts[:, 3]], axis=1)[:, None, :]


def _compute_totals(scored: Sequence[RecordingScores], seed: int) -> dict[str, Score]:
    names = dict.fromkeys(name for recording in scored for name in recording.samples)
    pooled = {name: pool_samples([each.samples[name] for each in scored if name in each.samples]) for name in names}
    return {name: score for name, sample in pooled.items() if (score := compute_score(sample, seed))}


def _language_notes(scored: Sequence[RecordingScores]) -> list[str]:
    """The languages that words were compared in, unless given as an option."""
    with_words = [each for each in scored if {"wer", "cer", "cpwer", "wder", *TIME_SCORES} & set(each.scores)]
    explanations = {
        "hypothesis": "the language of the hypothesis",
        "reference": "the language of the reference",
        "default": "as no file names a language: --language sets it",
    }
    by_origin = {
        origin: dict.fromkeys(each.language for each in with_words if each.language_from == origin)
        for origin in explanations
    }
    return [
        f"words compared as {', '.join(languages)}, {explanations[origin]}"
        for origin, languages in by_origin.items()
        if languages
    ]


def _missing_interval_notes(scores: dict[str, Score]) -> list[str]:
    reasons = {
        name: f"fewer than {bootstrap.MIN_UNITS} {score.drawn}"
        if score.units < bootstrap.MIN_UNITS
        else "all draws alike"
        for name, score in scores.items()
        if score.low is None
    }
    return _group_by_reason("no interval", reasons)


def _group_by_reason(what: str, reasons: dict[str, str]) -> list[str]:
    """A note such as `what: WER, CER (this reason); DER (that one)`; none if `reasons` is empty."""
    grouped: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        grouped.setdefault(reason, []).append(LABELS[name])
    text = "; ".join(f"{', '.join(names)} ({reason})" for reason, names in grouped.items())
    return [f"{what}: {text}"] if text else []
