"""Tokens of the script grammar: words, and text in brackets, parentheses and braces, with their places."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicekit.errors import UsageError
from voicekit.redact import one_line
from voicekit.text.speakable import MAX_PAUSE

MAX_LINE = 5000
"""Characters of one line: six minutes of speech."""

_DIRECTION = re.compile(r"(pause|over)(?:\s+(\d{1,4}(?:\.\d{1,9})?)\s*s?)?", re.IGNORECASE)
_CLOSING = {"[": "]", "(": ")", "{": "}"}
_SPECIAL = frozenset("[](){}\\")
_KNOWN_DIRECTIONS = "Known: [pause 0.5], [over], [over 0.3]; write a literal bracket as \\["

Place = tuple[int, int]
"""Line and column, from 1."""

Token = tuple[str, str, Place]
"""Opening bracket ("" for words), text, and place of the first character."""


class ScriptError(UsageError):
    """An error in a script, with its place."""

    def __init__(self, name: str, at: Place, message: str, remedy: str) -> None:
        super().__init__(f"{name}: line {at[0]}, column {at[1]}: {message}", remedy)


def tokenize(chars: list[tuple[str, Place]], name: str) -> Iterator[Token]:
    """Split characters, each with its place, into tokens.

    Words keep their backslashes, so that `strip_cutoff` can tell `\\--` from `--`.
    """
    words: list[str] = []
    start: Place | None = None
    position = 0
    while position < len(chars):
        char, at = chars[position]
        if char in _CLOSING:
            if start:
                yield "", "".join(words), start
            words, start = [], None
            text, position = _read_bracket(chars, position, name)
            yield char, text, at
            continue
        if char in _CLOSING.values():
            raise ScriptError(name, at, f"{char} without an opening bracket", f"Write \\{char} for a literal one")
        if char == "\\" and position + 1 < len(chars) and chars[position + 1][0] != "\n":
            words.append(char)
            position += 1
            char = chars[position][0]
        if not char.isspace():
            start = start or at
        words.append(char)
        position += 1
    if start:
        yield "", "".join(words), start


def _read_bracket(chars: list[tuple[str, Place]], start: int, name: str) -> tuple[str, int]:
    """The text in the bracket that opens at `start`, and the position after it."""
    opening, at = chars[start]
    text = ""
    position = start + 1
    while position < len(chars):
        char, here = chars[position]
        if char == _CLOSING[opening]:
            return text, position + 1
        if char in _CLOSING:
            raise ScriptError(name, here, f"{char} inside {opening}", f"Close {opening} first, or write \\{char}")
        if char == "\\" and position + 1 < len(chars):
            position += 1
            char = chars[position][0]
        text += char
        position += 1
    raise ScriptError(name, at, f"{opening} is not closed", f"Close it with {_CLOSING[opening]}, or write \\{opening}")


def strip_cutoff(tokens: list[Token]) -> tuple[list[Token], bool]:
    """Remove the dashes at the end that mark an interrupted line; returns the tokens, and whether there were any."""
    if not tokens or tokens[-1][0]:
        return tokens, False
    text = tokens[-1][1].rstrip()
    for dash in ("--", "—"):
        if text.endswith(dash) and not text.removesuffix(dash).endswith("\\"):
            rest = text.removesuffix(dash).rstrip()
            return [*tokens[:-1], *([("", rest, tokens[-1][2])] if rest else [])], True
    return tokens, False


def parse_direction(text: str, name: str, at: Place) -> tuple[str, float | None]:
    """Parse the text of `[pause 0.5]` or `[over]`: "pause" or "over", and the seconds."""
    match = _DIRECTION.fullmatch(text.strip())
    if not match:
        raise ScriptError(name, at, f"unknown direction [{one_line(text)[:30]}]", _KNOWN_DIRECTIONS)
    kind, seconds = match[1].lower(), round(float(match[2]), 3) if match[2] else None
    if kind == "pause" and seconds is None:
        raise ScriptError(name, at, "[pause] without a length", "Write [pause 0.5]")
    check_length(seconds or 0.0, name, at)
    return kind, seconds


def check_length(seconds: float, name: str, at: Place) -> None:
    """Raise UsageError for more than MAX_PAUSE."""
    if seconds > MAX_PAUSE:
        raise ScriptError(name, at, f"{seconds:g} s", f"The longest is {MAX_PAUSE:g} s")


def escape(text: str) -> str:
    """Put a backslash before characters that have a meaning in scripts."""
    return "".join(f"\\{char}" if char in _SPECIAL else char for char in text)


def format_seconds(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
