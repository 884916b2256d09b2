"""Read the dialogue of screenplays: Fountain (https://fountain.io/syntax), and indented text from word processors.

Every row is dialogue or is listed as not spoken. Indented text differs from Fountain in that the column of a row tells
what it is, also without empty rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise

from voicekit.config.dialogue import ScriptHeader
from voicekit.dialogues.labels import find_label, is_name
from voicekit.dialogues.script import Line, Script, Unspoken, check_script
from voicekit.dialogues.script_lexer import ScriptError
from voicekit.dialogues.script_line import Row, invalid_name, normalize_spaces, parse_line
from voicekit.errors import UsageError
from voicekit.redact import limit_notes

TAB = 8
"""Columns of a tab."""

_SCENE = re.compile(
    r"(?:\d{1,4}[A-Z]?\.?\s+)?(?P<heading>(?:INT|EXT|EST|INT\.?/EXT|I/E)[. ].*?)"
    r"(?:\s*#[\w.-]+#|\s{2,}\d{1,4}[A-Z]?\.?)?",
    re.IGNORECASE,
)
_TITLE = re.compile(r"([A-Za-z][A-Za-z ]*):(.*)")
_EXTENSIONS = re.compile(r"(?:\s*(?:\([^()]*\)|\[[^\[\]]*\]))+\s*$")
_TRANSITION = re.compile(r"(?:FADE|CUT|DISSOLVE|SMASH|MATCH|WIPE|IRIS)\b[^a-z]*[.:]|[^a-z]*:")
_PAGE_MARK = re.compile(r"\((?:MORE|CONTINUED)\)|CONTINUED:?(?:\s*\(\d+\))?")
_PAGE_NUMBER = re.compile(r"\d{1,4}\.?")
_COLUMNS = re.compile(r"\S\s{4,}\S")
_DIRECTION = re.compile(r"\[(?!\s*(?:pause|over)\b)([^\[\]]*)\]", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s*(?:&|/|,|\bAND\b|\bUND\b|\bET\b|\bY\b)\s*")

MAX_WORDS_OF_NAME = 4
"""A longer row in capitals is probably action."""


@dataclass(frozen=True)
class _SourceRow:
    """A row of the file, from 0, without comments, and its indentation in columns."""

    number: int
    text: str
    indent: int

    @property
    def stripped(self) -> str:
        return self.text.strip()


@dataclass(frozen=True)
class _Layout:
    """Columns of an indented screenplay. In Fountain they are all equal."""

    action: int
    dialogue: int
    cue: int

    @property
    def is_indented(self) -> bool:
        return self.action < self.dialogue < self.cue


def is_screenplay(text: str) -> bool:
    """Whether a text has the form of a screenplay: speakers in capitals with words below, and no `Name: words`."""
    rows = _single_spaced(list(_rows_without_comments(text, [], [])))
    first = next((row.stripped for row in rows if row.stripped and not row.stripped.startswith(("#", "//"))), "")
    if first == "---":
        return False
    has_scenes = any(_SCENE.fullmatch(row.stripped) for row in rows)
    label = find_label(first)
    if not has_scenes and label and first[label.end :].strip():
        return False
    layout = _layout(rows)
    cues = sum(_cue_name(rows, number, layout) is not None for number in range(len(rows)))
    return cues > (0 if has_scenes else 1)


def parse_screenplay(text: str, name: str) -> Script:
    """Parse the dialogue of a screenplay.

    Scene headings and sections start topics. `^` after a name overlaps the previous line. Parentheticals, and brackets
    other than `[pause 0.5]` and `[over]`, are directions.

    Raises:
        UsageError: An error in the dialogue, with its line and column.
    """
    return _Reader(text, name).read()


@dataclass
class _Reader:
    """Reads rows from top to bottom."""

    text: str
    name: str
    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unspoken: list[Unspoken] = field(default_factory=list)
    topic: str | None = None

    def read(self) -> Script:
        self.rows = _single_spaced(list(_rows_without_comments(self.text, self.notes, self.unspoken)))
        self.layout = _layout(self.rows)
        self._remove_page_numbers()
        title, position = self._read_title_page()
        while position < len(self.rows):
            row = self.rows[position]
            if not row.stripped:
                position += 1
            elif (speaker := _cue_name(self.rows, position, self.layout)) is not None:
                position = self._read_speech(speaker, position)
            else:
                self._skip_row(row)
                position += 1
        if not self.lines:
            remedy = "Write names in capitals with an empty row above and the words below, or @Name"
            raise UsageError(f"{self.name}: nobody speaks in this screenplay", remedy)
        header = ScriptHeader(title=title) if title else ScriptHeader()
        script = check_script(Script(tuple(self.lines), header, (), tuple(self.unspoken)), self.name)
        self._note_joint_names(script)
        return replace(script, notes=tuple(limit_notes(self.notes)))

    def _remove_page_numbers(self) -> None:
        if not self.layout.is_indented:
            return
        kept = []
        for row in self.rows:
            if _PAGE_MARK.fullmatch(row.stripped) or (
                _PAGE_NUMBER.fullmatch(row.stripped) and row.indent >= self.layout.cue
            ):
                self._skip("page marks", row)
            else:
                kept.append(row)
        self.rows = kept

    def _read_title_page(self) -> tuple[str, int]:
        """The title, and the number of the first row after the title page."""
        if not self.rows or not _TITLE.fullmatch(self.rows[0].stripped) or _TRANSITION.fullmatch(self.rows[0].stripped):
            return "", 0
        end = next((number for number, row in enumerate(self.rows) if not row.stripped), len(self.rows))
        title = ""
        for number, row in enumerate(self.rows[:end]):
            self._skip("title page", row)
            match = _TITLE.fullmatch(row.stripped)
            if match and match[1].lower() == "title":
                below = self.rows[number + 1] if number + 1 < end else row
                value = match[2] or (below.text if below.indent else "")
                title = normalize_spaces(value.replace("*", "").replace("_", ""))
        return title, end

    def _read_speech(self, speaker: str, position: int) -> int:
        """Read what is below a speaker's name; returns the position after it."""
        cue = self.rows[position]
        if not is_name(speaker):
            at = (cue.number + 1, cue.indent + 1)
            if _COLUMNS.search(cue.stripped):
                remedy = "Write one below the other; `^` after the second name makes them overlap"
                raise ScriptError(self.name, at, "two speakers beside each other", remedy)
            raise invalid_name(speaker, self.name, at, "; write ! before action")
        rows: list[Row] = []
        said: list[_SourceRow] = []
        end = position + 1
        for row_end, row in _speech_rows(self.rows, position, self.layout):
            end = row_end
            if row.stripped.startswith("~"):
                self._skip("lyrics", row)
            elif _PAGE_MARK.fullmatch(row.stripped):
                self._skip("page marks", row)
            else:
                rows.append((_DIRECTION.sub(r"(\1)", _strip_emphasis(row.text)), row.number, 0))
                said.append(row)
        words = re.sub(r"\([^()]*\)", " ", " ".join(text for text, _, _ in rows))
        if any(char.isalnum() for char in words):
            self._add_line(speaker, rows, cue)
        else:
            for row in (cue, *said):
                self._skip("speakers without words", row)
        return end

    def _add_line(self, speaker: str, rows: list[Row], cue: _SourceRow) -> None:
        line = parse_line(speaker, rows, self.name, (cue.number + 1, 1), self.topic)
        self.topic = None
        over = cue.stripped.endswith("^") and line.gap is None
        if over and (not self.lines or self.lines[-1].speaker == speaker):
            self.notes.append(f"line {cue.number + 1}: nobody else speaks before ^: ignored")
            over = False
        if not cue.stripped.startswith("@") and (speaker[-1] in "!?," or len(speaker.split()) > MAX_WORDS_OF_NAME):
            self.notes.append(
                f'line {cue.number + 1}: "{speaker}" is taken for a speaker; write ! before it for action'
            )
        self.lines.append(replace(line, over=line.over or over))

    def _skip_row(self, row: _SourceRow) -> None:
        text = row.stripped
        heading = _heading(text)
        if heading is not None:
            self.topic = heading
            self._skip("headings", row)
        elif re.fullmatch(r"={3,}|-{3,}|\*{3,}", text) or _PAGE_MARK.fullmatch(text):
            self._skip("page marks", row)
        elif text.startswith(">") and text.endswith("<"):
            self._skip("centered text", row)
        elif text.startswith(">") or _TRANSITION.fullmatch(text):
            self._skip("transitions", row)
        else:
            self._skip({"=": "synopses", "~": "lyrics"}.get(text[0], "action"), row)

    def _skip(self, kind: str, row: _SourceRow) -> None:
        self.unspoken.append(Unspoken(kind, row.stripped, row.number + 1))

    def _note_joint_names(self, script: Script) -> None:
        speakers = set(script.speakers)
        for speaker in script.speakers:
            parts = _SEPARATOR.split(speaker)
            if len(parts) > 1 and speakers.issuperset(parts):
                line = next(line for line in script.lines if line.speaker == speaker)
                self.notes.append(f'line {line.at[0]}: "{speaker}" is one speaker with a voice of its own')


