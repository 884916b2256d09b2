"""Read scripts from text, YAML, Fountain, transcripts and subtitles.

Files are untrusted: their size is limited, they must be UTF-8, and errors name the place.
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
    MAX_NAME,
    Item,
    Line,
    Parenthetical,
    Script,
    SpokenText,
    check_script,
    is_name,
    is_speakable,
    parse_line,
    parse_script,
)
from voicekit.dialogues.script_lexer import Place, ScriptError
from voicekit.errors import UsageError
from voicekit.formats.transcript_json import read_transcript_json
from voicekit.storage.files import decode_utf8, read_limited
from voicekit.subtitles.read import read_subtitles
from voicekit.types import Segment, Transcript

MAX_BYTES = 4 << 20
"""Size limit of a script file."""

SCRIPT_SUFFIXES = (".txt", ".md", ".yaml", ".yml", ".fountain", ".spmd", ".json", ".srt", ".vtt")

_SCENE = re.compile(r"(?:INT|EXT|EST|INT\.?/EXT|I/E)[. ].*", re.IGNORECASE)
_TITLE = re.compile(r"([A-Za-z][A-Za-z ]*):(.*)")
_EXTENSION = re.compile(r"\s*\((?:[^()]*)\)\s*$")
_BRACKETS = re.compile(r"\[([^\[\]]*)\]|\(([^()]*)\)")


def find_script(name: str) -> Path:
    """Find a script by its path, or by its name in configs/dialogue. Raises UsageError if there is none."""
    path = Path(name)
    return path if path.suffix.lower() in SCRIPT_SUFFIXES or path.exists() else preset("dialogue", name, ".txt")


def read_script(path: str | Path) -> Script:
    """Read a script; the suffix selects the format.

    Raises:
        SourceError: The file cannot be read, is too large, or is not UTF-8.
        UsageError: An error in the script, with its place.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in (".srt", ".vtt"):
        transcript, _ = read_subtitles(path)
        return script_from_transcript(transcript, str(path))
    text = decode_utf8(read_limited(path, MAX_BYTES, "Give one conversation at a time"), str(path), column=True)
    if suffix == ".json":
        return script_from_transcript(read_transcript_json(text, str(path))[0], str(path))
    if suffix in (".yaml", ".yml"):
        return parse_yaml_script(text, str(path))
    if suffix in (".fountain", ".spmd"):
        return parse_fountain(text, str(path))
    return parse_script(text, str(path))


def parse_yaml_script(text: str, name: str) -> Script:
    """Parse a YAML script: the keys of a header, and `lines`, a list of `NAME: text` or `"# Topic"`.

    Raises:
        UsageError: An error in the script, with its line.
    """
    values = parse_yaml(text, name)
    entries = values.pop("lines", None)
    header = build(ScriptHeader, values, name)
    if not isinstance(entries, list):
        raise UsageError(f"{name}: lines is not a list", "Write `lines:`, and below it `- Alice: Hello there.`")
    lines: list[Line] = []
    topic: str | None = None
    for number, entry in enumerate(entries):
        at = (line_of(values, ("lines", number)) or 1, 1)
        if isinstance(entry, str) and entry.lstrip().startswith("#"):
            topic = " ".join(entry.strip().lstrip("#").split())
            continue
        if not (
            isinstance(entry, dict)
            and len(entry) == 1
            and all(isinstance(part, str) for part in [*entry, *entry.values()])
        ):
            raise ScriptError(
                name, at, "not a line of a script", "Write `- Alice: Hello there.`, in quotes if it has a colon"
            )
        speaker, words = next(iter(entry.items()))
        _check_name(speaker, name, at)
        lines.append(parse_line(speaker, [(row, at[0] - 1, 0) for row in words.split("\n")], name, at, topic))
        topic = None
    return check_script(Script(tuple(lines), header), name)


def _check_name(speaker: str, name: str, at: Place) -> None:
    if not is_name(speaker):
        remedy = f"A name has at most {MAX_NAME} letters, and no brackets or colons"
        raise ScriptError(name, at, f"invalid speaker name {speaker[:30]!r}", remedy)


