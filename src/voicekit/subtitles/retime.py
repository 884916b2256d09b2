"""Fit subtitles to another edit of the recording by aligning their words with a transcript of that edit."""

from __future__ import annotations

import math
import re
import statistics
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from voicekit.errors import UsageError
from voicekit.subtitles.edit import renumber
from voicekit.text.words import unspaced
from voicekit.types import Segment, Transcript

MIN_MATCHED = 0.4
"""Lowest share of the words (of the side with fewer) that must match; fewer means another recording."""

ANCHOR_WORDS = 3
"""Consecutive equal words that prove a match; fewer may be chance."""

MAX_ANCHOR_DISTANCE = 5
"""Words from an anchor within which shorter matches are accepted too."""

MAX_SHIFT_CHANGE = 0.75
"""Seconds by which the shifts of neighbours may differ within a scene; beyond, there is a cut between them."""

MAX_UNMATCHED_GAP = 20.0
"""Seconds between two matched cues whose distance has not changed: cues between them are kept, although Whisper missed
their words."""


@dataclass(frozen=True)
class Retimed:
    """Subtitles of another edit.

    Attributes:
        transcript: The cues that occur in it.
        matched: Share of the words that matched, of the side with fewer words.
        lost: Cues that do not occur in it.
    """

    transcript: Transcript
    matched: float
    lost: tuple[Segment, ...]


def retime(transcript: Transcript, target: Transcript) -> Retimed:
    """Fit subtitles to another edit.

    A cue moves with its words, by as much as its neighbours of the same scene, and keeps its duration, or gets longer
    if it is spoken more slowly. A cue whose words do not match is left out, since its scene was cut or moved, unless it
    lies between two cues whose distance has not changed.

    Args:
        transcript: The subtitles.
        target: Transcript of the other edit, with word times.

    Raises:
        UsageError: Most words do not match: another recording, or another language.
    """
    ours, theirs = _units(transcript.segments), _units(target.segments)
    matches = _align([unit.key for unit in ours], [unit.key for unit in theirs])
    matched = len(matches) / min(len(ours), len(theirs)) if ours and theirs else 0.0
    if matched < MIN_MATCHED:
        raise UsageError(
            f"only {matched:.0%} of the words occur in the other edit",
            "Is it the same recording, in the same language?",
        )
    pairs: list[list[tuple[_Unit, _Unit]]] = [[] for _ in transcript.segments]
    sizes = [0] * len(transcript.segments)
    for number, unit in enumerate(ours):
        sizes[unit.segment] += 1
        if number in matches:
            pairs[unit.segment].append((unit, theirs[matches[number]]))
    consistent = [
        _largest_group(group) if len(group) * 2 >= size else [] for group, size in zip(pairs, sizes, strict=True)
    ]
    shifts = _fill_gaps(_smooth([_shift(group) for group in consistent]), transcript.segments)
    moved: list[tuple[Segment, Segment]] = []
    lost: list[Segment] = []
    for segment, group, shift in zip(transcript.segments, consistent, shifts, strict=True):
        if shift is None or segment.end + shift <= 0:
            lost.append(segment)
        else:
            moved.append((segment, _move(segment, group, shift)))
    moved.sort(key=lambda pair: pair[1].start)
    segments = renumber(_resolve_new_overlaps(moved))
    retimed = replace(
        transcript,
        duration=max([target.duration, *(segment.end for segment in segments)]),
        segments=segments,
        turns=(),
        source=target.source,
    )
    return Retimed(retimed, matched, tuple(lost))


@dataclass(frozen=True)
class _Unit:
    """A word, or a character of a script without spaces. `word`: index of the word in its segment."""

    key: str
    start: float
    end: float
    segment: int
    word: int


def _units(segments: Sequence[Segment]) -> list[_Unit]:
    units: list[_Unit] = []
    for number, segment in enumerate(segments):
        for index, word in enumerate(segment.words):
            bare = re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", word.text)).casefold()
            marked = "".join(f"\0{char}" if unspaced(char) else char for char in bare)
            keys = re.findall(r"\0.|[^\0]+", marked)
            duration = (word.end - word.start) / max(1, len(keys))
            units += [
                _Unit(key.lstrip("\0"), word.start + n * duration, word.start + (n + 1) * duration, number, index)
                for n, key in enumerate(keys)
            ]
    return units


