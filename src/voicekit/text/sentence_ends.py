"""Where sentences end, and which full stops belong to an abbreviation.

`sentence_ends` sees a whole text and asks sentencex (Wikimedia, https://github.com/wikimedia/sentencex), which knows
the abbreviations of 240 languages. `ends_sentence` sees two words only, for callers that have no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from voicekit.text.languages import base_language
from voicekit.text.markup import TAG
from voicekit.text.words import unspaced

TERMINALS = ".!?…。！？｡؟۔।॥።"
CLOSERS = "\"'”’»›)]}」』）】〉》"
OPENERS = "\"'“‘«‹([{¿¡「『【（〈《"

# All without their final full stop and in lower case.
TITLES = frozenset(
    "mr mrs ms mgr dr drs prof st ste sr jr rev hon gov sen rep gen col lt capt sgt mt ft sra srta dra ud uds vd vds "
    "exmo exma hr fr herr frau dipl ing m mme mlle mm sig dott dhr mevr г".split()
)
"""Abbreviations that stand before a name, and the titles that German writes out."""

_ABBREVIATIONS = TITLES | frozenset(
    "vs etc e.g i.e cf al approx dept est inc ltd co corp u.s u.k a.m p.m "
    "av pág núm ej p.ej aprox tel bzw z.b d.h u.a usw ca str env c.-à-d т.е т.д т.п гг им руб".split()
)
_BEFORE_NUMBER = frozenset(
    "no nos nr n° nº n.º vol fig pp art "
    "jan feb mar apr jun jul aug sep sept oct nov dec okt dez ene abr ago dic".split()
)
"""Abbreviations only before a number: elsewhere "No." is an answer, and "mar." the Spanish sea."""

_FINAL_ABBREVIATIONS = frozenset("etc inc ltd co corp jr sr al a.m p.m u.s u.k usw т.д т.п г гг руб".split())
"""Those that can also end a sentence; they do if the next word has a capital."""

_LAST_OF_LISTS = frozenset("etc usw т.д т.п".split())

_SENTENCE_END = re.compile(rf"[{re.escape(TERMINALS)}]+[{re.escape(CLOSERS)}]*$")
_INITIALS = re.compile(r"[^\W\d_](?:\.[^\W\d_])*")  # J, J.R.R
_TAG = re.compile(TAG)
_REFERENCES = re.compile(r"(?<=[.!?])(?:\[\d{1,3}\])+$")  # as in Wikipedia: "1910.[14]"
_BULLETS = "•‣◦⁃"
_GERMAN_ARTICLES = frozenset(
    "der die das dem den des im am zum zur vom beim ein eine einen einem einer eines jeder jede jedes jeden jedem "
    "dieser diese dieses diesem diesen mein dein sein ihr unser".split()
)
_LIST_NUMBER = re.compile(r"\d{1,3}[.)]+")
_WITHOUT_MARKS = str.maketrans("", "", "".join(set(f"{OPENERS}{CLOSERS}`„‟") - set("'’¿¡")))


def abbreviations() -> frozenset[str]:
    """All abbreviations, without their final full stop and in lower case."""
    return _ABBREVIATIONS | _BEFORE_NUMBER


def sentence_ends(words: Sequence[str], language: str, *, uncased: bool = False) -> list[bool]:
    """For each word of a text whether a sentence ends after it.

    Sentences end inside quotations and parentheses too: a quotation may be a page long. No sentence begins in lower
    case, and none is only a number of a list or closing marks.

    Args:
        words: Words with their punctuation; tags in them are ignored.
        language: BCP-47 tag; sentencex uses the rules of English if it does not know the language.
        uncased: The text's case proves nothing.
    """
    base = base_language(language)
    bare = [_bare(word) for word in words]
    spoken = [index for index, word in enumerate(bare) if word]
    ends = [False] * len(words)
    ended = set(_ends_of_sentencex([bare[index] for index in spoken], language))
    if spoken and _SENTENCE_END.search(bare[spoken[-1]]):
        ended.add(len(spoken) - 1)
    begin = 0
    for place, index in enumerate(spoken):
        preceding = bare[spoken[place - 1]] if place > begin else ""
        following = bare[spoken[place + 1]] if place + 1 < len(spoken) else ""
        if index + 1 < len(words) and words[index + 1] in _BULLETS:
            pass  # the item of a list ends without a full stop
        elif not _is_end(bare[index], following, place in ended, uncased):
            continue
        elif base != "en" and not preceding.isdigit() and is_abbreviation(bare[index], following):
            continue  # sentencex knows fewer titles and initials of other languages
        elif _LIST_NUMBER.fullmatch(bare[index]) and (
            place == begin or (base == "de" and preceding.lower() in _GERMAN_ARTICLES)
        ):
            continue  # "2. The second", "im 19. Jahrhundert"
        while index + 1 < len(words) and words[index + 1].strip(CLOSERS) == "":
            index += 1
        ends[index] = True
        begin = place + 1
    return ends


def _is_end(word: str, following: str, ended: bool, uncased: bool) -> bool:
    """Whether a sentence ends after a word. `ended`: whether sentencex says so."""
    if unspaced(word[-1]) and word[-1] in TERMINALS:
        return True
    if not uncased and _first_character(following).islower():
        return False
    if word.endswith(".") and word[:-1].lower() in _BEFORE_NUMBER:
        return not _first_character(following).isdigit()  # "No. I do not."
    if word.rstrip(".").lower() in _LAST_OF_LISTS:
        return not following or _first_character(following).isupper()
    return ended


def _ends_of_sentencex(words: Sequence[str], language: str) -> Iterator[int]:
    """Yield the indexes of words after which sentencex ends a sentence."""
    import sentencex

    positions, length = {}, 0
    for index, word in enumerate(words):
        length += len(word) + 1
        positions[length] = index
    end = 0
    for sentence in sentencex.segment(language, " ".join(words)):
        end += len(sentence)
        if end in positions:
            yield positions[end]


def _bare(word: str) -> str:
    """A word as sentencex sees it: without tags, quotation marks, brackets, and what is not Unicode text."""
    plain = _REFERENCES.sub("", _TAG.sub("", word)).translate(_WITHOUT_MARKS)
    plain = re.sub(r"^['’]+|(?<=[.!?…])['’]+$", "", plain)
    has_text = any(char.isalnum() or char in TERMINALS for char in plain)
    return plain.encode("utf-8", "replace").decode() if has_text else ""


def ends_sentence(word: str, following: str = "", *, uncased: bool = False) -> bool:
    """Whether a sentence ends between two words; tags in them are ignored.

    Args:
        word: A word with its punctuation.
        following: The next word; empty at the end of the text.
        uncased: The text's case proves nothing. Otherwise no sentence begins in lower case.
    """
    word, following = _TAG.sub("", word), _TAG.sub("", following)
    end = _SENTENCE_END.search(word)
    if not end:
        return False
    if unspaced(end[0].rstrip(CLOSERS)[-1]):
        return True
    if not uncased and _first_character(following).islower():
        return False
    return not is_abbreviation(word, following)


def is_abbreviation(word: str, following: str = "") -> bool:
    """Whether the full stop at the end of a word does not end a sentence: "Mr.", "J.", "e.g.", and the 3 of "3. 5."."""
    bare = word.rstrip(CLOSERS)
    if not bare.endswith(".") or bare.endswith(".."):
        return False
    bare = bare[:-1].lstrip(OPENERS).lower()
    first = _first_character(following)
    if bare in _BEFORE_NUMBER:
        return first.isdigit()
    if bare in _FINAL_ABBREVIATIONS:
        return not first.isupper()
    if bare in _ABBREVIATIONS:
        return True
    if bare.isdigit():
        return len(bare) <= 2 and first.isdigit()
    return bare != "i" and _INITIALS.fullmatch(bare) is not None


def _first_character(word: str) -> str:
    return word.lstrip(f"{OPENERS}-–—")[:1]
