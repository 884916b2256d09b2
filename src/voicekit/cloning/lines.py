"""Job: a YAML file, or a mapping, to a checked `CloneJob` with all its lines. Reads files, loads no model.

Lines come from the job itself or from a file beside it: text (a line each), CSV (a column `text`, and `voice`, `id`,
`preset` or parameters of the engine), or SRT, VTT or transcript.json, whose speakers are voices.
`${NAME}` in any text is a variable of the environment, and nothing else is put in.
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
from voicekit.storage.files import read_limited, utf8
from voicekit.subtitles.read import read_subtitles
from voicekit.types import Segment, Transcript

BIGGEST = 8 << 20
"""Bytes of a file of lines."""

MOST_LINES = 20_000
LINE_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OWN_COLUMNS = ("text", "voice", "id", "preset")


# --- files of lines ---------------------------------------------------------------------------------------------------


def read_lines(path: Path, voices: set[str]) -> list[JobLine]:
    kind = path.suffix.lower()
    if kind in (".srt", ".vtt", ".json"):
        transcript = Transcript.from_json(_text(path)) if kind == ".json" else read_subtitles(path)[0]
        return _of_transcript(transcript, path, voices)
    text = _text(path)
    if kind == ".csv":
        return _of_csv(text, path)
    if kind in (".txt", ".md", ""):
        return [JobLine(text=line.strip()) for line in text.splitlines() if line.strip()]
    raise UsageError(f"lines are not read from {path.name}", "Give a .txt, .csv, .srt, .vtt or transcript.json")


def _text(path: Path) -> str:
    data = read_limited(path, BIGGEST, "Give it in parts", check="Paths in a job are from the job file's folder")
    return utf8(data, str(path))


def _of_csv(text: str, path: Path) -> list[JobLine]:
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
            own: dict[str, Any] = {name: values[name] for name in _OWN_COLUMNS if values.get(name)}
            params = {name: _number(v, name, where) for name, v in values.items() if v and name not in _OWN_COLUMNS}
            lines.append(build(JobLine, {**own, "params": params}, where))
    except csv.Error as error:
        raise UsageError(f"{path}: line {reader.line_num}: {error}", "Mend the CSV") from error
    return lines


def _number(text: str, name: str, where: str) -> float | int:
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        raise UsageError(
            f"{where}: {name} {text!r} is no number", "Columns beside text, voice, id, preset are parameters"
        ) from None


def _of_transcript(transcript: Transcript, path: Path, voices: set[str]) -> list[JobLine]:
    unknown = sorted(set(transcript.speakers) - voices)
    if unknown and set(transcript.speakers) & voices:
        raise UsageError(
            f"{path}: no voice for {', '.join(unknown)}",
            f"Name voices after its speakers; there are {', '.join(voices)}",
        )
    return [_line(segment, voices) for segment in transcript if segment.text.strip()]


def _line(segment: Segment, voices: set[str]) -> JobLine:
    """A label that names a voice is one, whatever else the subtitles' labels look like."""
    label, colon, rest = segment.text.partition(":")
    if colon and label.strip() in voices and rest.strip():
        return JobLine(text=rest.strip(), voice=label.strip())
    return JobLine(text=segment.text, voice=segment.speaker if segment.speaker in voices else None)
