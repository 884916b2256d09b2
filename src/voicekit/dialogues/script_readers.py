"""Formats: a script from a plain file, YAML, Fountain, or a transcript or subtitles with speakers. All become a Script.

Files are untrusted: they are read to a limit, as UTF-8, and whatever is wrong with one is told with its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from voicekit.config.dialogue import ScriptHeader
from voicekit.config.presets import preset
from voicekit.config.schema import build
from voicekit.config.yaml_file import line_of, parse_yaml
from voicekit.dialogues.script import (
    LONGEST_NAME,
    Aside,
    Item,
    Line,
    Say,
    Script,
    checked,
    is_name,
    parse,
    parse_line,
    speakable,
)
from voicekit.dialogues.script_lexer import Place, ScriptProblem
from voicekit.errors import UsageError
from voicekit.storage.files import read_limited, utf8
from voicekit.subtitles.read import read_subtitles
from voicekit.types import Segment, Transcript

BIGGEST = 4 << 20
"""Bytes of a script."""

ENDINGS = (".txt", ".md", ".yaml", ".yml", ".fountain", ".spmd", ".json", ".srt", ".vtt")

_SCENE = re.compile(r"(?:INT|EXT|EST|INT\.?/EXT|I/E)[. ].*", re.IGNORECASE)
_TITLE = re.compile(r"([A-Za-z][A-Za-z ]*):(.*)")
_EXTENSION = re.compile(r"\s*\((?:[^()]*)\)\s*$")
_BRACKETS = re.compile(r"\[([^\[\]]*)\]|\(([^()]*)\)")


def find_script(name: str) -> Path:
    """A script by its file's name, or by its own in configs/dialogue. Raises UsageError where there is none."""
    path = Path(name)
    return path if path.suffix.lower() in ENDINGS or path.exists() else preset("dialogue", name, ".txt")


