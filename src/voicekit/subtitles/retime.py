"""Edit: subtitles moved, joined, cut, and fitted to another edit of the recording. Transcripts to transcripts; pure."""

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
from voicekit.subtitles.edit import numbered
from voicekit.text.words import unspaced
from voicekit.types import Segment, Transcript

FEWEST_MATCHED = 0.4
"""Share of the words, of whichever has fewer, that must come back in another edit; less is another recording."""

LONG_ENOUGH = 3
"""Words in a row that anchor a place in the other edit; fewer may be chance."""

NEAR = 5
"""Words from such a place within which fewer in a row are believed, too."""

SAME_SCENE = 0.75
"""Seconds by which the shifts of neighbours may differ and still be one; beyond, the recording was cut in between."""

UNHEARD = 20.0
"""Seconds between two places that were found: if they are as far apart as they were, what lies between is there, too,
though the recogniser missed its words."""


# --- another edit -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Retimed:
    """Subtitles of another edit.

    Attributes:
        transcript: Those that are in it.
        matched: Share of the words that were found, of those of the subtitles or of the edit, whichever has fewer.
        lost: Cues whose words are not in it.
    """

    transcript: Transcript
    matched: float
    lost: tuple[Segment, ...]


def retime(transcript: Transcript, heard: Transcript) -> Retimed:
    """Subtitles for another edit of the recording, by aligning their words with those heard in it.

    A cue moves with its words, by as much as its neighbours of the same scene do, and lasts as long as it did, or
    longer where it is said more slowly. Cues whose words are not heard are left out, because their scene was cut or
    moved before an earlier one; unless they lie between two that are as far apart as they were.

    Args:
        transcript: The subtitles.
        heard: The other edit's transcript, with times of words.

    Raises:
        UsageError: most words are not found: another recording, or another language.
    """
    ours, theirs = _units(transcript.segments), _units(heard.segments)
    places = _aligned([unit.key for unit in ours], [unit.key for unit in theirs])
    matched = len(places) / min(len(ours), len(theirs)) if ours and theirs else 0.0
    if matched < FEWEST_MATCHED:
        raise UsageError(
            f"only {matched:.0%} of the words are heard in it", "Is it the same recording, in the same language?"
        )
    pairs: list[list[tuple[_Unit, _Unit]]] = [[] for _ in transcript.segments]
    sizes = [0] * len(transcript.segments)
    for number, unit in enumerate(ours):
        sizes[unit.segment] += 1
        if number in places:
            pairs[unit.segment].append((unit, theirs[places[number]]))
    found = [_one_place(some) if len(some) * 2 >= size else [] for some, size in zip(pairs, sizes, strict=True)]
    shifts = _between(_smooth([_shift(some) for some in found]), transcript.segments)
    moved: list[tuple[Segment, Segment]] = []
    lost: list[Segment] = []
    for segment, some, by in zip(transcript.segments, found, shifts, strict=True):
        if by is None or segment.end + by <= 0:
            lost.append(segment)
        else:
            moved.append((segment, _moved(segment, some, by)))
    moved.sort(key=lambda pair: pair[1].start)
    segments = numbered(_apart(moved))
    whole = replace(
        transcript,
        duration=max([heard.duration, *(segment.end for segment in segments)]),
        segments=segments,
        turns=(),
        source=heard.source,
    )
    return Retimed(whole, matched, tuple(lost))


@dataclass(frozen=True)
class _Unit:
    """What is compared: a word, or a letter of a script without spaces; `word` is its place in the segment."""

    key: str
    start: float
    end: float
    segment: int
    word: int


def _units(segments: Sequence[Segment]) -> list[_Unit]:
    units: list[_Unit] = []
    for number, segment in enumerate(segments):
        for place, word in enumerate(segment.words):
            bare = re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", word.text)).casefold()
            keys = re.findall(r"\0.|[^\0]+", "".join(f"\0{char}" if unspaced(char) else char for char in bare))
            each = (word.end - word.start) / max(1, len(keys))
            units += [
                _Unit(key.lstrip("\0"), word.start + n * each, word.start + (n + 1) * each, number, place)
                for n, key in enumerate(keys)
            ]
    return units