def _rows_without_comments(text: str, notes: list[str], unspoken: list[Unspoken]) -> Iterator[_SourceRow]:
    """Yield the rows without /* */ and [[ ]]. Rows that held nothing else are left out, so that they end no speech."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\f", "")
    kept: list[str] = []
    removed: set[int] = set()
    position = line = 0
    for start, end, kind in _comments(text, notes):
        line += text.count("\n", position, start)
        last = line + text.count("\n", start, end)
        kept += [text[position:start], "\n" * (last - line)]
        unspoken.append(Unspoken(kind, normalize_spaces(text[start:end]), line + 1))
        removed |= set(range(line, last + 1))
        position, line = end, last
    kept.append(text[position:])
    for number, row in enumerate("".join(kept).split("\n")):
        if row.strip() or number not in removed:
            expanded = row.expandtabs(TAB)
            yield _SourceRow(number, row, len(expanded) - len(expanded.lstrip()))


def _single_spaced(rows: list[_SourceRow]) -> list[_SourceRow]:
    """Remove the empty rows between the rows of a double-spaced text; other texts stay."""
    if any(row.stripped and below.stripped for row, below in pairwise(rows)):
        return rows
    kept = []
    for is_empty, run in groupby(rows, key=lambda row: not row.stripped):
        group = list(run)
        kept += group[: len(group) // 2] if is_empty else group
    return kept


def _comments(text: str, notes: list[str]) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and kind of each comment; one without an end is text."""
    position = 0
    unclosed: set[str] = set()
    for opening in re.finditer(r"/\*|\[\[", text):
        closing, kind = {"/*": ("*/", "omitted text"), "[[": ("]]", "notes")}[opening[0]]
        if opening.start() < position or closing in unclosed:
            continue
        end = text.find(closing, opening.end())
        if end < 0:
            unclosed.add(closing)
            line = text.count("\n", 0, opening.start()) + 1
            notes.append(f"line {line}: {opening[0]} is not closed")
            continue
        position = end + 2
        yield opening.start(), position, kind


