"""Write: a transcript as text in each format. `RENDERERS` is the list of them; each is a function to one string."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path

import pysrt

from voicekit.config import FORMATS
from voicekit.data import Transcript
from voicekit.errors import UsageError
from voicekit.pipeline.subtitle import cues
from voicekit.workspace import write_text

VERSION = 1

FILE_NAMES = {name: f"transcript.{name}" for name in FORMATS} | {"audacity": "transcript.labels.txt"}


def save(transcript: Transcript, path: str | Path) -> Path:
    """Write in the format that the name ends with. Raises UsageError for another ending."""
    path = Path(path)
    endings = {name.removeprefix("transcript"): fmt for fmt, name in FILE_NAMES.items()}
    for ending in sorted(endings, key=len, reverse=True):
        if path.name.lower().endswith(ending):
            write_text(path, RENDERERS[endings[ending]](transcript))
            return path
    raise UsageError(f"cannot tell a format from the name {path.name}", f"End it with {', '.join(sorted(endings))}")


def to_srt(transcript: Transcript) -> str:
    """SubRip, through pysrt."""
    file = pysrt.SubRipFile(
        pysrt.SubRipItem(
            index=number,
            start=pysrt.SubRipTime.from_ordinal(round(cue.start * 1000)),
            end=pysrt.SubRipTime.from_ordinal(round(cue.end * 1000)),
            text=cue.text.replace("-->", "→"),
        )
        for number, cue in enumerate(cues(transcript), 1)
    )
    return "".join(f"{item}\n" for item in file)


def to_vtt(transcript: Transcript) -> str:
    """WebVTT with `<v Speaker>` voice spans, https://www.w3.org/TR/webvtt1/."""
    blocks = ["WEBVTT\n"]
    for cue in cues(transcript):
        voice = f"<v {html.escape(cue.label, quote=False)}>" if cue.label else ""
        text = html.escape("\n".join(cue.lines), quote=False)
        blocks.append(f"{clock(cue.start)} --> {clock(cue.end)}\n{voice}{text}\n")
    return "\n".join(blocks)


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


def clock(seconds: float) -> str:
    """HH:MM:SS.mmm"""
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def _flat(text: str) -> str:
    return text.replace("\t", " ").replace("\n", " ")


def _field(text: str) -> str:
    return "_".join(text.split()) or "_"


RENDERERS: dict[str, Callable[[Transcript], str]] = {
    "json": Transcript.to_json,
    "srt": to_srt,
    "vtt": to_vtt,
    "txt": to_txt,
    "tsv": to_tsv,
    "rttm": to_rttm,
    "audacity": to_audacity,
}
