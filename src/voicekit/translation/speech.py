"""Translate the speech of a recording to English with Whisper."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from voicekit.engines.mt.language_codes import unsupported_pair, whisper_code
from voicekit.engines.protocols import SpeechTranslationModel
from voicekit.storage.files import digest
from voicekit.text.languages import same_language
from voicekit.text.sentence_ends import ends_sentence
from voicekit.text.sentences import Sentence, SentenceWord, split_sentences
from voicekit.translation.cache import SentenceCache
from voicekit.translation.sentence_warnings import count_sentences, list_places
from voicekit.translation.text import (
    VERSION,
    TranslationNotes,
    segments_with_language,
    to_segments,
    with_segments,
)
from voicekit.types import Audio, Segment, Transcript

MAX_CLIP = 28.0
"""Longest clip in seconds; Whisper's window is 30."""

MAX_GAP = 2.0
"""Longest silence inside a clip, in seconds."""

PADDING = 0.2
"""Seconds kept before and after the words of a clip."""

TARGET = "en"
"""The only language Whisper translates to."""


@dataclass(frozen=True)
class SpeechInput:
    """What the translation of speech needs.

    Attributes:
        load: Returns the loaded Whisper.
        audio: Returns the recording, 16 kHz.
        cache: Earlier results for this recording and model.
        batch_size: Clips per batch.
    """

    load: Callable[[], SpeechTranslationModel]
    audio: Callable[[], Audio]
    cache: SentenceCache
    batch_size: int


def translate_speech(
    transcript: Transcript,
    speech: SpeechInput,
    source: str | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> tuple[Transcript, TranslationNotes]:
    """Translate a transcript to English from its audio.

    Whisper receives each speaker's sentences, several at a time. Times are those of the source sentences; Whisper's
    own are unusable when it translates.

    Raises:
        UsageError: The language is unknown, or is English.
        EngineError: The engine failed.
    """
    segments = segments_with_language(transcript, source)
    main = source or transcript.language
    sentences = [sentence for sentence in split_sentences(segments) if not same_language(sentence.language, TARGET)]
    if not sentences and transcript.segments:
        raise unsupported_pair("whisper", main, TARGET)
    notes = TranslationNotes(sentences=len(sentences))
    translated: list[Segment] = [segment for segment in segments if same_language(segment.language, TARGET)]
    groups = group_into_clips(sentences)
    clips = [_clip_of(group, transcript.duration) for group in groups]
    keys = [digest([clip, VERSION]) for clip in clips]
    texts = {key: str(stored["text"]) for key, stored in speech.cache.find(keys).items()}
    missing = [n for n, key in enumerate(keys) if key not in texts]
    notes.cached = sum(len(group) for group, key in zip(groups, keys, strict=True) if key in texts)
    for first in range(0, len(missing), speech.batch_size):
        batch = missing[first : first + speech.batch_size]
        answers = speech.load().translate_speech(
            speech.audio(), [clips[n] for n in batch], speech.batch_size, lambda share: None
        )
        new = {keys[n]: text for n, text in zip(batch, answers, strict=True)}
        speech.cache.store({key: {"text": text} for key, text in new.items()})
        texts |= new
        progress(min(1.0, (first + len(batch)) / len(missing)))
    without_text = []
    for group, key in zip(groups, keys, strict=True):
        if not texts[key].strip():
            without_text += group
        for sentence, text in _pair_sentences(group, texts[key]):
            translated += to_segments(sentence, text, TARGET)
    if without_text:
        notes.warnings.append(
            f"{count_sentences(without_text)} in which Whisper recognized nothing to translate: "
            f"{list_places(without_text)}"
        )
    progress(1.0)
    return with_segments(transcript, translated, TARGET, main), notes


def group_into_clips(sentences: Sequence[Sentence]) -> list[list[Sentence]]:
    """Group consecutive sentences of one speaker in one language into clips of at most MAX_CLIP seconds."""
    groups: list[list[Sentence]] = []
    for sentence in (part for whole in sentences for part in _cut_long(whole)):
        if groups and _fits(groups[-1], sentence):
            groups[-1].append(sentence)
        else:
            groups.append([sentence])
    return groups


def _fits(group: Sequence[Sentence], sentence: Sentence) -> bool:
    last = group[-1].pieces[-1]
    return (
        (sentence.speaker, sentence.language) == (group[0].speaker, group[0].language)
        and sentence.pieces[0].position == last.position + 1
        and sentence.pieces[-1].word.end - group[0].start <= MAX_CLIP
        and sentence.start - last.word.end <= MAX_GAP
    )


def _cut_long(sentence: Sentence) -> Iterator[Sentence]:
    """Cut a sentence longer than MAX_CLIP."""
    run: list[SentenceWord] = []
    for piece in sentence.pieces:
        if run and piece.word.end - run[0].word.start > MAX_CLIP:
            yield replace(sentence, pieces=tuple(run))
            run = []
        run.append(piece)
    yield replace(sentence, pieces=tuple(run))


def _clip_of(group: Sequence[Sentence], duration: float) -> tuple[float, float, str]:
    """Return start and end in seconds, and Whisper's code of the language."""
    language = whisper_code(group[0].language)
    if language is None:
        raise unsupported_pair("whisper", group[0].language, TARGET)
    end = max(piece.word.end for sentence in group for piece in sentence.pieces)
    return round(max(0.0, group[0].start - PADDING), 3), round(min(duration, end + PADDING), 3), language


def _pair_sentences(group: Sequence[Sentence], text: str) -> list[tuple[Sentence, str]]:
    """Pair source sentences with translated ones; all together if their numbers differ."""
    words = text.split()
    ends = [n for n in range(1, len(words)) if ends_sentence(words[n - 1], words[n])]
    translated = [" ".join(words[a:b]) for a, b in itertools.pairwise([0, *ends, len(words)]) if b > a]
    if len(translated) == len(group):
        return list(zip(group, translated, strict=True))
    if not translated:
        return []
    pieces = tuple(piece for sentence in group for piece in sentence.pieces)
    return [(replace(group[0], pieces=pieces), " ".join(translated))]
