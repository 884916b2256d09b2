"""Whether a sentence ends between two words, and which full stops belong to an abbreviation.

The one place that knows abbreviations: segments, translation, line breaks and speaker names ask here.
"""

from __future__ import annotations

import re

from voicekit.text.markup import TAG
from voicekit.text.words import unspaced

TERMINALS = ".!?…。！？｡؟۔।॥።"
CLOSERS = "\"'”’»›)]}」』）】〉》"
OPENERS = "\"'“‘«‹([{¿¡「『【（〈《"

# All without their final full stop and in lower case.
TITLES = frozenset(
    "mr mrs ms dr drs prof st ste sr jr rev hon gov sen rep gen col lt capt sgt mt ft sra srta dra ud uds vd vds "
    "exmo exma hr fr herr frau dipl ing m mme mlle mm sig dott dhr mevr г".split()
)
"""Abbreviations that stand before a name, and the titles that German writes out."""

_ABBREVIATIONS = TITLES | frozenset(
    "vs etc e.g i.e cf al approx dept est inc ltd co corp u.s u.k a.m p.m "
    "av pág núm ej p.ej aprox tel bzw z.b d.h u.a usw ca str env c.-à-d т.е т.д т.п гг им руб".split()
)
_BEFORE_NUMBER = frozenset(
    "no nos nr vol fig pp art jan feb mar apr jun jul aug sep sept oct nov dec okt dez ene abr ago dic".split()
)
"""Abbreviations only before a number: elsewhere "No." is an answer, and "mar." the Spanish sea."""

_FINAL_ABBREVIATIONS = frozenset("etc inc ltd co corp jr sr al a.m p.m u.s u.k usw т.д т.п г гг руб".split())
"""Those that can also end a sentence; they do if the next word has a capital."""

_SENTENCE_END = re.compile(rf"[{re.escape(TERMINALS)}]+[{re.escape(CLOSERS)}]*$")
_INITIALS = re.compile(r"[^\W\d_](?:\.[^\W\d_])*")  # J, J.R.R
_TAG = re.compile(TAG)


def abbreviations() -> frozenset[str]:
    """All abbreviations, without their final full stop and in lower case."""
    return _ABBREVIATIONS | _BEFORE_NUMBER


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
