"""Options and presets: strict models in which every default lives, with its unit and reason beneath it.

The command line, the Python functions and YAML files are three spellings of these. An unknown key fails and lists
the known ones. Presets are YAML files in configs/, in the working folder first and then the ones that ship.
"""

from __future__ import annotations

import functools

import langcodes
from langcodes import Language

from voicekit.errors import UsageError

# What Whisper knows, as faster-whisper names them.
LANGUAGES = frozenset(
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id "
    "is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si "
    "sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh yue".split()
)


UNKNOWN = "und"


def tag(code: str) -> str:
    """A BCP-47 tag in its usual form: `pt-br` is `pt-BR`, `deu` is `de`.

    Raises:
        UsageError: no language is called so.
    """
    try:
        usual = langcodes.standardize_tag(code.strip())
    except (ValueError, AttributeError):
        usual = ""
    if usual and (usual == UNKNOWN or langcodes.tag_is_valid(usual)):
        return usual
    raise UsageError(f"{code!r} is no language code", "Give BCP-47: es, pt-BR, zh-Hant ...")


def same(one: str, other: str) -> bool:
    """Whether two tags are one language in one script, wherever it is spoken."""
    return UNKNOWN not in (one, other) and _written(one) == _written(other)


@functools.cache
def _written(code: str) -> tuple[str | None, str | None]:
    found = parse_tag(code).maximize()
    return found.language, found.script


def parse_tag(code: str) -> Language:
    return Language.get(langcodes.standardize_tag(code, macro=True))
