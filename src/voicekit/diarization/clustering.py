"""Cluster: who is who among voices. Pure: `Voices` and a number of speakers in, turns out; seconds for an hour.

Two partitions compete. Voice prints of whole windows, each of up to 10 s of one voice, are robust, but inherit the
segmentation's mistakes: it takes voices that are close (synthetic ones, say) for one. Voice prints of units, stretches
between pauses, know nothing of each other, and tell close voices apart, but need a second or two each. The units'
partition is taken only where it fits clearly better, by silhouette (Rousseeuw 1987).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.optimize import linear_sum_assignment

from voicekit.diarization.windows import (
    CHUNK_FRAMES,
    FIRST_FRAME,
    FRAME_SECONDS,
    SpeakerWindows,
    runs,
    speakers_at_once,
    unit_length,
)
from voicekit.types import Diarization, Turn

VERSION = 2

Labels = NDArray[np.int64]
Prints = NDArray[np.float32]

THRESHOLD = 0.65
"""Distance between unit-length centroids of windows above which they are two speakers (centroid linkage)."""

ALONE = 0.2
"""Share of a window in which a voice must speak alone for its voice print to found a cluster (pyannote's)."""

FEWEST = 12.0
"""Windows, a second apart, with a voice in them below which it is no speaker of its own (pyannote's)."""

MOST_PRINTS = 4000
"""Voice prints that are clustered; of more, so many evenly spread ones, and the rest join the nearest centroid.
Linkage needs 8 bytes a pair: 64 MB."""

UNIT_SECONDS = 1.5
"""Seconds of the shortest unit that has a say in how many speakers there are."""

AGREED = 2 / 3
"""Share of the windows' votes on a unit's speaker, below which the unit's own voice print decides."""

CLEARLY = 0.05
"""Silhouette by which the units' partition must beat the windows'."""

UNIT_CLUSTER_SECONDS = 4.0
"""Seconds of units below which they are no speaker of their own."""

ONE_VOICE = 0.45
"""Silhouette that a partition must reach where the windows hear one voice only, whose own is not defined."""


def cluster(
    voices: SpeakerWindows, speakers: int | None, low: int | None, high: int | None, progress: Callable[[float], None]
) -> tuple[Diarization, list[str]]:
    """Who spoke when.

    Args:
        voices: Of one recording.
        speakers: Exactly so many, or None.
        low: At least so many, or None.
        high: At most so many, or None.
        progress: Called with the share done.

    Returns:
        Turns labelled 0, 1, ..., with the mean voice print of each; and warnings.
    """
    at_least, at_most = speakers or low or 1, speakers or high or len(voices.activity) * 3 + 1
    once = speakers_at_once(voices.activity, voices.step)
    if not once.any():
        return Diarization((), ()), []
    of_windows = _window_labels(voices, at_least, at_most)
    heard = _over_windows(voices, of_windows)
    progress(0.5)
    by_windows = _judge_divided(voices, heard)
    by_prints = _unit_partition(voices, by_windows, at_least, at_most)
    if by_prints is not None:
        heard = _over_units(voices, by_prints)
    labels = by_windows if by_prints is None else by_prints
    turns = turns_from_labels(heard, np.minimum(once, at_most))
    exclusive = turns_from_labels(heard, np.minimum(once, 1))
    found = len({turn.speaker for turn in turns})
    notes = [] if at_least <= found <= at_most else [f"{found} speakers found where {_wanted(at_least, at_most)}"]
    progress(1.0)
    return Diarization(turns, exclusive, _centroids(voices, labels, turns)), notes


def _wanted(low: int, high: int) -> str:
    return f"{low} were asked for" if low == high else f"{low} to {high} were asked for"


# --- whole windows


def _window_labels(voices: SpeakerWindows, low: int, high: int) -> Labels:
    """[windows, 3]: each voice's cluster, -1 for silence. Windows without prints take that of their neighbours."""
    activity = voices.activity
    labels = np.full((len(activity), activity.shape[2]), -1, np.int64)
    heard = ~np.isnan(voices.window_prints).any(axis=1)
    index, prints = voices.windows[heard], unit_length(voices.window_prints[heard])
    if not len(index):
        labels[activity.any(axis=1)] = 0
        return labels
    alone = (activity & (activity.sum(axis=2, keepdims=True) == 1)).sum(axis=1)
    founding = alone[index[:, 0], index[:, 1]] >= ALONE * CHUNK_FRAMES
    if founding.sum() < max(2, low):
        founding[:] = True
    # A window a second: fewer with prints means that each stands for more seconds.
    windows_with_prints = len(np.unique(index[:, 0]))
    active = int(activity.any(axis=(1, 2)).sum())
    fewest = FEWEST * windows_with_prints / max(active, 1)
    centroids = _window_centroids(prints[founding], fewest, low, high)
    labels[index[:, 0], index[:, 1]] = (prints @ centroids.T).argmax(axis=1)
    return _spread(labels, activity, voices.step, len(centroids))


def _window_centroids(prints: Prints, fewest: float, low: int, high: int) -> Prints:
    """One a speaker, by centroid linkage; small clusters are left out."""
    prints = _evenly(prints, MOST_PRINTS)
    if len(prints) == 1:
        return prints
    tree = linkage(prints, "centroid")
    smallest = min(fewest, max(1.0, round(0.1 * len(prints))))

    def large(labels: Labels) -> list[int]:
        names, sizes = np.unique(labels, return_counts=True)
        return [int(name) for name, size in zip(names, sizes, strict=True) if size >= smallest]

    labels = fcluster(tree, THRESHOLD, "distance")
    if not low <= len(large(labels)) <= high:
        wanted = low if len(large(labels)) < low else high
        cuts = [fcluster(tree, count, "maxclust") for count in range(wanted, min(len(prints), wanted + 20) + 1)]
        labels = min(cuts, key=lambda cut: abs(len(large(cut)) - wanted), default=labels)
    sizes = np.bincount(labels)
    kept = sorted(sorted(large(labels), key=lambda name: -sizes[name])[:high]) or [int(sizes.argmax())]
    return unit_length(np.stack([prints[labels == name].mean(axis=0) for name in kept]))


def _spread(labels: Labels, activity: NDArray[np.bool_], step: int, count: int) -> Labels:
    """Give voices without a label the cluster heard where they speak; two voices of a window never the same."""
    labelled = (labels >= 0).any(axis=1)
    heard = mean_by_label(activity, labels, step, count)
    labels = labels.copy()
    for number in np.flatnonzero(~labelled & activity.any(axis=(1, 2))):
        here = heard[number * step : number * step + CHUNK_FRAMES]
        common = activity[number].T.astype(np.float32) @ here
        for voice, name in zip(*linear_sum_assignment(-common), strict=True):
            if common[voice, name] > 0:
                labels[number, voice] = name
    return labels


def _over_windows(voices: SpeakerWindows, labels: Labels) -> NDArray[np.float32]:
    """[frames, speakers]: in how many windows each is heard."""
    return mean_by_label(voices.activity, labels, voices.step, int(labels.max()) + 1)


def mean_by_label(activity: NDArray[np.bool_], labels: Labels, step: int, count: int) -> NDArray[np.float32]:
    total = np.zeros(((len(activity) - 1) * step + CHUNK_FRAMES, count), np.float32)
    for number, names in enumerate(labels):
        here = total[number * step : number * step + CHUNK_FRAMES]
        for name in set(names[names >= 0].tolist()):
            here[:, name] += activity[number][:, names == name].any(axis=1)
    return total


# --- units


def _judge_divided(voices: SpeakerWindows, heard: NDArray[np.float32]) -> Labels:
    """The speaker most heard in each unit; where the windows are divided over one, it is whose voice it resembles most.

    `heard` is changed to agree.
    """
    frames = _frames(voices.units)
    votes = np.array([heard[a:b].sum(axis=0) for a, b in frames], np.float32).reshape(len(frames), heard.shape[1])
    labels: Labels = votes.argmax(axis=1).astype(np.int64)
    agreed = votes.max(axis=1, initial=0) >= AGREED * votes.sum(axis=1)
    prints, seconds = unit_length(voices.unit_prints), voices.units[:, 1] - voices.units[:, 0]
    with_print = ~np.isnan(prints).any(axis=1)
    known = agreed & with_print
    names = np.unique(labels[known])
    if len(names) < 2:
        return labels
    centroids = np.stack([_mean_print(prints, seconds, known & (labels == name)) for name in names])
    for unit in np.flatnonzero(~agreed & with_print):
        labels[unit] = names[(centroids @ prints[unit]).argmax()]
        here = heard[slice(*frames[unit])]
        here[:, labels[unit]] = here.max(axis=1) + 1
    return labels


def _mean_print(prints: Prints, seconds: NDArray[np.float64], which: NDArray[np.bool_]) -> Prints:
    """Of the units `which`, by their seconds, at unit length [d]."""
    mean: Prints = unit_length((prints[which].T @ seconds[which])[None])[0]
    return mean


def _unit_partition(voices: SpeakerWindows, by_windows: Labels, low: int, high: int) -> Labels | None:
    """The units' own speakers, where they fit clearly better than the windows'; else None."""
    seconds = voices.units[:, 1] - voices.units[:, 0]
    heard = ~np.isnan(voices.unit_prints).any(axis=1)
    long = np.flatnonzero(heard & (seconds >= UNIT_SECONDS))
    long = long[_even_index(len(long), MOST_PRINTS)]
    if len(long) < 4:
        return None
    prints = unit_length(voices.unit_prints[long])
    distances = 1 - prints @ prints.T
    tree = linkage(prints, "average", metric="cosine")
    found = len(set(by_windows[long].tolist()))
    best: Labels | None = None
    score = (silhouette(distances, by_windows[long]) if found > 1 else ONE_VOICE - CLEARLY) + CLEARLY
    if not low <= found <= high:
        score = -1.0
    for count in range(2, min(len(long) - 1, found + 20, high + 20) + 1):
        cut = _without_small(fcluster(tree, count, "maxclust"), prints, seconds[long])
        if low <= cut.max() + 1 <= high and cut.max() > 0 and (fit := silhouette(distances, cut)) > score:
            best, score = cut, fit
    if best is None:
        return None
    centroids = np.stack([_mean_print(prints, seconds[long], best == name) for name in range(best.max() + 1)])
    # Short units may go only where the long ones of the same windows' speaker went.
    allowed = np.zeros((int(by_windows.max()) + 1, len(centroids)), bool)
    allowed[by_windows[long], best] = True
    allowed[~allowed.any(axis=1)] = True
    likeness = np.nan_to_num(unit_length(voices.unit_prints)) @ centroids.T
    labels: Labels = np.where(allowed[by_windows], likeness, -2.0).argmax(axis=1).astype(np.int64)
    labels[long] = best
    return labels


def _without_small(labels: Labels, prints: Prints, seconds: NDArray[np.float64]) -> Labels:
    """Labels from 0, with those of too little speech joined to the nearest of the others."""
    names = np.unique(labels)
    spoken = np.array([seconds[labels == name].sum() for name in names])
    kept = names[spoken >= min(UNIT_CLUSTER_SECONDS, spoken.max())]
    centroids = np.stack([_mean_print(prints, seconds, labels == name) for name in kept])
    nearest = (prints @ centroids.T).argmax(axis=1)
    place = {int(name): number for number, name in enumerate(kept)}
    return np.array([place.get(int(name), near) for name, near in zip(labels, nearest, strict=True)], np.int64)


def _over_units(voices: SpeakerWindows, labels: Labels) -> NDArray[np.float32]:
    """[frames, speakers]: as `_over_windows`, by the units' speakers.

    A frame outside every unit, because it is short or somebody else speaks too, goes to the speaker whom the same
    voice has most in its window.
    """
    activity, step = voices.activity, voices.step
    named = np.full((len(activity) - 1) * step + CHUNK_FRAMES, -1, np.int64)
    for (begin, end), label in zip(_frames(voices.units), labels, strict=True):
        named[begin:end] = label
    count = int(labels.max()) + 1
    total = np.zeros((len(named), count), np.float32)
    for number, window in enumerate(activity):
        here = slice(number * step, number * step + CHUNK_FRAMES)
        for voice in np.flatnonzero(window.any(axis=0)):
            speaks = window[:, voice]
            known = named[here][speaks & (named[here] >= 0)]
            if len(known):
                usual = np.bincount(known, minlength=count).argmax()
                who = np.where(named[here] >= 0, named[here], usual)
                total[np.arange(here.start, here.stop)[speaks], who[speaks]] += 1
    return total


# --- turns


def turns_from_labels(heard: NDArray[np.float32], once: Labels) -> tuple[Turn, ...]:
    """The `once[t]` most heard speakers of each frame, as turns by start."""
    order = np.argsort(-heard, axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(heard.shape[1])[None], axis=1)
    speaks = (rank < once[:, None]) & (heard > 0)
    turns = [
        Turn(round(begin * FRAME_SECONDS + FIRST_FRAME, 3), round(end * FRAME_SECONDS + FIRST_FRAME, 3), str(name))
        for name in range(heard.shape[1])
        for begin, end in runs(speaks[:, name])
    ]
    return tuple(sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker)))


