"""Translate the text of a transcript.

    segments -> sentences -> masked texts -> engine or cache -> words with times -> segments

Each sentence becomes one segment with its source text beside it, or several if another speaker interrupts it.
Speakers, turns and the duration of the recording stay the same.
"""

from __future__ import annotations

import itertools
import math
import re
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from voicekit.engines.protocols import Line, TranslationModel
from voicekit.errors import UsageError
from voicekit.storage.files import digest
from voicekit.text.dashes import DASH
from voicekit.text.languages import UNKNOWN, same_language
from voicekit.text.markup import TAG
from voicekit.text.sentences import Sentence, split_sentences
from voicekit.text.words import join_words
from voicekit.translation.alignment import align, tokenize
from voicekit.translation.cache import SentenceCache
from voicekit.translation.placeholders import PLACEHOLDER_FORMS, MaskedText, Masker, has_letters
from voicekit.translation.placeholders import VERSION as PLACEHOLDERS_VERSION
from voicekit.translation.sentence_warnings import count_sentences, list_places, separate_foreign, without_tags
from voicekit.types import Segment, Transcript

VERSION = 3

ODD_RATIO = 2.0
"""A translation this many times longer or shorter than the others, relative to its source, gives a warning."""

MIN_SENTENCES_FOR_MEDIAN = 8
"""With fewer sentences, DEFAULT_RATIOS replaces the median."""

DEFAULT_RATIOS = (0.25, 4.0)
"""Usual characters of a translation per character of its source."""

MIN_CHARACTERS = 15
"""The length of a shorter sentence tells nothing."""

_TAG = re.compile(TAG)
_PLACEHOLDER_NAME = re.compile(r"SPEAKER_\d+|UNKNOWN|\W*", re.IGNORECASE)


@dataclass(frozen=True)
class Route:
    """How one language is translated to another.

    Attributes:
        source, target: BCP-47 tags.
        load: Returns the loaded engine.
        cache: Earlier results of this engine and pair.
        context: Number of preceding sentences to pass to the engine.
    """

    source: str
    target: str
    load: Callable[[], TranslationModel]
    cache: SentenceCache
    context: int = 0


@dataclass(frozen=True)
class TranslatedText:
    """Translation of one text. `pieced`: it was translated in pieces because no placeholder survived."""

    text: str
    pieced: bool = False
    cached: bool = False


@dataclass
class TranslationNotes:
    """Number of sentences, in all and from the cache, and warnings for the user."""

    sentences: int = 0
    cached: int = 0
    warnings: list[str] = field(default_factory=list)


def languages_to_translate(transcript: Transcript, target: str, source: str | None = None) -> list[str]:
    """Return the languages of a transcript other than the target, the transcript's own language first.

    Raises:
        UsageError: A segment's language is unknown.
    """
    main = source or transcript.language
    sentences = _sentences_to_translate(segments_with_language(transcript, source), target)
    return sorted({sentence.language for sentence in sentences}, key=lambda code: (code != main, code))


