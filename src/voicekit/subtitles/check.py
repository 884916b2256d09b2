"""Find which rules of a style a layout breaks, and which of them no layout of the same words could keep.

The layout with the fewest violations (`subtitles.layout` finds it exactly) is a lower bound. Between two times at which
both layouts start a cue, a file cannot have fewer violations than the bound; all beyond it were avoidable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from voicekit.config.subtitles import SubtitleStyle
from voicekit.subtitles.cost import TICK
from voicekit.subtitles.cue import Cue, width
from voicekit.subtitles.layout import fewest_violations
from voicekit.text.languages import UNKNOWN
from voicekit.types import Segment, Transcript

FORCEABLE_RULES = ("shortest", "reading_speed", "gap")
"""Rules that the speech may force a layout to break. The others depend on the layout alone."""

TOLERANCE = 2 * TICK
"""Seconds: smaller differences come from rounding."""


@dataclass(frozen=True)
class Violation:
    """A rule that a cue breaks.

    Attributes:
        number: Number of the cue, from 1.
        time: Its start in seconds.
        rule: line_width, lines, words, reading_speed, shortest, longest, gap, overlap or speakers.
        value: What the cue has: columns, lines, words, columns per second, seconds or speakers.
        limit: What the style allows.
        avoidable: Whether another layout of the same words keeps the rule.
        text: Text of the cue.
    """

    number: int
    time: float
    rule: str
    value: float
    limit: float
    avoidable: bool
    text: str


def find_violations(cues: Sequence[Cue], words: Transcript, style: SubtitleStyle) -> list[Violation]:
    """Return the violations of `cues` in order of time. `words`: the transcript that they were made from."""
    violations = measure_violations(cues, words, style)
    if not any(violation.rule in FORCEABLE_RULES for violation in violations):
        return violations
    best = fewest_violations(words, style)
    forced = [v for v in measure_violations(best, words, style) if v.rule in FORCEABLE_RULES]
    judged = [v for v in violations if v.rule not in FORCEABLE_RULES]
    for start, end in pairwise([float("-inf"), *_common_starts(cues, best), float("inf")]):
        bound = sum(start <= violation.time < end for violation in forced)
        between = [v for v in violations if v.rule in FORCEABLE_RULES and start <= v.time < end]
        judged += [replace(violation, avoidable=n >= bound) for n, violation in enumerate(between)]
    return sorted(judged, key=lambda violation: (violation.number, violation.rule))


def measure_violations(cues: Sequence[Cue], words: Transcript, style: SubtitleStyle) -> list[Violation]:
    """Return every violation, marked as avoidable."""
    violations: list[Violation] = []
    languages = _LanguageByTime(words)
    min_gap = style.gap / style.fps
    for number, cue in enumerate(cues, 1):
        room, speed = style.of_language(languages.at(cue.start))
        columns = [width(line.shown) for line in cue.lines]
        speakers = len({line.speaker for line in cue.lines if line.speaker})
        rules: list[tuple[str, float, float, bool]] = [
            ("line_width", max(columns, default=0), room, max(columns, default=0) > room),
            ("lines", len(cue.lines), style.lines, len(cue.lines) > style.lines),
            ("shortest", cue.duration, style.shortest, cue.duration < style.shortest - TOLERANCE),
            ("longest", cue.duration, style.longest, cue.duration > style.longest + TOLERANCE),
            ("speakers", speakers, 1, speakers > 1 and not all(line.dash for line in cue.lines)),
        ]
        if style.words:
            count = sum(len(line.words) or len(line.text.split()) for line in cue.lines)
            rules.append(("words", count, style.words, count > style.words))
        if speed:
            rate = sum(columns) / max(cue.duration, 0.001)
            rules.append(("reading_speed", rate, speed, sum(columns) / speed > cue.duration + TOLERANCE))
        if number < len(cues):
            gap = cues[number].start - cue.end
            rules.append(("overlap", -gap, 0.0, gap < -TOLERANCE))
            rules.append(("gap", gap, min_gap, -TOLERANCE <= gap < min_gap - TOLERANCE))
        violations += [
            Violation(number, cue.start, rule, round(value, 3), round(limit, 3), True, cue.text)
            for rule, value, limit, broken in rules
            if broken
        ]
    return violations


class _LanguageByTime:
    """Returns the language of the segment that is spoken at a time; times must be given in order."""

    def __init__(self, transcript: Transcript) -> None:
        self.segments: list[Segment] = list(transcript.segments)
        self.index = 0

    def at(self, time: float) -> str:
        while self.index + 1 < len(self.segments) and self.segments[self.index + 1].start <= time + TOLERANCE:
            self.index += 1
        return self.segments[self.index].language if self.segments else UNKNOWN


def _common_starts(a: Sequence[Cue], b: Sequence[Cue]) -> list[float]:
    """Return the times at which a cue starts in both layouts."""
    return sorted({round(cue.start, 3) for cue in a} & {round(cue.start, 3) for cue in b})
