"""Speaking time, pace, turns and overlap by speaker, from a transcript."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from voicekit.audio.intervals import Interval, merge_intervals
from voicekit.types import Transcript, Turn


@dataclass(frozen=True)
class SpeakerStats:
    """Statistics of one speaker.

    Attributes:
        speaker: Name.
        seconds: Speaking time; overlapping turns of the speaker count once.
        share: Share of the sum of all speakers' speaking time.
        turns: Number of turns; consecutive segments of the speaker are one.
        longest: Length of the longest turn, seconds.
        words: Number of words.
        pace: Words per minute of speech; None without words.
        overlapped: Seconds spoken while somebody else spoke, too.
    """

    speaker: str
    seconds: float
    share: float
    turns: int
    longest: float
    words: int
    pace: float | None
    overlapped: float


@dataclass(frozen=True)
class TranscriptStats:
    """Statistics of a transcript. `spoken`: seconds with any speech; `overlap`: with several speakers."""

    speech: tuple[SpeakerStats, ...]
    duration: float
    spoken: float
    overlap: float


def speaker_stats(transcript: Transcript) -> TranscriptStats:
    """Compute statistics from the diarizer's turns, or else from the segments, pauses included."""
    turns = transcript.turns or tuple(
        Turn(s.start, s.end, s.speaker) for s in transcript.segments if s.speaker is not None
    )
    by_speaker = {
        name: merge_intervals((turn.start, turn.end) for turn in turns if turn.speaker == name)
        for name in transcript.speakers
    }
    overlap = _overlap(list(by_speaker.values()))
    total = sum(map(_length, by_speaker.values()))
    runs = [
        (name, list(segments)) for name, segments in itertools.groupby(transcript.segments, key=lambda s: s.speaker)
    ]
    stats = []
    for name, intervals in by_speaker.items():
        speaker_turns = [(segments[0].start, segments[-1].end) for speaker, segments in runs if speaker == name]
        words = sum(len(s.words) or len(s.text.split()) for s in transcript.segments if s.speaker == name)
        seconds = _length(intervals)
        stats.append(
            SpeakerStats(
                speaker=name,
                seconds=seconds,
                share=seconds / total if total else 0.0,
                turns=len(speaker_turns),
                longest=max((end - start for start, end in speaker_turns), default=0.0),
                words=words,
                pace=words / seconds * 60 if seconds and words else None,
                overlapped=_length(_overlap([intervals, overlap])),
            )
        )
    spoken = merge_intervals(interval for intervals in by_speaker.values() for interval in intervals)
    return TranscriptStats(tuple(stats), transcript.duration, _length(spoken), _length(overlap))


def _overlap(sets: Sequence[Sequence[Interval]]) -> list[Interval]:
    """Where at least two of several sets of disjoint intervals overlap."""
    edges = sorted(
        (time, step) for intervals in sets for start, end in intervals for time, step in ((start, 1), (end, -1))
    )
    overlaps: list[Interval] = []
    depth = 0
    for (time, step), (next_time, _) in itertools.pairwise(edges):
        depth += step
        if depth > 1 and next_time > time:
            overlaps.append((time, next_time))
    return merge_intervals(overlaps)


def _length(intervals: Iterable[Interval]) -> float:
    return sum(end - start for start, end in intervals)
