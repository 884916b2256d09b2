"""Correct what the grammars do not know about the words around a number: endings, gender, spelling."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import pairwise

_DATIVE = frozenset("am vom zum beim im dem den des zur seit ab bis".split())
_ARTICLES = frozenset("der die das".split())
"""Words before a German ordinal that end it with -en, and with -e."""

_FEMININE = {
    "es": re.compile(r"\w+(?:as?|ión|iones|dad|dades|tad|tades)"),
    "pt": re.compile(r"\w+(?:as?|ção|ções|dades?|agem|agens)|(?:mulher|vez)(?:es)?|(?:noite|parte)s?"),
    "fr": re.compile(
        r"\w+(?:tions?|sions?|tés?|ées?|ies?|ures?|ances?|ences?|ettes?|elles?|aines?)"
        r"|(?:page|heure|fois|minute|seconde|semaine|personne|année|femme|fille|ville|maison|voiture|table|chose|place|"
        r"langue|tasse|étoile|nuit|part|main|rue|porte|lettre|carte|photo|image|note|ligne|question)s?"
    ),
}
"""Nouns that are probably feminine."""

_MASCULINE = frozenset(
    "día días mapa mapas problema problemas tema temas sistema sistemas programa programas idioma idiomas planeta "
    "planetas poema poemas clima artista artistas dia dias grama gramas cometa poetas poeta quilograma quilogramas "
    "kilogramas".split()
)
"""Spanish and Portuguese nouns in -a that are not."""

_FEMININE_NUMBERS = {
    "es": ((r"\bun$", "una"), (r"\bveintiún$", "veintiuna"), (r"(cient|quinient)os$", r"\1as")),
    "pt": ((r"\bum$", "uma"), (r"\bdois$", "duas"), (r"(zent|cent|hent)os$", r"\1as")),
    "fr": ((r"\bun$", "une"),),
}
"""Ends of numbers, and what they are before feminine nouns."""

_FRENCH_SPELLING = (
    (r"\bun (janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre)\b", r"premier \1"),
    (r"\bun euros\b", "un euro"),
    (r"\b(cent|vingt)s (mille|un|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze)\b", r"\1 \2"),
    (r"vingtsième", "vingtième"),
)


def correct(text: str, written: Collection[str], language: str) -> str:
    """Correct the spoken form of a part of a sentence.

    Args:
        text: Spoken form.
        written: Its words as they were written; these stay.
        language: One of grammar.LANGUAGES.
    """
    if language == "de":
        return " ".join(_inflect_ordinals(text.split(), frozenset(written)))
    if language in _FEMININE_NUMBERS:
        text = " ".join(_agree(text.split(), frozenset(written), language))
    if language == "fr":
        for pattern, spelling in _FRENCH_SPELLING:
            text = re.sub(pattern, spelling, text)
    return text


def _inflect_ordinals(words: Sequence[str], written: Collection[str]) -> list[str]:
    """Give German ordinals, which the grammar always ends alike, the ending that the word before asks for."""
    inflected = list(words)
    for index, word in enumerate(words):
        match = re.fullmatch(r"(\w+t)er?", word)
        if word in written or match is None:
            continue
        start = index
        while start and words[start - 1] not in written:  # "drei und zwanzigste"
            start -= 1
        before = words[start - 1].lower() if start else ""
        if before in _DATIVE | _ARTICLES:
            inflected[index] = match[1] + ("en" if before in _DATIVE else "e")
    return inflected


def _agree(words: Sequence[str], written: Collection[str], language: str) -> list[str]:
    """Give the last word of a number the gender of the noun after it."""
    agreed = list(words)
    for index, (word, noun) in enumerate(pairwise(words)):
        bare = noun.strip(".,;:!?").lower()
        if word in written or noun not in written or bare in _MASCULINE or not _FEMININE[language].fullmatch(bare):
            continue
        for pattern, feminine in _FEMININE_NUMBERS[language]:
            agreed[index] = re.sub(pattern, feminine, agreed[index])
    return agreed
