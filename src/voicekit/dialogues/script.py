"""A script: who says what, in order. `docs/formats/script.md` describes the text format.

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

from collections.abc import Iterable
from dataclasses import dataclass, field

from voicekit.config.dialogue import ScriptHeader
from voicekit.dialogues.script_lexer import Place, ScriptError
from voicekit.errors import UsageError

MAX_LINES = 10_000
MAX_SPEAKERS = 32


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
class Unspoken:
    """Text of a script that nobody says: its kind, such as "action", and the line of the file."""

    kind: str
    text: str
    line: int


@dataclass(frozen=True)
class Script:
    """Lines in order, the header, hints for the writer, and what is not spoken."""

    lines: tuple[Line, ...]
    header: ScriptHeader = field(default_factory=ScriptHeader)
    notes: tuple[str, ...] = field(default=(), compare=False)
    unspoken: tuple[Unspoken, ...] = field(default=(), compare=False)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Speakers of lines and backchannels, in order of first appearance."""
        names: dict[str, None] = {}
        for line in self.lines:
            names[line.speaker] = None
            names |= {item.speaker: None for item in line.items if isinstance(item, Backchannel) and item.speaker}
        return tuple(names)


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


def by_kind(unspoken: Iterable[Unspoken]) -> dict[str, list[Unspoken]]:
    """What is not spoken, by kind, most frequent first."""
    kinds: dict[str, list[Unspoken]] = {}
    for each in unspoken:
        kinds.setdefault(each.kind, []).append(each)
    return dict(sorted(kinds.items(), key=lambda item: -len(item[1])))
