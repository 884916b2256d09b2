"""Parse scripts written as text: one line per speaker turn, `Alice: Hello there.`

`labels` describes how the speaker may be written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from voicekit.config.dialogue import ScriptHeader
from voicekit.config.schema import build
from voicekit.config.yaml_file import parse_yaml
from voicekit.dialogues.labels import (
    MAX_NAME,
    TIMESTAMP,
    Label,
    could_be_name,
    doubtful_names,
    find_label,
    labels_inside,
    without_numbers,
)
from voicekit.dialogues.script import Line, Script, Unspoken, check_script
from voicekit.dialogues.script_lexer import Place, ScriptError
from voicekit.dialogues.script_line import Row, normalize_spaces, parse_line
from voicekit.errors import UsageError
from voicekit.redact import limit_notes

MAX_SCRIPT = 4 << 20
"""Characters of a script."""

_RULE = re.compile(r"[-*_=]{3,}")
_DIRECTION_ROW = re.compile(r"[*_]{0,3}(?:\([^()]*\)|\[(?!\s*(?:pause|over)\b)[^\[\]]*\])[*_]{0,3}", re.IGNORECASE)


@dataclass(frozen=True)
class Speech:
    """What one speaker says, before it is parsed."""

    speaker: str
    rows: Sequence[Row]
    at: Place
    topic: str | None = None


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
    reader = _RowReader(name)
    for number, row in enumerate(rows[row_count:], row_count):
        reader.read(row, number)
    return to_script(reader.finish(), header, name, reader.unspoken, reader.notes)


def to_script(
    speeches: Sequence[Speech], header: ScriptHeader, name: str, unspoken: Iterable[Unspoken] = (),
    notes: Iterable[str] = (),
) -> Script:  # fmt: skip
    """Parse the words of speeches. A row in which another speaker of the script begins becomes two lines.

    Raises:
        UsageError: An error in a line, with its line and column.
    """
    names = without_numbers([speech.speaker for speech in speeches])
    known = frozenset(names)
    notes = list(notes)
    lines: list[Line] = []
    for speaker, speech in zip(names, speeches, strict=True):
        turns = _split_turns(replace(speech, speaker=speaker), known, notes)
        lines += (parse_line(turn.speaker, turn.rows, name, turn.at, turn.topic) for turn in turns)
    script = check_script(Script(tuple(lines), header, (), tuple(unspoken)), name)
    for doubtful, other in doubtful_names([line.speaker for line in lines]):
        line = next(line for line in lines if line.speaker == doubtful)
        notes.append(f'line {line.at[0]}: "{doubtful}" and "{other}" are two speakers; correct one if they are not')
    return replace(script, notes=tuple(limit_notes(notes)))


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


@dataclass
class _RowReader:
    """Collects speeches from rows."""

    name: str
    speeches: list[Speech] = field(default_factory=list)
    unspoken: list[Unspoken] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    """Of the last speech."""
    topic: tuple[str, Place] | None = None
    label_alone: bool = False
    """Whether the rows below, up to an empty one, are what the last speaker says."""

    def read(self, row: str, number: int) -> None:
        stripped = row.strip()
        at = (number + 1, len(row) - len(row.lstrip()) + 1)
        if not stripped:
            self.label_alone = False
        elif row.startswith("//"):
            self._skip("comments", stripped, number)
        elif row[0].isspace() and self.speeches and not self.topic:
            self.rows.append((row, number, 0))
        elif _DIRECTION_ROW.fullmatch(stripped):
            self._skip("timestamps" if TIMESTAMP.fullmatch(stripped[1:-1]) else "stage directions", stripped, number)
        elif _RULE.fullmatch(stripped):
            self._skip("rules", stripped, number)
        elif stripped.startswith("#"):
            self._begin_topic(normalize_spaces(stripped.lstrip("#")), at)
        elif label := find_label(row):
            self._begin(label, row, at)
        elif self.label_alone:
            self.rows.append((row, number, 0))
        else:
            remedy = f"Start with a name of at most {MAX_NAME} letters, as `Alice: Hello`; indent a continued line"
            raise ScriptError(self.name, at, f"no speaker in {stripped[:30]!r}", remedy)

    def finish(self) -> list[Speech]:
        """The speeches. Raises UsageError for a heading without a line after it."""
        if self.topic:
            remedy = "Remove it, or write a line after it"
            raise ScriptError(self.name, self.topic[1], "nobody speaks after this heading", remedy)
        return self.speeches

    def _begin_topic(self, heading: str, at: Place) -> None:
        self.topic = heading, at
        label = find_label(heading)
        if label and heading[label.end :].strip() and could_be_name(label.speaker):
            self.notes.append(
                f'line {at[0]}: the heading "{heading[:40]}" is not spoken; remove # if "{label.speaker}" speaks'
            )

    def _begin(self, label: Label, row: str, at: Place) -> None:
        self.rows = _rows_after(label, row, at[0] - 1)
        self.speeches.append(Speech(label.speaker, self.rows, at, self.topic[0] if self.topic else None))
        self.topic = None
        self.label_alone = not row[label.end :].strip()

    def _skip(self, kind: str, text: str, number: int) -> None:
        self.unspoken.append(Unspoken(kind, text, number + 1))


def _rows_after(label: Label, text: str, number: int, column: int = 0) -> list[Row]:
    """What follows a label: the direction in parentheses that it may have, and the words."""
    words = (text[label.end :], number, column + label.end)
    if label.direction is None:
        return [words]
    start, end = label.direction
    return [(text[start:end], number, column + start), words]


def _split_turns(speech: Speech, known: frozenset[str], notes: list[str]) -> Iterator[Speech]:
    """Split a speech where a sentence starts with the label of a speaker of the script.

    Args:
        speech: It has the rows of one label.
        known: The speakers of the script.
        notes: Receives a hint for each split, and for words that look like a label and are spoken.
    """
    depth = 0
    rows: list[Row] = []
    for text, number, column in speech.rows:
        outside, depth = _outside_brackets(text, depth)
        begin = 0
        spoken_labels: dict[int, str] = {}  # by where the label ends: "Yes. Ben:" is found from "Yes" and from "Ben"
        for start, label in labels_inside(text):
            if start < begin or not outside[start]:
                continue
            line, place = number + 1, column + start + 1
            if label.speaker in known or label.colon is None:
                yield replace(speech, rows=[*rows, (text[begin:start], number, column + begin)])
                spoken_labels[label.end] = (
                    f'line {line}, column {place}: "{label.speaker}" speaks in a row of "{speech.speaker}"'
                )
                speech = Speech(label.speaker, [], (line, place))
                rows = _rows_after(label, text, number, column)[:-1]
                begin = label.end
            elif could_be_name(label.speaker) or label.speaker.rpartition(" ")[2] in known:
                spoken_labels[label.end] = (
                    f'line {line}, column {place}: "{speech.speaker}" says "{label.speaker}:"; '
                    "begin a row with it if it is a speaker"
                )
        notes += spoken_labels.values()
        rows.append((text[begin:], number, column + begin))
    yield replace(speech, rows=rows)


def _outside_brackets(text: str, depth: int) -> tuple[list[bool], int]:
    """For each character whether it is outside brackets, and the number of brackets that are open after the text."""
    outside = []
    escaped = False
    for char in text:
        outside.append(depth == 0)
        if not escaped and char in "[({":
            depth += 1
        elif not escaped and char in "])}":
            depth = max(0, depth - 1)
        escaped = char == "\\" and not escaped
    return outside, depth
