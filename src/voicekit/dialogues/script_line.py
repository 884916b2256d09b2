"""Parse what one speaker says: words, pauses, parentheticals and backchannels."""

from __future__ import annotations

import re
from collections.abc import Iterable

from voicekit.dialogues.labels import MAX_NAME, TIMESTAMP, is_name
from voicekit.dialogues.script import Backchannel, Item, Line, Parenthetical, Pause, SpokenText
from voicekit.dialogues.script_lexer import (
    MAX_LINE,
    Place,
    ScriptError,
    check_length,
    parse_direction,
    strip_cutoff,
    tokenize,
)
from voicekit.redact import one_line

Row = tuple[str, int, int]
"""A piece of a row, the row's number, and the column where the piece starts, both from 0."""


def parse_line(speaker: str, rows: Iterable[Row], name: str, at: Place, topic: str | None = None) -> Line:
    """Parse what a speaker says.

    Args:
        speaker: Name.
        rows: Their words.
        name: Of the file, for messages.
        at: Place of the line.
        topic: Heading before the line.

    Raises:
        UsageError: An error in the line, with its line and column.
    """
    chars = [
        (char, (number + 1, column + offset + 1))
        for text, number, column in rows
        for offset, char in enumerate(f"{text}\n")
    ]
    if len(chars) > 2 * MAX_LINE:
        raise _too_long(speaker, len(chars), name, at)
    tokens, cut = strip_cutoff(list(tokenize(chars, name)))
    items: list[Item] = []
    gap: float | None = None
    over = False
    for kind, text, place in tokens:
        if kind != "[":
            items += _parse_item(kind, text, name, place)
            continue
        if TIMESTAMP.fullmatch(text.strip()):
            continue
        direction, seconds = parse_direction(text, name, place)
        started = any(isinstance(item, SpokenText) for item in items)
        if direction == "pause" and started:
            _append_pause(items, seconds or 0.0, name, place)
        elif started:
            raise ScriptError(name, place, "[over] is not at the line's start", "Put it after the name and the colon")
        elif gap is not None or over:
            raise ScriptError(name, place, "the line's start is given twice", "Keep one of [pause ...] and [over ...]")
        elif seconds is None:
            over = True
        else:
            gap = seconds if direction == "pause" else -seconds
    if not any(isinstance(item, SpokenText) for item in items):
        raise ScriptError(name, at, f"{speaker} says nothing", "Write words after the colon, or remove the line")
    line = Line(speaker, tuple(items), gap, over, cut, topic, at)
    if len(line.text) > MAX_LINE:
        raise _too_long(speaker, len(line.text), name, at)
    return line


def invalid_name(speaker: str, name: str, at: Place, hint: str = "") -> ScriptError:
    """The error for a speaker's name that is not allowed. `hint`: what else the remedy says."""
    remedy = f"A name has at most {MAX_NAME} letters, and no brackets or colons{hint}"
    return ScriptError(name, at, f"invalid speaker name {speaker[:30]!r}", remedy)


def _too_long(speaker: str, count: int, name: str, at: Place) -> ScriptError:
    return ScriptError(name, at, f"{speaker} says {count} characters at once", f"Give at most {MAX_LINE}")


def _append_pause(items: list[Item], seconds: float, name: str, at: Place) -> None:
    """Append a pause, or extend the one at the end."""
    if isinstance(previous := items[-1], Pause):
        items.pop()
        seconds = round(seconds + previous.seconds, 3)
        check_length(seconds, name, at)
    items.append(Pause(seconds))


def _parse_item(kind: str, text: str, name: str, at: Place) -> list[Item]:
    """The item of a token; none for text without anything to speak."""
    if not kind:
        # "\n" as programs write it is a line break
        text = re.sub(r"\\(?:n(?![a-z])|(.))", lambda match: match[1] or " ", text, flags=re.DOTALL)
        text = normalize_spaces(text)
        return [SpokenText(text, at)] if is_speakable(text) else []
    text = normalize_spaces(text)
    if kind == "(":
        return [Parenthetical(text, at)] if text else []
    speaker, colon, words = (part.strip() for part in text.partition(":"))
    if not colon:
        speaker, words = "", text
    if not is_speakable(words) or (colon and not is_name(speaker)):
        raise ScriptError(name, at, f"{{{one_line(text)[:30]}}} says nothing", "Write {mm-hm} or {Ben: mm-hm}")
    return [Backchannel(words, speaker or None, at)]


def is_speakable(text: str) -> bool:
    """Whether the text has a letter or digit."""
    return any(char.isalnum() for char in text)


def normalize_spaces(text: str) -> str:
    """Single spaces between words."""
    return " ".join(text.split())
