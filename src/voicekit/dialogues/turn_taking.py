"""Turns: when each speaker begins. Gaps and overlaps are drawn, seeded, from distributions; exact values win. Pure.

What is known of turn-taking, as later work quotes it:

- Across ten languages the gap between a question and its answer has its mode near 0 to 200 ms and a mean of 208 ms
  (Stivers et al. 2009, PNAS 106, 10587).
- In Swedish, Scottish and Dutch conversations the offsets from one speaker to the next have their mode near 200 ms, a
  median of 110 to 130 ms, and some 30 to 40 % of them are overlaps; pauses within a turn are longer than gaps between
  turns (Heldner and Edlund 2010, Journal of Phonetics 38, 555; Levinson and Torreira 2015, Frontiers in Psychology 6).
- Listeners say "mm-hm" at the ends of the other's phrases, briefly (Ward and Tsukahara 2000, Journal of Pragmatics 32).

The shares and medians below are set to land there; that they are log-normal, their spreads, and all values for
interruptions, topics, breaths and backchannels are chosen, not cited.

Each draw is derived from the two lines that it lies between, by what they say and not by where they stand. So editing
one line changes the gaps beside it and no other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from voicekit.dialogues.casting import Casting, Utterance
from voicekit.dialogues.script import Pause
from voicekit.seeds import RandomStreams

Kind = Literal["first", "change", "answer", "topic", "same", "cut", "over", "exact", "part", "backchannel"]


@dataclass(frozen=True)
class GapDistribution:
    """Overlaps and gaps, log-normal each: (median in seconds, spread of its logarithm). `overlaps`: their share."""

    overlaps: float
    overlap: tuple[float, float]
    gap: tuple[float, float]


GAP_DISTRIBUTIONS: dict[str, GapDistribution] = {
    "change": GapDistribution(0.36, (0.16, 0.6), (0.22, 0.75)),
    "answer": GapDistribution(0.28, (0.12, 0.6), (0.18, 0.7)),
    "topic": GapDistribution(0.0, (0.1, 0.1), (0.95, 0.3)),
    "same": GapDistribution(0.0, (0.1, 0.1), (0.55, 0.4)),
    "cut": GapDistribution(1.0, (0.24, 0.3), (0.1, 0.1)),
    "over": GapDistribution(1.0, (0.7, 0.35), (0.1, 0.1)),
    "part": GapDistribution(0.0, (0.1, 0.1), (0.35, 0.25)),
    "breath": GapDistribution(0.0, (0.1, 0.1), (0.3, 0.35)),
    "backchannel": GapDistribution(0.3, (0.08, 0.4), (0.12, 0.5)),
}
"""By what happens: see the module's docstring for what is cited. `breath` is added to a pause that is there."""

PUBLISHED = {"overlaps": (0.30, 0.40), "median": (0.11, 0.13), "mode": (0.0, 0.2)}
"""Of all changes of speaker; shares and seconds."""

LONGEST_GAP, LONGEST_OVERLAP, SHORTEST = 2.5, 1.5, 0.02
"""Seconds that may be drawn."""

OVERLAPPED = 0.4
"""Share of the shorter of two lines that a drawn overlap may take: of [over] twice that."""

BREATHLESS = 6.0
"""Seconds that somebody speaks before a pause is lengthened by a breath."""

APART = 0.06
"""Seconds at least between two things that one speaker says."""

PHRASE_END = 0.7
"""Seconds from where a backchannel stands in the text to the end of a phrase that it waits for, or was late for: a
voice that makes no pause there is answered in its speech."""

CUT, HEARD_ON = 0.06, 0.12
"""Seconds: a cut-off line ends so long before its natural end, and at the latest so long after the next has begun, but
never more than CUT + HEARD_ON early: its words are those that the script gives it."""


@dataclass(frozen=True)
class TimingPreset:
    """How `--timing` bends the laws: gaps and the share of overlaps are multiplied; seconds before a breath."""

    gaps: float
    overlaps: float
    breathless: float


TIMING_PRESETS = {
    "tight": TimingPreset(0.6, 1.35, 9.0),
    "natural": TimingPreset(1.0, 1.0, BREATHLESS),
    "slow": TimingPreset(1.9, 0.35, 4.0),
}


@dataclass(frozen=True)
class Clip:
    """What timing needs to know of a rendered utterance.

    Attributes:
        seconds: Of the sound.
        speech: (start, end) of stretches of speech in it, phrase by phrase; at least one.
        breaks: Places in it, between sentences, where a pause can be lengthened.
    """

    seconds: float
    speech: tuple[tuple[float, float], ...]
    breaks: tuple[float, ...] = ()

    @property
    def onset(self) -> float:
        return self.speech[0][0]

    @property
    def offset(self) -> float:
        return self.speech[-1][1]


@dataclass(frozen=True)
class Piece:
    """A stretch (start, end) of a clip, and where it begins in the mix; seconds."""

    start: float
    end: float
    at: float


