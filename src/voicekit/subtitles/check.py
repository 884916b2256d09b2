"""Check: which rules a layout breaks, and which of these breaks the speech itself forces. Pure.

A lower bound tells them apart: the layout with the fewest broken rules (`layout` is exact) of the same words. Between
two moments at which both layouts change cues, a file cannot have fewer broken rules than the bound has there; what it
has beyond that could have been avoided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from voicekit.config.subtitles import SubtitleStyle
from voicekit.subtitles.cost import TICK
from voicekit.subtitles.cue import Cue, width
from voicekit.subtitles.layout import fewest_broken
from voicekit.types import Segment, Transcript


@dataclass(frozen=True)
class Broken:
    """A rule that a cue breaks.

    Attributes:
        number: Of the cue, from 1.
        time: Its start, seconds.
        rule: line_width, lines, words, reading_speed, shortest, longest, gap, overlap, speakers.
        value: What the cue has: columns, lines, words, columns a second, seconds, speakers.
        limit: What the style allows.
        avoidable: Whether another layout of the same words keeps the rule.
        text: The cue's.
    """

    number: int
    time: float
    rule: str
    value: float
    limit: float
    avoidable: bool
    text: str


FORCEABLE = ("shortest", "reading_speed", "gap")
"""Rules that the speech may force a layout to break; the others are a matter of layout alone."""

EPSILON = 2 * TICK
"""Seconds: what is less is of rounding."""


def broken_rules(cues: Sequence[Cue], words: Transcript, style: SubtitleStyle) -> list[Broken]:
    """What `cues` break of the style, in order of time. `words`: the transcript that they were made of."""
    found = measured(cues, words, style)
    if not any(one.rule in FORCEABLE for one in found):
        return found
    best = fewest_broken(words, style)
    forced = [one for one in measured(best, words, style) if one.rule in FORCEABLE]
    moments = _common_moments(cues, best)
    out = [one for one in found if one.rule not in FORCEABLE]
    for start, end in pairwise([float("-inf"), *moments, float("inf")]):
        bound = sum(start <= one.time < end for one in forced)
        inside = [one for one in found if one.rule in FORCEABLE and start <= one.time < end]
        out += [replace(one, avoidable=n >= bound) for n, one in enumerate(inside)]
    return sorted(out, key=lambda one: (one.number, one.rule))


def measured(cues: Sequence[Cue], words: Transcript, style: SubtitleStyle) -> list[Broken]:
    """Every broken rule, as avoidable."""
    out: list[Broken] = []
    languages = _Languages(words)
    gap = style.gap / style.fps
    for number, cue in enumerate(cues, 1):
        room, speed = style.of_language(languages.at(cue.start))
        columns = [width(line.shown) for line in cue.lines]
        rules: list[tuple[str, float, float, bool]] = [
            ("line_width", max(columns, default=0), room, max(columns, default=0) > room),
            ("lines", len(cue.lines), style.lines, len(cue.lines) > style.lines),
            ("shortest", cue.duration, style.shortest, cue.duration < style.shortest - EPSILON),
            ("longest", cue.duration, style.longest, cue.duration > style.longest + EPSILON),
        ]
        if style.words:
            count = sum(len(line.words) or len(line.text.split()) for line in cue.lines)
            rules.append(("words", count, style.words, count > style.words))
        if speed:
            rate = sum(columns) / max(cue.duration, 0.001)
            rules.append(("reading_speed", rate, speed, sum(columns) / speed > cue.duration + EPSILON))
        speakers = len({line.speaker for line in cue.lines if line.speaker})
        rules.append(("speakers", speakers, 1, speakers > 1 and not all(line.dash for line in cue.lines)))
        if number < len(cues):
            free = cues[number].start - cue.end
            rules.append(("overlap", -free, 0.0, free < -EPSILON))
            rules.append(("gap", free, gap, -EPSILON <= free < gap - EPSILON))
        out += [
            Broken(number, cue.start, rule, round(value, 3), round(limit, 3), True, cue.text)
            for rule, value, limit, broken in rules
            if broken
        ]
    return out


class _Languages:
    """Of the segment that is said at a time."""

    def __init__(self, transcript: Transcript) -> None:
        self.segments: list[Segment] = list(transcript.segments)
        self.at_segment = 0

    def at(self, time: float) -> str:
        """Asked in order of time."""
        while self.at_segment + 1 < len(self.segments) and self.segments[self.at_segment + 1].start <= time + EPSILON:
            self.at_segment += 1
        return self.segments[self.at_segment].language if self.segments else "und"


def _common_moments(one: Sequence[Cue], other: Sequence[Cue]) -> list[float]:
    """Times at which a cue begins in both."""
    starts = {round(cue.start, 3) for cue in other}
    return sorted({round(cue.start, 3) for cue in one} & starts)
