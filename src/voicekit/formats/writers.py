"""Write a transcript in each format of `RENDERERS`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

from voicekit.config.formats import FORMATS, Format
from voicekit.config.subtitles import SubtitleStyle, subtitle_style
from voicekit.errors import UsageError
from voicekit.formats.transcript_json import consistent
from voicekit.storage.files import atomic_write
from voicekit.subtitles import render
from voicekit.subtitles.docx import to_docx
from voicekit.subtitles.layout import lay_out
from voicekit.text.controls import without_controls
from voicekit.text.spreadsheet_cells import protect_cell
from voicekit.types import Transcript

VERSION = 2
"""Part of a run's plan; increase it when the files change."""

ENDINGS: dict[Format, str] = {name: f".{name}" for name in FORMATS} | {"audacity": ".labels.txt"}
"""Endings of file names by format."""

FILE_NAMES: dict[Format, str] = {name: f"transcript{ending}" for name, ending in ENDINGS.items()}
"""Names of the files of a run by format."""


def save(transcript: Transcript, path: str | Path, style: SubtitleStyle | str = "standard") -> Path:
    """Write a transcript in the format that the file name's extension names.

    Args:
        transcript: What to write.
        path: File to write, such as talk.srt.
        style: Subtitle style: a preset of configs/subtitle, a YAML file, or a loaded style.

    Returns:
        `path` as a Path. Words that disagree with the text of their segment are adapted to it, with a warning.

    Raises:
        UsageError: The extension or the style is unknown.
        OutputError: The file cannot be written.
    """
    path = Path(path)
    transcript, notes = consistent(transcript)
    for note in notes:
        warnings.warn(f"{path.name}: {note}", stacklevel=3)
    write_transcript(transcript, path, format_of(path), subtitle_style(style) if isinstance(style, str) else style)
    return path


def write_transcript(transcript: Transcript, path: Path, kind: Format, style: SubtitleStyle | None = None) -> None:
    """Write a transcript atomically.

    Args:
        transcript: What to write.
        path: File to write; its extension does not matter.
        kind: Format.
        style: Of subtitles (default: standard).

    Raises:
        OutputError: The file cannot be written.
    """
    content = RENDERERS[kind](transcript, style or subtitle_style())
    with atomic_write(path) as temporary:
        temporary.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


def format_of(path: Path) -> Format:
    """Return the format of a file name. Raises UsageError if no format has its ending."""
    for kind, ending in sorted(ENDINGS.items(), key=lambda row: len(row[1]), reverse=True):
        if path.name.lower().endswith(ending):
            return kind
    endings = ", ".join(sorted(ENDINGS.values()))
    raise UsageError(f"{path.name} has no known extension", f"Use one of {endings}")


def to_srt(transcript: Transcript, style: SubtitleStyle) -> str:
    return render.to_srt(lay_out(transcript, style), render.speaker_colours(transcript, style))


def to_vtt(transcript: Transcript, style: SubtitleStyle) -> str:
    return render.to_vtt(lay_out(transcript, style), render.speaker_colours(transcript, style), style.karaoke)


def to_ass(transcript: Transcript, style: SubtitleStyle) -> str:
    colours = render.speaker_colours(transcript, style)
    return render.to_ass(lay_out(transcript, style), style, colours, transcript.source)


def to_txt(transcript: Transcript) -> str:
    """Return plain text: one paragraph per turn that starts with the speaker's name."""
    paragraphs: list[str] = []
    previous: str | None = None
    for segment in transcript.segments:
        if segment.speaker is None:
            paragraphs.append(segment.text)
        elif segment.speaker == previous:
            paragraphs[-1] += f" {segment.text}"
        else:
            paragraphs.append(f"{segment.speaker}: {segment.text}")
        previous = segment.speaker
    return without_controls("".join(f"{paragraph}\n" for paragraph in paragraphs))


def to_tsv(transcript: Transcript) -> str:
    """Return one row per segment: start and end in milliseconds (as Whisper's TSV), speaker, text.

    Speakers and texts that a spreadsheet would run as a formula begin with an apostrophe (`text.spreadsheet_cells`).
    """
    rows = ["start\tend\tspeaker\ttext\n"]
    for s in transcript.segments:
        speaker, text = (protect_cell(_one_line(cell)) for cell in (s.speaker or "", s.text))
        rows.append(f"{round(s.start * 1000)}\t{round(s.end * 1000)}\t{speaker}\t{text}\n")
    return "".join(rows)


def to_rttm(transcript: Transcript) -> str:
    """Return the diarizer's turns with overlaps as NIST RTTM, whose fields cannot contain spaces."""
    uri = _field(Path(transcript.source).stem)
    return "".join(
        f"SPEAKER {uri} 1 {turn.start:.3f} {turn.end - turn.start:.3f} <NA> <NA> {_field(turn.speaker)} <NA> <NA>\n"
        for turn in transcript.turns
    )


def to_audacity(transcript: Transcript) -> str:
    """Return a label track (Audacity: File > Import > Labels)."""
    return "".join(
        f"{s.start:.6f}\t{s.end:.6f}\t{_one_line(f'{s.speaker}: ' if s.speaker else '')}{_one_line(s.text)}\n"
        for s in transcript.segments
    )


def _one_line(text: str) -> str:
    return without_controls(text).replace("\t", " ").replace("\n", " ")


def _field(text: str) -> str:
    return "_".join(without_controls(text).split()) or "_"


RENDERERS: dict[Format, Callable[[Transcript, SubtitleStyle], str | bytes]] = {
    "json": lambda transcript, _: transcript.to_json(),
    "srt": to_srt,
    "vtt": to_vtt,
    "ass": to_ass,
    "txt": lambda transcript, _: to_txt(transcript),
    "docx": lambda transcript, _: to_docx(transcript),
    "tsv": lambda transcript, _: to_tsv(transcript),
    "rttm": lambda transcript, _: to_rttm(transcript),
    "audacity": lambda transcript, _: to_audacity(transcript),
}
