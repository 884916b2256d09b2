"""Shield: what must not be translated is taken out before an engine sees the text, and put back afterwards.

Addresses, tags, numbers, names and the terms of a glossary become placeholders; tags at the ends of a text are set
aside. No placeholder is safe with every engine: bergamot keeps `_1_` in 98 to 100 % of sentences and breaks `<1>`,
`{1}` and `@1` in all of them (benchmarks/RESULTS.md). So the result is checked, another form is tried, and what no form
brings through is translated in pieces, around what is shielded.

Digits stay as they are: 3.5 is not made 3,5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from voicekit.text.markup import TAG
from voicekit.text.words import unspaced
from voicekit.translation.glossary import Term

VERSION = 1

FORMS = ("_{}_", "Xq{}", "({})")
"""Placeholders, `{}` a number, the safest first."""

_DOMAINS = "com|org|net|edu|gov|io|dev|info|eu|de|fr|es|it|pt|br|uk|jp|cn|kr"
_ORDINAL = r"\d+(?:st|nd|rd|th|s|º|ª|er|re|e|ème|te|ten)"

_PATTERNS = (
    rf"(?P<tag>{TAG})",
    r"(?:https?|ftp)://[^\s<>\"“”]*[\w/]",
    r"(?<![\w@.])www\.[^\s<>\"“”]*[\w/]",
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    rf"(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:{_DOMAINS})(?![\w.-]*[\w-])(?:/[^\s<>\"“”]*\w)?",
    r"&(?:[A-Za-z]{2,8}|#\d{1,6});",
    r"(?<![\w@#&])[@#][A-Za-z_]\w+",
    rf"(?<![\w.])(?!{_ORDINAL}\b)(?=[a-z]*\d)[a-z0-9]+[a-z][a-z0-9]*(?:-\d+)?(?!\w)",  # H264, 5km
    rf"(?<![\w.])(?!{_ORDINAL}\b)[a-z]+-?\d+(?!\w)",  # COVID-19, B2
    r"(?:[A-Z]{2})?[$€£¥₹]\s?\d+(?:[.,]\d+)*(?!\w)",
    r"(?<!\w)\d+(?:[.,:/’'–-]\d+)*(?:\s?[%‰°€£¥])?(?!\w)",
)
_FIXED = re.compile("|".join(_PATTERNS), re.IGNORECASE | re.ASCII)
_HEAD = re.compile(rf"(?:\s*(?:{TAG}))*\s*")
_TAIL = re.compile(rf"\s*(?:(?:{TAG})\s*)*$")


@dataclass(frozen=True)
class Kept:
    """A stretch [start, end) of a text that is shielded, and what stands there in the translation."""

    start: int
    end: int
    text: str
    tag: bool = False


@dataclass(frozen=True)
class Shielded:
    """`text` with what in it is kept, in order, between `head` and `tail`: tags that are set aside."""

    text: str
    kept: tuple[Kept, ...] = ()
    head: str = ""
    tail: str = ""

    @property
    def bare(self) -> str:
        """The text without what is shielded."""
        return " ".join(piece for piece in self.pieces() if isinstance(piece, str))

    @property
    def empty(self) -> bool:
        """Whether nothing is left to translate."""
        return not any(char.isalpha() for char in self.bare)

    def pieces(self) -> Iterator[str | Kept]:
        """The parts of the text, in order."""
        at = 0
        for one in self.kept:
            if one.start > at:
                yield self.text[at : one.start]
            yield one
            at = one.end
        if at < len(self.text):
            yield self.text[at:]

    def forms(self, forms: Sequence[str]) -> list[str]:
        """Those forms of placeholders that neither the text nor what is kept has already; one where none is needed."""
        if not self.kept:
            return list(forms[:1])
        known = " ".join([self.text, *(one.text for one in self.kept)])
        return [form for form in forms if not _placeholder(form).search(known)]

    def masked(self, form: str) -> str:
        """The text with placeholders."""
        out, number = "", 0
        for piece in self.pieces():
            if isinstance(piece, str):
                out += piece
                continue
            number += 1
            mark = form.format(number)
            out += f" {mark} " if piece.tag or out[-1:].isalnum() else mark
        return " ".join(out.split())

    def restored(self, translation: str, form: str) -> str | None:
        """The translation with what is kept in it again; None where a placeholder is lost, doubled or made up."""
        parts = _placeholder(form).split(translation)
        numbers = [int(number) for number in parts[1::2]]
        if sorted(numbers) != list(range(1, len(self.kept) + 1)):
            return None
        out = parts[0]
        for number, after in zip(numbers, parts[2::2], strict=True):
            one = self.kept[number - 1]
            if not one.tag or one.text.lower().startswith("<br"):
                out += one.text + after
            elif one.text.startswith("</"):
                out = out.rstrip() + one.text + re.sub(r"^\s+(?=[,.;:!?…])", "", after)
            else:
                out += one.text + after.lstrip()
        return self.whole(out)

    def whole(self, translation: str) -> str:
        """A translation between the tags that were set aside."""
        return self.head + " ".join(translation.split()) + self.tail

    def joined(self, translated: Iterable[str]) -> str:
        """Translations of the pieces that hold letters, in order, with everything else where it was."""
        some = iter(translated)
        out = ""
        for piece in self.pieces():
            if isinstance(piece, Kept):
                out += piece.text
            elif has_letters(piece):
                left, right = piece[: len(piece) - len(piece.lstrip())], piece[len(piece.rstrip()) :]
                out += left + next(some).strip() + right
            else:
                out += piece
        return self.head + out + self.tail

    def wordy(self) -> list[str]:
        """The pieces that hold letters, as `joined` wants their translations."""
        return [piece.strip() for piece in self.pieces() if isinstance(piece, str) and has_letters(piece)]


def has_letters(text: str) -> bool:
    return any(char.isalpha() for char in text)


class Shield:
    """What is kept in the texts of one recording: addresses, tags and numbers, and these names and terms."""

    def __init__(self, names: Iterable[str] = (), terms: Iterable[Term] = ()) -> None:
        """`names`: of the speakers; each of their words is a name, too."""
        every = [part for name in names for part in (name, *name.split()) if len(part) > 1 and part[0].isupper()]
        known = [Term(name, name, case=True) for name in dict.fromkeys(every)]
        given = list(terms)
        self._exact = {_flat(term.source): term for term in [*known, *(t for t in given if t.case)]}
        self._loose = {_flat(term.source).casefold(): term for term in given if not term.case}
        self._terms = [
            _alternatives(self._loose, re.IGNORECASE),
            _alternatives(self._exact, 0),
        ]

    def cut(self, text: str) -> Shielded:
        """What of the text is kept."""
        head = _HEAD.match(text)
        assert head is not None
        rest = text[head.end() :]
        tail = _TAIL.search(rest)
        assert tail is not None
        inner = rest[: tail.start()]
        found: list[Kept] = []
        for one in sorted(self._found(inner), key=lambda row: (row[0], row[1].start)):
            if all(one[1].end <= other.start or one[1].start >= other.end for other in found):
                found.append(one[1])
        kept = tuple(sorted(found, key=lambda one: one.start))
        return Shielded(inner, kept, head[0], tail[0])

    def _found(self, text: str) -> Iterator[tuple[int, Kept]]:
        """All that could be kept, each with its rank: addresses and tags, terms (the longest first), numbers."""
        for match in _FIXED.finditer(text):
            plain = match[0][0].isdigit() or match[0][0] in "$€£¥₹"
            yield (1 << 20 if plain else 0), Kept(match.start(), match.end(), match[0], bool(match["tag"]))
        for pattern in self._terms:
            if pattern:
                for match in pattern.finditer(text):
                    term = self._exact.get(_flat(match[0])) or self._loose[_flat(match[0]).casefold()]
                    yield LONGEST - len(match[0]), Kept(match.start(), match.end(), _as_written(term, match[0]))


LONGEST = 10_000
"""Characters, more than any term's: the shorter the term, the later it is."""


