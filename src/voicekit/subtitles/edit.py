"""Edit: subtitles moved, joined, cut, and fitted to another edit of the recording. Transcripts to transcripts; pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from voicekit.errors import UsageError
from voicekit.types import Segment, Transcript, Turn


def shift(
    transcript: Transcript, by: float, factor: float = 1.0, start: float = 0.0, end: float = math.inf
) -> tuple[Transcript, list[str]]:
    """Times multiplied by `factor`, then moved by so many seconds; what would lie before 0 is left out, with a note.

    Args:
        by: Seconds; less than 0 is earlier.
        factor: 25 / 23.976 for subtitles of a film at 25 frames a second that is now shown at 23.976.
        start, end: Only what begins from `start` on and before `end` is moved.
    """
    if factor <= 0:
        raise UsageError(f"a factor of {factor:g} leaves no time", "Give one above 0")
    if not start < end:
        raise UsageError(f"nothing lies from {start:g} to {end:g} s", "Give an end after the start")

    def time(old: float) -> float:
        return old * factor + by

    inside = [segment for segment in transcript.segments if start <= segment.start < end]
    moved = moved_by(replace(transcript, segments=tuple(inside)), time)
    notes = []
    if gone := len(inside) - len(moved.segments):
        notes.append(f"{gone} cues would lie before the start: left out")
    if cut := sum(time(segment.start) < -0.0005 for segment in inside) - gone:
        notes.append(f"{cut} cues would begin before the start: they begin at 0")
    if start <= 0 and end == math.inf:
        return moved, notes
    others = [segment for segment in transcript.segments if not start <= segment.start < end]
    segments = sorted([*others, *moved.segments], key=lambda segment: segment.start)
    duration = max([transcript.duration, *(segment.end for segment in segments)])
    return replace(transcript, segments=numbered(segments), duration=duration, turns=()), notes


def numbered(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    return tuple(replace(segment, id=number) for number, segment in enumerate(segments))


def moved_by(transcript: Transcript, time: Callable[[float], float]) -> Transcript:
    """Every time as `time` has it, which must not fall; what would lie before 0 is left out."""

    def moved(start: float, end: float) -> tuple[float, float]:
        return max(0.0, round(time(start), 3)), max(0.0, round(time(end), 3))

    segments: list[Segment] = []
    for segment in transcript.segments:
        if time(segment.start) < -0.0005 and time(segment.end) < 0.0005:
            continue
        start, end = moved(segment.start, segment.end)
        words = tuple(replace(word, start=a, end=b) for word in segment.words for a, b in [moved(word.start, word.end)])
        segments.append(replace(segment, start=start, end=end, words=words))
    turns = [Turn(*moved(turn.start, turn.end), turn.speaker) for turn in transcript.turns]
    return replace(
        transcript,
        duration=max([max(0.0, round(time(transcript.duration), 3)), *(segment.end for segment in segments)]),
        segments=numbered(segments),
        turns=tuple(turn for turn in turns if turn.end > 0),
    )


def join(parts: Sequence[Transcript], at: Sequence[float | None] = ()) -> Transcript:
    """Parts of one recording, one after the other.

    Args:
        at: Where each part after the first begins, seconds; a part without one begins where the one before ends.

    Raises:
        UsageError: none to join, or more places than parts.
    """
    if not parts:
        raise UsageError("nothing to join", "Give two files or more")
    if len(at) > len(parts) - 1:
        raise UsageError(f"{len(at)} places for {len(parts) - 1} parts", "Give one for each part after the first")
    whole = parts[0]
    starts = [*at, *[None] * (len(parts) - 1 - len(at))]
    for part, place in zip(parts[1:], starts, strict=True):
        begin = whole.duration if place is None else place
        later = moved_by(part, lambda time, begin=begin: time + begin)  # type: ignore[misc]
        segments = sorted([*whole.segments, *later.segments], key=lambda segment: segment.start)
        whole = replace(
            whole,
            duration=max(whole.duration, later.duration),
            speakers=tuple(dict.fromkeys([*whole.speakers, *later.speakers])),
            segments=numbered(segments),
            turns=tuple(sorted([*whole.turns, *later.turns], key=lambda turn: turn.start)),
            language=whole.language if whole.language != "und" else later.language,
        )
    return whole


def split(transcript: Transcript, at: Sequence[float], keep_times: bool = False) -> list[Transcript]:
    """Parts between the times `at`, each from 0 unless `keep_times`; a cue over a cut goes where most of it is.

    Raises:
        UsageError: no times, or one outside the recording.
    """
    cuts = sorted(set(at))
    if not cuts:
        raise UsageError("nowhere to split", "Give --at with a time")
    last = max([transcript.duration, *(segment.end for segment in transcript.segments)])
    if cuts[0] <= 0 or cuts[-1] >= last:
        raise UsageError(
            f"cannot split at {cuts[0] if cuts[0] <= 0 else cuts[-1]:g} s", f"It goes from 0 to {last:g} s"
        )
    bounds = [0.0, *cuts, last]
    parts = []
    for number, (low, high) in enumerate(pairwise(bounds)):
        inside = [s for s in transcript.segments if bisect_right(cuts, (s.start + s.end) / 2) == number]
        segments = [_within(segment, low, high) for segment in inside]
        turns = (Turn(max(t.start, low), min(t.end, high), t.speaker) for t in transcript.turns)
        part = replace(
            transcript,
            duration=high,
            segments=numbered(segments),
            turns=tuple(turn for turn in turns if turn.end > turn.start),
            speakers=tuple(s for s in transcript.speakers if any(s in _speakers(one) for one in segments)),
        )
        parts.append(part if keep_times else moved_by(part, lambda time, low=low: time - low))  # type: ignore[misc]
    return parts


def _within(segment: Segment, low: float, high: float) -> Segment:
    def inside(time: float) -> float:
        return min(max(time, low), high)

    words = tuple(replace(word, start=inside(word.start), end=inside(word.end)) for word in segment.words)
    return replace(segment, start=inside(segment.start), end=inside(segment.end), words=words)


def _speakers(segment: Segment) -> set[str | None]:
    return {segment.speaker, *(word.speaker for word in segment.words)}
