"""Write out numbers, dates, money, units, abbreviations and symbols as words.

English, German, Spanish, French and Portuguese use NeMo's grammars (text/grammar.py), Chinese and Japanese wetext's.
Text in other languages stays: their engines read numbers themselves. Nothing here fails on any text: what a grammar
does not accept is passed on with its symbols named.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from voicekit.text import grammar
from voicekit.text.agreement import correct
from voicekit.text.languages import base_language
from voicekit.text.sentence_ends import CLOSERS, OPENERS, abbreviations
from voicekit.text.written_forms import prepare

WETEXT_LANGUAGES = ("zh", "ja")

_CONTEXT = 5
"""Words on either side that the grammar sees with a number: a month, a unit, a street."""

_MARK = re.compile(rf"[.,;:!?…{re.escape(CLOSERS)}]+$")
"""Punctuation at the end of a word."""

_SYMBOLS = {
    "en": {
        "+": "plus", "±": "plus or minus", "×": "times", "÷": "divided by", "=": "equals", "€": "euros", "$": "dollars",
        "£": "pounds", "¥": "yen", "%": "percent", "&": "and", "@": "at", "°": "degrees", "<": "less than",
        ">": "greater than", "#": "number", "≈": "about", "≤": "at most", "≥": "at least", "§": "section",
    },
    "de": {
        "+": "plus", "±": "plus minus", "×": "mal", "÷": "geteilt durch", "=": "gleich", "€": "Euro", "$": "Dollar",
        "£": "Pfund", "¥": "Yen", "%": "Prozent", "&": "und", "@": "at", "°": "Grad", "<": "kleiner als",
        ">": "größer als", "#": "Nummer", "≈": "etwa", "≤": "höchstens", "≥": "mindestens", "§": "Paragraf",
    },
    "es": {
        "+": "más", "±": "más menos", "×": "por", "÷": "entre", "=": "igual a", "€": "euros", "$": "dólares",
        "£": "libras", "¥": "yenes", "%": "por ciento", "&": "y", "@": "arroba", "°": "grados", "<": "menor que",
        ">": "mayor que", "#": "número", "≈": "cerca de", "≤": "como máximo", "≥": "al menos", "§": "sección",
    },
    "fr": {
        "+": "plus", "±": "plus ou moins", "×": "fois", "÷": "divisé par", "=": "égale", "€": "euros", "$": "dollars",
        "£": "livres", "¥": "yens", "%": "pour cent", "&": "et", "@": "arobase", "°": "degrés", "<": "inférieur à",
        ">": "supérieur à", "#": "numéro", "≈": "environ", "≤": "au plus", "≥": "au moins", "§": "paragraphe",
    },
    "pt": {
        "+": "mais", "±": "mais ou menos", "×": "vezes", "÷": "dividido por", "=": "igual a", "€": "euros",
        "$": "dólares", "£": "libras", "¥": "ienes", "%": "por cento", "&": "e", "@": "arroba", "°": "graus",
        "<": "menor que", ">": "maior que", "#": "número", "≈": "cerca de", "≤": "no máximo", "≥": "pelo menos",
        "§": "parágrafo",
    },
    "zh": {
        "+": "加", "×": "乘", "÷": "除以", "=": "等于", "€": "欧元", "$": "美元", "£": "英镑", "¥": "元", "&": "和",
        "°": "度",
    },
    "ja": {
        "+": "プラス", "×": "かける", "÷": "割る", "=": "イコール", "€": "ユーロ", "$": "ドル", "£": "ポンド",
        "¥": "円", "&": "アンド", "°": "度",
    },
}  # fmt: skip
"""Names of symbols that the grammars leave. Languages without a row drop them."""


def write_out(text: str, language: str) -> str:
    """Return the words that are spoken for a sentence; language is its BCP-47 tag."""
    base = base_language(language)
    if base in WETEXT_LANGUAGES:
        return _name_symbols(_with_wetext(text, base), base)
    if base not in grammar.LANGUAGES:
        return text
    return _with_grammar(" ".join(_prepare(text, base).split()), base)


@functools.lru_cache(maxsize=4096)
def _with_grammar(text: str, language: str) -> str:
    words = text.split()
    pieces = []
    for start, end, special in _spans(words):
        if special and language == "en":  # the grammar of English knows punctuation
            piece = _write_out_run(words[start:end], language)
        elif special:
            runs = _split_at_punctuation(words[start:end], end == len(words))
            piece = " ".join(_write_out_run(run, language) + mark for run, mark in runs)
        else:
            piece = " ".join(words[start:end])
        pieces.append(_name_symbols(piece, language))
    return re.sub(r"\s+(?=[.,;:!?](?:\s|$))|(?<=[(\[¿¡„])\s+", "", " ".join(pieces))


def _write_out_run(words: Sequence[str], language: str) -> str:
    if not any(_is_special(word, is_last=False) for word in words):
        return " ".join(words)
    piece = grammar.write_out_with_grammar(" ".join(words), language) or _word_by_word(words, language)
    return correct(piece, words, language)


def _split_at_punctuation(words: Sequence[str], is_end: bool) -> Iterator[tuple[list[str], str]]:
    """Yield words that have no punctuation after them but the last, and that punctuation.

    The grammars of other languages than English read "5," and "1984." wrongly.

    Args:
        words: Words of a sentence.
        is_end: Whether the sentence ends with them.
    """
    run: list[str] = []
    for number, word in enumerate(words, 1):
        last = is_end and number == len(words)
        mark = _MARK.search(word)
        end = mark.start() if mark else len(word)
        if word[end : end + 1] == ")" and "(" in word:
            end += 1
        may_be_number = last and len(words) > 1 and any(char.isdigit() for char in f"{words[number - 2]}{word}")
        if word[end : end + 1] == "." and not may_be_number:
            end += 1  # "Sr.", "12. Juni", "EE.UU."
        run.append(word[:end])
        if end < len(word) or last:
            yield [each for each in run if each], word[end:]
            run = []
    if run:
        yield run, ""


def _word_by_word(words: Sequence[str], language: str) -> str:
    return " ".join(grammar.write_out_with_grammar(word, language) or word for word in words)


def _spans(words: Sequence[str]) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, whether the grammar is needed): the grammar takes seconds for a long sentence."""
    needed = [False] * len(words)
    for index, word in enumerate(words):
        if _is_special(word, index == len(words) - 1):
            for near in range(max(0, index - _CONTEXT), min(len(words), index + _CONTEXT + 1)):
                needed[near] = True
    start = 0
    for index in range(1, len(words) + 1):
        if index == len(words) or needed[index] != needed[start]:
            yield start, index, needed[start]
            start = index


