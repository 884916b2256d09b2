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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from voicekit.config.dialogue import ScriptHeader
from voicekit.config.schema import build
from voicekit.config.yaml_file import parse_yaml
from voicekit.dialogues.script_lexer import (
    LONGEST_LINE,
    Place,
    ScriptProblem,
    check_length,
    parse_direction,
    strip_cutoff,
    tokenize,
)
from voicekit.errors import UsageError
from voicekit.redact import one_line

MOST_LINES = 10_000
MOST_SPEAKERS = 32
LONGEST_SCRIPT = 4 << 20
"""Characters."""

LONGEST_NAME = 40

_NAME = re.compile(r"([^\[\](){}:：\\#\n]+)[:：]")


@dataclass(frozen=True)
class Say:
    """Words, as they are said."""

    text: str
    at: Place = field(default=(1, 1), compare=False)


@dataclass(frozen=True)
class Pause:
    """Silence of so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Aside:
    """What stands in parentheses: a preset, parameters, or a stage direction. Not said."""

    text: str
    at: Place = field(default=(1, 1), compare=False)


@dataclass(frozen=True)
class Backchannel:
    """What another says meanwhile, briefly. `speaker`: who; None where the script leaves it open."""

    text: str
    speaker: str | None = None
    at: Place = field(default=(1, 1), compare=False)


Item = Say | Pause | Aside | Backchannel


@dataclass(frozen=True)
class Line:
    """What one speaker says until the next does.

    Attributes:
        speaker: Who.
        items: What, in order; at least one Say.
        gap: Seconds between the line before and this one, below 0 where they overlap; None where it is to be drawn.
        over: Starts before the other ends, by a draw.
        cut: Cut off by the next speaker.
        topic: Heading of the topic that begins with it; "" for one without a name.
        at: Where it stands.
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
        """The words that are said."""
        return " ".join(item.text for item in self.items if isinstance(item, Say))


