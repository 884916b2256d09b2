"""Split text of scripts without spaces into phrases with BudouX (https://github.com/google/budoux)."""

from __future__ import annotations

import functools
from typing import Any

_TRADITIONAL_CHINESE = frozenset(("hant", "tw", "hk", "mo"))
"""Script and regions whose Chinese uses traditional characters."""


def split_phrases(text: str, language: str) -> list[str] | None:
    """Split a text into phrases that join to `text`; None if BudouX does not support the BCP-47 language."""
    parser = _parser(language)
    return None if parser is None else [phrase for phrase in parser.parse(text) if phrase]


@functools.cache
def _parser(language: str) -> Any:
    import budoux

    base, *subtags = language.lower().split("-")
    match base:
        case "ja":
            return budoux.load_default_japanese_parser()
        case "zh" | "yue":
            if base == "yue" or _TRADITIONAL_CHINESE & set(subtags):
                return budoux.load_default_traditional_chinese_parser()
            return budoux.load_default_simplified_chinese_parser()
        case "th":
            return budoux.load_default_thai_parser()
    return None
