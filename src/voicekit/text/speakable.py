"""Turn a text into parts that a speech engine can speak at once, with the pauses between them.

Everything in the text is spoken, and nothing else: markup is removed (text/plain_text.py), numbers, dates and units are
written out (text/spoken_form.py). `[pause 0.7]` is a pause in seconds; an empty line ends a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from voicekit.errors import UsageError
from voicekit.text.plain_text import PAUSE, to_plain_text
from voicekit.text.sentences import split_sentences
from voicekit.text.spoken_form import write_out
from voicekit.text.words import join_words, unspaced
from voicekit.types import Segment, spread

MAX_CHARACTERS, MAX_WORDS = 280, 40
"""Longest part. Chatterbox garbles text longer than about 300 characters."""

CHARACTERS_PER_WORD = 2
"""Characters that count as one word in scripts without spaces."""

MIN_WORDS = 3
"""Shortest part. A shorter one is joined with its neighbour: engines fail on very short text."""

MAX_TEXT = 200_000
"""Longest text in characters: a novel."""

SENTENCE_PAUSE, CLAUSE_PAUSE, PARAGRAPH_PAUSE = 0.35, 0.12, 0.8
"""Seconds of silence after each; audiobook readers leave about 0.35 s after a sentence."""

MAX_PAUSE = 60.0
"""Longest `[pause]` in seconds."""

_CLAUSE_ENDS = ",;:–—、，；：。"


@dataclass(frozen=True)
class SpeechPart:
    """Text that is spoken at once, and the seconds of silence after it. Only the first part has silence before it."""

    text: str
    pause: float
    lead: float = 0.0


def split_in_two(part: SpeechPart) -> tuple[SpeechPart, SpeechPart] | None:
    """Split a part at the space nearest its middle; None if it is too short."""
    spaces = [match.start() for match in re.finditer(r"\s", part.text)]
    if _count_words(part.text) < 2 * MIN_WORDS or not spaces:
        return None
    middle = min(spaces, key=lambda place: abs(place - len(part.text) / 2))
    return SpeechPart(part.text[:middle], CLAUSE_PAUSE, part.lead), SpeechPart(part.text[middle + 1 :], part.pause)


def to_parts(text: str, language: str = "en", normalize: bool = True) -> list[SpeechPart]:
    """Split a text into parts, in order.

    Args:
        text: As people write it.
        language: BCP-47 tag of the text.
        normalize: Whether to write out numbers, dates and units as words.

    Raises:
        UsageError: The text has no words, is too long, or has a pause that is too long.
    """
    if len(text) > MAX_TEXT:
        raise UsageError(f"the text has {len(text)} characters", f"Give at most {MAX_TEXT} at once")
    parts: list[SpeechPart] = []
    lead = 0.0
    asked: float | None = None  # the pauses since the last words
    for paragraph in re.split(r"\n\s*\n", to_plain_text(text)):
        before = len(parts)
        position = 0
        for pause in [*PAUSE.finditer(paragraph), None]:
            end = pause.start() if pause else len(paragraph)
            spoken = _merge_short(list(_sentence_parts(paragraph[position:end], language, normalize)))
            if spoken:
                parts += spoken
                asked = None
            if pause:
                asked = (asked or 0.0) + _pause_seconds(pause)
                position = pause.end()
                if parts:
                    parts[-1] = replace(parts[-1], pause=asked)
                else:
                    lead = asked
        if len(parts) > before and asked is None:
            parts[-1] = replace(parts[-1], pause=PARAGRAPH_PAUSE)
    if not parts:
        raise UsageError("the text has no words to speak", "Give a text with words")
    parts[0] = replace(parts[0], lead=lead)
    return [*parts[:-1], replace(parts[-1], pause=asked or 0.0)]


def _pause_seconds(pause: re.Match[str]) -> float:
    seconds = float(pause[1]) / (1000 if (pause[2] or "s").lower() == "ms" else 1)
    if seconds > MAX_PAUSE:
        raise UsageError(f"a pause of {seconds:g} s is too long", f"Give at most {MAX_PAUSE:g} s")
    return seconds


def _sentence_parts(text: str, language: str, normalize: bool) -> Iterator[SpeechPart]:
    """Yield one part per sentence, and several for a long one, cut at clauses."""
    plain = " ".join(text.split())
    if not plain:
        return
    words = spread(plain, 0.0, 1.0)
    for sentence in split_sentences([Segment(0, 0.0, 1.0, plain, None, language, words)]):
        written = " ".join(piece.word.text for piece in sentence.pieces)
        written_out = write_out(written, language) if normalize else written
        if any(char.isalnum() for char in written_out):
            pieces = list(_cut_long(written_out.split()))
            for number, piece in enumerate(pieces, 1):
                yield SpeechPart(piece, SENTENCE_PAUSE if number == len(pieces) else CLAUSE_PAUSE)


def _cut_long(words: list[str]) -> Iterator[str]:
    """Yield runs of words within the limits; a run ends at its last comma if that is in its second half."""
    words = [piece for word in words for piece in _cut_long_word(word)]
    while words:
        count, length, spoken = 0, 0, 0
        for word in words:
            length, spoken = length + len(word), spoken + _count_words(word)
            if count and (length > MAX_CHARACTERS or spoken > MAX_WORDS):
                break
            count, length = count + 1, length + 1
        if count < len(words):
            clause = next((n for n in range(count, count // 2, -1) if words[n - 1][-1] in _CLAUSE_ENDS), None)
            count = clause or count
        run, words = words[:count], words[count:]
        yield " ".join(run)


def _cut_long_word(word: str) -> Iterator[str]:
    """Cut a word that exceeds the limits, such as a sentence without spaces, after punctuation if it has some."""
    while len(word) > MAX_CHARACTERS or _count_words(word) > MAX_WORDS:
        most = MAX_WORDS * CHARACTERS_PER_WORD if _count_words(word[:MAX_CHARACTERS]) > MAX_WORDS else MAX_CHARACTERS
        cut = next((n for n in range(most, most // 2, -1) if word[n - 1] in _CLAUSE_ENDS), most)
        yield word[:cut]
        word = word[cut:]
    if word:
        yield word


def _merge_short(parts: list[SpeechPart]) -> list[SpeechPart]:
    """Join parts that are too short with the next one, or the last with the one before."""
    merged: list[SpeechPart] = []
    for part in parts:
        short = merged and min(_count_words(merged[-1].text), _count_words(part.text)) < MIN_WORDS
        if short and _fit_together(merged[-1].text, part.text):
            merged[-1] = SpeechPart(join_words([merged[-1].text, part.text]), part.pause)
        else:
            merged.append(part)
    return merged


def _count_words(text: str) -> int:
    """Count words between spaces; in scripts without spaces, CHARACTERS_PER_WORD characters count as one word."""
    wide = sum(char.isalnum() and unspaced(char) for char in text)
    spaced = "".join(" " if unspaced(char) else char for char in text) if wide else text
    return len(spaced.split()) + -(-wide // CHARACTERS_PER_WORD)


def _fit_together(a: str, b: str) -> bool:
    return len(a) + len(b) < MAX_CHARACTERS and _count_words(a) + _count_words(b) <= MAX_WORDS