def translate_text(
    transcript: Transcript,
    target: str,
    routes: Mapping[str, Route | UsageError],
    masker: Masker,
    source: str | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> tuple[Transcript, TranslationNotes]:
    """Translate a transcript.

    Args:
        transcript: Segments already in the target language are kept as they are.
        target: BCP-47 tag.
        routes: For each of `languages_to_translate`, the route to the target, or why there is none; segments of
            such a language are kept, with a warning.
        masker: Finds what must not be translated.
        source: BCP-47 tag of all segments; default: their own.
        progress: Called with the share done.

    Raises:
        UsageError: A segment's language is unknown.
        EngineError: The engine failed; what it had finished is in the cache.
    """
    segments = segments_with_language(transcript, source)
    sentences = _sentences_to_translate(segments, target)
    notes = TranslationNotes(sentences=len(sentences))
    if not sentences and segments:
        notes.warnings.append(f"all of it is in {target} already")
    translated = [segment for segment in segments if same_language(segment.language, target)]
    done = 0
    sentences, foreign, warnings = separate_foreign(sentences)
    notes.warnings += warnings
    for sentence in foreign:
        translated += to_segments(sentence, sentence.text, sentence.language)
    for language, route in routes.items():
        batch = [sentence for sentence in sentences if sentence.language == language]
        if isinstance(route, UsageError):
            notes.warnings.append(f"{count_sentences(batch)} in {language} left as they are: {route.message}")
            translated += [segment for segment in segments if segment.language == language]
            continue
        texts = [masker.mask(sentence.text) for sentence in batch]

        def report(share: float, before: int = done, size: int = len(batch)) -> None:
            progress((before + share * size) / len(sentences))

        results = translate_texts(texts, route, report)
        done += len(batch)
        notes.cached += sum(result.cached for result in results)
        notes.warnings += find_problems(batch, texts, results)
        for sentence, result in zip(batch, results, strict=True):
            translated += to_segments(sentence, result.text, target)
    progress(1.0)
    return with_segments(transcript, translated, target, source or transcript.language), notes


def _sentences_to_translate(segments: Sequence[Segment], target: str) -> list[Sentence]:
    return [sentence for sentence in split_sentences(segments) if not same_language(sentence.language, target)]


def segments_with_language(transcript: Transcript, source: str | None) -> list[Segment]:
    """Return the segments with a known language each.

    Raises:
        UsageError: The transcript does not say in which language it is.
    """
    default = source or transcript.language
    if default == UNKNOWN and any(segment.language == UNKNOWN for segment in transcript.segments):
        raise UsageError(f"the language of {transcript.source} is unknown", "Give it, such as --from en")
    return [
        replace(segment, language=source or (segment.language if segment.language != UNKNOWN else default))
        for segment in transcript.segments
    ]


def with_segments(transcript: Transcript, segments: Sequence[Segment], target: str, source: str) -> Transcript:
    """Return the transcript with translated segments, ordered and numbered."""
    ordered = sorted(segments, key=lambda segment: (segment.start, segment.end))
    return replace(
        transcript,
        language=target,
        segments=tuple(replace(segment, id=number) for number, segment in enumerate(ordered)),
        translated_from=source,
    )


def real_names(transcript: Transcript) -> list[str]:
    """Return the speakers that have a name other than SPEAKER_00 and the like."""
    return [name for name in transcript.speakers if not _PLACEHOLDER_NAME.fullmatch(name)]


# --- texts ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Job:
    """A text that is not in the cache. `index`: its index among the texts; `before`: the context."""

    key: str
    index: int
    text: MaskedText
    before: tuple[str, ...]


def translate_texts(
    texts: Sequence[MaskedText], route: Route, progress: Callable[[float], None] = lambda share: None
) -> list[TranslatedText]:
    """Translate texts, each with all of its protected spans exactly once. Results are cached batch by batch."""
    keys: list[str] = []
    jobs: dict[str, _Job] = {}
    for index, text in enumerate(texts):
        before = tuple(previous.text for previous in texts[max(0, index - route.context) : index])
        key = digest(
            [text.head, text.text, text.tail, [vars(s) for s in text.kept], before, PLACEHOLDERS_VERSION, VERSION]
        )
        keys.append(key)
        jobs.setdefault(key, _Job(key, index, text, before))
    results = {
        key: TranslatedText(str(stored["text"]), bool(stored["pieced"]), cached=True)
        for key, stored in route.cache.find(jobs).items()
    }
    for key, job in jobs.items():
        if job.text.empty:
            results[key] = TranslatedText(job.text.join_pieces([]))
    missing = [job for key, job in jobs.items() if key not in results]
    left = len(missing)
    for batch in _batches(missing, route) if missing else ():
        new = _translate_batch(batch, route)
        route.cache.store({key: {"text": result.text, "pieced": result.pieced} for key, result in new.items()})
        results |= new
        left -= len(batch)
        progress(1 - left / len(missing))
    return [results[key] for key in keys]


def _batches(jobs: Sequence[_Job], route: Route) -> Iterator[list[_Job]]:
    """Batch texts of similar length, or consecutive texts for an engine that uses context."""
    engine = route.load()
    if not engine.uses_context:
        ordered = sorted(jobs, key=lambda job: (-len(job.text.text), job.index))
        for first in range(0, len(ordered), engine.batch_size):
            yield ordered[first : first + engine.batch_size]
        return
    batch: list[_Job] = []
    for job in jobs:
        if batch and (job.index != batch[-1].index + 1 or len(batch) == engine.batch_size):
            yield batch
            batch = []
        batch.append(job)
    if batch:
        yield batch


def _translate_batch(jobs: Sequence[_Job], route: Route) -> dict[str, TranslatedText]:
    """Return results by key. Tries each placeholder form on what the one before lost, then translates in pieces."""
    results: dict[str, TranslatedText] = {}
    forms = {job.key: job.text.usable_forms(PLACEHOLDER_FORMS) for job in jobs}
    for attempt in range(len(PLACEHOLDER_FORMS)):
        left = [job for job in jobs if job.key not in results and len(forms[job.key]) > attempt]
        masked = [job.text.with_placeholders(forms[job.key][attempt]) for job in left]
        for job, answer in zip(left, _run_engine(left, masked, route), strict=True):
            text = job.text.restore(answer, forms[job.key][attempt])
            if text is not None and has_letters(answer):
                results[job.key] = TranslatedText(text)
    for job in jobs:
        if job.key not in results:
            pieces = job.text.translatable_pieces()
            answers = _run_engine([job] * len(pieces), pieces, route)
            results[job.key] = TranslatedText(job.text.join_pieces(answers), pieced=bool(job.text.kept))
    return results


def _run_engine(jobs: Sequence[_Job], texts: Sequence[str], route: Route) -> list[str]:
    if not texts:
        return []
    lines = [Line(text, job.before) for job, text in zip(jobs, texts, strict=True)]
    return route.load().translate(lines, route.source, route.target, lambda share: None)


# --- warnings ---------------------------------------------------------------------------------------------------------


def find_problems(
    sentences: Sequence[Sentence], texts: Sequence[MaskedText], results: Sequence[TranslatedText]
) -> list[str]:
    """Return warnings about translations that a reader should check, with their times."""
    rows = list(zip(sentences, texts, results, strict=True))
    odd = odd_lengths([len(text.text) for text in texts], [len(result.text) for result in results])
    problems = {
        "much longer or shorter than the others": [row[0] for row, flag in zip(rows, odd, strict=True) if flag],
        "came back untranslated": [sentence for sentence, text, r in rows if is_untranslated(text, r.text)],
        "translated in pieces, to keep what must stay": [sentence for sentence, _, result in rows if result.pieced],
    }
    return [f"{count_sentences(which)} {what}: {list_places(which)}" for what, which in problems.items() if which]


def is_untranslated(source: MaskedText, result: str) -> bool:
    """Whether a text of at least two words came back unchanged."""
    words = [word for word in source.translatable.split() if has_letters(word)]
    unchanged = without_tags(source.with_outer_tags(source.text)).casefold() == without_tags(result).casefold()
    return len(words) > 1 and unchanged


def odd_lengths(sources: Sequence[int], results: Sequence[int]) -> list[bool]:
    """Return which translations have an unusual length. Lengths are in characters.

    The usual range is the median ratio of length, give or take ODD_RATIO or four robust standard deviations.
    """
    ratios = [
        result / source if source >= MIN_CHARACTERS else None for source, result in zip(sources, results, strict=True)
    ]
    logs = [math.log(ratio) for ratio in ratios if ratio]
    low, high = DEFAULT_RATIOS
    if len(logs) >= MIN_SENTENCES_FOR_MEDIAN:
        median = statistics.median(logs)
        deviation = 1.4826 * statistics.median(abs(value - median) for value in logs)  # sigma of a normal distribution
        width = max(math.log(ODD_RATIO), 4 * deviation)
        low, high = math.exp(median - width), math.exp(median + width)
    return [ratio is not None and not low <= ratio <= high for ratio in ratios]


# --- segments ---------------------------------------------------------------------------------------------------------


def to_segments(sentence: Sentence, text: str, language: str) -> list[Segment]:
    """Turn the translation of a sentence into segments: one for each stretch without another speaker. Ids are 0."""
    tokens = tokenize(text, language)
    plain = [_TAG.sub("", token) for token in tokens]
    word_indices = [n for n, token in enumerate(plain) if token]
    if not word_indices:
        return []
    has_tags = bool(_TAG.search(text))
    # Each word with the tags that follow it; tags before the first word belong to it.
    groups = [tokens[a:b] for a, b in itertools.pairwise([0, *word_indices[1:], len(tokens)])]
    pieces = sentence.pieces
    cuts = [n for n in range(1, len(pieces)) if pieces[n].position != pieces[n - 1].position + 1]
    aligned = align([plain[n] for n in word_indices], [piece.word for piece in pieces], cuts)
    segments: list[Segment] = []
    next_group, pending_source = 0, ""
    for words, (begin, end) in zip(aligned, itertools.pairwise([0, *cuts, len(pieces)]), strict=True):
        source_text = _TAG.sub("", join_words(piece.word.text for piece in pieces[begin:end]))
        if not words:  # its translation is in the part before, or in the next
            if segments:
                segments[-1] = replace(
                    segments[-1], source_text=join_words([segments[-1].source_text or "", source_text])
                )
            else:
                pending_source = join_words([pending_source, source_text]) if pending_source else source_text
            continue
        shown = groups[next_group : next_group + len(words)]
        next_group += len(words)
        spoken = tuple(replace(word, speaker=sentence.speaker) for word in words)
        if pending_source:
            source_text, pending_source = join_words([pending_source, source_text]), ""
        dash = DASH if sentence.pieces[0].dash and not segments else ""
        segments.append(
            Segment(
                0, spoken[0].start, spoken[-1].end, join_words(word.text for word in spoken), sentence.speaker,
                language, spoken, source_text=source_text,
                cue=dash + join_words(token for group in shown for token in group) if has_tags or dash else None,
                layer=sentence.layer,
            )
        )  # fmt: skip
    return segments