def _layout(rows: Sequence[_SourceRow]) -> _Layout:
    """The columns of action, dialogue and speakers' names, from rows in capitals with further left ones below."""
    indents = [row.indent for row in rows if row.stripped]
    action = min(indents, default=0)
    cues, dialogue = [], []
    for number, row in enumerate(rows[:-1]):
        below = next((below for below in rows[number + 1 : number + 4] if not below.stripped.startswith("(")), row)
        if _in_capitals(row.stripped) and below.stripped and action < below.indent < row.indent:
            cues.append(row.indent)
            dialogue.append(below.indent)
    if not cues:
        return _Layout(action, action, action)
    return _Layout(action, max(set(dialogue), key=dialogue.count), min(cues))


def _cue_name(rows: Sequence[_SourceRow], position: int, layout: _Layout) -> str | None:
    """The speaker whose name is in a row; None if it is another row."""
    row = rows[position]
    text = row.stripped.removesuffix("^").rstrip()
    below = rows[position + 1] if position + 1 < len(rows) else None
    at_cue = layout.is_indented and row.indent >= layout.cue - 1
    blank_above = position == 0 or not rows[position - 1].stripped
    if not text or below is None or not below.stripped or not (blank_above or at_cue):
        return None
    if text.startswith("@"):
        return normalize_spaces(_EXTENSIONS.sub("", text[1:]).replace("#", ""))
    if layout.is_indented and not at_cue:
        return None
    if _heading(text) is not None or text.startswith((">", "!", "~", "=")) or _TRANSITION.fullmatch(text):
        return None
    name = _EXTENSIONS.sub("", _strip_emphasis(text)).replace("#", "").strip()
    if not _in_capitals(name) or _PAGE_MARK.fullmatch(name):
        return None
    return name if _COLUMNS.search(name) else normalize_spaces(name)


def _in_capitals(text: str) -> bool:
    name = _EXTENSIONS.sub("", text).replace("ß", "SS")
    return any(char.isupper() for char in name) and not any(char.islower() for char in name)


def _speech_rows(rows: Sequence[_SourceRow], cue: int, layout: _Layout) -> Iterator[tuple[int, _SourceRow]]:
    """Yield the rows that are said below a name, each with the position after it.

    Fountain: up to an empty row; a row of two spaces does not end the speech. Indented: while rows are as far right as
    dialogue is, also after an empty row.
    """
    for position in range(cue + 1, len(rows)):
        row = rows[position]
        if not row.stripped:
            below = position + 1
            while below < len(rows) and (rows[below].text == "  " or (layout.is_indented and not rows[below].stripped)):
                below += 1
            if below == len(rows) or not rows[below].stripped or _cue_name(rows, below, layout) is not None:
                return
            is_dialogue = layout.is_indented and layout.dialogue <= rows[below].indent < layout.cue - 1
            if not is_dialogue and row.text != "  ":
                return
        elif layout.is_indented and (row.indent < layout.dialogue - 1 or _cue_name(rows, position, layout) is not None):
            return
        else:
            yield position + 1, row


def _heading(row: str) -> str | None:
    if row.startswith("#"):
        return normalize_spaces(row.strip("# "))
    if row.startswith(".") and not row.startswith(".."):
        return normalize_spaces(re.sub(r"#[\w.-]+#$", "", row[1:]))
    match = _SCENE.fullmatch(row)
    return normalize_spaces(match["heading"]) if match else None


def _strip_emphasis(row: str) -> str:
    return re.sub(r"(?<!\\)\*+|(?<!\w)_|_(?!\w)", "", row)
