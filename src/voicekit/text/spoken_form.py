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
from voicekit.text.languages import base_language
from voicekit.text.sentence_ends import CLOSERS, OPENERS, abbreviations

WETEXT_LANGUAGES = ("zh", "ja")

_CONTEXT = 5
"""Words on either side that the grammar sees with a number: a month, a unit, a street."""

_ROMAN = re.compile(r"(?:X[LX]|L?X{0,3})?(?:IX|IV|V?I{0,3})")

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
        piece = " ".join(words[start:end])
        if special:
            piece = grammar.write_out_with_grammar(piece, language) or _word_by_word(words[start:end], language)
            if language == "de":
                piece = _inflect_ordinals(piece, frozenset(words))
        pieces.append(_name_symbols(piece, language))
    return re.sub(r"\s+(?=[.,;:!?](?:\s|$))", "", " ".join(pieces))


_DATIVE = frozenset("am vom zum beim im dem den des zur seit ab bis".split())
_ARTICLES = frozenset("der die das".split())
"""Words before a German ordinal that end it with -en, and with -e."""


def _inflect_ordinals(text: str, written: frozenset[str]) -> str:
    """Give German ordinals, which the grammar always ends alike, the ending that the word before asks for."""
    words = text.split()
    for index in range(1, len(words)):
        before, word = words[index - 1].lower(), words[index]
        if before in _DATIVE | _ARTICLES and word not in written and (match := re.fullmatch(r"(\w+t)er?", word)):
            words[index] = match[1] + ("en" if before in _DATIVE else "e")
    return " ".join(words)


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
    """Write what the grammars read wrongly in a way that they read rightly."""
    text = re.sub(rf"(?<=\d)({_UNITS})(?![^\W\d_])", r" \1", text)
    if language == "en":
        for pattern, spoken in _ENGLISH:
            text = re.sub(pattern, spoken, text)
        text = re.sub(r"\b([A-Z][A-Za-z]+) ([IVXL]{2,8})\b", _roman, text)
        text = _VERSION.sub(lambda match: match[0].replace(".", " point "), text)
    symbols = _SYMBOLS[language]
    return re.sub(r"(?<=\d)\s*([×÷±≈≤≥])\s*(?=\d)", lambda match: f" {symbols[match[1]]} ", text)


_UNITS = "km/h|m/s|mph|kWh|kW|MW|km|cm|mm|kg|mg|ml|kHz|MHz|GHz|Hz|KB|MB|GB|TB|ft|lbs|lb|oz|kcal"
_ENGLISH = (
    (r"\b24/7\b", "twenty-four seven"),
    (r"(?<=\d)\s?m(?=[\s,.;:!?)]|$)(?!\.\s?p?\.?m)", " meters"),
    (r"(\d)' ?(\d{1,2})\"", r"\1 feet \2 inches"),
    (r"\b[Nn](?:o\.|[ro]s\.|º|°) ?(?=\d)", "number "),
    (r"#(?=[A-Za-z])", "hashtag "),
    (r"(?<![\d.,])(\d[\d,.]*\d|\d)\s?([€$£])(?!\d)", r"\2\1"),
    (r"\bv(?=\d+(?:\.\d+)*\b)", "version "),
)
"""What NeMo's grammar reads wrongly, and how it reads it rightly."""

_VERSION = re.compile(r"(?<![\d.])(?!\d{1,2}\.\d{1,2}\.(?:\d\d){1,2}\b)\d{1,4}\.\d{1,4}\.\d{1,4}(?![\d.]*\d)")
"""Three numbers that are no date; four are an address of a network, which the grammar knows."""

_NUMBERED = frozenset(
    "war part chapter act scene volume book title type phase level stage class grade section article appendix figure "
    "table apollo rocky fantasy model mark division corps series season episode unit lesson step".split()
)
"""Words after which a Roman numeral is a number; after other names it is an ordinal."""

_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth"
).split()


def _roman(match: re.Match[str]) -> str:
    """Henry VIII, World War II."""
    name, numeral = match[1], match[2]
    value = _roman_value(numeral) if _ROMAN.fullmatch(numeral) else 0
    if value > 1 and name.lower() in _NUMBERED:
        return f"{name} {value}"
    return f"{name} the {_ORDINALS[value - 1]}" if 1 < value <= len(_ORDINALS) else match[0]


def _roman_value(numeral: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10, "L": 50}[letter] for letter in numeral]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))


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