def _is_special(word: str, is_last: bool) -> bool:
    """Whether a word may be more than letters: it has digits, symbols or inner dots, or is an abbreviation."""
    bare = word.strip(OPENERS + CLOSERS + ",;:!?…-–—")
    if bare.endswith(".") and (not is_last or bare[:-1].lower() in abbreviations()):
        return True
    return not all((char.isalpha() and unicodedata.category(char) != "Lm") or char in "'-" for char in bare.rstrip("."))


def _prepare(text: str, language: str) -> str:
    symbols = _SYMBOLS[language]
    text = prepare(text, language)
    return re.sub(r"(?<=\d)\s*([×÷±≈≤≥])\s*(?=\d)", lambda match: f" {symbols[match[1]]} ", text)


def _name_symbols(text: str, language: str) -> str:
    symbols = _SYMBOLS.get(language)
    if symbols is None or not any(char in symbols for char in text):
        return text
    space = "" if language in WETEXT_LANGUAGES else " "
    return " ".join(
        "".join(f"{space}{symbols.get(char, char)}{space}" if char in symbols else char for char in text).split()
    )


_NO_WITHOUT_NUMBER = re.compile(r"\b(N|n)(o)\.(?!\s*\d)")  # wetext reads every "No." as "number"


def _with_wetext(text: str, language: str) -> str:
    text = _NO_WITHOUT_NUMBER.sub(r"\1\2 .", text)
    try:
        words = str(_wetext(language).normalize(text))
    except Exception:  # an AssertionError, for symbols beside digits; whatever it is, the text can be spoken as written
        pieces = re.split(r"([^\w\s]+)", text)
        words = "".join(_try_wetext(piece, language) for piece in pieces)
    words = " ".join(words.replace('\\"', '"').split()).replace(" .", ".")
    return re.sub(r"\b([Nn]umber)\. (?=\w)", r"\1 ", words)


def _try_wetext(text: str, language: str) -> str:
    try:
        return str(_wetext(language).normalize(text)) if text.strip() else text
    except Exception:  # as above
        return text


@functools.cache
def _wetext(language: str) -> Any:
    from wetext import Normalizer

    return Normalizer(lang=language, operator="tn")
