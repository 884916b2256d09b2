"""Script: a text cut into parts that an engine can say at once, and the pauses between them. Pure.

What stands in the text is said, and nothing else: numbers, dates, units and abbreviations as words (wetext), markup and
what no voice can say taken out. `[pause 0.7]` is a pause of so many seconds; an empty line parts paragraphs.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from voicekit.errors import UsageError
from voicekit.text.sentences import sentences
from voicekit.text.words import join_words, spread, unspaced
from voicekit.types import Segment

MOST_CHARACTERS, MOST_WORDS = 280, 40
"""Of a part: chatterbox garbles beyond about 300 characters (FIELD-NOTES of its users)."""

CHARACTERS_A_WORD = 2
"""In scripts without spaces."""

FEWEST_WORDS = 3
"""Of a part: shorter ones are said together with their neighbour, never filled up."""

LONGEST_TEXT = 200_000
"""Characters: a novel; more is a slip."""

SENTENCE, CLAUSE, PARAGRAPH = 0.35, 0.12, 0.8
"""Seconds of silence after each; 0.35 is about what readers of books leave."""

LONGEST_PAUSE = 60.0

_PAUSE = re.compile(r"\[pause\s+([0-9]+(?:\.[0-9]+)?)\s*s?\]", re.IGNORECASE)
_MARKUP = re.compile(r"<[/!?]?[A-Za-z][^<>]*>|```|[*_#`~]{1,3}(?=\S)|(?<=\S)[*_`~]{1,3}(?=\s|$|[.,!?])")
_CLAUSE_ENDS = ",;:–—、，；：。"

_NO = re.compile(r"\b(N|n)(o)\.(?!\s*\d)")
"""No. that is no number, which wetext takes for one."""

_ADDRESS = re.compile(r"https?://([^\s/]+)\S*")


@dataclass(frozen=True)
class Part:
    """What is said at once, and the silence after it in seconds."""

    text: str
    pause: float


def halved(part: Part) -> tuple[Part, Part] | None:
    """It as two, parted at the space nearest its middle; None where it is too short for that."""
    spaces = [match.start() for match in re.finditer(r"\s", part.text)]
    if _words(part.text) < 2 * FEWEST_WORDS or not spaces:
        return None
    at = min(spaces, key=lambda place: abs(place - len(part.text) / 2))
    return Part(part.text[:at], CLAUSE), Part(part.text[at + 1 :], part.pause)


def to_parts(text: str, language: str = "en", normalize: bool = True) -> list[Part]:
    """The parts of a text, in order.

    Raises:
        UsageError: nothing in it can be said, a pause that is too long, or a text that is.
    """
    if len(text) > LONGEST_TEXT:
        raise UsageError(f"a text of {len(text)} characters", f"Give at most {LONGEST_TEXT} at once")
    parts: list[Part] = []
    for paragraph in re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        before = len(parts)
        at = 0
        for found in [*_PAUSE.finditer(paragraph), None]:
            end = found.start() if found else len(paragraph)
            parts += _merged(list(_said(paragraph[at:end], language, normalize)))
            if found:
                seconds = float(found[1])
                if seconds > LONGEST_PAUSE:
                    raise UsageError(f"a pause of {seconds:g} s", f"The longest is {LONGEST_PAUSE:g} s")
                if parts:
                    parts[-1] = replace(parts[-1], pause=seconds)
                at = found.end()
        if len(parts) > before and parts[-1].pause <= SENTENCE:
            parts[-1] = replace(parts[-1], pause=PARAGRAPH)
    if not parts:
        raise UsageError("nothing in the text can be said", "Give a text with words")
    return [*parts[:-1], replace(parts[-1], pause=0.0)]


def _said(text: str, language: str, normalize: bool) -> Iterator[Part]:
    """Sentences, those that are too long cut at clauses."""
    plain = _plain(text)
    if not plain:
        return
    words = spread(plain, 0.0, 1.0)
    for sentence in sentences([Segment(0, 0.0, 1.0, plain, None, language, words)]):
        said = as_words(sentence.text, language) if normalize else sentence.text
        if any(char.isalnum() for char in said):
            pieces = list(_short(said.split()))
            for number, piece in enumerate(pieces, 1):
                yield Part(piece, SENTENCE if number == len(pieces) else CLAUSE)


def _plain(text: str) -> str:
    """Without markup, controls, emoji and what else has no sound."""
    text = _ADDRESS.sub(lambda found: found[1], _MARKUP.sub(" ", text))
    kept = (
        " " if char.isspace() or unicodedata.category(char) in ("So", "Sk", "Co", "Cn", "Cs") else char
        for char in unicodedata.normalize("NFC", text)
        if char.isspace() or unicodedata.category(char) not in ("Cc", "Cf")
    )
    return " ".join("".join(kept).split())


def _short(words: list[str]) -> Iterator[str]:
    """Runs of words within the limits, ended at the last comma or the like where there is one in the second half."""
    words = [piece for word in words for piece in _pieces(word)]
    while words:
        count, length, spoken = 0, 0, 0
        for word in words:
            length, spoken = length + len(word), spoken + _words(word)
            if count and (length > MOST_CHARACTERS or spoken > MOST_WORDS):
                break
            count, length = count + 1, length + 1
        if count < len(words):
            clause = next((n for n in range(count, count // 2, -1) if words[n - 1][-1] in _CLAUSE_ENDS), None)
            count = clause or count
        first, words = words[:count], words[count:]
        yield join_words(first)


def _pieces(word: str) -> Iterator[str]:
    """A word; what is longer than a part may be, as a sentence without spaces, cut after marks where it has some."""
    while len(word) > MOST_CHARACTERS or _words(word) > MOST_WORDS:
        most = MOST_WORDS * CHARACTERS_A_WORD if _words(word[:MOST_CHARACTERS]) > MOST_WORDS else MOST_CHARACTERS
        at = next((n for n in range(most, most // 2, -1) if word[n - 1] in _CLAUSE_ENDS), most)
        yield word[:at]
        word = word[at:]
    if word:
        yield word


def _merged(parts: list[Part]) -> list[Part]:
    """Parts of too few words joined with the next, or the last with the one before."""
    out: list[Part] = []
    for part in parts:
        if out and min(_words(out[-1].text), _words(part.text)) < FEWEST_WORDS and _fits(out[-1].text, part.text):
            out[-1] = Part(join_words([out[-1].text, part.text]), part.pause)
        else:
            out.append(part)
    return out


def _words(text: str) -> int:
    """Words between spaces, and CHARACTERS_A_WORD characters of a script without them for one."""
    wide = sum(char.isalnum() and unspaced(char) for char in text)
    spaced = "".join(" " if unspaced(char) else char for char in text) if wide else text
    return len(spaced.split()) + -(-wide // CHARACTERS_A_WORD)


def _fits(one: str, two: str) -> bool:
    return len(one) + len(two) < MOST_CHARACTERS and _words(one) + _words(two) <= MOST_WORDS


def as_words(text: str, language: str) -> str:
    """Numbers, dates, units and abbreviations as they are read; as it is in languages that wetext does not know."""
    own = language.partition("-")[0]
    if own not in ("en", "zh", "ja"):
        return text
    text = _NO.sub(r"\1\2 .", text)
    found = str(_normalizer(own).normalize(text))
    found = " ".join(found.replace('\\"', '"').split()).replace(" .", ".")
    return re.sub(r"\b([Nn]umber)\. (?=\w)", r"\1 ", found)


@functools.cache
def _normalizer(language: str) -> Any:
    from wetext import Normalizer

    return Normalizer(lang=language, operator="tn")