def read_script(path: str | Path) -> Script:
    """The script of a file: its ending says in which format it is.

    Raises:
        SourceError: it cannot be read, is too big, or is not UTF-8.
        UsageError: a fault in it, with its place.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending in (".srt", ".vtt"):
        transcript, _ = read_subtitles(path)
        return of_transcript(transcript, str(path))
    text = _text(path)
    if ending == ".json":
        return of_transcript(Transcript.from_json(text), str(path))
    if ending in (".yaml", ".yml"):
        return parse_yaml_script(text, str(path))
    if ending in (".fountain", ".spmd"):
        return parse_fountain(text, str(path))
    return parse(text, str(path))


def _text(path: Path) -> str:
    return utf8(read_limited(path, BIGGEST, "Give one conversation at a time"), str(path), column=True)


# --- YAML -----------------------------------------------------------------------------------------------------------


def parse_yaml_script(text: str, name: str) -> Script:
    """The keys of a header, and `lines`: a list of `NAME: what is said`, or `"# Topic"`, in the grammar of scripts.

    Raises:
        UsageError: a fault, with its line.
    """
    values = parse_yaml(text, name)
    given = values.pop("lines", None)
    header = build(ScriptHeader, values, name)
    if not isinstance(given, list):
        raise UsageError(f"{name}: lines: no list", "Write `lines:`, and below it `- Alice: Hello there.`")
    lines: list[Line] = []
    topic: str | None = None
    for number, one in enumerate(given):
        at = (line_of(values, ("lines", number)) or 1, 1)
        if isinstance(one, str) and one.lstrip().startswith("#"):
            topic = " ".join(one.strip().lstrip("#").split())
            continue
        if not (
            isinstance(one, dict) and len(one) == 1 and all(isinstance(part, str) for part in next(iter(one.items())))
        ):
            raise ScriptProblem(
                name, at, "no line of a script", "Write `- Alice: Hello there.`, in quotes where it has a colon"
            )
        speaker, words = next(iter(one.items()))
        _named(speaker, name, at)
        lines.append(parse_line(speaker, [(row, at[0] - 1, 0) for row in words.split("\n")], name, at, topic))
        topic = None
    return checked(Script(tuple(lines), header), name)


def _named(speaker: str, name: str, at: Place) -> None:
    if not is_name(speaker):
        few = f"A name has at most {LONGEST_NAME} letters, and no brackets or colons"
        raise ScriptProblem(name, at, f"{speaker[:30]!r} is no name of a speaker", few)


# --- Fountain -------------------------------------------------------------------------------------------------------


def parse_fountain(text: str, name: str) -> Script:
    """The speeches of a screenplay (https://fountain.io/syntax). Scene headings and sections begin topics.

    A parenthetical is an aside, `^` after a name starts before the other ends; action, notes, lyrics and what is
    commented out are not said. The cast stands in a file of its own.

    Raises:
        UsageError: a fault, with its line and column.
    """
    rows = _without_notes(text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    lines: list[Line] = []
    topic: str | None = None
    title, number = _title_page(rows)
    while number < len(rows):
        row = rows[number].strip()
        speaker = _character(rows, number)
        if speaker is None:
            heading = _heading(row)
            topic = heading if heading is not None else topic
            number += 1
            continue
        at = (number + 1, 1)
        over = row.endswith("^")
        speech: list[tuple[str, int, int]] = []
        number += 1
        while number < len(rows) and rows[number].strip():
            if not rows[number].lstrip().startswith("~"):
                speech.append((_plain_fountain(rows[number]), number, 0))
            number += 1
        _named(speaker, name, at)
        line = parse_line(speaker, speech, name, at, topic)
        lines.append(replace(line, over=line.over or (over and line.gap is None and bool(lines))))
        topic = None
    header = ScriptHeader(title=title) if title else ScriptHeader()
    return checked(Script(tuple(lines), header), name)


def _without_notes(text: str) -> str:
    """Without /* */ and [[ ]], whose line breaks stay, so that the numbers of lines do."""
    for opening, closing in (("/*", "*/"), ("[[", "]]")):
        kept, at = [], 0
        while (start := text.find(opening, at)) >= 0 and (end := text.find(closing, start + 2)) >= 0:
            kept += [text[at:start], "\n" * text.count("\n", start, end)]
            at = end + 2
        text = "".join([*kept, text[at:]])
    return text


def _title_page(rows: list[str]) -> tuple[str, int]:
    """The title, and the number of the first row after the title page."""
    if not rows or not _TITLE.fullmatch(rows[0].strip()):
        return "", 0
    end = next((number for number, row in enumerate(rows) if not row.strip()), len(rows))
    for number, row in enumerate(rows[:end]):
        found = _TITLE.fullmatch(row.strip())
        if found and found[1].lower() == "title":
            below = rows[number + 1] if number + 1 < end and rows[number + 1][:1].isspace() else ""
            return " ".join((found[2] or below).replace("*", "").replace("_", "").split()), end
    return "", end


def _character(rows: list[str], number: int) -> str | None:
    """Who speaks below this row; None where it names nobody."""
    row = rows[number].strip().removesuffix("^").rstrip()
    above = number == 0 or not rows[number - 1].strip()
    below = number + 1 < len(rows) and bool(rows[number + 1].strip())
    if not row or len(row) > 2 * LONGEST_NAME or not above or not below:
        return None
    if row.startswith("@"):
        return " ".join(_EXTENSION.sub("", row[1:]).split())
    bare = _EXTENSION.sub("", row).strip()
    if _heading(row) is not None or row.startswith((">", "!", "~", "=")) or row.endswith("TO:"):
        return None
    return " ".join(bare.split()) if bare.upper() == bare and any(char.isalpha() for char in bare) else None


def _heading(row: str) -> str | None:
    if row.startswith("#"):
        return " ".join(row.lstrip("#").split())
    if row.startswith(".") and not row.startswith(".."):
        return " ".join(row[1:].split())
    return " ".join(row.split()) if _SCENE.fullmatch(row) else None


def _plain_fountain(row: str) -> str:
    """Without its marks of emphasis; an en or em dash at its end stays, as two."""
    return re.sub(r"(?<!\\)\*+|(?<!\w)_|_(?!\w)", "", row)


# --- transcripts ----------------------------------------------------------------------------------------------------


def of_transcript(transcript: Transcript, name: str) -> Script:
    """A line a segment. What stands in brackets, as `[laughs]`, is an aside; times are drawn anew.

    Raises:
        UsageError: nobody is named, or nothing is said.
    """
    return checked(Script(tuple(_segments(transcript.segments, name))), name)


def _segments(segments: Iterable[Segment], name: str) -> Iterator[Line]:
    for number, segment in enumerate(segments, 1):
        items = tuple(_items(segment.text))
        if not any(isinstance(item, Say) for item in items):
            continue
        if not segment.speaker:
            named = "Name the speakers: `voicekit transcribe --speaker-names`, or `Alice: ...` in each cue"
            raise UsageError(f"{name}: segment {number} has no speaker", named)
        speaker = " ".join(re.sub(r"[\[\](){}:：\\#]", " ", segment.speaker).split())[:LONGEST_NAME].strip()
        _named(speaker, name, (number, 1))
        yield Line(speaker, items, at=(number, 1))


def _items(text: str) -> Iterator[Item]:
    at = 0
    for found in [*_BRACKETS.finditer(text), None]:
        words = " ".join(text[at : found.start() if found else None].split())
        if speakable(words):
            yield Say(words)
        if found:
            if aside := " ".join((found[1] or found[2] or "").split()):
                yield Aside(aside)
            at = found.end()