def _centroids(voices: SpeakerWindows, labels: Labels, turns: tuple[Turn, ...]) -> dict[str, tuple[float, ...]]:
    """Mean voice print of each speaker's units, by their seconds, at unit length."""
    heard = ~np.isnan(voices.unit_prints).any(axis=1)
    seconds = voices.units[:, 1] - voices.units[:, 0]
    prints = unit_length(voices.unit_prints)
    mine = {name: heard & (labels == int(name)) for name in sorted({turn.speaker for turn in turns})}
    return {
        name: tuple(round(float(x), 6) for x in _mean_print(prints, seconds, units))
        for name, units in mine.items()
        if units.any()
    }


# --- arithmetic


def silhouette(distances: NDArray[np.floating], labels: Labels) -> float:
    """Mean silhouette: -1 to 1, how much nearer each is to its own cluster than to the next. Lone ones count 0."""
    names, index = np.unique(labels, return_inverse=True)
    member = np.eye(len(names), dtype=np.float32)[index]
    sizes = member.sum(axis=0)
    sums = distances @ member
    own = sums[np.arange(len(index)), index] / np.maximum(sizes[index] - 1, 1)
    others = np.where(member > 0, np.inf, sums / sizes).min(axis=1)
    fit = np.where(sizes[index] > 1, (others - own) / np.maximum(np.maximum(own, others), 1e-9), 0.0)
    return float(fit.mean())


def _frames(units: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Units as [begin, end) in frames."""
    frames = np.rint((units - FIRST_FRAME) / FRAME_SECONDS).astype(int)
    return [(int(begin), int(max(begin + 1, end))) for begin, end in frames]


def _even_index(count: int, most: int) -> Labels:
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)) if count else np.arange(0)


def _evenly(rows: Prints, most: int) -> Prints:
    return rows[_even_index(len(rows), most)]
