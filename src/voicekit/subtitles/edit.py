"""Shift, join and split subtitles."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from voicekit.errors import UsageError
from voicekit.text.languages import UNKNOWN
from voicekit.types import Segment, Transcript, Turn


def shift(
    transcript: Transcript, by: float, factor: float = 1.0, start: float = 0.0, end: float = math.inf
) -> tuple[Transcript, list[str]]:
    """Move subtitles in time, or change their speed.

    Args:
        transcript: The subtitles.
        by: Seconds to add; negative is earlier.
        factor: Multiplies all times first: 25 / 23.976 for subtitles made at 25 fps for a video at 23.976 fps.
        start, end: Move only segments that start in [start, end).

    Returns:
        The subtitles, and notes: segments before 0 are left out or start at 0.

    Raises:
        UsageError: The factor is not positive, or the range is empty.
    """
    if factor <= 0:
        raise UsageError(f"the factor {factor:g} is not positive", "Give one above 0")
    if not start < end:
        raise UsageError(f"the range from {start:g} to {end:g} s is empty", "Give an end after the start")

    def new_time(time: float) -> float:
        return time * factor + by

    inside = [segment for segment in transcript.segments if start <= segment.start < end]
    moved = map_times(replace(transcript, segments=tuple(inside)), new_time)
    notes = []
    if lost := len(inside) - len(moved.segments):
        notes.append(f"{lost} cues would lie before the start: left out")
    if clipped := sum(new_time(segment.start) < -0.0005 for segment in inside) - lost:
        notes.append(f"{clipped} cues would start before 0: they start at 0")
    if start <= 0 and end == math.inf:
        return moved, notes
    others = [segment for segment in transcript.segments if not start <= segment.start < end]
    segments = sorted([*others, *moved.segments], key=lambda segment: segment.start)
    duration = max([transcript.duration, *(segment.end for segment in segments)])
    return replace(transcript, segments=renumber(segments), duration=duration, turns=(), unrecognized=()), notes


def renumber(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Give segments the ids 0, 1, 2 ..."""
    return tuple(replace(segment, id=number) for number, segment in enumerate(segments))


def map_times(transcript: Transcript, new_time: Callable[[float], float]) -> Transcript:
    """Apply a non-decreasing function to every time; segments that would lie before 0 are left out."""

    def span(start: float, end: float) -> tuple[float, float]:
        return max(0.0, round(new_time(start), 3)), max(0.0, round(new_time(end), 3))

    segments: list[Segment] = []
    for segment in transcript.segments:
        if new_time(segment.start) < -0.0005 and new_time(segment.end) < 0.0005:
            continue
        start, end = span(segment.start, segment.end)
        words = tuple(replace(word, start=a, end=b) for word in segment.words for a, b in [span(word.start, word.end)])
        segments.append(replace(segment, start=start, end=end, words=words))
    turns = [Turn(*span(turn.start, turn.end), turn.speaker) for turn in transcript.turns]
    return replace(
        transcript,
        duration=max([max(0.0, round(new_time(transcript.duration), 3)), *(segment.end for segment in segments)]),
        segments=renumber(segments),
        turns=tuple(turn for turn in turns if turn.end > 0),
        unrecognized=(),
    )


def join(parts: Sequence[Transcript], at: Sequence[float | None] = ()) -> Transcript:
    """Join the parts of a recording.

    Args:
        parts: In order.
        at: Start of each part after the first, in seconds; default: the end of the part before.

    Raises:
        UsageError: There are no parts, or more starts than parts.
    """
    if not parts:
        raise UsageError("nothing to join", "Give two files or more")
    if len(at) > len(parts) - 1:
        raise UsageError(f"{len(at)} start times for {len(parts) - 1} parts", "Give one for each part after the first")
    whole = parts[0]
    starts = [*at, *[None] * (len(parts) - 1 - len(at))]
    for part, start in zip(parts[1:], starts, strict=True):
        offset = whole.duration if start is None else start
        later = map_times(part, lambda time, offset=offset: time + offset)  # type: ignore[misc]
        segments = sorted([*whole.segments, *later.segments], key=lambda segment: segment.start)
        whole = replace(
            whole,
            duration=max(whole.duration, later.duration),
            speakers=tuple(dict.fromkeys([*whole.speakers, *later.speakers])),
            segments=renumber(segments),
            turns=tuple(sorted([*whole.turns, *later.turns], key=lambda turn: turn.start)),
            language=whole.language if whole.language != UNKNOWN else later.language,
        )
    return whole


def split(transcript: Transcript, at: Sequence[float], keep_times: bool = False) -> list[Transcript]:
    """Split subtitles at the times `at`; a segment across a cut goes where most of it is.

    Args:
        transcript: The subtitles.
        at: Times in seconds.
        keep_times: Whether to keep the times instead of starting each part at 0.

    Raises:
        UsageError: There are no times, or one is outside the recording.
    """
    cuts = sorted(set(at))
    if not cuts:
        raise UsageError("there is no time to split at", "Give one with --at")
    last = max([transcript.duration, *(segment.end for segment in transcript.segments)])
    if cuts[0] <= 0 or cuts[-1] >= last:
        raise UsageError(
            f"cannot split at {cuts[0] if cuts[0] <= 0 else cuts[-1]:g} s", f"The subtitles go from 0 to {last:g} s"
        )
    bounds = [0.0, *cuts, last]
    parts = []
    for number, (low, high) in enumerate(pairwise(bounds)):
        inside = [s for s in transcript.segments if bisect_right(cuts, (s.start + s.end) / 2) == number]
        segments = [_clip(segment, low, high) for segment in inside]
        turns = (Turn(max(t.start, low), min(t.end, high), t.speaker) for t in transcript.turns)
        part = replace(
            transcript,
            duration=high,
            segments=renumber(segments),
            turns=tuple(turn for turn in turns if turn.end > turn.start),
            speakers=tuple(s for s in transcript.speakers if any(s in _speakers(segment) for segment in segments)),
        )
        parts.append(part if keep_times else map_times(part, lambda time, low=low: time - low))  # type: ignore[misc]
    return parts


def _clip(segment: Segment, low: float, high: float) -> Segment:
    def clip(time: float) -> float:
        return min(max(time, low), high)

    words = tuple(replace(word, start=clip(word.start), end=clip(word.end)) for word in segment.words)
    return replace(segment, start=clip(segment.start), end=clip(segment.end), words=words)


def _speakers(segment: Segment) -> set[str | None]:
    return {segment.speaker, *(word.speaker for word in segment.words)}
