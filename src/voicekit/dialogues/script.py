"""The script format: data classes and parser. `docs/dialogue.md` describes the whole grammar.

    ---                                     optional YAML header: title, cast, options
    cast: {Alice: jf_alpha, Ben: joe}
    ---
    # Breakfast                             a new topic, which becomes a chapter
    // a comment
    Alice: Hello there. [pause 0.5] (calm) How are you?
      Indented rows continue the line. {mm-hm}
    Ben: [over] Fine, I was only --

Whether a parenthetical such as `(calm)` is a preset or a stage direction is decided in `casting`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from voicekit.config.dialogue import ScriptHeader
from voicekit.config.schema import build
from voicekit.config.yaml_file import parse_yaml
from voicekit.dialogues.script_lexer import (
    MAX_LINE,
    Place,
    ScriptError,
    check_length,
    parse_direction,
    strip_cutoff,
    tokenize,
)
from voicekit.errors import UsageError
from voicekit.redact import one_line

MAX_LINES = 10_000
MAX_SPEAKERS = 32
MAX_SCRIPT = 4 << 20
"""Characters of a script."""

MAX_NAME = 40
"""Characters of a speaker's name."""

_NAME = re.compile(r"([^\[\](){}:：\\#\n]+)[:：]")


@dataclass(frozen=True)
class SpokenText:
    """Words to speak."""

    text: str
    at: Place = field(default=(1, 1), compare=False)


@dataclass(frozen=True)
class Pause:
    """Silence within a line, seconds."""

    seconds: float


@dataclass(frozen=True)
class Parenthetical:
    """Text in parentheses: a preset, parameters, or a stage direction. Not spoken."""

    text: str
    at: Place = field(default=(1, 1), compare=False)


@dataclass(frozen=True)
class Backchannel:
    """A short response of another speaker during a line. `speaker` is None if the script does not name one."""

    text: str
    speaker: str | None = None
    at: Place = field(default=(1, 1), compare=False)


Item = SpokenText | Pause | Parenthetical | Backchannel


@dataclass(frozen=True)
class Line:
    """What one speaker says until the next one speaks.

    Attributes:
        speaker: Name.
        items: In order; at least one SpokenText.
        gap: Exact seconds from the end of the previous line, negative for an overlap; None if it is sampled.
        over: Begins before the previous line ends, by a sampled time.
        cut: Interrupted by the next speaker.
        topic: Heading of the topic that it starts; "" for a topic without a name.
        at: Place in the file.
    """

    speaker: str
    items: tuple[Item, ...]
    gap: float | None = None
    over: bool = False
    cut: bool = False
    topic: str | None = None
    at: Place = field(default=(1, 1), compare=False)

    @property
    def text(self) -> str:
        """The spoken words."""
        return " ".join(item.text for item in self.items if isinstance(item, SpokenText))


