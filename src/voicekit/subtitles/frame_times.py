"""Times with frames instead of milliseconds, as video editors write them: 00:00:01:12, or 00:00:01;12 in drop frame."""

from __future__ import annotations

import re
from collections.abc import Sequence

from voicekit.errors import SourceError, UsageError

_CLOCK = r"\d{1,3}[:;]\d{2}[:;]\d{2}[:;.]\d{2}"
_TIMING = re.compile(rf"^([\ufeff\s]*)({_CLOCK})\s*-{{1,2}}>\s*({_CLOCK})(?=\s|$)")
_FRAMES = re.compile(r"[:;]\d{2}[:;]\d{2}[:;]\d{2}\b")

_EXACT_RATES = {24: 24000 / 1001, 30: 30000 / 1001, 60: 60000 / 1001}
"""NTSC's rates by their rounded ones: 23.976, 29.97 and 59.94."""


def with_milliseconds(lines: Sequence[str], name: str, fps: float | None) -> list[str]:
    """Return the lines with their times in milliseconds; lines without frames are unchanged.

    Args:
        lines: Lines of the file.
        name: Name of the file, for errors.
        fps: Frames per second; None if unknown.

    Raises:
        SourceError: There are frames and `fps` is None, or a frame is not below `fps`; names the line.
        UsageError: `fps` is not between 1 and 240.
    """
    if fps is not None:
        check_frame_rate(fps)
    result = []
    for number, line in enumerate(lines, 1):
        match = _TIMING.match(line)
        if match and _FRAMES.search(match[2]):
            if fps is None:
                raise SourceError(
                    f"{name}: line {number}: times with frames ({match[2]}), not milliseconds",
                    "Give the frame rate of the video: --fps 25",
                )
            start, end = (_clock(_seconds(text, fps, name, number)) for text in match.group(2, 3))
            line = f"{match[1]}{start} --> {end}{line[match.end() :]}"
        result.append(line)
    return result


def check_frame_rate(fps: float) -> None:
    """Raise UsageError unless a frame rate is between 1 and 240."""
    if not 1 <= fps <= 240:
        raise UsageError(f"a frame rate of {fps:g}", "Give one from 1 to 240, such as 25 or 29.97")


def _seconds(text: str, fps: float, name: str, number: int) -> float:
    """Convert a time code (SMPTE ST 12-1). In drop frame two numbers a minute are left out, except in every tenth."""
    hours, minutes, seconds, frame = (int(field) for field in re.split("[:;.]", text))
    nominal = round(fps)
    if frame >= nominal or minutes > 59 or seconds > 59:
        raise SourceError(f"{name}: line {number}: {text} is no time at {fps:g} frames per second", "Correct --fps")
    total_minutes = hours * 60 + minutes
    frames = (total_minutes * 60 + seconds) * nominal + frame
    if ";" in text and nominal % 30 == 0:
        frames -= nominal // 15 * (total_minutes - total_minutes // 10)
    exact = _EXACT_RATES.get(nominal, fps) if fps != nominal or ";" in text else fps
    return frames / exact


def _clock(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    return (
        f"{milliseconds // 3_600_000:02}:{milliseconds // 60_000 % 60:02}:{milliseconds // 1000 % 60:02}"
        f",{milliseconds % 1000:03}"
    )
