"""Rewrite what NeMo's grammars read wrongly into forms that they read rightly: "10–15" as "10 to 15".

The rules are of what public bug reports of speech engines complain about. What is ambiguous stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_TO = {"en": "to", "de": "bis", "es": "a", "fr": "à", "pt": "a"}

LAST_YEAR = 2100
"""Highest number of a range; two higher ones are a telephone number."""

_UNITS = "km/h|m/s|mph|kWh|kW|MW|km|cm|mm|kg|mg|ml|kHz|MHz|GHz|Hz|KB|MB|GB|TB|ft|lbs|lb|oz|kcal"
_RANGE = re.compile(r"(?<![\w.,:/-])([$€£]?)(\d{1,4})-(\d{1,4})(?![\w-]|[.,:/]\d)")
_ENGLISH_RANGE = re.compile(
    rf"(?:(?<=[Pp]ages )|(?<=pp\. )|(?<=[Aa]ges )|(?=[$€£]))(?:{_RANGE.pattern})|{_RANGE.pattern}(?= [a-z])"
)
"""The grammar knows ranges of years and units; others may be scores."""

_THOUSANDS = re.compile(r"(?<![\w.,])(\d{1,3}(?:\.\d{3})+)(?![\d]|\.\d)")
_SEVERAL_GROUPS = re.compile(r"(?<![\w.,])(\d{1,3}(?:\.\d{3}){2,})(?![\d]|\.\d)")
_CENTS_AFTER_DOT = re.compile(r"([$€£])\s?(\d+)\.(\d\d)(?!\d)")
_NO_CENTS = re.compile(r"(?<![\d.,])(\d+),00(?![\d,])")
_ROMAN = re.compile(r"(?:X[LX]|L?X{0,3})?(?:IX|IV|V?I{0,3})")

_NAME_AND_ROMAN = re.compile(r"\b([^\W\d_]\w+) ([IVXL]{1,8})(\.?)(?![\w'])")

_ORDINALS = {
    "en": (
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
        "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
    ).split(),
    "es": "primero segundo tercero cuarto quinto sexto séptimo octavo noveno décimo".split(),
    "pt": "primeiro segundo terceiro quarto quinto sexto sétimo oitavo nono décimo".split(),
    "fr": ["premier"],
}
"""What follows the name of a king; numbers without one are read as cardinals."""

_QUEENS = frozenset("isabel elizabeth elisabeth catalina catarina catherine katharina maria maría marie".split())
_MONARCHS = _QUEENS | frozenset(
    "louis charles henri françois philippe napoléon jean pie benoît ludwig heinrich friedrich karl wilhelm otto georg "
    "leopold joseph franz pius benedikt johannes paul carlos felipe alfonso fernando juan enrique pío benedicto pablo "
    "pedro joão manuel afonso luís filipe bento paulo ramsès ramsés ramses".split()
)
"""Names whose Roman numeral is an ordinal; English takes any name."""

_NUMBERED = {
    "en": frozenset(
        "war part chapter act scene volume book title type phase level stage class grade section article appendix "
        "figure table apollo rocky fantasy model mark division corps series season episode unit lesson step "
        "bowl".split()
    ),
    "de": frozenset("kapitel teil band akt szene weltkrieg abschnitt klasse stufe typ phase anhang buch".split()),
    "es": frozenset("siglo capítulo tomo volumen acto parte guerra tipo fase nivel libro título anexo".split()),
    "fr": frozenset("chapitre tome volume acte partie guerre type phase niveau livre titre annexe".split()),
    "pt": frozenset("século capítulo tomo volume ato parte guerra tipo fase nível livro título anexo".split()),
}
"""Words after which a Roman numeral is a number."""

Rule = tuple[str, "str | Callable[[re.Match[str]], str]"]


def _minutes(hours: str, joint: str = " ") -> Callable[[re.Match[str]], str]:
    """Write 14:05 as "14 Uhr 5"."""

    def write(match: re.Match[str]) -> str:
        minutes = int(match[2] or 0)
        return f"{int(match[1])} {hours}{f'{joint}{minutes}' if minutes else ''}"

    return write


_CLOCK = r"(?<![\d:.,])([01]?\d|2[0-4]):([0-5]\d)(?![\d:.]\d|:)"
_CLOCK_H = r"(?<![\d:.,])([01]?\d|2[0-4])\s?h\s?([0-5]\d)?(?![\w])"

_ENGLISH_TIMES = {"min": "minute", "hr": "hour", "yr": "year", "sec": "second", "wk": "week"}
_MONTHS = dict(
    zip(
        "Jan Feb Mar Apr Jun Jul Aug Sep Oct Nov Dec".split(),
        "January February March April June July August September October November December".split(),
        strict=True,
    )
)

_FRENCH_UNITS = {
    "km/h": "kilomètres par heure", "m/s": "mètres par seconde", "km": "kilomètres", "cm": "centimètres",
    "mm": "millimètres", "kg": "kilogrammes", "mg": "milligrammes", "ml": "millilitres", "m": "mètres",
    "g": "grammes", "l": "litres", "L": "litres", "min": "minutes", "kWh": "kilowattheures", "kW": "kilowatts",
    "Hz": "hertz", "kHz": "kilohertz", "GB": "gigaoctets", "Go": "gigaoctets", "Mo": "mégaoctets",
}  # fmt: skip
"""The French grammar has no units."""

_VERSION = r"(?<![\d.])(?!\d{1,2}\.\d{1,2}\.(?:\d\d){1,2}\b)\d{1,4}\.\d{1,4}\.\d{1,4}(?![\d.]*\d)"
"""Three numbers that are no date; four are an address of a network, which the grammar knows."""


_RULES: dict[str, tuple[Rule, ...]] = {
    "en": (
        (r"\b24/7\b", "twenty-four seven"),
        (r"\b((?:19|20)\d\d)\.(0\d|1[0-2])\.([0-2]\d|3[01])\b(?!\.\d)", r"\1-\2-\3"),
        (
            r"(?<![\w.,:/-])(?<!\b[A-Z]{2} )(?<!(?i:code) )(?<!(?i:zip) )(?<!(?i:number) )(\d{5,9})"
            r"(?=\s[a-z]|(?<=000)(?:[\s.,;:!?]|$))(?![.,:/-]\d)",
            lambda m: f"{int(m[1]):,}" if m[1][0] != "0" else m[1],
        ),
        (r"([$€£]\s?\d[\d.,]*)\s?m\b", r"\1 million"),
        (
            r"(?<=\d)\s?m(?= (?:people|users|views|visitors|subscribers|followers|downloads|copies|jobs|homes)\b)",
            " million",
        ),
        (r"(?<=\d)\s?m(?=[\s,.;:!?)]|$)(?!\.\s?p?\.?m)", " meters"),
        (r"(\d)' ?(\d{1,2})\"", r"\1 feet \2 inches"),
        (r"\b[Nn](?:o\.|[ro]s\.|º|°) ?(?=\d)", "number "),
        (r"#(?=[A-Za-z])", "hashtag "),
        (r"(?<![\d.,])(\d[\d,.]*\d|\d)\s?([€$£])(?!\d)", r"\2\1"),
        (r"([€$£]\d+),(\d\d)(?!\d|,\d)", r"\1.\2"),
        (r"(?<=\d)\s?¢", " cents"),
        (r"\bv(?=\d+(?:\.\d+)*\b)", "version "),
        (r"(?<=\d) (?:km/h|kph)(?!\w)", " kilometers per hour"),
        (r"(?<=\d) m/s(?!\w)", " meters per second"),
        (r"(?<![\d.,])1 ?(min|hr|yr|sec|wk)\b(?:\.(?=\s[a-z]))?", lambda m: f"1 {_ENGLISH_TIMES[m[1]]}"),
        (r"(?<=\d) ?(min|hr|yr|sec|wk)s?\b(?:\.(?=\s[a-z]))?", lambda m: f" {_ENGLISH_TIMES[m[1]]}s"),
        (r"(?<=\d\.\d) s(?![\w'])", " seconds"),
        (
            r"\b(lit(?:er|re)s?|gallons?|miles?|hours?|times|dollars|euros|calories|grams?|tons?)/"
            r"(second|minute|hour|day|week|month|year|person|head)\b",
            r"\1 per \2",
        ),
        (
            r"\b(Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec)t?\.?\s?-\s?"
            r"(Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec)t?\b\.?",
            lambda m: f"{_MONTHS[m[1]]} to {_MONTHS[m[2]]}",
        ),
        (r"\+(\d{1,3}(?: \d{2,4}){2,})(?![\d-])", lambda m: f"plus {' '.join(filter(str.isdigit, m[1]))}"),
        (_VERSION, lambda m: m[0].replace(".", " point ")),
    ),
    "de": (
        (_CLOCK + r"(?:\s*Uhr)?", _minutes("Uhr")),
        (r"(?<![\d:.,])(\d{1,2}):(\d{1,2})(?![\d:])", r"\1 zu \2"),
        (r"(\d+),(\d\d)\s?€", r"\1 Euro \2"),
        (
            r"(?<![\w.,:-])(1[1-9])(\d\d)-(1[1-9])(\d\d)(?![\w-]|[.,:]\d)",
            lambda m: f"{_german_year(m[1], m[2])} bis {_german_year(m[3], m[4])}",
        ),
        (r"(?<![\w.,:/-])1 (?=[A-ZÄÖÜ]\w*[a-zäöüß])", lambda m: _german_one(m)),
        (
            r"(?i)\b(jahre?n?|anno|januar|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember|"
            r"sommer|herbst|winter|frühling) (1[1-9])(\d\d)(?![\d.,:-]\d|\d)",
            lambda m: f"{m[1]} {_german_year(m[2], m[3])}",
        ),
    ),
    "es": (
        (_CLOCK_H.replace("?(?![", "(?!["), _minutes("horas")),
        (r"\b[Nn][.]?[º°]\s?(?=\d)", "número "),
        (r"\b[Pp]ágs?\.\s?(?=\d)", "páginas "),
        (r"(?<=\d)\s?km/h(?!\w)", " kilómetros por hora"),
        (r"(?<=\d)\s?°\s?C(?!\w)", " grados Celsius"),
        (r"(?<![\w.,)-])-(?=\d)", "menos "),
        (r"\bEE\. ?UU\.?(?!\w)", "Estados Unidos"),
    ),
    "fr": (
        (r"(?<=\d)\s?°\s?C(?!\w)", " degrés Celsius"),
        (r"(?<![\w.,)-])-(?=\d)", "moins "),
        (r"(?<!\d)(0\d(?:[. ]\d\d){4})(?!\d)", lambda m: m[1].replace(".", " ")),
        (r"(\d+),(\d\d)\s?€", r"\1 € \2"),
        (r"(?<![\d.,])([01])\s?€", r"\1 euro"),
        (_CLOCK_H, _minutes("heures")),
        (_CLOCK, _minutes("heures")),
        (r"(?<![\d ]\d)(?<!\d)1 heures\b", "une heure"),
        (r"\b[Nn][.]?[º°]\s?(?=\d)", "numéro "),
        (r"\b1re\b", "première"),
        (r"\b2nde\b", "seconde"),
        (r"\b2nd\b", "second"),
        (r"\b([IVXL]+)(?:e|ème)\b", lambda m: f"{_roman_value(m[1])}e" if _ROMAN.fullmatch(m[1]) else m[0]),
        (r"\b([A-ZÀ-Ý]\w+) Ier\b", r"\1 premier"),
        (
            rf"(?<![\w.,])(\d+(?:[.,]\d+)?)\s?({'|'.join(sorted(_FRENCH_UNITS, key=len, reverse=True))})(?![\w/²³])",
            lambda m: _french_unit(m),
        ),
    ),
    "pt": (
        (_CLOCK_H, _minutes("horas", " e ")),
        (r"\b[Nn][.]?[º°]\s?(?=\d)", "número "),
        (r"\b[Pp]ágs?\.\s?(?=\d)", "páginas "),
        (r"(?<=\d)\s?km/h(?!\w)", " quilômetros por hora"),
    ),
}
"""Patterns and what they are replaced by, in order."""


def prepare(text: str, language: str) -> str:
    """Rewrite a sentence for the grammar of a language, one of grammar.LANGUAGES."""
    text = re.sub(r"(?<=\d)\s?[–—]\s?(?=[$€£]?\d)", "-", text)
    text = re.sub(rf"(?<=\d)({_UNITS})(?![^\W\d_])", r" \1", text)
    thousands, comma = (_SEVERAL_GROUPS, ",") if language == "en" else (_THOUSANDS, "")
    text = thousands.sub(lambda match: match[0].replace(".", comma), text)
    if language != "en":
        text = _CENTS_AFTER_DOT.sub(r"\1\2,\3", text)
        text = _NO_CENTS.sub(r"\1", text)
    for pattern, spoken in _RULES[language]:
        text = re.sub(pattern, spoken, text)
    text = (_ENGLISH_RANGE if language == "en" else _RANGE).sub(lambda match: _range(match, _TO[language]), text)
    return _NAME_AND_ROMAN.sub(lambda match: _roman(match, language), text)


def _range(match: re.Match[str], to: str) -> str:
    """Write 10-15 as "10 to 15". Pairs that do not ascend are scores or seasons, and high ones telephone numbers."""
    currency, low, high = (group for group in match.groups() if group is not None)
    telephone = len(low) == 3 and len(high) == 4
    if int(low) >= int(high) or int(high) > LAST_YEAR or len(high) > len(low) + 1 or telephone or low[0] == "0":
        return match[0]
    return f"{low} {to} {currency}{high}"


def _roman(match: re.Match[str], language: str) -> str:
    """Henry VIII, World War II, siglo XX."""
    name, numeral, dot = match.groups()
    value = _roman_value(numeral) if _ROMAN.fullmatch(numeral) else 0
    if not value:
        return match[0]
    if name.lower() in _NUMBERED[language] and (len(numeral) > 1 or (name[0].isupper() and numeral != "L")):
        return f"{name} {value}{dot}"
    if not name[0].isupper() or len(numeral) < 2 or (language != "en" and name.lower() not in _MONARCHS):
        return match[0]
    if language == "de":
        return f"{name} {'die' if name.lower() in _QUEENS else 'der'} {value}."
    ordinals = _ORDINALS[language]
    if value > len(ordinals):
        return match[0] if language == "en" else f"{name} {value}{dot}"
    ordinal = ordinals[value - 1]
    if language in ("es", "pt") and name.lower() in _QUEENS:
        ordinal = ordinal[:-1] + "a"
    return f"{name} the {ordinal}{dot}" if language == "en" else f"{name} {ordinal}{dot}"


def _german_year(century: str, year: str) -> str:
    """1984 is "19 hundert 84"."""
    return f"{century} hundert{f' {int(year)}' if int(year) else ''}"


def _roman_value(numeral: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10, "L": 50}[letter] for letter in numeral]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))


def _french_unit(match: re.Match[str]) -> str:
    name = _FRENCH_UNITS[match[2]]
    if name != "hertz" and re.fullmatch(r"[01](?:[.,]\d+)?", match[1]):  # the singular, also for 1,5
        name = re.sub(r"s(?= |$)", "", name, count=1)
    return f"{match[1]} {name}"


_GERMAN_NUMBERED = frozenset("seite platz nummer raum zimmer linie gleis tor kanal tag runde".split())
_FEMININE_GERMAN = re.compile(
    r"\w*(?:ung|heit|keit|schaft|ion|tät|ur|e|stunde|minute|sekunde|woche|person|frau|million|milliarde|mark|hand|stadt|nacht)"
)


def _german_one(match: re.Match[str]) -> str:
    """Write "1 Jahr" as "ein Jahr"; "Kapitel 1 Ende" stays."""
    before = match.string[: match.start()].split()
    noun = match.string[match.end() :].split()[0].rstrip(".,;:!?")
    if before and before[-1].lower() in _NUMBERED["de"] | _GERMAN_NUMBERED:
        return match[0]
    return "eine " if _FEMININE_GERMAN.fullmatch(noun) and noun not in ("Ende", "Name", "Junge", "Käse") else "ein "
