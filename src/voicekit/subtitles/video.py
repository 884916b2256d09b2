"""Probe videos, and run ffmpeg with progress."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicekit.audio.ffmpeg import ffmpeg_path, input_limits, input_url, run_ffmpeg
from voicekit.errors import MediaError, UsageError
from voicekit.subtitles.fonts import missing_glyphs_error, needs_glyph

CODECS = {".mp4": "mov_text", ".m4v": "mov_text", ".mov": "mov_text", ".mkv": "srt", ".webm": "webvtt"}
"""ffmpeg's text subtitle codec of each container, by file extension."""

MUXERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""ffmpeg's muxer of each container, by file extension."""

TEXT_CODECS = ("subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text")
"""Subtitle codecs that hold text; others hold pictures."""

OnProgress = Callable[[float], None]
"""Called with the share done, 0 to 1."""


@dataclass(frozen=True)
class Track:
    """A subtitle track to add to a video.

    Attributes:
        srt: SubRip text.
        language: BCP-47 tag.
        title: Name that players show.
        forced: Whether to show it when subtitles are off: signs, or speech in another language.
    """

    srt: str
    language: str = "und"
    title: str = ""
    forced: bool = False


@dataclass(frozen=True)
class VideoInfo:
    """What a video contains.

    Attributes:
        seconds: Duration; 0 if unknown.
        picture: Width and height as displayed; None without a picture.
        subtitles: Codecs of its subtitle streams.
    """

    seconds: float
    picture: tuple[float, float] | None
    subtitles: tuple[str, ...]


def probe_video(video: Path) -> VideoInfo:
    """Read what a video contains.

    Raises:
        MediaError: It cannot be read.
    """
    import av

    try:
        with av.open(input_url(video), options=input_limits(), metadata_errors="replace") as container:
            subtitles = tuple(
                s.codec_context.name if s.codec_context else "unknown"
                for s in container.streams
                if s.type == "subtitle"
            )
            picture = None
            if container.streams.video and (frame := next(container.decode(video=0), None)):
                aspect = container.streams.video[0].sample_aspect_ratio or 1
                picture = (float(frame.width * aspect), float(frame.height))
                picture = picture if frame.rotation % 180 == 0 else picture[::-1]
            return VideoInfo(max(0, container.duration or 0) / 1_000_000, picture, subtitles)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise MediaError(f"{video.name} is not media that ffmpeg can read", "Check that the file plays") from error


def run_with_progress(
    output: Any, folder: Path, seconds: float, progress: OnProgress, video: Path, options: Sequence[str] = ()
) -> None:
    """Run ffmpeg.

    Args:
        output: Stream of ffmpeg-python.
        folder: Working folder of ffmpeg.
        seconds: Duration of the video, for the progress.
        progress: Called with the share done.
        video: The input, for errors.
        options: More options of the output.

    Raises:
        UsageError: libass found no font for a character.
        MediaError: ffmpeg failed.
    """
    arguments = ("-hide_banner", "-nostdin", "-loglevel", "warning", "-nostats", "-progress", "pipe:1", "-y")
    command = output.global_args(*arguments).compile(cmd=ffmpeg_path())
    output_index = command.index("-hide_banner") - 1  # ffmpeg-python puts the output before the global options
    command[output_index:output_index] = options

    def read(pipe: Any) -> None:
        for line in pipe:
            key, _, value = line.decode(errors="replace").strip().partition("=")
            if key == "out_time_us" and value.isdigit() and seconds:
                progress(min(1.0, int(value) / 1e6 / seconds))

    status, _, log = run_ffmpeg(command, read, cwd=folder)
    codes = dict.fromkeys(re.findall(r"fontselect: failed to find any fallback with glyph 0x([0-9A-Fa-f]{1,6})\b", log))
    if missing := [char for code in codes if needs_glyph(char := chr(int(code, 16)))]:
        raise UsageError(*missing_glyphs_error(missing))
    if status != 0:
        reason = log.splitlines()[-1] if log else f"status {status}"
        raise MediaError(f"ffmpeg failed on {video.name}: {reason}", "Check that the file plays")
