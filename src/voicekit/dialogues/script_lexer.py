"""Script: what a writer types, as data and back. Pure; `parse(format(script))` is the script.

    ---                                     a header in YAML, which may be left out: title, cast, options
    cast: {Alice: jf_alpha, Ben: joe}
    ---
    # Breakfast                             a new topic; a chapter
    // nobody hears this
    Alice: Hello there. [pause 0.5] (calm) How are you?
      What goes on is indented. {mm-hm}
    Ben: [over] Fine, I was only --

`docs/dialogue.md` is the whole grammar. Knows nothing of voices: whether `(calm)` is a preset or a stage direction is
for `cast` to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicekit.errors import UsageError
from voicekit.redact import one_line
from voicekit.text.speakable import LONGEST_PAUSE

LONGEST_LINE = 5000
"""Characters that a speaker says without a break: six minutes. More is a slip."""
_DIRECTION = re.compile(r"(pause|over)(?:\s+(\d{1,4}(?:\.\d{1,9})?)\s*s?)?", re.IGNORECASE)
_CLOSING = {"[": "]", "(": ")", "{": "}"}
_SPECIAL = frozenset("[](){}\\")
_KNOWN = "Known: [pause 0.5], [over], [over 0.3]; a bracket that is to be said is written \\["

Place = tuple[int, int]
"""Line and column, from 1."""


class ScriptProblem(UsageError):
    """A fault of a script, with its place."""

    def __init__(self, name: str, at: Place, message: str, remedy: str) -> None:
        super().__init__(f"{name}: line {at[0]}, column {at[1]}: {message}", remedy)


Token = tuple[str, str, Place]
"""Its opening bracket ("" for words), its text, and where it begins."""


def tokenize(chars: list[tuple[str, Place]], name: str) -> Iterator[Token]:
    """Words and brackets. In words, what was written with a backslash keeps it, so that `--` can be told from it."""
    words: list[str] = []
    begun: Place | None = None
    number = 0
    while number < len(chars):
        char, at = chars[number]
        if char in _CLOSING:
            if begun:
                yield "", "".join(words), begun
            words, begun = [], None
            text, number = _bracket(chars, number, name)
            yield char, text, at
            continue
        if char in _CLOSING.values():
            raise ScriptProblem(name, at, f"{char} without its beginning", f"Write \\{char} where it is to be said")
        if char == "\\" and number + 1 < len(chars) and chars[number + 1][0] != "\n":
            words.append(char)
            number += 1
            char = chars[number][0]
        if not char.isspace():
            begun = begun or at
        words.append(char)
        number += 1
    if begun:
        yield "", "".join(words), begun


def _bracket(chars: list[tuple[str, Place]], start: int, name: str) -> tuple[str, int]:
    """The text in brackets from `start`, and the number of the character after them."""
    opening, at = chars[start]
    text = ""
    number = start + 1
    while number < len(chars):
        char = chars[number][0]
        if char == _CLOSING[opening]:
            return text, number + 1
        if char in _CLOSING:
            raise ScriptProblem(
                name, chars[number][1], f"{char} inside {opening}", f"Close {opening} first, or write \\{char}"
            )
        if char == "\\" and number + 1 < len(chars):
            number += 1
            char = chars[number][0]
        text += char
        number += 1
    raise ScriptProblem(
        name, at, f"{opening} without an end", f"Close it with {_CLOSING[opening]}, or write \\{opening}"
    )


def strip_cutoff(tokens: list[Token]) -> tuple[list[Token], bool]:
    """The tokens without the dashes at their end that stand for being cut off, and whether there were some."""
    if not tokens or tokens[-1][0]:
        return tokens, False
    text = tokens[-1][1].rstrip()
    for dash in ("--", "—"):
        if text.endswith(dash) and not text.removesuffix(dash).endswith("\\"):
            rest = text.removesuffix(dash).rstrip()
            return [*tokens[:-1], *([("", rest, tokens[-1][2])] if rest else [])], True
    return tokens, False


def parse_direction(text: str, name: str, at: Place) -> tuple[str, float | None]:
    found = _DIRECTION.fullmatch(text.strip())
    if not found:
        raise ScriptProblem(name, at, f"unknown direction [{one_line(text)[:30]}]", _KNOWN)
    what, seconds = found[1].lower(), round(float(found[2]), 3) if found[2] else None
    if what == "pause" and seconds is None:
        raise ScriptProblem(name, at, "[pause] of how long?", "Write [pause 0.5]")
    check_length(seconds or 0.0, name, at)
    return what, seconds


def check_length(seconds: float, name: str, at: Place) -> None:
    if seconds > LONGEST_PAUSE:
        raise ScriptProblem(name, at, f"{seconds:g} s", f"The longest is {LONGEST_PAUSE:g} s")


def escape(text: str) -> str:
    return "".join(f"\\{char}" if char in _SPECIAL else char for char in text)


def format_seconds(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
