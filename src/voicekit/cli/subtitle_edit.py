"""voicekit subtitle shift, join, split and retime."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from voicekit.cli.options import Encoding, FrameRate
from voicekit.cli.terminal import echo
from voicekit.config.subtitles import subtitle_style
from voicekit.errors import UsageError
from voicekit.formats.subtitle_files import load_subtitles
from voicekit.formats.writers import format_of, write_transcript
from voicekit.redact import one_line
from voicekit.storage.paths import refuse_overwrite
from voicekit.subtitles import edit
from voicekit.subtitles.frame_times import check_frame_rate
from voicekit.subtitles.render import clock
from voicekit.subtitles.retime import retime as retime_cues
from voicekit.subtitles.source_cue import ReadOptions
from voicekit.text.languages import UNKNOWN
from voicekit.types import Transcript

File = Annotated[Path, typer.Argument(metavar="FILE", help=".srt, .vtt or transcript.json")]
Out = Annotated[Path | None, typer.Option("-o", "--out", help="File to write (default: beside FILE)")]


def parse_time(text: str) -> float:
    """Parse `90`, `-1.5`, `01:30` or `00:01:30,500` as seconds.

    Raises:
        UsageError: The text is not a time.
    """
    match = re.fullmatch(r"\s*([-+]?)(?:(\d{1,4}):)?(?:(\d{1,4}):)?(\d{1,6}(?:[.,]\d{1,9})?)\s*", text)
    if not match:
        raise UsageError(f"{text!r} is not a time", "Write seconds (1.5) or 00:00:01.500")
    sign, *fields, seconds = match.groups()
    total = float(seconds.replace(",", "."))
    for power, field in enumerate(reversed([int(field) for field in fields if field is not None]), 1):
        total += field * 60**power
    return -total if sign == "-" else total


def shift(
    file: File,
    by: Annotated[str, typer.Option("--by", help="Delay: 1.5, -2, 00:00:01.500")] = "0",
    from_fps: Annotated[float | None, typer.Option("--from-fps", help="Frame rate they were made for")] = None,
    to_fps: Annotated[float | None, typer.Option("--to-fps", help="Frame rate of the video")] = None,
    start: Annotated[str, typer.Option("--start", help="Move only cues that start here or later")] = "0",
    end: Annotated[str | None, typer.Option("--end", help="Move only cues that start before this")] = None,
    out: Out = None,
    encoding: Encoding = None,
    fps: FrameRate = None,
) -> int:
    """Move subtitles in time, or convert them to another frame rate.

    \b
    voicekit subtitle shift talk.srt --by -1.5
    voicekit subtitle shift talk.srt --by 00:00:02,500 --start 00:10:00
    voicekit subtitle shift film.srt --from-fps 25 --to-fps 23.976
    """
    if (from_fps is None) != (to_fps is None):
        raise UsageError("a frame rate is missing", "Give --from-fps and --to-fps")
    for rate in (from_fps, to_fps):
        if rate is not None:
            check_frame_rate(rate)
    transcript, notes = load_subtitles(file, ReadOptions(encoding, fps=fps))
    factor = from_fps / to_fps if from_fps and to_fps else 1.0
    last = math.inf if end is None else parse_time(end)
    shifted, shift_notes = edit.shift(transcript, parse_time(by), factor, parse_time(start), last)
    _write(shifted, file, "shifted", out, [*notes, *shift_notes])
    return 0


def join(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Parts, in order")],
    out: Annotated[Path, typer.Option("-o", "--out", help="File to write")],
    at: Annotated[
        list[str] | None,
        typer.Option(
            "--at",
            help="Start of the next part; once for each part after the first (default: the end of the part before, "
            "which is its last cue in .srt and the end of the recording in transcript.json)",
        ),
    ] = None,
    encoding: Encoding = None,
    fps: FrameRate = None,
) -> int:
    """Join the subtitles of several parts.

    \b
    voicekit subtitle join part1.srt part2.srt --at 00:45:00 -o whole.srt
    """
    parts = [load_subtitles(file, ReadOptions(encoding, fps=fps)) for file in files]
    joined = edit.join([transcript for transcript, _ in parts], [parse_time(text) for text in at or []])
    notes = [f"{file.name}: {note}" for file, (_, part_notes) in zip(files, parts, strict=True) for note in part_notes]
    _write(joined, files[0], "joined", out, notes, files[1:])
    return 0


def split(
    file: File,
    at: Annotated[list[str], typer.Option("--at", help="Time of a cut; repeat for more")],
    keep_times: Annotated[bool, typer.Option("--keep-times", help="Do not start each part at 0")] = False,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder to write to (default: beside FILE)")] = None,
    encoding: Encoding = None,
    fps: FrameRate = None,
) -> int:
    """Split subtitles where the video was cut: talk.srt becomes talk.1.srt, talk.2.srt ...

    \b
    voicekit subtitle split talk.srt --at 00:10:00 --at 00:20:00
    """
    transcript, notes = load_subtitles(file, ReadOptions(encoding, fps=fps))
    parts = edit.split(transcript, [parse_time(text) for text in at], keep_times)
    source = _file_of(file)
    for number, part in enumerate(parts, 1):
        target = (out or source.parent) / f"{source.stem}.{number}{source.suffix}"
        _write(part, file, "", target, notes if number == 1 else [])
    return 0


def retime(
    file: File,
    audio: Annotated[str | None, typer.Option("--audio", help="The other edit: a media file or URL")] = None,
    transcript: Annotated[
        Path | None, typer.Option("--transcript", help="transcript.json of the other edit, if there is one")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Whisper model that transcribes --audio")] = None,
    out: Out = None,
    encoding: Encoding = None,
    fps: FrameRate = None,
) -> int:
    """Fit subtitles to another edit of the recording by finding their words in its audio.

    \b
    voicekit subtitle retime talk.srt --audio talk-cut.mp4
    """
    if (audio is None) == (transcript is None):
        raise UsageError("there is no other edit, or there are two", "Give --audio or --transcript")
    if out is not None:
        refuse_overwrite(out, _file_of(file), transcript, audio)
    subtitles, notes = load_subtitles(file, ReadOptions(encoding, fps=fps))
    if transcript is not None:
        target, _ = load_subtitles(transcript)
    else:
        from voicekit.transcription.session import Session

        language = None if subtitles.language == UNKNOWN else subtitles.language
        with Session() as session:
            target = session.transcribe(audio or "", diarizer="none", model=model or "auto", language=language)
    retimed = retime_cues(subtitles, target)
    lost = [f"not in the other edit: {clock(cue.start)} {one_line(cue.text)}" for cue in retimed.lost]
    kept = len(retimed.transcript.segments)
    summary = f"{retimed.matched:.0%} of the words found; {kept} of {len(subtitles.segments)} cues kept"
    _write(retimed.transcript, file, "retimed", out, [*notes, *lost, summary])
    return 0


def _file_of(source: Path) -> Path:
    return source / "transcript.json" if source.is_dir() else source


def _write(
    transcript: Transcript, source: Path, suffix: str, out: Path | None, notes: list[str], others: Sequence[Path] = ()
) -> None:
    """Write in the format of the file name, without layout, to `out` or NAME.suffix beside the source.

    `others`: further files that were read.
    """
    file = _file_of(source)
    target = out or file.with_name(f"{file.stem}.{suffix}{file.suffix}")
    refuse_overwrite(target, *(_file_of(path) for path in (source, *others)))
    write_transcript(transcript, target, format_of(target), subtitle_style("raw"))
    for note in notes:
        echo(one_line(f"note: {note}"))
    echo(target)