@dataclass(frozen=True)
class Placed:
    """An utterance in the mix.

    Attributes:
        pieces: Of its clip, in order.
        speech: (start, end) of its stretches of speech in the mix.
        kind: What happened before it.
        gap: Seconds since the one before ended, below 0 where they overlap; None for the first and for backchannels.
        cut: Whether it ends before its clip does.
    """

    utterance: Utterance
    pieces: tuple[Piece, ...]
    speech: tuple[tuple[float, float], ...]
    kind: Kind
    gap: float | None = None
    cut: bool = False

    @property
    def start(self) -> float:
        return self.speech[0][0]

    @property
    def end(self) -> float:
        return self.speech[-1][1]


def draw(kind: str, pace: TimingPreset, draws: RandomStreams) -> float:
    """Seconds of a gap, or below 0 of an overlap."""
    law = GAP_DISTRIBUTIONS[kind]
    stream = draws.numpy("timing")
    chance, spread = float(stream.random()), float(stream.standard_normal())
    share = law.overlaps if law.overlaps in (0.0, 1.0) else min(0.9, law.overlaps * pace.overlaps)
    median, sigma = law.overlap if chance < share else law.gap
    seconds = median * math.exp(sigma * spread)
    if chance < share:
        return -min(max(seconds, SHORTEST), LONGEST_OVERLAP)
    return min(max(seconds * pace.gaps, SHORTEST), LONGEST_GAP)


def place(casting: Casting, clips: Mapping[str, Clip]) -> tuple[Placed, ...]:
    """Where every utterance lies in the mix, by start.

    Args:
        casting: Whose `options.timing` and `options.seed` are heeded.
        clips: Of every utterance, by id.
    """
    pace = TIMING_PRESETS[casting.options.timing]
    draws = RandomStreams(casting.options.seed, ("turns",))
    done: list[Placed] = []
    busy: dict[str, float] = {}
    """Until when each speaker speaks."""
    before: list[Placed] = []
    floor = 0.0
    last = len(casting.script.lines) - 1
    for number, line in enumerate(casting.script.lines):
        parts = casting.parts(number)
        own = draws.of(*_key(before[-1].utterance if before else None), *parts[0].key)
        kind, gap = _gap(casting, number, pace, own)
        if before and kind in ("change", "answer", "cut", "over"):
            room = min(floor - before[0].start, _length(parts, clips))
            gap = max(gap, -room * (OVERLAPPED if kind != "over" else 2 * OVERLAPPED))
        start = floor + gap if before else max(0.0, gap)
        if before:
            start = max(start, before[0].start + APART)
        start = max(start, busy.get(line.speaker, -APART) + APART)
        placed = _lay(parts, clips, start, pace, draws)
        placed[0] = replace(placed[0], kind=kind, gap=round(start - floor, 3) if before else None)
        if before and casting.script.lines[number - 1].cut:
            _cut_off(done, before[-1], start, busy)
        if line.cut and number == last:
            placed[-1] = shortened(placed[-1], placed[-1].end - CUT)
        done += placed
        floor = max(floor, placed[-1].end)
        busy[line.speaker] = placed[-1].end
        done += _backchannels(casting, number, placed, clips, pace, draws, busy)
        before = placed
    return tuple(sorted(_from_zero(done), key=lambda one: (one.start, one.utterance.id)))


def _from_zero(done: Sequence[Placed]) -> list[Placed]:
    """All moved so that the first sound is at 0 or later: a clip begins a little before its speech."""
    early = min((piece.at for one in done for piece in one.pieces), default=0.0)
    return [moved(one, -early) for one in done] if early < 0 else list(done)


def moved(one: Placed, by: float) -> Placed:
    """It so many seconds later."""
    return replace(
        one,
        pieces=tuple(replace(piece, at=piece.at + by) for piece in one.pieces),
        speech=tuple((start + by, end + by) for start, end in one.speech),
    )


def _key(utterance: Utterance | None) -> tuple[str | int, ...]:
    return utterance.key if utterance else ()


def _gap(casting: Casting, number: int, pace: TimingPreset, draws: RandomStreams) -> tuple[Kind, float]:
    """What happens before a line, and the seconds that it takes, before any limit."""
    line = casting.script.lines[number]
    if number == 0:
        return "first", line.gap or 0.0
    before = casting.script.lines[number - 1]
    if line.gap is not None:
        return "exact", line.gap
    if not line.over and not before.cut and isinstance(before.items[-1], Pause):
        return "exact", before.items[-1].seconds
    kind: Kind
    if line.over:
        kind = "over"
    elif before.speaker == line.speaker:
        kind = "same"
    elif before.cut:
        kind = "cut"
    elif line.topic is not None:
        kind = "topic"
    elif before.text.rstrip("\"'”’)").endswith("?"):
        kind = "answer"
    else:
        kind = "change"
    if kind == "same" and line.topic is not None:
        kind = "topic"
    return kind, draw(kind, pace, draws)


def _length(parts: Sequence[Utterance], clips: Mapping[str, Clip]) -> float:
    return sum(clips[part.id].offset - clips[part.id].onset for part in parts)


