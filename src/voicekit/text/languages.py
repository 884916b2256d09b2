"""BCP-47 language tags."""

from __future__ import annotations

import functools

import langcodes
from langcodes import Language

from voicekit.errors import UsageError

# The languages of Whisper, as faster-whisper names them.
WHISPER_LANGUAGES = frozenset(
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id "
    "is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si "
    "sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh yue".split()
)

UNSPACED_LANGUAGES = frozenset("zh yue ja th lo km my".split())
"""Languages written without spaces between words, as base language."""

UNKNOWN = "und"
"""BCP-47 tag of an undetermined language."""


def normalize_tag(code: str) -> str:
    """Return a BCP-47 tag in its standard form: `pt-br` becomes `pt-BR`, `deu` becomes `de`.

    Raises:
        UsageError: There is no such language.
    """
    try:
        standard = langcodes.standardize_tag(code.strip())
    except (ValueError, AttributeError):
        standard = ""
    if standard and (standard == UNKNOWN or langcodes.tag_is_valid(standard)):
        return standard
    raise UsageError(f"{code!r} is not a language code", "Give BCP-47: es, pt-BR, zh-Hant ...")


_WHISPER_CODES = {"nb": "no", "fil": "tl", "jv": "jw"}
"""Languages that Whisper knows by another code."""


def whisper_language(code: str) -> str | None:
    """Return Whisper's code for a BCP-47 tag: pt-BR gives pt, nb no; None if Whisper has none."""
    text = code.strip().lower().replace("_", "-")
    base = base_language(text)
    for candidate in (base, _WHISPER_CODES.get(base, "")):
        if candidate in WHISPER_LANGUAGES:
            return candidate
    try:
        standard = base_language(langcodes.standardize_tag(text, macro=True))
    except ValueError:
        return None
    return standard if standard in WHISPER_LANGUAGES else _WHISPER_CODES.get(standard)


def base_language(code: str) -> str:
    """Return the language without region or script: zh-Hant gives zh."""
    return code.replace("_", "-").partition("-")[0].lower()


def same_language(a: str, b: str) -> bool:
    """Whether two tags name the same language in the same script; the region does not matter."""
    return UNKNOWN not in (a, b) and _language_and_script(a) == _language_and_script(b)


@functools.cache
def _language_and_script(code: str) -> tuple[str | None, str | None]:
    language = parse_tag(code).maximize()
    return language.language, language.script


def parse_tag(code: str) -> Language:
    """Parse a BCP-47 tag; a variety such as cmn becomes its macrolanguage zh."""
    return Language.get(langcodes.standardize_tag(code, macro=True))
