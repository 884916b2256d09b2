"""Protect parts of a text from translation with placeholders, and put them back afterwards.

URLs, tags, numbers, symbols (♪, emoji), names and glossary terms become placeholders; tags and symbols at the ends of
a text are set aside. No placeholder survives every engine: bergamot keeps `_1_` in 98 to 100 % of sentences and breaks
`<1>`, `{1}` and `@1` in all of them (benchmarks/RESULTS.md). So the result is checked, another form is tried, and a
text that no form survives is translated in pieces around the protected parts.

Digits stay as they are: 3.5 does not become 3,5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import regex

from voicekit.text.markup import TAG
from voicekit.text.words import unspaced
from voicekit.translation.glossary import Term

VERSION = 2

PLACEHOLDER_FORMS = ("_{}_", "Xq{}", "({})")
"""Placeholders with a number for `{}`, the most reliable first."""

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
_SYMBOL = r"(?:[♪♫♬♩]|\p{Extended_Pictographic}|\p{Regional_Indicator}|<3)[\u200d\ufe0f\u20e3\p{Emoji_Modifier}]*"
_SYMBOLS = regex.compile(rf"{_SYMBOL}(?:\s*{_SYMBOL})*")  # notes of a song, emoji
_PROTECTED = re.compile("|".join(_PATTERNS), re.IGNORECASE | re.ASCII)
_LEADING_TAGS = regex.compile(rf"(?:\s*(?:{TAG}|{_SYMBOL}|[#*](?=\s)))*\s*")
_TRAILING_TAGS = regex.compile(rf"(?:\s*(?:{TAG}|{_SYMBOL}|(?<=\s)[#*]))*\s*$")

# Which match wins where two overlap: URLs and tags, then terms (the longest first), then numbers.
_MAX_TERM_LENGTH = 10_000
_RANK_URL, _RANK_NUMBER = 0, 1 << 20


@dataclass(frozen=True)
class ProtectedSpan:
    """A span [start, end) of a text that is not translated, and the text that replaces it."""

    start: int
    end: int
    text: str
    tag: bool = False


@dataclass(frozen=True)
class MaskedText:
    """A text with protected spans.

    Attributes:
        text: The text without the tags and symbols at its ends.
        kept: The protected spans, in order.
        head, tail: Tags and symbols that were set aside.
    """

    text: str
    kept: tuple[ProtectedSpan, ...] = ()
    head: str = ""
    tail: str = ""

    @property
    def translatable(self) -> str:
        """The text without the protected spans."""
        return " ".join(piece for piece in self.pieces() if isinstance(piece, str))

    @property
    def empty(self) -> bool:
        """Whether there is nothing to translate."""
        return not has_letters(self.translatable)

    def pieces(self) -> Iterator[str | ProtectedSpan]:
        """Yield the parts of the text in order."""
        position = 0
        for span in self.kept:
            if span.start > position:
                yield self.text[position : span.start]
            yield span
            position = span.end
        if position < len(self.text):
            yield self.text[position:]

    def usable_forms(self, forms: Sequence[str]) -> list[str]:
        """Return the placeholder forms that do not occur in the text itself."""
        if not self.kept:
            return list(forms[:1])
        text = " ".join([self.text, *(span.text for span in self.kept)])
        return [form for form in forms if not _placeholder_pattern(form).search(text)]

    def with_placeholders(self, form: str) -> str:
        """Return the text with placeholders for the protected spans."""
        masked, number = "", 0
        for piece in self.pieces():
            if isinstance(piece, str):
                masked += piece
                continue
            number += 1
            placeholder = form.format(number)
            masked += f" {placeholder} " if piece.tag or masked[-1:].isalnum() else placeholder
        return " ".join(masked.split())

    def restore(self, translation: str, form: str) -> str | None:
        """Replace the placeholders of a translation; None if one is lost, repeated or invented."""
        parts = _placeholder_pattern(form).split(translation)
        numbers = [int(number) for number in parts[1::2]]
        if sorted(numbers) != list(range(1, len(self.kept) + 1)):
            return None
        restored = parts[0]
        for number, after in zip(numbers, parts[2::2], strict=True):
            span = self.kept[number - 1]
            if not span.tag or span.text.lower().startswith("<br"):
                restored += span.text + after
            elif span.text.startswith("</"):
                restored = restored.rstrip() + span.text + re.sub(r"^\s+(?=[,.;:!?…])", "", after)
            else:
                restored += span.text + after.lstrip()
        return self.with_outer_tags(restored)

    def with_outer_tags(self, translation: str) -> str:
        """Put a translation between the tags that were set aside."""
        return self.head + " ".join(translation.split()) + self.tail

    def translatable_pieces(self) -> list[str]:
        """Return the pieces that have letters."""
        return [piece.strip() for piece in self.pieces() if isinstance(piece, str) and has_letters(piece)]

    def join_pieces(self, translations: Iterable[str]) -> str:
        """Put translations of `translatable_pieces` back, with everything else where it was."""
        remaining = iter(translations)
        joined = ""
        for piece in self.pieces():
            if isinstance(piece, ProtectedSpan):
                joined += piece.text
            elif has_letters(piece):
                left, right = piece[: len(piece) - len(piece.lstrip())], piece[len(piece.rstrip()) :]
                joined += left + next(remaining).strip() + right
            else:
                joined += piece
        return self.head + joined + self.tail


def has_letters(text: str) -> bool:
    return any(char.isalpha() for char in text)


class Masker:
    """Finds the spans of a text to protect: URLs, tags, numbers, the given names and glossary terms."""

    def __init__(self, names: Iterable[str] = (), terms: Iterable[Term] = ()) -> None:
        """Set up a masker. `names`: names of the speakers; each capitalized part of a name is protected too."""
        name_parts = [part for name in names for part in (name, *name.split()) if len(part) > 1 and part[0].isupper()]
        glossary = list(terms)
        exact = [*(Term(part, part, case=True) for part in dict.fromkeys(name_parts)), *(t for t in glossary if t.case)]
        self._exact = {_one_space(term.source): term for term in exact}
        self._caseless = {_one_space(term.source).casefold(): term for term in glossary if not term.case}
        self._patterns = [_any_term(self._caseless, re.IGNORECASE), _any_term(self._exact, 0)]

    def mask(self, text: str) -> MaskedText:
        """Find the protected spans of a text."""
        head = _LEADING_TAGS.match(text)
        assert head is not None
        rest = text[head.end() :]
        tail = _TRAILING_TAGS.search(rest)
        assert tail is not None
        inner = rest[: tail.start()]
        spans: list[ProtectedSpan] = []
        for _, span in sorted(self._candidates(inner), key=lambda row: (row[0], row[1].start)):
            if all(span.end <= other.start or span.start >= other.end for other in spans):
                spans.append(span)
        return MaskedText(inner, tuple(sorted(spans, key=lambda span: span.start)), head[0], tail[0])

    def _candidates(self, text: str) -> Iterator[tuple[int, ProtectedSpan]]:
        """Yield every span that could be protected, with its rank; lower ranks win."""
        for match in _PROTECTED.finditer(text):
            number = match[0][0].isdigit() or match[0][0] in "$€£¥₹"
            span = ProtectedSpan(match.start(), match.end(), match[0], bool(match["tag"]))
            yield (_RANK_NUMBER if number else _RANK_URL), span
        for match in _SYMBOLS.finditer(text):
            yield _RANK_URL, ProtectedSpan(match.start(), match.end(), match[0])
        for pattern in self._patterns:
            for match in pattern.finditer(text) if pattern else ():
                term = self._exact.get(_one_space(match[0])) or self._caseless[_one_space(match[0]).casefold()]
                span = ProtectedSpan(match.start(), match.end(), _match_capital(term, match[0]))
                yield _MAX_TERM_LENGTH - len(match[0]), span


def _any_term(terms: dict[str, Term], flags: int) -> re.Pattern[str] | None:
    if not terms:
        return None
    return re.compile("|".join(_whole_words(name) for name in sorted(terms, key=len, reverse=True)), flags)


def _whole_words(term: str) -> str:
    """Return a pattern that matches the term as whole words, with any white space between them."""
    pattern = r"\s+".join(re.escape(part) for part in term.split())
    before = r"(?<!\w)" if (term[0].isalnum() and not unspaced(term[0])) else ""
    after = r"(?!\w)" if (term[-1].isalnum() and not unspaced(term[-1])) else ""
    return before + pattern + after


def _one_space(text: str) -> str:
    return " ".join(text.split())


def _match_capital(term: Term, occurrence: str) -> str:
    """Return the term's target, capitalized if the occurrence is capitalized and the term is not."""
    if occurrence[0].isupper() and term.source[0].islower() and term.target[:1].islower():
        return term.target[0].upper() + term.target[1:]
    return term.target


def _placeholder_pattern(form: str) -> re.Pattern[str]:
    """Return a pattern that finds the placeholders of a form, with the number as its group."""
    left, right = form.split("{}")
    return re.compile(rf"(?<![A-Za-z0-9_]){re.escape(left)}([0-9]{{1,4}}){re.escape(right)}(?![A-Za-z0-9_])")
