"""Edit: subtitles moved, joined, cut, and fitted to another edit of the recording. Transcripts to transcripts; pure."""

from __future__ import annotations

import difflib
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from voicekit.data import Segment, Transcript, Turn, Word
from voicekit.errors import UsageError

FEWEST_MATCHED = 0.4
"""Share of the words that must come back in another edit; less is another recording."""

LONG_ENOUGH = 3
"""Words in a row that anchor a place in the other edit; fewer may be chance."""


def shift(transcript: Transcript, by: float, factor: float = 1.0) -> tuple[Transcript, list[str]]:
    """Times multiplied by `factor`, then moved by so many seconds; what would lie before the start is left out.

    Args:
        by: Seconds; less than 0 is earlier.
        factor: 25 / 23.976 for subtitles of a film at 25 frames a second that is now shown at 23.976.
    """
    if factor <= 0:
        raise UsageError(f"a factor of {factor:g} leaves no time", "Give one above 0")
    moved = moved_by(transcript, lambda time: time * factor + by)
    gone = len(transcript.segments) - len(moved.segments)
    return moved, [f"{gone} cues would lie before the start: left out"] if gone else []


def moved_by(transcript: Transcript, time: Callable[[float], float]) -> Transcript:
    """Every time as `time` has it, which must not fall; what ends at 0 or before is left out."""

    def moved(start: float, end: float) -> tuple[float, float]:
        return max(0.0, round(time(start), 3)), max(0.0, round(time(end), 3))

    segments: list[Segment] = []
    for segment in transcript.segments:
        start, end = moved(segment.start, segment.end)
        if time(segment.end) < -0.0005:
            continue
        words = tuple(replace(word, start=a, end=b) for word in segment.words for a, b in [moved(word.start, word.end)])
        segments.append(replace(segment, id=len(segments), start=start, end=end, words=words))
    turns = [Turn(*moved(turn.start, turn.end), turn.speaker) for turn in transcript.turns]
    return replace(
        transcript,
        duration=max([max(0.0, round(time(transcript.duration), 3)), *(segment.end for segment in segments)]),
        segments=tuple(segments),
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
            segments=tuple(replace(segment, id=number) for number, segment in enumerate(segments)),
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
        segments = tuple(_within(segment, low, high) for segment in inside)
        turns = (Turn(max(t.start, low), min(t.end, high), t.speaker) for t in transcript.turns)
        part = replace(
            transcript,
            duration=high,
            segments=tuple(replace(segment, id=n) for n, segment in enumerate(segments)),
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


# --- another edit -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Retimed:
    """Subtitles of another edit. `matched`: the share of words found there; `lost`: cues whose words are not in it."""

    transcript: Transcript
    matched: float
    lost: tuple[Segment, ...]


def retime(transcript: Transcript, heard: Transcript) -> Retimed:
    """Subtitles for another edit of the recording, by aligning their words with those heard in it.

    Words that are found take the time they are heard at; a cue begins and ends as far from its words as it did. Cues
    of which too few words are found, because their scene was cut or moved before an earlier one, are left out.

    Args:
        transcript: The subtitles.
        heard: The other edit's transcript, with times of words.

    Raises:
        UsageError: most words are not found: another recording, or another language.
    """
    words = [(number, word) for number, segment in enumerate(transcript.segments) for word in segment.words]
    places = _aligned([word for _, word in words], heard.words)
    matched = len(places) / len(words) if words else 0.0
    if matched < FEWEST_MATCHED:
        raise UsageError(
            f"only {matched:.0%} of the words are heard in it", "Is it the same recording, in the same language?"
        )
    by_segment: dict[int, list[tuple[Word, Word]]] = {}
    for index, other in places.items():
        by_segment.setdefault(words[index][0], []).append((words[index][1], heard.words[other]))
    segments: list[Segment] = []
    lost: list[Segment] = []
    for number, segment in enumerate(transcript.segments):
        pairs = by_segment.get(number, [])
        if len(pairs) * 2 < len(segment.words) or not pairs:
            lost.append(segment)
            continue
        segments.append(replace(_moved(segment, pairs), id=len(segments)))
    segments.sort(key=lambda segment: segment.start)
    whole = replace(
        transcript,
        duration=heard.duration,
        segments=tuple(replace(segment, id=n) for n, segment in enumerate(_apart(segments))),
        turns=(),
        source=heard.source,
    )
    return Retimed(whole, matched, tuple(lost))


def _aligned(ours: Sequence[Word], theirs: Sequence[Word]) -> dict[int, int]:
    """Index in `ours` to that in `theirs` of equal words in order; a few alone are trusted only beside others."""
    left, right = [_bare(word.text) for word in ours], [_bare(word.text) for word in theirs]
    found: dict[int, int] = {}
    for block in difflib.SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks():
        near = any(
            (block.a - n) in found and found[block.a - n] == block.b - n - off
            for n in range(1, 4)
            for off in (-2, -1, 0, 1, 2)
        )
        if block.size >= LONG_ENOUGH or near:
            found.update({block.a + n: block.b + n for n in range(block.size)})
    return {a: b for a, b in found.items() if left[a]}


def _bare(text: str) -> str:
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text)).casefold()


def _moved(segment: Segment, pairs: Sequence[tuple[Word, Word]]) -> Segment:
    """The segment at its words' new times: words in between share what lies between, the edges keep their distance."""
    before = [0.5 * (own.start + own.end) for own, _ in pairs]
    after = [0.5 * (other.start + other.end) for _, other in pairs]

    def time(old: float) -> float:
        if old <= before[0]:
            return max(0.0, after[0] - (before[0] - old))
        if old >= before[-1]:
            return after[-1] + (old - before[-1])
        k = bisect_right(before, old) - 1
        span = before[k + 1] - before[k]
        share = (old - before[k]) / span if span > 0 else 0.0
        return after[k] + share * (after[k + 1] - after[k])

    known = {id(own): other for own, other in pairs}
    words = []
    for word in segment.words:
        other = known.get(id(word))
        start, end = (other.start, other.end) if other else (time(word.start), time(word.end))
        words.append(replace(word, start=round(start, 3), end=round(max(end, start), 3)))
    start, end = round(time(segment.start), 3), round(time(segment.end), 3)
    return replace(segment, start=start, end=max(end, start), words=tuple(words))


def _apart(segments: Sequence[Segment]) -> list[Segment]:
    """A cue that now runs into the next one ends before it, unless the two overlapped all along."""
    out = list(segments)
    for n in range(len(out) - 1):
        if out[n].start < out[n + 1].start < out[n].end:
            out[n] = replace(out[n], end=out[n + 1].start)
    return out