@dataclass(frozen=True)
class Script:
    """Lines in order, and the header."""

    lines: tuple[Line, ...]
    header: ScriptHeader = field(default_factory=ScriptHeader)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Speakers of lines and backchannels, in order of first appearance."""
        names: dict[str, None] = {}
        for line in self.lines:
            names[line.speaker] = None
            names |= {item.speaker: None for item in line.items if isinstance(item, Backchannel) and item.speaker}
        return tuple(names)


def parse_script(text: str, name: str = "script") -> Script:
    """Parse a script.

    Args:
        text: The script.
        name: Of the file, for messages.

    Raises:
        UsageError: An error in the script, with its line and column.
    """
    if len(text) > MAX_SCRIPT:
        raise UsageError(f"{name} is {len(text)} characters long", f"The longest script has {MAX_SCRIPT}")
    rows = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    header, row_count = _parse_header(rows, name)
    lines: list[Line] = []
    topic: tuple[str, Place] | None = None
    for at, content in _split_into_speeches(rows[row_count:], row_count, name):
        if isinstance(content, str):
            topic = (content, at)
            continue
        lines.append(parse_line(*content, name, at, topic[0] if topic else None))
        topic = None
    if topic:
        raise ScriptError(name, topic[1], "nobody speaks after this heading", "Remove it, or write a line after it")
    return check_script(Script(tuple(lines), header), name)


def check_script(script: Script, name: str) -> Script:
    """Return the script unchanged. Raises UsageError if it is empty, or has too many lines or speakers."""
    if not script.lines:
        raise UsageError(f"{name} has no lines", "Write some: `Alice: Hello there.`")
    if len(script.lines) > MAX_LINES:
        raise UsageError(f"{name} has {len(script.lines)} lines", f"Give at most {MAX_LINES} at once")
    if len(script.speakers) > MAX_SPEAKERS:
        line = next(line for line in script.lines if line.speaker == script.speakers[MAX_SPEAKERS])
        remedy = f"At most {MAX_SPEAKERS} can speak; a colon in the text may have been taken for the end of a name"
        raise ScriptError(name, line.at, f"{len(script.speakers)} speakers", remedy)
    return script


def _parse_header(rows: list[str], name: str) -> tuple[ScriptHeader, int]:
    """The YAML header between two lines of three dashes, and its number of rows; an empty one and 0 without it."""
    start = next((number for number, row in enumerate(rows) if row.strip()), None)
    if start is None or rows[start].rstrip() != "---":
        return ScriptHeader(), 0
    end = next((number for number in range(start + 1, len(rows)) if rows[number].rstrip() == "---"), None)
    if end is None:
        raise ScriptError(name, (start + 1, 1), "the header is not closed", "Write --- below it")
    body = "\n".join(rows[start + 1 : end])
    if not body.strip():
        return ScriptHeader(), end + 1
    return build(ScriptHeader, parse_yaml(body, name, start + 1), name), end + 1


Rows = list[tuple[str, int, int]]
"""Pieces of rows, each with the row's number and its column in it, from 0."""

Speech = tuple[str, Rows]
"""A speaker, and the rows of what they say."""


def _split_into_speeches(rows: list[str], first_number: int, name: str) -> Iterator[tuple[Place, str | Speech]]:
    """Yield each speech, and the text of each heading, with its place."""
    speech: tuple[Place, Speech] | None = None
    for number, row in enumerate(rows, first_number):
        stripped = row.strip()
        if not stripped or row.startswith("//"):
            continue
        if row[0].isspace() and speech:
            speech[1][1].append((row, number, 0))
            continue
        indent = len(row) - len(row.lstrip())
        at = (number + 1, indent + 1)
        if row[indent] == "(" and stripped.endswith(")"):
            continue  # a stage direction on its own row
        if speech:
            yield speech
            speech = None
        if row[indent] == "#":
            yield at, _normalize_spaces(stripped.lstrip("#"))
            continue
        match = _NAME.match(row, indent)
        speaker = _normalize_spaces(match[1]) if match else ""
        if not match or not is_name(speaker):
            remedy = f"Start with a name of at most {MAX_NAME} letters, as `Alice: Hello`; indent a continued line"
            raise ScriptError(name, at, f"no speaker in {stripped[:30]!r}", remedy)
        speech = at, (speaker, [(row[match.end() :], number, match.end())])
    if speech:
        yield speech


def is_name(name: str) -> bool:
    """Whether `name` is allowed as a speaker's name."""
    return (
        0 < len(name) <= MAX_NAME
        and name.isprintable()
        and any(char.isalnum() for char in name)
        and bool(_NAME.fullmatch(f"{name}:"))
        and not name.startswith(("//", "---"))
        and name == _normalize_spaces(name)
    )


def parse_line(
    speaker: str, rows: Iterable[tuple[str, int, int]], name: str, at: Place, topic: str | None = None
) -> Line:
    """Parse what a speaker says.

    Args:
        speaker: Name.
        rows: Pieces of rows, each with the row's number and its column in it, from 0.
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
        text = _normalize_spaces(re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL))
        return [SpokenText(text, at)] if is_speakable(text) else []
    text = _normalize_spaces(text)
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


def _normalize_spaces(text: str) -> str:
    return " ".join(text.split())