@dataclass(frozen=True)
class Script:
    """Lines in order, and what the header says."""

    lines: tuple[Line, ...]
    header: ScriptHeader = field(default_factory=ScriptHeader)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Of lines and backchannels, in order of first speech."""
        names: dict[str, None] = {}
        for line in self.lines:
            names[line.speaker] = None
            names |= {one.speaker: None for one in line.items if isinstance(one, Backchannel) and one.speaker}
        return tuple(names)


# --- reading --------------------------------------------------------------------------------------------------------


def parse(text: str, name: str = "script") -> Script:
    """A script from what a writer typed. `name`: of the file, for messages.

    Raises:
        UsageError: a fault, with its line and column.
    """
    if len(text) > LONGEST_SCRIPT:
        raise UsageError(f"{name} is {len(text)} characters long", f"The longest script has {LONGEST_SCRIPT}")
    rows = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    header, first = _header(rows, name)
    lines: list[Line] = []
    topic: tuple[str, Place] | None = None
    for at, head in _speeches(rows[first:], first, name):
        if isinstance(head, str):
            topic = (head, at)
            continue
        lines.append(parse_line(*head, name, at, topic[0] if topic else None))
        topic = None
    if topic:
        raise ScriptProblem(name, topic[1], "nobody speaks after this heading", "Remove it, or write a line after it")
    return checked(Script(tuple(lines), header), name)


def checked(script: Script, name: str) -> Script:
    """The script, if it has something to say and is not beyond all measure. Raises UsageError where it is not so."""
    if not script.lines:
        raise UsageError(f"{name} has no lines", "Write some: `Alice: Hello there.`")
    if len(script.lines) > MOST_LINES:
        raise UsageError(f"{name} has {len(script.lines)} lines", f"Give at most {MOST_LINES} at once")
    if len(script.speakers) > MOST_SPEAKERS:
        last = next(line for line in script.lines if line.speaker == script.speakers[MOST_SPEAKERS])
        few = f"At most {MOST_SPEAKERS} can speak; a colon in the text may have made one"
        raise ScriptProblem(name, last.at, f"{len(script.speakers)} speakers", few)
    return script


def _header(rows: list[str], name: str) -> tuple[ScriptHeader, int]:
    """What stands between lines of three dashes at the top, and how many rows that takes."""
    start = next((number for number, row in enumerate(rows) if row.strip()), None)
    if start is None or rows[start].rstrip() != "---":
        return ScriptHeader(), 0
    end = next((number for number in range(start + 1, len(rows)) if rows[number].rstrip() == "---"), None)
    if end is None:
        raise ScriptProblem(name, (start + 1, 1), "the header has no end", "Write --- below it")
    body = "\n".join(rows[start + 1 : end])
    if not body.strip():
        return ScriptHeader(), end + 1
    return build(ScriptHeader, parse_yaml(body, name, start + 1), name), end + 1


Speech = tuple[str, list[tuple[str, int, int]]]
"""A speaker, and the pieces of rows that are theirs, with the row's number and the piece's column, from 0."""


def _speeches(rows: list[str], before: int, name: str) -> Iterator[tuple[Place, str | Speech]]:
    """Each speech with its place, and each heading."""
    speech: tuple[Place, Speech] | None = None
    for number, row in enumerate(rows, before):
        plain = row.strip()
        if not plain or row.startswith("//"):
            continue
        if row[0].isspace() and speech:
            speech[1][1].append((row, number, 0))
            continue
        indent = len(row) - len(row.lstrip())
        at = (number + 1, indent + 1)
        if row[indent] == "(" and plain.endswith(")"):
            continue  # a stage direction by itself
        if speech:
            yield speech
            speech = None
        if row[indent] == "#":
            yield at, _plain(plain.lstrip("#"))
            continue
        found = _NAME.match(row, indent)
        speaker = _plain(found[1]) if found else ""
        if not found or not is_name(speaker):
            known = (
                "Begin with a name of at most 40 letters, as `Alice: Hello`; indent what goes on from the line above"
            )
            raise ScriptProblem(name, at, f"no speaker in {plain[:30]!r}", known)
        speech = at, (speaker, [(row[found.end() :], number, found.end())])
    if speech:
        yield speech


def is_name(name: str) -> bool:
    """Whether a speaker can be called so in a script."""
    return (
        0 < len(name) <= LONGEST_NAME
        and name.isprintable()
        and any(char.isalnum() for char in name)
        and bool(_NAME.fullmatch(f"{name}:"))
        and not name.startswith(("//", "---"))
        and name == _plain(name)
    )


def parse_line(
    speaker: str, pieces: Iterable[tuple[str, int, int]], name: str, at: Place, topic: str | None = None
) -> Line:
    """What a speaker says, from rows of text.

    Raises:
        UsageError: a fault, with its line and column.
    """
    chars = [
        (char, (number + 1, column + offset + 1))
        for piece, number, column in pieces
        for offset, char in enumerate(f"{piece}\n")
    ]
    if len(chars) > 2 * LONGEST_LINE:
        raise ScriptProblem(name, at, f"{speaker} says {len(chars)} characters at once", f"Give at most {LONGEST_LINE}")
    tokens, cut = strip_cutoff(list(tokenize(chars, name)))
    items: list[Item] = []
    gap: float | None = None
    over = False
    for kind, text, place in tokens:
        if kind == "[":
            what, seconds = parse_direction(text, name, place)
            started = any(isinstance(item, Say) for item in items)
            if what == "pause" and started:
                if isinstance(items[-1], Pause):
                    seconds = round((seconds or 0) + items.pop().seconds, 3)  # type: ignore[union-attr]
                    check_length(seconds, name, place)
                items.append(Pause(seconds or 0.0))
                continue
            if started:
                raise ScriptProblem(
                    name, place, "[over] is not at the line's start", "Put it after the name and the colon"
                )
            if gap is not None or over:
                raise ScriptProblem(
                    name, place, "the line's start is given twice", "Keep one of [pause ...] and [over ...]"
                )
            gap = seconds if what == "pause" or seconds is None else -seconds
            over = seconds is None
        else:
            items += _item(kind, text, name, place)
    if not any(isinstance(item, Say) for item in items):
        raise ScriptProblem(name, at, f"{speaker} says nothing", "Write words after the colon, or remove the line")
    said = Line(speaker, tuple(items), gap, over, cut, topic, at)
    if len(said.text) > LONGEST_LINE:
        raise ScriptProblem(
            name, at, f"{speaker} says {len(said.text)} characters at once", f"Give at most {LONGEST_LINE}"
        )
    return said


def _item(kind: str, text: str, name: str, at: Place) -> list[Item]:
    """An item of a token; none for words that have no sound."""
    if not kind:
        text = _plain(re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL))
        return [Say(text, at)] if speakable(text) else []
    text = _plain(text)
    if kind == "(":
        return [Aside(text, at)] if text else []
    speaker, colon, rest = (part.strip() for part in text.partition(":"))
    if not colon:
        speaker, rest = "", text
    if not speakable(rest) or (colon and not is_name(speaker)):
        raise ScriptProblem(name, at, f"{{{one_line(text)[:30]}}} says nothing", "Write {mm-hm} or {Ben: mm-hm}")
    return [Backchannel(rest, speaker or None, at)]


def speakable(text: str) -> bool:
    """Whether there is anything in it to say."""
    return any(char.isalnum() for char in text)


def _plain(text: str) -> str:
    return " ".join(text.split())
