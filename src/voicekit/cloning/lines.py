"""Read the lines of a job from a file: text, CSV, subtitles or transcript.json.

A text file has one line per line. A CSV file has a column `text` and optionally `voice`, `id`, `preset` and parameters
of the engine. In subtitles and transcripts, speakers are voices.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

from voicekit.config.clone import JobLine
from voicekit.config.schema import build
from voicekit.errors import UsageError
from voicekit.formats.transcript_json import read_transcript_json
from voicekit.storage.files import decode_utf8, read_limited
from voicekit.subtitles.read import read_subtitles
from voicekit.text.spreadsheet_cells import unprotect_cell
from voicekit.types import Segment, Transcript

MAX_BYTES = 8 << 20
"""Size limit of a file of lines."""

MAX_LINES = 20_000
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LINE_COLUMNS = ("text", "voice", "id", "preset")


def read_lines(path: Path, voices: set[str]) -> list[JobLine]:
    """Read a file of lines.

    Args:
        path: The file; its suffix selects the format.
        voices: Names of the job's voices.

    Raises:
        UsageError: Unknown format, or an invalid row.
        SourceError: The file cannot be read.
    """
    kind = path.suffix.lower()
    if kind in (".srt", ".vtt", ".json"):
        as_json = kind == ".json"
        transcript, _ = read_transcript_json(_read_text(path), str(path)) if as_json else read_subtitles(path)
        return _lines_from_transcript(transcript, path, voices)
    text = _read_text(path)
    if kind == ".csv":
        return _lines_from_csv(text, path)
    if kind in (".txt", ".md", ""):
        return [JobLine(text=line.strip()) for line in text.splitlines() if line.strip()]
    raise UsageError(f"cannot read lines from {path.name}", "Give a .txt, .csv, .srt, .vtt or transcript.json")


def _read_text(path: Path) -> str:
    data = read_limited(path, MAX_BYTES, "Split it", check="Paths in a job are relative to the job file")
    return decode_utf8(data, str(path))


def _lines_from_csv(text: str, path: Path) -> list[JobLine]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    lines = []
    try:
        if "text" not in (reader.fieldnames or ()):
            raise UsageError(
                f"{path}: no column `text`", f"Its columns: {', '.join(reader.fieldnames or ()) or 'none'}"
            )
        for row in reader:
            where = f"{path}: line {reader.line_num}"
            if None in row:
                raise UsageError(f"{where}: more fields than columns", "Put a text with commas in quotes")
            values = {name: (value or "").strip() for name, value in row.items()}
            if not any(values.values()):
                continue
            fields: dict[str, Any] = {name: unprotect_cell(values[name]) for name in _LINE_COLUMNS if values.get(name)}
            params = {
                name: _parse_number(v, name, where) for name, v in values.items() if v and name not in _LINE_COLUMNS
            }
            lines.append(build(JobLine, {**fields, "params": params}, where))
    except csv.Error as error:
        raise UsageError(f"{path}: line {reader.line_num}: {error}", "Correct the CSV") from error
    return lines


def _parse_number(text: str, name: str, where: str) -> float | int:
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        raise UsageError(
            f"{where}: {name} {text!r} is not a number", "Columns other than text, voice, id, preset are parameters"
        ) from None


def _lines_from_transcript(transcript: Transcript, path: Path, voices: set[str]) -> list[JobLine]:
    unknown = sorted(set(transcript.speakers) - voices)
    if unknown and set(transcript.speakers) & voices:
        raise UsageError(
            f"{path}: no voice for {', '.join(unknown)}",
            f"Name the voices like its speakers; the job has {', '.join(voices)}",
        )
    return [_line_from_segment(segment, voices) for segment in transcript if segment.text.strip()]


def _line_from_segment(segment: Segment, voices: set[str]) -> JobLine:
    """Take "NAME: text" as spoken by the voice NAME, even if the subtitle reader did not see a speaker label."""
    label, colon, rest = segment.text.partition(":")
    if colon and label.strip() in voices and rest.strip():
        return JobLine(text=rest.strip(), voice=label.strip())
    return JobLine(text=segment.text, voice=segment.speaker if segment.speaker in voices else None)