def _aligned(ours: Sequence[str], theirs: Sequence[str]) -> dict[int, int]:
    """Index in `ours` to that in `theirs` of equal words, in order.

    First what is said once in both; from there on, word beside word; in the gaps that remain, what has the fewest
    edits. Of that a few words alone are believed only near others: some are found in any scene, in one cut out, too.
    """
    from rapidfuzz.distance import Levenshtein

    pairs = _spread_out(_anchors(ours, theirs), ours, theirs)
    for (a, b), (c, d) in pairwise([(-1, -1), *pairs, (len(ours), len(theirs))]):
        if c - a > 1 and d - b > 1:
            for code in Levenshtein.opcodes(ours[a + 1 : c], theirs[b + 1 : d]):
                if code.tag == "equal":
                    more = range(code.src_end - code.src_start)
                    pairs += [(a + 1 + code.src_start + n, b + 1 + code.dest_start + n) for n in more]
    return _believed(sorted(pairs))


def _anchors(ours: Sequence[str], theirs: Sequence[str]) -> list[tuple[int, int]]:
    """Where LONG_ENOUGH words stand that stand so once on either side: the most of them that are in one order."""

    def once(words: Sequence[str]) -> dict[tuple[str, ...], int]:
        rows = list(zip(*(words[n:] for n in range(LONG_ENOUGH)), strict=False))
        count = Counter(rows)
        return {row: n for n, row in enumerate(rows) if count[row] == 1}

    right = once(theirs)
    both = [(a, right[row]) for row, a in once(ours).items() if row in right]
    ends: list[int] = []  # of the best chain of each length, the last place in `theirs`
    tops: list[int] = []
    before: list[int] = []
    for n, (_, b) in enumerate(both):
        length = bisect_left(ends, b)
        before.append(tops[length - 1] if length else -1)
        ends[length : length + 1], tops[length : length + 1] = [b], [n]
    chain, n = [], tops[-1] if tops else -1
    while n >= 0:
        chain.append(both[n])
        n = before[n]
    return chain[::-1]


def _spread_out(
    anchors: Sequence[tuple[int, int]], ours: Sequence[str], theirs: Sequence[str]
) -> list[tuple[int, int]]:
    """The anchors' words, and the equal ones beside them, with up to two misheard in between."""
    pairs: list[tuple[int, int]] = []
    for a, b in (row for start in anchors for row in ((start[0] + n, start[1] + n) for n in range(LONG_ENOUGH))):
        if not pairs or (a > pairs[-1][0] and b > pairs[-1][1]):
            pairs.append((a, b))
    out = list(pairs)
    for (a, b), (c, d) in pairwise([(-1, -1), *pairs, (len(ours), len(theirs))]):
        room = min(c - a, d - b) - 1
        forward = _run(room if a >= 0 else 0, lambda n, a=a, b=b: ours[a + n] == theirs[b + n])  # type: ignore[misc]
        left = room - max(forward, default=0) if c < len(ours) else 0
        backward = _run(left, lambda n, c=c, d=d: ours[c - n] == theirs[d - n])  # type: ignore[misc]
        out += [(a + n, b + n) for n in forward] + [(c - n, d - n) for n in backward]
    return sorted(out)


def _run(room: int, equal: Callable[[int], bool]) -> list[int]:
    """Steps from 1 to `room` at which words are equal, until three in a row are not."""
    steps: list[int] = []
    for n in range(1, room + 1):
        if equal(n):
            steps.append(n)
        elif n - (steps[-1] if steps else 0) > 2:
            break
    return steps


