"""Turn text as people write it (Markdown, HTML, SSML, typographic characters) into plain text to speak.

Everything that stands for words stays: link texts, the text inside tags, characters that look different but are
letters. What is not spoken is removed, and `removed_tags` lists the tags.

    SSML     <break time="500ms"/> is a pause; <say-as interpret-as="characters|digits|ordinal|cardinal"> is honoured;
             <sub alias="..."> is its alias; <p> and <s> are a paragraph and a sentence; <emphasis> has no effect
    Unicode  ligatures, mathematical letters, full-width letters and digits, and quotes become ordinary ones (NFKC for
             letters only: it would make m2 of m²)
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping

from voicekit.redact import list_names

PAUSE = re.compile(r"\[pause\s+(\d{1,6}(?:\.\d{1,9})?)\s*(ms|s)?\]", re.IGNORECASE)
"""A pause in seconds or milliseconds."""

_BREAK = re.compile(r"<break\b([^<>]*)>(?:\s*</break\s*>)?", re.IGNORECASE)
_STRENGTHS = {"none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.35, "strong": 0.8, "x-strong": 1.2}
_SAY_AS = re.compile(r"<say-as\b([^<>]*)>(.*?)</say-as\s*>", re.IGNORECASE | re.DOTALL)
_SUB = re.compile(r"<sub\b[^<>]*\balias\s*=\s*[\"']([^\"'<>]*)[\"'][^<>]*>.*?</sub\s*>", re.IGNORECASE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_SILENT = re.compile(r"<(script|style)\b[^<>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[/!?]?[A-Za-z][^<>]*>")
_PARAGRAPH_TAGS = re.compile(r"</?(?:p|div|h[1-6]|li|ul|ol|tr|table|blockquote)\b[^<>]*>", re.IGNORECASE)
_HONOURED = frozenset("break say-as sub p s speak".split())

_CODE_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[^\n`]*$", re.MULTILINE)
_IMAGE_OR_LINK = re.compile(r"!?\[([^\[\]]*)\]\((?:[^()\s]|\([^()]*\))*(?:\s+\"[^\"]*\")?\)")
_RULE = re.compile(r"^[ \t]*(?:[-*_][ \t]*){3,}$", re.MULTILINE)
_LINE_MARK = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+•‣◦][ \t]+|\|)", re.MULTILINE)
_TABLE_RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$", re.MULTILINE)
_EMPHASIS = re.compile(r"(?<![\w\\])([*_~`]{1,3})(?=\S)(.+?)(?<=\S)\1(?!\w)", re.DOTALL)
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+.!|~>-])")
_URL = re.compile(r"https?://([^\s/<>\"]+)[^\s<>\"]*")

_QUOTES = str.maketrans("‘’‚‛′“”„‟″‐‑‒−﹣", "'''''\"\"\"\"\"-----")
_SYMBOLS = frozenset("°%‰€$£¥+=<>&@#§±×÷≈≤≥|~^")
"""Symbols that `text.spoken_form` can name."""


def to_plain_text(text: str) -> str:
    """Return plain text; pauses stay as `[pause 0.5]`, paragraphs as empty lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _SILENT.sub(" ", _COMMENT.sub(" ", text))
    text = _BREAK.sub(lambda match: f" [pause {_break_seconds(match[1]):g}] ", text)
    text = _SAY_AS.sub(lambda match: f" {_say_as(match[1], match[2])} ", text)
    text = _SUB.sub(r" \1 ", text)
    text = _PARAGRAPH_TAGS.sub("\n\n", text)
    text = re.sub(r"<br\b[^<>]*>", "\n", text, flags=re.IGNORECASE)
    text = html.unescape(_without_markdown(_TAG.sub("", text)))
    return _ordinary_characters(_URL.sub(lambda url: url[1], text))


def removed_tags(text: str) -> tuple[str, ...]:
    """Return the names of tags that have no effect, in order of first use."""
    names = (re.match(r"<[/!?]?([\w:-]+)", tag) for tag in _TAG.findall(_COMMENT.sub(" ", text)))
    return tuple(dict.fromkeys(name[1].lower() for name in names if name and name[1].lower() not in _HONOURED))


def tags_without_effect(texts: Mapping[str, str]) -> list[str]:
    """Warnings that list the tags without effect, with the names of the texts that have them.

    Args:
        texts: Texts by name; "" for the name of the only one.
    """
    names: dict[str, list[str]] = {}
    for name, text in texts.items():
        for tag in removed_tags(text) if "<" in text else ():
            names.setdefault(tag, []).append(name)
    return [f"<{tag}> has no effect{f' in {list_names(where)}' if any(where) else ''}" for tag, where in names.items()]


def _break_seconds(attributes: str) -> float:
    time = re.search(r"\btime\s*=\s*[\"']\s*\+?(\d{1,6}(?:\.\d{1,9})?)\s*(ms|s)?", attributes, re.IGNORECASE)
    if time:
        return float(time[1]) / (1000 if (time[2] or "s").lower() == "ms" else 1)
    strength = re.search(r"\bstrength\s*=\s*[\"']([\w-]+)", attributes)
    return _STRENGTHS.get(strength[1].lower() if strength else "medium", 0.35)


def _say_as(attributes: str, text: str) -> str:
    kind = re.search(r"\binterpret-as\s*=\s*[\"']([\w:-]+)", attributes)
    match kind[1].lower() if kind else "":
        case "characters" | "spell-out" | "verbatim" | "digits" | "telephone":
            return " ".join(char for char in _TAG.sub("", text) if not char.isspace())
        case "ordinal":
            return re.sub(r"\d+", lambda number: number[0] + _ordinal_ending(int(number[0][-2:])), text)
    return text


def _ordinal_ending(number: int) -> str:
    return "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _without_markdown(text: str) -> str:
    text = _TABLE_RULE.sub("", _RULE.sub("", _CODE_FENCE.sub("", text)))
    while (marked := _LINE_MARK.sub("", text)) != text:
        text = marked
    text = _IMAGE_OR_LINK.sub(r"\1", text)
    for _ in range(3):  # **bold _and italic_**
        text = _EMPHASIS.sub(r"\2", text)
    return _ESCAPE.sub(r"\1", text).replace(" | ", ", ").replace("```", " ")


def _ordinary_characters(text: str) -> str:
    """Remove control characters and emoji, and replace look-alikes of letters, quotes and dashes by the usual ones."""
    kept = []
    for char in unicodedata.normalize("NFC", text).translate(_QUOTES):
        category = unicodedata.category(char)
        if char.isspace():
            kept.append(char if char == "\n" else " ")
        elif char in _SYMBOLS:
            kept.append(char)
        elif category in ("So", "Sk", "Co", "Cn", "Cs"):
            kept.append(" ")
        elif category not in ("Cc", "Cf"):
            kept.append(_ordinary_letter(char, category))
    return "".join(kept)


def _ordinary_letter(char: str, category: str) -> str:
    kind = unicodedata.decomposition(char).partition(" ")[0]
    letter_or_digit = category[0] in "LN" and kind in (
        "<font>",
        "<wide>",
        "<narrow>",
        "<compat>",
        "<circle>",
        "<square>",
    )
    if letter_or_digit or ((kind in ("<wide>", "<narrow>") and category in ("Sc", "Sm")) or char in "％＠＃＆＊／"):
        return unicodedata.normalize("NFKC", char)
    return char