def _lay(
    parts: Sequence[Utterance], clips: Mapping[str, Clip], start: float, pace: TimingPreset, draws: RandomStreams
) -> list[Placed]:
    """The parts of a line one after the other, the speech of the first from `start`."""
    out: list[Placed] = []
    since = 0.0
    for number, part in enumerate(parts):
        clip = clips[part.id]
        if number:
            pause = part.pause if part.pause is not None else draw("part", pace, draws.of("part", *part.key))
            start = out[-1].end + pause
            since = 0.0
        pieces: list[Piece] = []
        at, begun = start - clip.onset, 0.0
        for count, middle in enumerate(clip.breaks):
            since += middle - begun
            if since < pace.breathless:
                continue
            pieces.append(Piece(begun, middle, at + begun))
            at += draw("breath", pace, draws.of("breath", *part.key, count))
            begun, since = middle, 0.0
        since += clip.offset - begun
        pieces.append(Piece(begun, clip.seconds, at + begun))
        out.append(Placed(part, tuple(pieces), _speech(clip, pieces), "part"))
    return out


def _speech(clip: Clip, pieces: Sequence[Piece]) -> tuple[tuple[float, float], ...]:
    """The clip's stretches of speech where they lie in the mix."""
    out = []
    for start, end in clip.speech:
        piece = next(piece for piece in reversed(pieces) if piece.start <= start or piece is pieces[0])
        by = piece.at - piece.start
        out.append((start + by, min(end, piece.end) + by))
    return tuple(out)


def shortened(one: Placed, end: float) -> Placed:
    """It, cut off at `end` in the mix; all of it where that is later than its own end."""
    if end >= one.end:
        return one
    pieces = [piece for piece in one.pieces if piece.at < end]
    final = pieces[-1]
    pieces[-1] = replace(final, end=min(final.end, final.start + end - final.at))
    speech = [(start, min(stop, end)) for start, stop in one.speech if start < end]
    return replace(one, pieces=tuple(pieces), speech=tuple(speech), cut=True)


def _cut_off(done: list[Placed], one: Placed, next_start: float, busy: dict[str, float]) -> None:
    """Cut the line before off, where it lies in `done`."""
    end = max(one.end - CUT - HEARD_ON, min(one.end - CUT, next_start + HEARD_ON))
    where = done.index(one)
    done[where] = shortened(one, max(end, one.start + APART))
    busy[one.utterance.speaker] = done[where].end


def _backchannels(
    casting: Casting,
    number: int,
    line: Sequence[Placed],
    clips: Mapping[str, Clip],
    pace: TimingPreset,
    draws: RandomStreams,
    busy: dict[str, float],
) -> list[Placed]:
    """Those within a line, each at the end of the phrase nearest to where it stands in the text."""
    out = []
    hosts = {one.utterance.id: one for one in line}
    for one in casting.backchannels(number):
        within, share = one.inside or ("", 0.0)
        host = hosts[within]
        wanted = _reached(host.speech, share)
        near = min((end for _, end in host.speech), key=lambda end: abs(end - wanted))
        near = near if abs(near - wanted) <= PHRASE_END else wanted
        start = near + draw("backchannel", pace, draws.of("backchannel", *one.key))
        start = max(start, busy.get(one.speaker, -APART) + APART)
        clip = clips[one.id]
        pieces = (Piece(0.0, clip.seconds, start - clip.onset),)
        out.append(Placed(one, pieces, _speech(clip, pieces), "backchannel"))
        busy[one.speaker] = out[-1].end
    return out


def _reached(speech: Sequence[tuple[float, float]], share: float) -> float:
    """When that share of some speech is over, pauses not counted."""
    left = share * sum(end - start for start, end in speech)
    for start, end in speech:
        if left <= end - start:
            return start + left
        left -= end - start
    return speech[-1][1]


# --- what came of it ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Distribution:
    """The changes of speaker that were drawn: how many, share of overlaps, quartiles and mode in seconds."""

    changes: int
    overlaps: float
    quartiles: tuple[float, float, float]
    mode: float


def distribution(placed: Sequence[Placed]) -> Distribution | None:
    """Of changes of speaker that are drawn alone, without seconds, [over] or `--` in the script; None without any."""
    drawn = [one.gap for one in placed if one.gap is not None and one.kind in ("change", "answer", "topic")]
    if not drawn:
        return None
    low, middle, high = (float(value) for value in np.percentile(drawn, (25, 50, 75)))
    return Distribution(
        len(drawn), sum(gap < 0 for gap in drawn) / len(drawn), (low, middle, high), _mode(np.array(drawn))
    )


def _mode(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Where a Gaussian kernel of 80 ms finds most of them."""
    grid = np.arange(-1.0, 2.0, 0.01)
    dense = np.exp(-0.5 * ((grid[:, None] - values[None, :]) / 0.08) ** 2).sum(axis=1)
    return round(float(grid[int(dense.argmax())]), 2)