def _align(ours: Sequence[str], theirs: Sequence[str]) -> dict[int, int]:
    """Return the index in `theirs` of each word of `ours` that matches, in order.

    Starts from word sequences that are unique on both sides, extends them word by word, and aligns the remaining gaps
    with the fewest edits. Short matches count only near an anchor: a few common words occur in any scene.
    """
    from rapidfuzz.distance import Levenshtein

    pairs = _extend(_anchors(ours, theirs), ours, theirs)
    for (a, b), (c, d) in pairwise([(-1, -1), *pairs, (len(ours), len(theirs))]):
        if c - a > 1 and d - b > 1:
            for code in Levenshtein.opcodes(ours[a + 1 : c], theirs[b + 1 : d]):
                if code.tag == "equal":
                    length = range(code.src_end - code.src_start)
                    pairs += [(a + 1 + code.src_start + n, b + 1 + code.dest_start + n) for n in length]
    return _drop_isolated(sorted(pairs))


def _anchors(ours: Sequence[str], theirs: Sequence[str]) -> list[tuple[int, int]]:
    """Return where sequences of ANCHOR_WORDS occur that are unique on both sides: the longest chain in one order."""

    def unique(words: Sequence[str]) -> dict[tuple[str, ...], int]:
        sequences = list(zip(*(words[n:] for n in range(ANCHOR_WORDS)), strict=False))
        count = Counter(sequences)
        return {sequence: n for n, sequence in enumerate(sequences) if count[sequence] == 1}

    in_theirs = unique(theirs)
    common = [(index, in_theirs[s]) for s, index in unique(ours).items() if s in in_theirs]
    # Longest increasing subsequence: for each length, the smallest last index in `theirs` and the anchor it belongs to.
    last_index: list[int] = []
    last_anchor: list[int] = []
    previous: list[int] = []
    for n, (_, index) in enumerate(common):
        length = bisect_left(last_index, index)
        previous.append(last_anchor[length - 1] if length else -1)
        last_index[length : length + 1], last_anchor[length : length + 1] = [index], [n]
    chain, n = [], last_anchor[-1] if last_anchor else -1
    while n >= 0:
        chain.append(common[n])
        n = previous[n]
    return chain[::-1]


def _extend(anchors: Sequence[tuple[int, int]], ours: Sequence[str], theirs: Sequence[str]) -> list[tuple[int, int]]:
    """Return the words of the anchors and the equal words next to them, with up to two different ones in between."""
    pairs: list[tuple[int, int]] = []
    for a, b in ((start[0] + n, start[1] + n) for start in anchors for n in range(ANCHOR_WORDS)):
        if not pairs or (a > pairs[-1][0] and b > pairs[-1][1]):
            pairs.append((a, b))
    extended = list(pairs)
    for (a, b), (c, d) in pairwise([(-1, -1), *pairs, (len(ours), len(theirs))]):
        room = min(c - a, d - b) - 1
        forward = _steps_while_equal(room if a >= 0 else 0, lambda n, a=a, b=b: ours[a + n] == theirs[b + n])  # type: ignore[misc]
        left = room - max(forward, default=0) if c < len(ours) else 0
        backward = _steps_while_equal(left, lambda n, c=c, d=d: ours[c - n] == theirs[d - n])  # type: ignore[misc]
        extended += [(a + n, b + n) for n in forward] + [(c - n, d - n) for n in backward]
    return sorted(extended)


def _steps_while_equal(room: int, equal: Callable[[int], bool]) -> list[int]:
    """Return the steps from 1 to `room` at which words are equal, until three in a row are not."""
    steps: list[int] = []
    for n in range(1, room + 1):
        if equal(n):
            steps.append(n)
        elif n - (steps[-1] if steps else 0) > 2:
            break
    return steps


