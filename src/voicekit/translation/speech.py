"""Translate: a transcript in another language. Engines come as arguments.

    segments -> sentences -> shielded texts -> an engine, or what was found before -> the words along the time line

Each sentence is one segment of the translation, with what was said beside it; two or more where another speaks in its
midst. Speakers, turns and the length of the recording stay.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from voicekit.engines.mt.language_codes import refused, whisper
from voicekit.engines.protocols import SpeechTranslationModel
from voicekit.storage.files import digest
from voicekit.text.languages import same
from voicekit.text.sentences import Piece, Sentence, ends_sentence, sentences
from voicekit.translation.cache import SentenceCache
from voicekit.translation.text import (
    VERSION,
    TranslationNotes,
    as_segments,
    count_of,
    in_language,
    list_places,
    translated_transcript,
)
from voicekit.types import Audio, Segment, Transcript

CLIP = 28.0
"""Seconds of speech that Whisper is given at once, at most: it hears 30."""

CLIP_GAP = 2.0
"""Seconds of silence that a clip does not hold."""

CLIP_PAD = 0.2
"""Seconds kept around a clip's words."""


# --- from the sound ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SpeechInput:
    """How Whisper translates speech: `sound` gives 16 kHz, `load` the engine."""

    load: Callable[[], SpeechTranslationModel]
    sound: Callable[[], Audio]
    cache: SentenceCache
    batch_size: int


def translate_speech(
    transcript: Transcript,
    hearing: SpeechInput,
    source: str | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> tuple[Transcript, TranslationNotes]:
    """The transcript in English, as Whisper hears it: it is given each speaker's sentences, several at a time.

    The times are those of the sentences that were said: Whisper's own are of no use when it translates.

    Raises:
        UsageError: the language is not known, or is English.
        EngineError: the engine failed.
    """
    target = "en"
    segments = in_language(transcript, source)
    main = source or transcript.language
    every = [one for one in sentences(segments) if not same(one.language, target)]
    if not every and transcript.segments:
        raise refused("whisper", main, target)
    told = TranslationNotes(sentences=len(every))
    made: list[Segment] = [segment for segment in segments if same(segment.language, target)]
    groups = clips_of(every)
    clips = [_clip(group, transcript.duration) for group in groups]
    keys = [digest([clip, VERSION]) for clip in clips]
    found = {key: str(one["text"]) for key, one in hearing.cache.find(keys).items()}
    missing = [n for n, key in enumerate(keys) if key not in found]
    told.cached = sum(len(group) for group, key in zip(groups, keys, strict=True) if key in found)
    for first in range(0, len(missing), hearing.batch_size):
        batch = missing[first : first + hearing.batch_size]
        heard = hearing.load().translate_speech(
            hearing.sound(), [clips[n] for n in batch], hearing.batch_size, lambda share: None
        )
        fresh = {keys[n]: text for n, text in zip(batch, heard, strict=True)}
        hearing.cache.store({key: {"text": text} for key, text in fresh.items()})
        found |= fresh
        progress(min(1.0, (first + len(batch)) / len(missing)))
    silent = []
    for group, key in zip(groups, keys, strict=True):
        if not found[key].strip():
            silent += group
        for one, text in _paired(group, found[key]):
            made += as_segments(one, text, target)
    if silent:
        told.warnings.append(f"{count_of(silent)} in which Whisper heard nothing to translate: {list_places(silent)}")
    progress(1.0)
    return translated_transcript(transcript, made, target, main), told


def clips_of(some: Sequence[Sentence]) -> list[list[Sentence]]:
    """Sentences that are heard together: of one speaker in one language, nobody between, CLIP seconds at most."""
    out: list[list[Sentence]] = []
    for one in (part for sentence in some for part in _short_enough(sentence)):
        before = out[-1] if out else None
        last = before[-1].pieces[-1] if before else None
        if (
            before
            and last
            and (one.speaker, one.language, one.pieces[0].at) == (before[0].speaker, before[0].language, last.at + 1)
            and one.pieces[-1].word.end - before[0].start <= CLIP
            and one.start - last.word.end <= CLIP_GAP
        ):
            before.append(one)
        else:
            out.append([one])
    return out


def _short_enough(sentence: Sentence) -> Iterator[Sentence]:
    """The sentence, cut where it is too long to be heard at once."""
    run: list[Piece] = []
    for piece in sentence.pieces:
        if run and piece.word.end - run[0].word.start > CLIP:
            yield replace(sentence, pieces=tuple(run))
            run = []
        run.append(piece)
    yield replace(sentence, pieces=tuple(run))


def _clip(group: Sequence[Sentence], duration: float) -> tuple[float, float, str]:
    language = whisper(group[0].language)
    if language is None:
        raise refused("whisper", group[0].language, "en")
    end = max(piece.word.end for one in group for piece in one.pieces)
    return round(max(0.0, group[0].start - CLIP_PAD), 3), round(min(duration, end + CLIP_PAD), 3), language


def _paired(group: Sequence[Sentence], text: str) -> list[tuple[Sentence, str]]:
    """Sentences said and sentences heard, one to one; all as one where there are more of these or of those."""
    words = text.split()
    ends = [n for n in range(1, len(words)) if ends_sentence(words[n - 1], words[n])]
    heard = [" ".join(words[a:b]) for a, b in itertools.pairwise([0, *ends, len(words)]) if b > a]
    if len(heard) == len(group):
        return list(zip(group, heard, strict=True))
    if not heard:
        return []
    return [(replace(group[0], pieces=tuple(piece for one in group for piece in one.pieces)), " ".join(heard))]
