"""Recognize the speaker's name before their words, as people, transcripts and Markdown write it.

Ana: Hi.        **Ana:** Hi.        - Ana (softly): Hi.        1. Ana: Hi.
[00:01] Ana: Hi.        Ana [00:01:05.250]: Hi.        Speaker 1  0:12        [S1] Hi.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_NAME = 40
"""Characters of a speaker's name."""

_TIME = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?"
_TIMES = rf"{_TIME}(?:\s?(?:-->|[-–—])\s?{_TIME})?"
_STAMP = rf"(?:\[{_TIMES}\]|\({_TIMES}\)|(?<![\w:]){_TIMES}(?![\w:]))"
_MARKS = r"[*_\"“”«»<>]{0,3}"
_NAME = rf"[^\[\](){{}}:：\\#*\n\"“”«»<>]{{1,{2 * MAX_NAME}}}?"
_TAG = r"\[(?P<tag>(?:S|speaker[ _]?)\d{1,3})\]"

_PREFIX = re.compile(rf"\s*(?:[-–—•>]\s*|(?:[*+]|(?:\d{{1,4}}|[a-z])[.)])\s+)*(?:{_STAMP}\s*[-–—]?\s*)?")
_LABEL = re.compile(
    rf"{_MARKS}(?:{_TAG}|(?:\[(?P<bracketed>{_NAME})\]|(?P<name>{_NAME})){_MARKS}"
    rf"(?:\s?{_STAMP})?(?:\s?\((?P<direction>[^()\[\]{{}}\n]{{1,200}})\))?(?:\s?{_STAMP})?{_MARKS}\s?(?P<colon>[:：])"
    rf"(?!//)){_MARKS}",
    re.IGNORECASE,
)
_NAME_AND_TIME = re.compile(rf"(?P<name>{_NAME})\s+{_STAMP}\s*")
_SPEECH_START = re.compile(r"(?:^|(?<=[.!?…—~»”’\"'\])}*_:-])\s)\s*(?=\S)")
_CAPITALIZED = re.compile(r"(?:[^\W\d_a-z][\w.'’-]*)(?: (?:[^\W\d_a-z][\w.'’-]*|\d{1,3})){0,2}")

_NO_NAMES = frozenset(
    "note notes warning remember example question answer reason result fact rule step part chapter first second third "
    "today tomorrow yes no ok so nota aviso ejemplo pregunta respuesta achtung beispiel frage antwort hinweis remarque "
    "exemple réponse important ps".split()
)
"""Capitalized words that often stand before a colon and are no speaker, in lower case."""

TIMESTAMP = re.compile(_TIMES)
"""A time or a range of times, as transcripts write them."""

MIN_LETTERS_OF_MISSPELLING = 4
"""Shortest name that can be the misspelling of another one: "Ben" and "Ken" are two people."""


@dataclass(frozen=True)
class Label:
    """A speaker's name in a row.

    Attributes:
        speaker: Name.
        end: Index where the words begin.
        colon: Index of the colon; None for `[S1]` and for a name with a time.
        direction: Start and end of a parenthetical after the name, with its parentheses.
    """

    speaker: str
    end: int
    colon: int | None = None
    direction: tuple[int, int] | None = None


def find_label(row: str) -> Label | None:
    """The label at the start of a row; None without one."""
    label = _find_marked(row, 0)
    if label is None and (match := _NAME_AND_TIME.fullmatch(row, _prefix_end(row, 0))):
        speaker = _normalize(match["name"])
        label = Label(speaker, len(row)) if _is_allowed(speaker) else None
    return label


def labels_inside(text: str) -> Iterator[tuple[int, Label]]:
    """Yield the labels at the starts of sentences, each with the index where its sentence starts."""
    for start in _SPEECH_START.finditer(text):
        if label := _find_marked(text, start.end()):
            yield start.end(), label


def _find_marked(row: str, start: int) -> Label | None:
    """A label with a colon, or a tag such as [S1]."""
    match = _LABEL.match(row, _prefix_end(row, start))
    if match is None:
        return None
    if match["tag"]:
        return Label(match["tag"], match.end())
    speaker = _normalize(match["bracketed"] or match["name"])
    is_time = row[match.start("colon") - 1].isdigit() and row[match.end("colon") :][:1].isdigit()
    if is_time or not _is_allowed(speaker):
        return None
    return Label(
        speaker, match.end(), match.start("colon"),
        (match.start("direction") - 1, match.end("direction") + 1) if match["direction"] else None,
    )  # fmt: skip


def _prefix_end(row: str, start: int) -> int:
    prefix = _PREFIX.match(row, start)
    return prefix.end() if prefix else start


def _normalize(name: str) -> str:
    """One spelling for names that look the same: single spaces, no marks around them, composed characters (NFC)."""
    return unicodedata.normalize("NFC", " ".join(name.strip(" \t_").split()))


def _is_allowed(name: str) -> bool:
    return 0 < len(name) <= MAX_NAME and name.isprintable() and any(char.isalnum() for char in name)


def is_name(name: str) -> bool:
    """Whether `name` is allowed as a speaker's name: whether it is read back from `name: words`."""
    label = find_label(f"{name}:")
    return label is not None and (label.speaker, label.colon) == (name, len(name)) and not name.startswith("//")


def to_name(text: str) -> str:
    """The nearest allowed name for a speaker of another format; the text itself if there is none."""
    name = _normalize(_normalize(re.sub(r"[\[\](){}:：\\#*\"“”«»<>]", " ", text))[:MAX_NAME])
    name = name[_prefix_end(name, 0) :] or name
    return name if is_name(name) else text


def could_be_name(name: str) -> bool:
    """Whether the words before a colon look like a name: "Carl", "Speaker 2", but not "Note" or "and then"."""
    return bool(_CAPITALIZED.fullmatch(name)) and name.lower().split()[0] not in _NO_NAMES


def without_numbers(names: Sequence[str]) -> list[str]:
    """Remove the numbers of numbered lines: "001 Ana", "002 Ben". Names that are not numbered in order stay."""
    numbered = [re.fullmatch(r"(\d{1,5}) +(\D.*)", name) for name in names]
    if len(names) < 2 or not all(numbered):
        return list(names)
    numbers = [int(match[1]) for match in numbered if match]
    in_order = numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return [match[2] for match in numbered if match] if in_order else list(names)


def doubtful_names(speakers: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield (name, other) of speakers who may be one: names that differ in case or look the same, or one that is used
    once and nearly equals another.

    Args:
        speakers: The speaker of each line.
    """
    counts = Counter(speakers)
    names = list(counts)
    folded: dict[str, str] = {}
    for name in names:
        first = folded.setdefault(name.casefold().translate(_LOOK_ALIKES), name)
        if first != name:
            yield name, first
        elif counts[name] == 1 and len(name) >= MIN_LETTERS_OF_MISSPELLING:
            others = [other for other in names if counts[other] > 1 and _digits(other) == _digits(name)]
            if close := difflib.get_close_matches(name, others, n=1, cutoff=0.8):
                yield name, close[0]


_LOOK_ALIKES = str.maketrans("аеорсухіјѕмтвнкαοερνκτυχιі", "aeopcyxijsmtbhkaoepvktuxii")
"""Cyrillic and Greek letters that look like Latin ones."""


def _digits(name: str) -> str:
    return "".join(char for char in name if char.isdigit())
