"""Translate: a transcript in another language. Engines come as arguments.

    segments -> sentences -> shielded texts -> an engine, or what was found before -> the words along the time line

Each sentence is one segment of the translation, with what was said beside it; two or more where another speaks in its
midst. Speakers, turns and the length of the recording stay.
"""

from __future__ import annotations

import itertools
import math
import re
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from voicekit.engines.protocols import Line, TranslationModel
from voicekit.errors import UsageError
from voicekit.storage.files import digest
from voicekit.text.languages import UNKNOWN, same
from voicekit.text.markup import TAG
from voicekit.text.sentences import Sentence, sentences
from voicekit.text.words import join_words
from voicekit.translation.alignment import lay, tokens
from voicekit.translation.cache import SentenceCache
from voicekit.translation.placeholders import FORMS, Shield, Shielded, has_letters
from voicekit.translation.placeholders import VERSION as SHIELD_VERSION
from voicekit.types import Segment, Transcript

VERSION = 1

ODD = 2.0
"""Times by which a translation must be longer or shorter than the others, for its length, to be warned of."""

ENOUGH = 8
"""Sentences whose median length says what is usual; with fewer, USUAL does."""

USUAL = (0.25, 4.0)
"""Characters of a translation for one of its source, where nothing else says what is usual."""

SHORT = 15
"""Characters of a sentence whose length tells nothing."""

_TAG = re.compile(TAG)
_NOBODY = re.compile(r"SPEAKER_\d+|UNKNOWN|\W*", re.IGNORECASE)


@dataclass(frozen=True)
class Route:
    """How one language becomes another: `load` gives the engine, `cache` what was translated before."""

    source: str
    target: str
    load: Callable[[], TranslationModel]
    cache: SentenceCache
    context: int = 0
    """Sentences before, that the engine is given along."""


@dataclass(frozen=True)
class TranslatedTexts:
    """One text's translation. `pieced`: no placeholder was safe, so its pieces were translated by themselves."""

    text: str
    pieced: bool = False
    cached: bool = False


@dataclass
class TranslationNotes:
    """What came of it: sentences in all and from the cache, and warnings for the user."""

    sentences: int = 0
    cached: int = 0
    warnings: list[str] = field(default_factory=list)


