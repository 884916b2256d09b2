"""Statistics: who spoke how long, how fast, in how many turns, and at once. Pure functions of a transcript."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from voicekit.types import Transcript, Turn

Stretch = tuple[float, float]


@dataclass(frozen=True)
class Speech:
    """Of one speaker.

    Attributes:
        speaker: The name.
        seconds: Spoken; turns of the same speaker that overlap count once.
        share: Of the time that all speakers spoke, each counted by itself.
        turns: How many, in the words: neighbouring segments of one speaker are one.
        longest: Seconds, of the longest turn.
        words: Said.
        pace: Words a minute of speech; None where nothing was said.
        overlapped: Seconds spoken while somebody else did too.
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
class Statistics:
    """Of a transcript. `spoken`: seconds in which anybody speaks; `overlap`: in which several do."""

    speech: tuple[Speech, ...]
    duration: float
    spoken: float
    overlap: float


def statistics(transcript: Transcript) -> Statistics:
    """By the diarizer's turns where there are any, else by the segments, pauses included."""
    turns = transcript.turns or tuple(
        Turn(s.start, s.end, s.speaker) for s in transcript.segments if s.speaker is not None
    )
    by_speaker = {name: union((t.start, t.end) for t in turns if t.speaker == name) for name in transcript.speakers}
    both = crowded(list(by_speaker.values()))
    total = sum(map(seconds, by_speaker.values()))
    runs = [
        (name, list(some)) for name, some in itertools.groupby(transcript.segments, key=lambda segment: segment.speaker)
    ]
    speech = []
    for name, stretches in by_speaker.items():
        own = [(some[0].start, some[-1].end) for speaker, some in runs if speaker == name]
        words = sum(len(s.words) or len(s.text.split()) for s in transcript.segments if s.speaker == name)
        spoken = seconds(stretches)
        speech.append(
            Speech(
                name, spoken, spoken / total if total else 0.0, len(own),
                max((end - start for start, end in own), default=0.0), words,
                words / spoken * 60 if spoken and words else None, seconds(common(stretches, both)),
            )
        )  # fmt: skip
    everybody = union(stretch for some in by_speaker.values() for stretch in some)
    return Statistics(tuple(speech), transcript.duration, seconds(everybody), seconds(both))


def union(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same time in stretches that do not touch, by start."""
    out: list[Stretch] = []
    for start, end in sorted(stretches):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        elif end > start:
            out.append((start, end))
    return out


def crowded(by_speaker: Sequence[Sequence[Stretch]]) -> list[Stretch]:
    """Where two speakers and more speak. Each speaker's stretches do not touch."""
    edges = sorted((at, step) for some in by_speaker for start, end in some for at, step in ((start, 1), (end, -1)))
    out: list[Stretch] = []
    speaking = 0
    for (at, step), (following, _) in itertools.pairwise(edges):
        speaking += step
        if speaking > 1 and following > at:
            out.append((at, following))
    return union(out)


def common(one: Sequence[Stretch], other: Sequence[Stretch]) -> list[Stretch]:
    """Where both are. Neither's stretches touch."""
    return crowded([one, other])


def seconds(stretches: Iterable[Stretch]) -> float:
    """How long they are together."""
    return sum(end - start for start, end in stretches)