def _drop_isolated(pairs: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Keep runs of ANCHOR_WORDS pairs or more, and shorter ones within MAX_ANCHOR_DISTANCE of a kept run."""
    runs: list[list[tuple[int, int]]] = []
    for pair in pairs:
        if runs and (pair[0] - 1, pair[1] - 1) == runs[-1][-1]:
            runs[-1].append(pair)
        else:
            runs.append([pair])
    kept = [len(run) >= ANCHOR_WORDS for run in runs]
    for order in (range(len(runs)), range(len(runs) - 1, -1, -1)):
        last: list[tuple[int, int]] | None = None
        for n in order:
            if not kept[n] and last is not None:
                first, second = sorted((last, runs[n]))
                distance = max(second[0][0] - first[-1][0], second[0][1] - first[-1][1])
                kept[n] = distance <= MAX_ANCHOR_DISTANCE
            if kept[n]:
                last = runs[n]
    return {a: b for run, keep in zip(runs, kept, strict=True) if keep for a, b in run}


def _largest_group(pairs: Sequence[tuple[_Unit, _Unit]]) -> Sequence[tuple[_Unit, _Unit]]:
    """Return the largest group of a cue's pairs that lie together: a cut inside the cue separates the others."""
    groups: list[list[tuple[_Unit, _Unit]]] = []
    for pair in pairs:
        last = groups[-1][-1] if groups else None
        if last and abs((pair[1].start - last[1].start) - (pair[0].start - last[0].start)) <= 2 * MAX_SHIFT_CHANGE:
            groups[-1].append(pair)
        else:
            groups.append([pair])
    return max(groups, key=len, default=[])


def _shift(pairs: Sequence[tuple[_Unit, _Unit]]) -> float | None:
    """Return the shift of a cue in seconds, by its first words: the times of later ones may be estimates."""
    return statistics.median(theirs.start - ours.start for ours, theirs in pairs[:3]) if pairs else None


def _smooth(shifts: Sequence[float | None]) -> list[float | None]:
    """Replace each shift by the median of it and its neighbours in the same scene."""
    smoothed: list[float | None] = []
    for n, shift in enumerate(shifts):
        neighbours = shifts[max(0, n - 3) : n + 4]
        scene = [s for s in neighbours if shift is not None and s is not None and abs(s - shift) <= MAX_SHIFT_CHANGE]
        smoothed.append(statistics.median(scene) if scene else None)
    return smoothed


def _fill_gaps(shifts: Sequence[float | None], segments: Sequence[Segment]) -> list[float | None]:
    """Give cues without a match the shift of the cues around them, if these moved alike and are close."""
    filled = list(shifts)
    known = [(n, shift) for n, shift in enumerate(shifts) if shift is not None]
    for (before, a), (after, b) in pairwise(known):
        gap = segments[after].start - segments[before].end
        if abs(b - a) <= MAX_SHIFT_CHANGE and gap <= MAX_UNMATCHED_GAP:
            filled[before + 1 : after] = [(a + b) / 2] * (after - before - 1)
    return filled


def _move(segment: Segment, pairs: Sequence[tuple[_Unit, _Unit]], shift: float) -> Segment:
    """Move a segment; matched words get the times of the other edit, the words between them are interpolated."""
    start = max(0.0, segment.start + shift)
    end = max(start, segment.end + shift)
    if pairs and pairs[-1][0].word == len(segment.words) - 1 and pairs[-1][1].end > end + MAX_SHIFT_CHANGE / 2:
        end = pairs[-1][1].end
    knots = [(segment.start, start), *sorted((a.start, b.start) for a, b in pairs), (segment.end, end)]

    def new_time(time: float) -> float:
        k = min(max(bisect_right(knots, (time, math.inf)) - 1, 0), len(knots) - 2)
        (a, new_a), (b, new_b) = knots[k], knots[k + 1]
        share = (time - a) / (b - a) if b > a else 0.0
        return min(max(new_a + share * (new_b - new_a), start), end)

    words, last_start = [], start
    for word in segment.words:
        last_start = max(last_start, new_time(word.start))
        words.append(replace(word, start=round(last_start, 3), end=round(max(last_start, new_time(word.end)), 3)))
    return replace(segment, start=round(start, 3), end=round(end, 3), words=tuple(words))


def _resolve_new_overlaps(moved: Sequence[tuple[Segment, Segment]]) -> list[Segment]:
    """End a cue where the next one starts if they overlap now and did not before. Pairs are (old, new)."""
    segments = [new for _, new in moved]
    for n, ((old, new), (next_old, next_new)) in enumerate(pairwise(moved)):
        overlaps = new.start < next_new.start < new.end
        if overlaps and not old.start <= next_old.start < old.end:
            limit = next_new.start
            words = tuple(replace(w, start=min(w.start, limit), end=min(w.end, limit)) for w in new.words)
            segments[n] = replace(new, end=limit, words=words)
    return segments
