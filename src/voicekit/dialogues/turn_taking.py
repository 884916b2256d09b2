"""Turn-taking: decide when each utterance begins. Gaps and overlaps are sampled; exact values in the script win.

Published findings:

- Across ten languages, the gap between a question and its answer has its mode near 0 to 200 ms and a mean of 208 ms
  (Stivers et al. 2009, PNAS 106, 10587).
- In Swedish, Scottish and Dutch conversations, the offset between speakers has its mode near 200 ms and a median of 110
  to 130 ms, and 30 to 40 % of the changes are overlaps; pauses within a turn are longer than gaps between turns
  (Heldner and Edlund 2010, Journal of Phonetics 38, 555; Levinson and Torreira 2015, Frontiers in Psychology 6).
- Listeners give backchannels ("mm-hm") at the ends of the speaker's phrases, and keep them short (Ward and Tsukahara
  2000, Journal of Pragmatics 32).

The shares and medians below reproduce these figures. The log-normal shape, the spreads, and all values for
interruptions, topics, breaths and backchannels are our choice.

Each sample is seeded by the two lines that it lies between, by their content and not by their position: editing a line
changes only the gaps next to it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from voicekit.dialogues.casting import Casting, Utterance
from voicekit.dialogues.script import Line, Pause
from voicekit.seeds import RandomStreams

GapKind = Literal["first", "change", "answer", "topic", "same", "cut", "over", "exact", "part", "backchannel"]
"""How an utterance follows the previous one."""


@dataclass(frozen=True)
class GapDistribution:
    """Distribution of the offset between two utterances.

    Attributes:
        overlaps: Probability of an overlap.
        overlap: Log-normal length of overlaps: median in seconds, and standard deviation of the logarithm.
        gap: The same of gaps.
    """

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
"""By `GapKind`; the module's docstring says what is published. `breath` is the time added to a pause for a breath."""

PUBLISHED = {"overlaps": (0.30, 0.40), "median": (0.11, 0.13), "mode": (0.0, 0.2)}
"""Published ranges for speaker changes: share of overlaps, median and mode of the offset in seconds."""

MAX_GAP, MAX_OVERLAP, MIN_OFFSET = 2.5, 1.5, 0.02
"""Limits of sampled gaps and overlaps, seconds."""

MAX_OVERLAP_SHARE = 0.4
"""Share of the shorter of two lines that a sampled overlap may cover; twice as much for [over]."""

BREATH_INTERVAL = 6.0
"""Seconds of speech after which a pause is lengthened by a breath."""

MIN_SEPARATION = 0.06
"""Least seconds between two utterances of the same speaker."""

PHRASE_END_WINDOW = 0.7
"""Seconds from a backchannel's place in the text to the phrase end that it is moved to. Without a phrase end in this
window it stays at its place, within the speech."""

CUT_BEFORE_END = 0.06
"""Seconds by which an interrupted line ends before its natural end."""

CUT_AFTER_NEXT = 0.12
"""Seconds that an interrupted line continues after the next one has begun. It never loses more than CUT_BEFORE_END +
CUT_AFTER_NEXT, because its words are those that the script gives it."""


@dataclass(frozen=True)
class TimingPreset:
    """Values of `--timing`.

    Attributes:
        gaps: Factor of gaps.
        overlaps: Factor of the probability of overlaps.
        breath_interval: Seconds of speech before a breath.
    """

    gaps: float
    overlaps: float
    breath_interval: float


TIMING_PRESETS = {
    "tight": TimingPreset(0.6, 1.35, 9.0),
    "natural": TimingPreset(1.0, 1.0, BREATH_INTERVAL),
    "slow": TimingPreset(1.9, 0.35, 4.0),
}