def parse_fountain(text: str, name: str) -> Script:
    """Parse the dialogue of a screenplay (https://fountain.io/syntax).

    Scene headings and sections start topics. `^` after a name overlaps the previous line. Action, notes, lyrics and
    comments are ignored.

    Raises:
        UsageError: An error in the dialogue, with its line and column.
    """
    rows = _blank_comments(text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    lines: list[Line] = []
    topic: str | None = None
    title, number = _parse_title_page(rows)
    while number < len(rows):
        row = rows[number].strip()
        speaker = _character_name(rows, number)
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
                speech.append((_strip_emphasis(rows[number]), number, 0))
            number += 1
        _check_name(speaker, name, at)
        line = parse_line(speaker, speech, name, at, topic)
        lines.append(replace(line, over=line.over or (over and line.gap is None and bool(lines))))
        topic = None
    header = ScriptHeader(title=title) if title else ScriptHeader()
    return check_script(Script(tuple(lines), header), name)


def _blank_comments(text: str) -> str:
    """Remove /* */ and [[ ]], except for their line breaks, so that line numbers stay."""
    for opening, closing in (("/*", "*/"), ("[[", "]]")):
        kept, position = [], 0
        while (start := text.find(opening, position)) >= 0 and (end := text.find(closing, start + 2)) >= 0:
            kept += [text[position:start], "\n" * text.count("\n", start, end)]
            position = end + 2
        text = "".join([*kept, text[position:]])
    return text


def _parse_title_page(rows: list[str]) -> tuple[str, int]:
    """The title, and the number of the first row after the title page."""
    if not rows or not _TITLE.fullmatch(rows[0].strip()):
        return "", 0
    end = next((number for number, row in enumerate(rows) if not row.strip()), len(rows))
    for number, row in enumerate(rows[:end]):
        match = _TITLE.fullmatch(row.strip())
        if match and match[1].lower() == "title":
            next_row = rows[number + 1] if number + 1 < end and rows[number + 1][:1].isspace() else ""
            return " ".join((match[2] or next_row).replace("*", "").replace("_", "").split()), end
    return "", end


def _character_name(rows: list[str], number: int) -> str | None:
    """The character whose dialogue begins below a row; None if the row is not a character cue."""
    row = rows[number].strip().removesuffix("^").rstrip()
    blank_above = number == 0 or not rows[number - 1].strip()
    text_below = number + 1 < len(rows) and bool(rows[number + 1].strip())
    if not row or len(row) > 2 * MAX_NAME or not blank_above or not text_below:
        return None
    if row.startswith("@"):
        return " ".join(_EXTENSION.sub("", row[1:]).split())
    if _heading(row) is not None or row.startswith((">", "!", "~", "=")) or row.endswith("TO:"):
        return None
    cue = _EXTENSION.sub("", row).strip()
    return " ".join(cue.split()) if cue.upper() == cue and any(char.isalpha() for char in cue) else None


def _heading(row: str) -> str | None:
    if row.startswith("#"):
        return " ".join(row.lstrip("#").split())
    if row.startswith(".") and not row.startswith(".."):
        return " ".join(row[1:].split())
    return " ".join(row.split()) if _SCENE.fullmatch(row) else None


def _strip_emphasis(row: str) -> str:
    return re.sub(r"(?<!\\)\*+|(?<!\w)_|_(?!\w)", "", row)


def script_from_transcript(transcript: Transcript, name: str) -> Script:
    """One line per segment. Text in brackets, such as `[laughs]`, becomes a parenthetical; times are ignored.

    Raises:
        UsageError: A segment has no speaker, or nothing is spoken.
    """
    return check_script(Script(tuple(_lines_from_segments(transcript.segments, name))), name)


def _lines_from_segments(segments: Iterable[Segment], name: str) -> Iterator[Line]:
    for number, segment in enumerate(segments, 1):
        items = tuple(_split_brackets(segment.text))
        if not any(isinstance(item, SpokenText) for item in items):
            continue
        if not segment.speaker:
            remedy = "Name the speakers: `voicekit transcribe --speaker-names`, or `Alice: ...` in each cue"
            raise UsageError(f"{name}: segment {number} has no speaker", remedy)
        speaker = " ".join(re.sub(r"[\[\](){}:：\\#]", " ", segment.speaker).split())[:MAX_NAME].strip()
        _check_name(speaker, name, (number, 1))
        yield Line(speaker, items, at=(number, 1))


def _split_brackets(text: str) -> Iterator[Item]:
    position = 0
    for match in [*_BRACKETS.finditer(text), None]:
        words = " ".join(text[position : match.start() if match else None].split())
        if is_speakable(words):
            yield SpokenText(words)
        if match:
            if note := " ".join((match[1] or match[2] or "").split()):
                yield Parenthetical(note)
            position = match.end()