def _alternatives(terms: dict[str, Term], flags: int) -> re.Pattern[str] | None:
    if not terms:
        return None
    return re.compile("|".join(_bounded(name) for name in sorted(terms, key=len, reverse=True)), flags)


def _bounded(term: str) -> str:
    """A pattern of the term as whole words, whatever the spaces in it."""
    pattern = r"\s+".join(re.escape(part) for part in term.split())
    before = r"(?<!\w)" if (term[0].isalnum() and not unspaced(term[0])) else ""
    after = r"(?!\w)" if (term[-1].isalnum() and not unspaced(term[-1])) else ""
    return before + pattern + after


def _flat(text: str) -> str:
    return " ".join(text.split())


def _as_written(term: Term, found: str) -> str:
    """The term's target, with a capital where the text has one that the term has not."""
    if found[0].isupper() and term.source[0].islower() and term.target[:1].islower():
        return term.target[0].upper() + term.target[1:]
    return term.target


def _placeholder(form: str) -> re.Pattern[str]:
    """A pattern that finds a form's placeholders, with the number as its group."""
    left, right = form.split("{}")
    return re.compile(rf"(?<![A-Za-z0-9_]){re.escape(left)}([0-9]{{1,4}}){re.escape(right)}(?![A-Za-z0-9_])")