def _believed(pairs: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Those that are LONG_ENOUGH in a row, or within NEAR of such, one after the other."""
    rows: list[list[tuple[int, int]]] = []
    for pair in pairs:
        if rows and (pair[0] - 1, pair[1] - 1) == rows[-1][-1]:
            rows[-1].append(pair)
        else:
            rows.append([pair])
    sure = [len(row) >= LONG_ENOUGH for row in rows]
    for order in (range(len(rows)), range(len(rows) - 1, -1, -1)):
        last: list[tuple[int, int]] | None = None
        for n in order:
            if not sure[n] and last is not None:
                one, two = sorted((last, rows[n]))
                sure[n] = max(two[0][0] - one[-1][0], two[0][1] - one[-1][1]) <= NEAR
            if sure[n]:
                last = rows[n]
    return {a: b for row, yes in zip(rows, sure, strict=True) if yes for a, b in row}


def _one_place(pairs: Sequence[tuple[_Unit, _Unit]]) -> Sequence[tuple[_Unit, _Unit]]:
    """The most pairs of a cue that lie together: where the cut goes through it, the rest is elsewhere."""
    groups: list[list[tuple[_Unit, _Unit]]] = []
    for pair in pairs:
        last = groups[-1][-1] if groups else None
        if last and abs((pair[1].start - last[1].start) - (pair[0].start - last[0].start)) <= 2 * SAME_SCENE:
            groups[-1].append(pair)
        else:
            groups.append([pair])
    return max(groups, key=len, default=[])


def _shift(pairs: Sequence[tuple[_Unit, _Unit]]) -> float | None:
    """Seconds by which a cue moves, by its first words: where words share a cue's time, the later ones know less."""
    return statistics.median(other.start - own.start for own, other in pairs[:3]) if pairs else None


def _smooth(shifts: Sequence[float | None]) -> list[float | None]:
    """Each as the middle of itself and its neighbours of the same scene."""
    out: list[float | None] = []
    for n, by in enumerate(shifts):
        around = shifts[max(0, n - 3) : n + 4]
        alike = [other for other in around if by is not None and other is not None and abs(other - by) <= SAME_SCENE]
        out.append(statistics.median(alike) if alike else None)
    return out


def _between(shifts: Sequence[float | None], segments: Sequence[Segment]) -> list[float | None]:
    """Cues that were not found, but between two that moved alike and are not far apart, move as these do."""
    out = list(shifts)
    known = [(n, by) for n, by in enumerate(shifts) if by is not None]
    for (one, a), (two, b) in pairwise(known):
        if abs(b - a) <= SAME_SCENE and segments[two].start - segments[one].end <= UNHEARD:
            out[one + 1 : two] = [(a + b) / 2] * (two - one - 1)
    return out


def _moved(segment: Segment, pairs: Sequence[tuple[_Unit, _Unit]], by: float) -> Segment:
    """The segment moved; words that were heard have the times of these, the others share what lies between."""
    start = max(0.0, segment.start + by)
    end = max(start, segment.end + by)
    if pairs and pairs[-1][0].word == len(segment.words) - 1 and pairs[-1][1].end > end + SAME_SCENE / 2:
        end = pairs[-1][1].end
    knots = [(segment.start, start), *sorted((own.start, other.start) for own, other in pairs), (segment.end, end)]

    def time(old: float) -> float:
        k = min(max(bisect_right(knots, (old, math.inf)) - 1, 0), len(knots) - 2)
        (a, new_a), (b, new_b) = knots[k], knots[k + 1]
        share = (old - a) / (b - a) if b > a else 0.0
        return min(max(new_a + share * (new_b - new_a), start), end)

    words, last = [], start
    for word in segment.words:
        last = max(last, time(word.start))
        words.append(replace(word, start=round(last, 3), end=round(max(last, time(word.end)), 3)))
    return replace(segment, start=round(start, 3), end=round(end, 3), words=tuple(words))


def _apart(moved: Sequence[tuple[Segment, Segment]]) -> list[Segment]:
    """A cue that now runs into the next one ends where that begins, unless they overlapped all along."""
    out = [new for _, new in moved]
    for n, ((old, new), (after, later)) in enumerate(pairwise(moved)):
        if new.start < later.start < new.end and not old.start <= after.start < old.end:
            words = tuple(
                replace(word, start=min(word.start, later.start), end=min(word.end, later.start)) for word in new.words
            )
            out[n] = replace(new, end=later.start, words=words)
    return out