def translate(
    transcript: Transcript,
    target: str,
    way: Callable[[str], Route],
    shield: Shield,
    source: str | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> tuple[Transcript, TranslationNotes]:
    """The transcript in `target`.

    Args:
        transcript: Any; segments in the target language are kept as they are.
        target: BCP-47.
        way: Gives the way from a language to the target.
        shield: What must not be translated.
        source: BCP-47 of all segments, whatever they say; their own when left out.
        progress: Called with the share done.

    Raises:
        UsageError: the language is not known, or no engine does the pair.
        EngineError: the engine failed; what it had done is in the cache.
    """
    segments = in_language(transcript, source)
    main = source or transcript.language
    every = [one for one in sentences(segments) if not same(one.language, target)]
    told = TranslationNotes(sentences=len(every))
    if not every and segments:
        told.warnings.append(f"all of it is in {target} already")
    made: list[Segment] = [segment for segment in segments if same(segment.language, target)]
    done = 0
    for language in sorted({one.language for one in every}, key=lambda code: (code != main, code)):
        some = [one for one in every if one.language == language]
        try:
            chosen = way(language)
        except UsageError as error:
            if same(language, main) or main not in {one.language for one in every}:
                raise
            told.warnings.append(f"{count_of(some)} in {language} left as they are: {error.message}")
            made += [segment for segment in segments if segment.language == language]
            continue
        texts = [shield.cut(one.text) for one in some]

        def share(part: float, begun: int = done, size: int = len(some)) -> None:
            progress((begun + part * size) / len(every))

        results = translate_texts(texts, chosen, share)
        done += len(some)
        told.cached += sum(one.cached for one in results)
        told.warnings += warnings(some, texts, results)
        for one, result in zip(some, results, strict=True):
            made += as_segments(one, result.text, target)
    progress(1.0)
    return translated_transcript(transcript, made, target, main), told


def in_language(transcript: Transcript, source: str | None) -> list[Segment]:
    """The segments, each with a language that is known."""
    known = source or transcript.language
    if known == UNKNOWN and any(segment.language == UNKNOWN for segment in transcript.segments):
        raise UsageError(f"{transcript.source} does not say what language it is in", "Say it with --from, as --from en")
    return [
        replace(segment, language=source or (segment.language if segment.language != UNKNOWN else known))
        for segment in transcript.segments
    ]


def translated_transcript(transcript: Transcript, segments: Sequence[Segment], target: str, main: str) -> Transcript:
    ordered = sorted(segments, key=lambda segment: (segment.start, segment.end))
    return replace(
        transcript,
        language=target,
        segments=tuple(replace(segment, id=number) for number, segment in enumerate(ordered)),
        translated_from=main,
    )


def names_of(transcript: Transcript) -> list[str]:
    """The speakers that have names."""
    return [name for name in transcript.speakers if not _NOBODY.fullmatch(name)]


# --- texts ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Job:
    """A text that is not in the cache. `at`: its place among the texts."""

    key: str
    at: int
    text: Shielded
    before: tuple[str, ...]


def translate_texts(
    texts: Sequence[Shielded], way: Route, progress: Callable[[float], None] = lambda share: None
) -> list[TranslatedTexts]:
    """Each text's translation, with all that is shielded in it exactly once. What is done is cached as it is done."""
    keys: list[str] = []
    jobs: dict[str, _Job] = {}
    for at, text in enumerate(texts):
        before = tuple(one.text for one in texts[max(0, at - way.context) : at])
        key = digest(
            [text.head, text.text, text.tail, [vars(one) for one in text.kept], before, SHIELD_VERSION, VERSION]
        )
        keys.append(key)
        jobs.setdefault(key, _Job(key, at, text, before))
    results = {
        key: TranslatedTexts(str(found["text"]), bool(found["pieced"]), cached=True)
        for key, found in way.cache.find(jobs).items()
    }
    for key, job in jobs.items():
        if job.text.empty:
            results[key] = TranslatedTexts(job.text.joined([]))
    missing = [job for key, job in jobs.items() if key not in results]
    count = len(missing)
    for batch in _batches(missing, way) if missing else ():
        fresh = _translated(batch, way)
        way.cache.store({key: {"text": one.text, "pieced": one.pieced} for key, one in fresh.items()})
        results |= fresh
        count -= len(batch)
        progress(1 - count / len(missing))
    return [results[key] for key in keys]


def _batches(jobs: Sequence[_Job], way: Route) -> Iterator[list[_Job]]:
    """Texts of like length together; for an engine that uses context, texts that follow one another."""
    engine = way.load()
    if not engine.uses_context:
        ordered = sorted(jobs, key=lambda job: (-len(job.text.text), job.at))
        for first in range(0, len(ordered), engine.batch_size):
            yield ordered[first : first + engine.batch_size]
        return
    run: list[_Job] = []
    for job in jobs:
        if run and (job.at != run[-1].at + 1 or len(run) == engine.batch_size):
            yield run
            run = []
        run.append(job)
    if run:
        yield run


def _translated(jobs: Sequence[_Job], way: Route) -> dict[str, TranslatedTexts]:
    """By key. Each form of placeholder is tried on what the one before did not bring through; then pieces."""
    results: dict[str, TranslatedTexts] = {}
    forms = {job.key: job.text.forms(FORMS) for job in jobs}
    for attempt in range(len(FORMS)):
        left = [job for job in jobs if job.key not in results and len(forms[job.key]) > attempt]
        masked = [job.text.masked(forms[job.key][attempt]) for job in left]
        for job, answer in zip(left, _asked(left, masked, way), strict=True):
            text = job.text.restored(answer, forms[job.key][attempt])
            if text is not None and has_letters(answer):
                results[job.key] = TranslatedTexts(text)
    for job in jobs:
        if job.key not in results:
            some = job.text.wordy()
            results[job.key] = TranslatedTexts(
                job.text.joined(_asked([job] * len(some), some, way)), pieced=bool(job.text.kept)
            )
    return results


def _asked(jobs: Sequence[_Job], texts: Sequence[str], way: Route) -> list[str]:
    if not texts:
        return []
    lines = [Line(text, job.before) for job, text in zip(jobs, texts, strict=True)]
    return way.load().translate(lines, way.source, way.target, lambda share: None)


# --- warnings ---------------------------------------------------------------------------------------------------------


def warnings(some: Sequence[Sentence], texts: Sequence[Shielded], results: Sequence[TranslatedTexts]) -> list[str]:
    """What a reader of the translation should look at."""
    rows = list(zip(some, texts, results, strict=True))
    odd = odd_lengths([len(text.text) for text in texts], [len(one.text) for one in results])
    told = {
        "much longer or shorter than the others": [one for (one, _, _), flag in zip(rows, odd, strict=True) if flag],
        "came back untranslated": [one for one, text, result in rows if untranslated(text, result.text)],
        "translated in pieces, to keep what must stay": [one for one, _, result in rows if result.pieced],
    }
    return [f"{count_of(which)} {what}: {list_places(which)}" for what, which in told.items() if which]


def untranslated(source: Shielded, result: str) -> bool:
    """Whether a text of at least two words came back as it was."""
    words = [word for word in source.bare.split() if has_letters(word)]
    return len(words) > 1 and _plain(source.whole(source.text)).casefold() == _plain(result).casefold()


def odd_lengths(sources: Sequence[int], results: Sequence[int]) -> list[bool]:
    """Which translations are far longer or shorter than those of the others would have them. Lengths in characters."""
    ratios = [result / source if source >= SHORT else None for source, result in zip(sources, results, strict=True)]
    logs = [math.log(ratio) for ratio in ratios if ratio]
    low, high = USUAL
    if len(logs) >= ENOUGH:
        middle = statistics.median(logs)
        spread = 1.4826 * statistics.median(abs(value - middle) for value in logs)  # of a normal distribution
        room = max(math.log(ODD), 4 * spread)
        low, high = math.exp(middle - room), math.exp(middle + room)
    return [ratio is not None and not low <= ratio <= high for ratio in ratios]


def _plain(text: str) -> str:
    return " ".join(_TAG.sub("", text).split())


def count_of(some: Sequence[Any]) -> str:
    return f"{len(some)} sentence{'' if len(some) == 1 else 's'}"


def list_places(some: Sequence[Sentence]) -> str:
    shown = [f"{int(one.start) // 60}:{int(one.start) % 60:02} {_plain(one.text)[:40]!r}" for one in some[:3]]
    return ", ".join(shown) + (f" and {len(some) - 3} more" if len(some) > 3 else "")


# --- back onto the time line ------------------------------------------------------------------------------------------


def as_segments(sentence: Sentence, text: str, language: str) -> list[Segment]:
    """A sentence's translation, as a segment, or as one for each stretch that nobody else interrupts. Ids are 0."""
    marked = tokens(text, language)
    plain = [_TAG.sub("", token) for token in marked]
    kept = [n for n, token in enumerate(plain) if token]
    if not kept:
        return []
    tagged = bool(_TAG.search(text))
    shown = [marked[a:b] for a, b in itertools.pairwise([0, *kept[1:], len(marked)])]
    pieces = sentence.pieces
    cuts = [n for n in range(1, len(pieces)) if pieces[n].at != pieces[n - 1].at + 1]
    laid = lay([plain[n] for n in kept], [piece.word for piece in pieces], cuts)
    out: list[Segment] = []
    at, waiting = 0, ""
    for words, (begin, end) in zip(laid, itertools.pairwise([0, *cuts, len(pieces)]), strict=True):
        said = _TAG.sub("", join_words(piece.word.text for piece in pieces[begin:end]))
        if not words:  # said in the part before, or in the next
            if out:
                out[-1] = replace(out[-1], source_text=join_words([out[-1].source_text or "", said]))
            else:
                waiting = join_words([waiting, said]) if waiting else said
            continue
        cue = join_words(token for group in shown[at : at + len(words)] for token in group) if tagged else None
        at += len(words)
        owned = tuple(replace(word, speaker=sentence.speaker) for word in words)
        line = join_words(word.text for word in owned)
        said = join_words([waiting, said]) if waiting else said
        waiting = ""
        out.append(
            Segment(
                0, owned[0].start, owned[-1].end, line, sentence.speaker, language, owned, source_text=said, cue=cue
            )
        )
    return out