@dataclass(frozen=True)
class Clip:
    """Timing of a rendered utterance.

    Attributes:
        seconds: Length of the audio.
        speech: (start, end) of its phrases; at least one.
        breaks: Times between sentences, where a pause can be lengthened.
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
    """A section (start, end) of a clip, and where it begins in the mix; seconds."""

    start: float
    end: float
    at: float


@dataclass(frozen=True)
class PlacedUtterance:
    """An utterance placed in the mix.

    Attributes:
        utterance: The utterance.
        pieces: Sections of its clip, in order.
        speech: (start, end) of its phrases in the mix, seconds.
        kind: How it follows the previous utterance.
        gap: Seconds from the end of the previous one, negative for an overlap; None for the first and for backchannels.
        cut: Whether it is cut off before its clip ends.
    """

    utterance: Utterance
    pieces: tuple[Piece, ...]
    speech: tuple[tuple[float, float], ...]
    kind: GapKind
    gap: float | None = None
    cut: bool = False

    @property
    def start(self) -> float:
        return self.speech[0][0]

    @property
    def end(self) -> float:
        return self.speech[-1][1]


def sample_gap(kind: str, timing: TimingPreset, random: RandomStreams) -> float:
    """Sample an offset in seconds; negative for an overlap."""
    distribution = GAP_DISTRIBUTIONS[kind]
    stream = random.numpy("timing")
    chance, deviation = float(stream.random()), float(stream.standard_normal())
    share = distribution.overlaps
    if share not in (0.0, 1.0):
        share = min(0.9, share * timing.overlaps)
    median, sigma = distribution.overlap if chance < share else distribution.gap
    seconds = median * math.exp(sigma * deviation)
    if chance < share:
        return -min(max(seconds, MIN_OFFSET), MAX_OVERLAP)
    return min(max(seconds * timing.gaps, MIN_OFFSET), MAX_GAP)


def place_utterances(casting: Casting, clips: Mapping[str, Clip]) -> tuple[PlacedUtterance, ...]:
    """Place every utterance in the mix.

    Args:
        casting: The dialogue; `options.timing` and `options.seed` determine the gaps.
        clips: By utterance id.

    Returns:
        By start.
    """
    placed = _Placer(casting, clips).place()
    return tuple(sorted(_shift_to_zero(placed), key=lambda each: (each.start, each.utterance.id)))


class _Placer:
    """Places the lines of a dialogue one after the other."""

    def __init__(self, casting: Casting, clips: Mapping[str, Clip]) -> None:
        self.casting = casting
        self.clips = clips
        self.timing = TIMING_PRESETS[casting.options.timing]
        self.random = RandomStreams(casting.options.seed, ("turns",))
        self.placed: list[PlacedUtterance] = []
        self.speaker_ends: dict[str, float] = {}  # when each speaker stops, seconds
        self.previous: list[PlacedUtterance] = []  # the parts of the previous line
        self.last_end = 0.0  # of all turns so far

    def place(self) -> list[PlacedUtterance]:
        for number in range(len(self.casting.script.lines)):
            self._place_line(number)
        return self.placed

    def _place_line(self, number: int) -> None:
        lines = self.casting.script.lines
        line, parts = lines[number], self.casting.turn_parts(number)
        kind, start = self._line_start(number, parts)
        placed = self._lay_out(parts, start)
        gap = round(start - self.last_end, 3) if self.previous else None
        placed[0] = replace(placed[0], kind=kind, gap=gap)
        if self.previous and lines[number - 1].cut:
            self._cut_off(self.previous[-1], start)
        if line.cut and number == len(lines) - 1:
            placed[-1] = truncate(placed[-1], placed[-1].end - CUT_BEFORE_END)
        self.placed += placed
        self.last_end = max(self.last_end, placed[-1].end)
        self.speaker_ends[line.speaker] = placed[-1].end
        self._place_backchannels(number, placed)
        self.previous = placed

    def _line_start(self, number: int, parts: Sequence[Utterance]) -> tuple[GapKind, float]:
        """How a line follows the previous one, and when its speech starts, seconds."""
        previous = self.previous
        previous_key = previous[-1].utterance.key if previous else ()
        kind, gap = self._choose_gap(number, self.random.of(*previous_key, *parts[0].key))
        if not previous:
            start = max(0.0, gap)
        else:
            if kind in ("change", "answer", "cut", "over"):
                shorter = min(self.last_end - previous[0].start, self._speech_length(parts))
                share = MAX_OVERLAP_SHARE if kind != "over" else 2 * MAX_OVERLAP_SHARE
                gap = max(gap, -shorter * share)
            start = max(self.last_end + gap, previous[0].start + MIN_SEPARATION)
        return kind, max(start, self._earliest_start(self.casting.script.lines[number].speaker))

    def _earliest_start(self, speaker: str) -> float:
        """When a speaker can speak again."""
        return self.speaker_ends.get(speaker, -MIN_SEPARATION) + MIN_SEPARATION

    def _speech_length(self, parts: Sequence[Utterance]) -> float:
        return sum(self.clips[part.id].offset - self.clips[part.id].onset for part in parts)

    def _choose_gap(self, number: int, random: RandomStreams) -> tuple[GapKind, float]:
        """How a line follows the previous one, and the offset in seconds before any limit is applied."""
        line = self.casting.script.lines[number]
        if number == 0:
            return "first", line.gap or 0.0
        previous = self.casting.script.lines[number - 1]
        if line.gap is not None:
            return "exact", line.gap
        if not line.over and not previous.cut and isinstance(previous.items[-1], Pause):
            return "exact", previous.items[-1].seconds
        kind = _gap_kind(line, previous)
        return kind, sample_gap(kind, self.timing, random)

    def _lay_out(self, parts: Sequence[Utterance], start: float) -> list[PlacedUtterance]:
        """Place the parts of a line one after the other, with breaths; the speech of the first begins at `start`."""
        placed: list[PlacedUtterance] = []
        since_breath = 0.0
        for number, part in enumerate(parts):
            clip = self.clips[part.id]
            if number:
                pause = part.pause
                if pause is None:
                    pause = sample_gap("part", self.timing, self.random.of("part", *part.key))
                start = placed[-1].end + pause
                since_breath = 0.0
            pieces: list[Piece] = []
            shift, piece_start = start - clip.onset, 0.0
            for count, sentence_end in enumerate(clip.breaks):
                since_breath += sentence_end - piece_start
                if since_breath < self.timing.breath_interval:
                    continue
                pieces.append(Piece(piece_start, sentence_end, shift + piece_start))
                shift += sample_gap("breath", self.timing, self.random.of("breath", *part.key, count))
                piece_start, since_breath = sentence_end, 0.0
            since_breath += clip.offset - piece_start
            pieces.append(Piece(piece_start, clip.seconds, shift + piece_start))
            placed.append(PlacedUtterance(part, tuple(pieces), _speech_in_mix(clip, pieces), "part"))
        return placed

    def _cut_off(self, interrupted: PlacedUtterance, next_start: float) -> None:
        """Cut off the last part of the previous line, which is in `self.placed` already."""
        natural_end = interrupted.end
        earliest = natural_end - CUT_BEFORE_END - CUT_AFTER_NEXT
        end = max(earliest, min(natural_end - CUT_BEFORE_END, next_start + CUT_AFTER_NEXT))
        index = self.placed.index(interrupted)
        self.placed[index] = truncate(interrupted, max(end, interrupted.start + MIN_SEPARATION))
        self.speaker_ends[interrupted.utterance.speaker] = self.placed[index].end

    def _place_backchannels(self, number: int, line: Sequence[PlacedUtterance]) -> None:
        """Place the backchannels in a line, each at the phrase end nearest to its place in the text."""
        hosts = {part.utterance.id: part for part in line}
        for utterance in self.casting.backchannels(number):
            host_id, share = utterance.inside or ("", 0.0)
            host = hosts[host_id]
            wanted = _time_at_share(host.speech, share)
            nearest = min((end for _, end in host.speech), key=lambda end: abs(end - wanted))
            reference = nearest if abs(nearest - wanted) <= PHRASE_END_WINDOW else wanted
            gap = sample_gap("backchannel", self.timing, self.random.of("backchannel", *utterance.key))
            start = max(reference + gap, self._earliest_start(utterance.speaker))
            clip = self.clips[utterance.id]
            pieces = (Piece(0.0, clip.seconds, start - clip.onset),)
            placed = PlacedUtterance(utterance, pieces, _speech_in_mix(clip, pieces), "backchannel")
            self.placed.append(placed)
            self.speaker_ends[utterance.speaker] = placed.end


def _gap_kind(line: Line, previous: Line) -> GapKind:
    if line.over:
        return "over"
    if previous.speaker == line.speaker:
        return "same" if line.topic is None else "topic"
    if previous.cut:
        return "cut"
    if line.topic is not None:
        return "topic"
    return "answer" if previous.text.rstrip("\"'”’)").endswith("?") else "change"


def _shift_to_zero(placed: Sequence[PlacedUtterance]) -> list[PlacedUtterance]:
    """Shift everything if a clip would begin before 0, because its speech begins later than its audio."""
    earliest = min((piece.at for each in placed for piece in each.pieces), default=0.0)
    return [shift(each, -earliest) for each in placed] if earliest < 0 else list(placed)


def shift(placed: PlacedUtterance, seconds: float) -> PlacedUtterance:
    """Move an utterance in the mix."""
    return replace(
        placed,
        pieces=tuple(replace(piece, at=piece.at + seconds) for piece in placed.pieces),
        speech=tuple((start + seconds, end + seconds) for start, end in placed.speech),
    )


def _speech_in_mix(clip: Clip, pieces: Sequence[Piece]) -> tuple[tuple[float, float], ...]:
    """The clip's phrases at their times in the mix."""
    phrases = []
    for start, end in clip.speech:
        piece = next(piece for piece in reversed(pieces) if piece.start <= start or piece is pieces[0])
        offset = piece.at - piece.start
        phrases.append((start + offset, min(end, piece.end) + offset))
    return tuple(phrases)


def truncate(placed: PlacedUtterance, end: float) -> PlacedUtterance:
    """Cut an utterance off at a time in the mix; unchanged if it ends before."""
    if end >= placed.end:
        return placed
    pieces = [piece for piece in placed.pieces if piece.at < end]
    last = pieces[-1]
    pieces[-1] = replace(last, end=min(last.end, last.start + end - last.at))
    speech = [(start, min(stop, end)) for start, stop in placed.speech if start < end]
    return replace(placed, pieces=tuple(pieces), speech=tuple(speech), cut=True)


def _time_at_share(speech: Sequence[tuple[float, float]], share: float) -> float:
    """The time at which that share of the speech, without pauses, is over."""
    left = share * sum(end - start for start, end in speech)
    for start, end in speech:
        if left <= end - start:
            return start + left
        left -= end - start
    return speech[-1][1]
