"""Burn: subtitles drawn into a video's picture; mux: beside it as streams that a player can switch. Through ffmpeg."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicekit.audio.ffmpeg import ffmpeg_path, input_limits, input_url, run_ffmpeg
from voicekit.errors import MediaError, UsageError
from voicekit.subtitles.fonts import lacking, needs_glyph

CODECS = {".mp4": "mov_text", ".m4v": "mov_text", ".mov": "mov_text", ".mkv": "srt", ".webm": "webvtt"}
"""How a container holds text, by the ending of its name."""

TEXT_CODECS = ("subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text")

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Track:
    """Subtitles to be put beside a video.

    Attributes:
        srt: As text.
        language: BCP-47.
        title: As players list it.
        forced: To be shown even to those who want no subtitles: signs, another language.
    """

    srt: str
    language: str = "und"
    title: str = ""
    forced: bool = False


MUXERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}


@dataclass(frozen=True)
class VideoInfo:
    """What a video holds.

    Attributes:
        seconds: How long it is; 0 where it does not say.
        picture: Width and height as shown; None without a picture.
        subtitles: Codecs of those in it.
    """

    seconds: float
    picture: tuple[float, float] | None
    subtitles: tuple[str, ...]


def look_at_video(video: Path) -> VideoInfo:
    """Raises MediaError where it cannot be read."""
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
    output: Any, folder: Path, seconds: float, progress: Progress, video: Path, more: Sequence[str] = ()
) -> None:
    """Run ffmpeg in `folder`; a glyph that libass had no font for is an error, too. `more`: options of the output."""
    arguments = ("-hide_banner", "-nostdin", "-loglevel", "warning", "-nostats", "-progress", "pipe:1", "-y")
    command = output.global_args(*arguments).compile(cmd=ffmpeg_path())
    place = command.index("-hide_banner") - 1  # the output's name, which ffmpeg-python puts before these
    command[place:place] = more

    def read(pipe: Any) -> None:
        for line in pipe:
            key, _, value = line.decode(errors="replace").strip().partition("=")
            if key == "out_time_us" and value.isdigit() and seconds:
                progress(min(1.0, int(value) / 1e6 / seconds))

    status, _, log = run_ffmpeg(command, read, cwd=folder)
    codes = dict.fromkeys(re.findall(r"fontselect: failed to find any fallback with glyph 0x([0-9A-Fa-f]{1,6})\b", log))
    if missing := [char for code in codes if needs_glyph(char := chr(int(code, 16)))]:
        raise UsageError(*lacking(missing))
    if status != 0:
        reason = log.splitlines()[-1] if log else f"status {status}"
        raise MediaError(f"ffmpeg failed on {video.name}: {reason}", "Check that the file plays")
