"""voicekit subtitle shift, join, split, retime: parse, call `voicekit.subtitles.edit`, print."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated

import typer

from voicekit.config.subtitles import subtitle_style
from voicekit.errors import UsageError
from voicekit.formats.subtitle_files import load_subtitles
from voicekit.formats.writers import format_of, write
from voicekit.redact import one_line
from voicekit.subtitles import edit
from voicekit.subtitles.render import clock
from voicekit.subtitles.retime import retime as retime_cues
from voicekit.types import Transcript

OUT = typer.Option("-o", "--out", help="The file to write; beside FILE when left out")


def seconds(text: str) -> float:
    """`90`, `-1.5`, `01:30`, `00:01:30,500` as seconds. Raises UsageError for anything else."""
    found = re.fullmatch(r"\s*([-+]?)(?:(\d{1,4}):)?(?:(\d{1,4}):)?(\d{1,6}(?:[.,]\d{1,9})?)\s*", text)
    if not found:
        raise UsageError(f"{text!r} is no time", "Write seconds (1.5) or 00:00:01.500")
    sign, first, second, rest = found.groups()
    parts = [int(part) for part in (first, second) if part is not None]
    total = float(rest.replace(",", "."))
    for power, part in enumerate(reversed(parts), 1):
        total += part * 60**power
    return -total if sign == "-" else total


def shift(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".srt, .vtt or transcript.json")],
    by: Annotated[str, typer.Option("--by", help="Later by so much: 1.5, -2, 00:00:01.500")] = "0",
    from_fps: Annotated[float | None, typer.Option("--from-fps", help="Frames a second they were made for")] = None,
    to_fps: Annotated[float | None, typer.Option("--to-fps", help="Frames a second of the video now")] = None,
    start: Annotated[str, typer.Option("--start", help="Only what begins from here on")] = "0",
    end: Annotated[str | None, typer.Option("--end", help="Only what begins before this")] = None,
    out: Annotated[Path | None, OUT] = None,
) -> int:
    """Move subtitles in time, or stretch them to another frame rate.

    \b
    voicekit subtitle shift talk.srt --by -1.5
    voicekit subtitle shift talk.srt --by 00:00:02,500 --start 00:10:00
    voicekit subtitle shift film.srt --from-fps 25 --to-fps 23.976
    """
    if (from_fps is None) != (to_fps is None) or min(from_fps or 1, to_fps or 1) <= 0:
        raise UsageError("a frame rate is missing", "Give --from-fps and --to-fps, both above 0")
    transcript, notes = load_subtitles(file)
    factor = from_fps / to_fps if from_fps and to_fps else 1.0
    last = math.inf if end is None else seconds(end)
    moved, more = edit.shift(transcript, seconds(by), factor, seconds(start), last)
    _write(moved, file, "shifted", out, [*notes, *more])
    return 0


def join(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Parts, in order")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The file to write")],
    at: Annotated[
        list[str] | None,
        typer.Option("--at", help="Where the next part begins; once for each part after the first. When left out: "
                     "where the one before ends (a .srt ends with its last cue, transcript.json with the recording)"),
    ] = None,
) -> int:  # fmt: skip
    """Put the subtitles of parts one after the other.

    \b
    voicekit subtitle join part1.srt part2.srt --at 00:45:00 -o whole.srt
    """
    parts = [load_subtitles(file) for file in files]
    whole = edit.join([transcript for transcript, _ in parts], [seconds(text) for text in at or []])
    notes = [f"{file.name}: {note}" for file, (_, some) in zip(files, parts, strict=True) for note in some]
    _write(whole, files[0], "joined", out, notes)
    return 0


def split(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".srt, .vtt or transcript.json")],
    at: Annotated[list[str], typer.Option("--at", help="Where to cut; may be given again")],
    keep_times: Annotated[bool, typer.Option("--keep-times", help="Parts do not begin at 0")] = False,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder; beside FILE when left out")] = None,
) -> int:
    """Cut subtitles where the video is cut: talk.srt to talk.1.srt, talk.2.srt ...

    \b
    voicekit subtitle split talk.srt --at 00:10:00 --at 00:20:00
    """
    transcript, notes = load_subtitles(file)
    parts = edit.split(transcript, [seconds(text) for text in at], keep_times)
    for number, part in enumerate(parts, 1):
        name = _file(file)
        target = (out or name.parent) / f"{name.stem}.{number}{name.suffix}"
        _write(part, file, "", target, notes if number == 1 else [])
    return 0


def retime(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".srt, .vtt or transcript.json")],
    audio: Annotated[str | None, typer.Option("--audio", help="The other edit: a media file or URL")] = None,
    transcript: Annotated[
        Path | None, typer.Option("--transcript", help="Its transcript.json, if it is there already")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Whisper model that hears --audio")] = None,
    out: Annotated[Path | None, OUT] = None,
) -> int:
    """Fit subtitles to another edit of the recording, by finding their words in its sound.

    \b
    voicekit subtitle retime talk.srt --audio talk-cut.mp4
    """
    if (audio is None) == (transcript is None):
        raise UsageError("nothing to fit them to, or too much", "Give --audio or --transcript")
    subtitles, notes = load_subtitles(file)
    if transcript is not None:
        heard, _ = load_subtitles(transcript)
    else:
        from voicekit.transcription.session import Session

        language = None if subtitles.language == "und" else subtitles.language
        with Session() as session:
            heard = session.transcribe(audio or "", diarizer="none", model=model, language=language)
    found = retime_cues(subtitles, heard)
    lost = [f"not in it: {clock(one.start)} {one_line(one.text)}" for one in found.lost]
    kept = len(found.transcript.segments)
    share = f"{found.matched:.0%} of the words found; {kept} of {len(subtitles.segments)} cues kept"
    _write(found.transcript, file, "retimed", out, [*notes, *lost, share])
    return 0


def _file(source: Path) -> Path:
    return source / "transcript.json" if source.is_dir() else source


def _write(transcript: Transcript, source: Path, what: str, out: Path | None, notes: list[str]) -> None:
    """In the format of the name, as it stands; never over the source unasked."""
    name = _file(source)
    target = out or name.with_name(f"{name.stem}.{what}{name.suffix}")
    write(transcript, target, format_of(target), subtitle_style("raw"))
    for note in notes:
        print(one_line(f"note: {note}"))
    print(target)
