"""Write: a transcript in each format. `RENDERERS` is the list of them; what is shown on a screen has a style."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from voicekit.config.formats import FORMATS, Format
from voicekit.config.subtitles import SubtitleStyle, subtitle_style
from voicekit.errors import UsageError
from voicekit.storage.files import writing
from voicekit.subtitles import render
from voicekit.subtitles.docx import to_docx
from voicekit.subtitles.layout import lay_out
from voicekit.types import Transcript

VERSION = 2

ENDINGS: dict[Format, str] = {name: f".{name}" for name in FORMATS} | {"audacity": ".labels.txt"}
"""What the names of files of a format end with."""

FILE_NAMES: dict[Format, str] = {name: f"transcript{ending}" for name, ending in ENDINGS.items()}


def save(transcript: Transcript, path: str | Path, style: SubtitleStyle | str = "standard") -> Path:
    """Write a transcript in the format that the file name's extension names.

    Args:
        transcript: What to write.
        path: File to write, such as talk.srt.
        style: Subtitle style: a preset of configs/subtitle, a YAML file, or a loaded style.

    Returns:
        `path` as a Path.

    Raises:
        UsageError: The extension or the style is unknown.
        OutputError: The file cannot be written.
    """
    path = Path(path)
    write(transcript, path, format_of(path), subtitle_style(style) if isinstance(style, str) else style)
    return path


def write(transcript: Transcript, path: Path, kind: Format, style: SubtitleStyle | None = None) -> None:
    """Write in a format, atomically, whatever the name is. Raises OutputError where it cannot be written."""
    content = RENDERERS[kind](transcript, style or subtitle_style())
    with writing(path) as temporary:
        temporary.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


def format_of(path: Path) -> Format:
    """Raises UsageError where no format has the name's ending."""
    for kind, ending in sorted(ENDINGS.items(), key=lambda row: len(row[1]), reverse=True):
        if path.name.lower().endswith(ending):
            return kind
    endings = ", ".join(sorted(ENDINGS.values()))
    raise UsageError(f"cannot tell a format from the name {path.name}", f"End it with {endings}")


def to_srt(transcript: Transcript, style: SubtitleStyle) -> str:
    return render.to_srt(lay_out(transcript, style), render.speaker_colours(transcript, style))


def to_vtt(transcript: Transcript, style: SubtitleStyle) -> str:
    return render.to_vtt(lay_out(transcript, style), render.speaker_colours(transcript, style), style.karaoke)


def to_ass(transcript: Transcript, style: SubtitleStyle) -> str:
    colours = render.speaker_colours(transcript, style)
    return render.to_ass(lay_out(transcript, style), style, colours, transcript.source)


def to_txt(transcript: Transcript) -> str:
    """A paragraph for each speaker's turn, headed by the name."""
    out: list[str] = []
    last: str | None = None
    for segment in transcript.segments:
        if segment.speaker is None:
            out.append(segment.text)
        elif segment.speaker == last:
            out[-1] += f" {segment.text}"
        else:
            out.append(f"{segment.speaker}: {segment.text}")
        last = segment.speaker
    return "".join(f"{line}\n" for line in out)


def to_tsv(transcript: Transcript) -> str:
    """start and end in milliseconds (as Whisper's own TSV), speaker, text."""
    return "start\tend\tspeaker\ttext\n" + "".join(
        f"{round(s.start * 1000)}\t{round(s.end * 1000)}\t{_flat(s.speaker or '')}\t{_flat(s.text)}\n"
        for s in transcript.segments
    )


def to_rttm(transcript: Transcript) -> str:
    """The diarizer's turns, overlaps included (NIST RTTM); fields hold no spaces."""
    uri = _field(Path(transcript.source).stem)
    return "".join(
        f"SPEAKER {uri} 1 {turn.start:.3f} {turn.end - turn.start:.3f} <NA> <NA> {_field(turn.speaker)} <NA> <NA>\n"
        for turn in transcript.turns
    )


def to_audacity(transcript: Transcript) -> str:
    """Label track: File > Import > Labels in Audacity."""
    return "".join(
        f"{s.start:.6f}\t{s.end:.6f}\t{_flat(f'{s.speaker}: ' if s.speaker else '')}{_flat(s.text)}\n"
        for s in transcript.segments
    )


def _flat(text: str) -> str:
    return text.replace("\t", " ").replace("\n", " ")


def _field(text: str) -> str:
    return "_".join(text.split()) or "_"


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
