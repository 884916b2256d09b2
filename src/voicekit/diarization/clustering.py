"""Cluster the voices of a recording into speakers: `SpeakerWindows` in, turns out; seconds for an hour of audio.

Two partitions compete. Embeddings of windows, each of up to 10 s of one voice, are robust, but inherit the mistakes of
the segmentation, which takes similar voices (synthetic ones, for example) for one. Embeddings of units, stretches
between pauses, are independent of each other and separate similar voices, but need one or two seconds each. The
partition of the units is used only if it fits clearly better by its silhouette (Rousseeuw 1987).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from voicekit.audio.intervals import true_runs
from voicekit.diarization.windows import (
    CHUNK_FRAMES,
    FIRST_FRAME,
    FRAME_SECONDS,
    SpeakerWindows,
    count_speakers,
    is_embedding,
    unit_length,
)
from voicekit.types import Diarization, Turn

VERSION = 2
"""Part of the cache key; increase it when the result changes."""

Labels = NDArray[np.int64]
Embeddings = NDArray[np.float32]

THRESHOLD = 0.65
"""Distance of unit-length centroids of windows above which they are two speakers (centroid linkage)."""

MIN_ALONE = 0.2
"""Share of a window in which a voice must speak alone for its embedding to found a cluster (pyannote's value)."""

MIN_WINDOWS = 12.0
"""Windows, one second apart, that a speaker needs (pyannote's value)."""

MAX_EMBEDDINGS = 4000
"""Embeddings that are clustered. Of more, evenly spaced ones are used, and the others join the nearest centroid.
Linkage needs 8 bytes per pair: 64 MB."""

LONG_UNIT = 1.5
"""Seconds of the shortest unit that influences the number of speakers."""

AGREEMENT = 2 / 3
"""Share of the windows' votes on a unit's speaker below which the unit's own embedding decides."""

CLEARLY_BETTER = 0.05
"""Silhouette by which the partition of units must beat that of windows."""

MIN_SPEECH = 4.0
"""Seconds of units that a speaker needs."""

ONE_SPEAKER_SILHOUETTE = 0.45
"""Silhouette that the partition of units must reach if the windows have one speaker, which has no silhouette."""


def cluster(
    windows: SpeakerWindows,
    speakers: int | None,
    low: int | None,
    high: int | None,
    progress: Callable[[float], None],
) -> tuple[Diarization, list[str]]:
    """Find who speaks when.

    Args:
        windows: Of one recording.
        speakers: Exact number of speakers, or None.
        low: Smallest number of speakers, or None.
        high: Largest number of speakers, or None.
        progress: Called with the share done.

    Returns:
        Turns with labels 0, 1, ..., the mean embedding of each speaker, and warnings.
    """
    at_least, at_most = speakers or low or 1, speakers or high or len(windows.activity) * 3 + 1
    speaking = count_speakers(windows.activity, windows.step)
    if not speaking.any():
        return Diarization((), ()), []
    support = _support_of_windows(windows, _label_windows(windows, at_least, at_most))
    progress(0.5)
    by_windows = _settle_divided_units(windows, support)
    by_units = partition_units(windows, by_windows, at_least, at_most)
    if by_units is not None:
        support = _support_of_units(windows, by_units)
    labels = by_windows if by_units is None else by_units
    turns = turns_from_support(support, np.minimum(speaking, at_most))
    exclusive = turns_from_support(support, np.minimum(speaking, 1))
    count = len({turn.speaker for turn in turns})
    warnings = []
    if not at_least <= count <= at_most:
        wanted = f"{at_least}" if at_least == at_most else f"{at_least} to {at_most}"
        warnings.append(f"{count} speakers found where {wanted} were asked for")
    progress(1.0)
    return Diarization(turns, exclusive, _speaker_embeddings(windows, labels, turns)), warnings


# --- windows


def _label_windows(windows: SpeakerWindows, low: int, high: int) -> Labels:
    """Return the cluster of each voice of each window, [windows, 3]; -1 for silence.

    Windows without embeddings take the clusters of the windows that overlap them.
    """
    activity = windows.activity
    labels = np.full((len(activity), activity.shape[2]), -1, np.int64)
    valid = is_embedding(windows.window_embeddings)
    index, embeddings = windows.windows[valid], unit_length(windows.window_embeddings[valid])
    if not len(index):
        labels[activity.any(axis=1)] = 0
        return labels
    alone = (activity & (activity.sum(axis=2, keepdims=True) == 1)).sum(axis=1)
    founding = alone[index[:, 0], index[:, 1]] >= MIN_ALONE * CHUNK_FRAMES
    if founding.sum() < max(2, low):
        founding[:] = True
    # MIN_WINDOWS counts one window per second; with embeddings of fewer windows, each stands for more seconds.
    embedded_windows = len(np.unique(index[:, 0]))
    active_windows = int(activity.any(axis=(1, 2)).sum())
    min_windows = MIN_WINDOWS * embedded_windows / max(active_windows, 1)
    centroids = window_centroids(embeddings[founding], min_windows, low, high)
    labels[index[:, 0], index[:, 1]] = (embeddings @ centroids.T).argmax(axis=1)
    return _label_other_windows(labels, activity, windows.step, len(centroids))


def window_centroids(embeddings: Embeddings, min_size: float, low: int, high: int) -> Embeddings:
    """Return one centroid per speaker, by centroid linkage; clusters smaller than `min_size` are left out."""
    from scipy.cluster.hierarchy import fcluster, linkage  # takes long to import

    embeddings = _evenly_spaced(embeddings, MAX_EMBEDDINGS)
    if len(embeddings) == 1:
        return embeddings
    tree = linkage(embeddings, "centroid")
    smallest = min(min_size, max(1.0, round(0.1 * len(embeddings))))

    def large_clusters(labels: Labels) -> list[int]:
        names, sizes = np.unique(labels, return_counts=True)
        return [int(name) for name, size in zip(names, sizes, strict=True) if size >= smallest]

    labels = fcluster(tree, THRESHOLD, "distance")
    count = len(large_clusters(labels))
    if not low <= count <= high:
        wanted = low if count < low else high
        cuts = [fcluster(tree, k, "maxclust") for k in range(wanted, min(len(embeddings), wanted + 20) + 1)]
        labels = min(cuts, key=lambda cut: abs(len(large_clusters(cut)) - wanted), default=labels)
    sizes = np.bincount(labels)
    largest = sorted(large_clusters(labels), key=lambda name: -sizes[name])[:high]
    names = sorted(largest) or [int(sizes.argmax())]
    return unit_length(np.stack([embeddings[labels == name].mean(axis=0) for name in names]))


def _label_other_windows(labels: Labels, activity: NDArray[np.bool_], step: int, count: int) -> Labels:
    """Give the voices of windows without labels the clusters that other windows have in the same frames.

    Two voices of a window never get the same cluster.
    """
    from scipy.optimize import linear_sum_assignment

    labelled = (labels >= 0).any(axis=1)
    support = support_by_label(activity, labels, step, count)
    labels = labels.copy()
    for number in np.flatnonzero(~labelled & activity.any(axis=(1, 2))):
        window_support = support[number * step : number * step + CHUNK_FRAMES]
        common = activity[number].T.astype(np.float32) @ window_support
        for voice, name in zip(*linear_sum_assignment(-common), strict=True):
            if common[voice, name] > 0:
                labels[number, voice] = name
    return labels


def _support_of_windows(windows: SpeakerWindows, labels: Labels) -> NDArray[np.float32]:
    return support_by_label(windows.activity, labels, windows.step, int(labels.max()) + 1)


def support_by_label(activity: NDArray[np.bool_], labels: Labels, step: int, count: int) -> NDArray[np.float32]:
    """Return in how many windows each speaker is active, [frames, speakers].

    Args:
        activity: bool [windows, 589, 3].
        labels: [windows, 3]: speaker of each local voice, -1 for none.
        step: Frames from one window to the next.
        count: Number of speakers.
    """
    support = np.zeros(((len(activity) - 1) * step + CHUNK_FRAMES, count), np.float32)
    for number, names in enumerate(labels):
        window_support = support[number * step : number * step + CHUNK_FRAMES]
        for name in set(names[names >= 0].tolist()):
            window_support[:, name] += activity[number][:, names == name].any(axis=1)
    return support


# --- units


def _settle_divided_units(windows: SpeakerWindows, support: NDArray[np.float32]) -> Labels:
    """Return the speaker with most support in each unit; if the windows disagree, the unit's embedding decides.

    `support` is changed to agree with such decisions.
    """
    frames = _unit_frames(windows.units)
    votes = np.array([support[a:b].sum(axis=0) for a, b in frames], np.float32).reshape(len(frames), support.shape[1])
    labels: Labels = votes.argmax(axis=1).astype(np.int64)
    agreed = votes.max(axis=1, initial=0) >= AGREEMENT * votes.sum(axis=1)
    embeddings, seconds = unit_length(windows.unit_embeddings), windows.unit_seconds
    valid = windows.units_with_embedding
    certain = agreed & valid
    names = np.unique(labels[certain])
    if len(names) < 2:
        return labels
    centroids = np.stack([_mean_embedding(embeddings, seconds, certain & (labels == name)) for name in names])
    for unit in np.flatnonzero(~agreed & valid):
        labels[unit] = names[(centroids @ embeddings[unit]).argmax()]
        unit_support = support[slice(*frames[unit])]
        unit_support[:, labels[unit]] = unit_support.max(axis=1) + 1
    return labels


def _mean_embedding(embeddings: Embeddings, seconds: NDArray[np.float64], selected: NDArray[np.bool_]) -> Embeddings:
    """Mean of the selected units' embeddings, weighted by their duration, at unit length [d]."""
    mean: Embeddings = unit_length((embeddings[selected].T @ seconds[selected])[None])[0]
    return mean


def partition_units(windows: SpeakerWindows, by_windows: Labels, low: int, high: int) -> Labels | None:
    """Return speakers of the units by clustering their own embeddings; None unless that fits clearly better.

    Args:
        windows: Of one recording.
        by_windows: Speakers of the units by the windows, [u].
        low, high: Allowed number of speakers.
    """
    from scipy.cluster.hierarchy import fcluster, linkage  # takes long to import

    long = np.flatnonzero(windows.units_with_embedding & (windows.unit_seconds >= LONG_UNIT))
    long = long[_even_index(len(long), MAX_EMBEDDINGS)]
    if len(long) < 4:
        return None
    embeddings, seconds = unit_length(windows.unit_embeddings[long]), windows.unit_seconds[long]
    distances = 1 - embeddings @ embeddings.T
    tree = linkage(embeddings, "average", metric="cosine")
    count = len(set(by_windows[long].tolist()))
    score = ONE_SPEAKER_SILHOUETTE
    if count > 1:
        score = silhouette(distances, by_windows[long]) + CLEARLY_BETTER
    if not low <= count <= high:
        score = -1.0
    best: Labels | None = None
    for k in range(2, min(len(long) - 1, count + 20, high + 20) + 1):
        cut = _without_small_clusters(fcluster(tree, k, "maxclust"), embeddings, seconds)
        if low <= cut.max() + 1 <= high and cut.max() > 0 and (fit := silhouette(distances, cut)) > score:
            best, score = cut, fit
    if best is None:
        return None
    centroids = np.stack([_mean_embedding(embeddings, seconds, best == name) for name in range(best.max() + 1)])
    # Short units may get only the speakers that long units of the same window speaker got.
    allowed = np.zeros((int(by_windows.max()) + 1, len(centroids)), bool)
    allowed[by_windows[long], best] = True
    allowed[~allowed.any(axis=1)] = True
    similarity = np.nan_to_num(unit_length(windows.unit_embeddings)) @ centroids.T
    labels: Labels = np.where(allowed[by_windows], similarity, -2.0).argmax(axis=1).astype(np.int64)
    labels[long] = best
    return labels


def _without_small_clusters(labels: Labels, embeddings: Embeddings, seconds: NDArray[np.float64]) -> Labels:
    """Return labels from 0; clusters with less than MIN_SPEECH seconds join the nearest other cluster."""
    names = np.unique(labels)
    spoken = np.array([seconds[labels == name].sum() for name in names])
    large = names[spoken >= min(MIN_SPEECH, spoken.max())]
    centroids = np.stack([_mean_embedding(embeddings, seconds, labels == name) for name in large])
    nearest = (embeddings @ centroids.T).argmax(axis=1)
    new_label = {int(name): number for number, name in enumerate(large)}
    return np.array([new_label.get(int(name), near) for name, near in zip(labels, nearest, strict=True)], np.int64)


def _support_of_units(windows: SpeakerWindows, labels: Labels) -> NDArray[np.float32]:
    """Return in how many windows each speaker is active, [frames, speakers], by the speakers of the units.

    A frame outside all units (short, or with overlapping speech) goes to the speaker that its local voice has most in
    the window.
    """
    activity, step = windows.activity, windows.step
    frame_labels = np.full((len(activity) - 1) * step + CHUNK_FRAMES, -1, np.int64)
    for (begin, end), label in zip(_unit_frames(windows.units), labels, strict=True):
        frame_labels[begin:end] = label
    count = int(labels.max()) + 1
    support = np.zeros((len(frame_labels), count), np.float32)
    for number, window in enumerate(activity):
        start = number * step
        window_labels = frame_labels[start : start + CHUNK_FRAMES]
        for voice in np.flatnonzero(window.any(axis=0)):
            active = window[:, voice]
            known = window_labels[active & (window_labels >= 0)]
            if len(known):
                usual = np.bincount(known, minlength=count).argmax()
                speaker = np.where(window_labels >= 0, window_labels, usual)
                support[start + np.flatnonzero(active), speaker[active]] += 1
    return support


# --- turns


def turns_from_support(support: NDArray[np.float32], speaking: Labels) -> tuple[Turn, ...]:
    """Return the turns, by start, of the speakers with most support.

    Args:
        support: [frames, speakers].
        speaking: Number of speakers in each frame, [frames].
    """
    order = np.argsort(-support, axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(support.shape[1])[None], axis=1)
    speaks = (rank < speaking[:, None]) & (support > 0)
    turns = [
        Turn(round(begin * FRAME_SECONDS + FIRST_FRAME, 3), round(end * FRAME_SECONDS + FIRST_FRAME, 3), str(name))
        for name in range(support.shape[1])
        for begin, end in true_runs(speaks[:, name])
    ]
    return tuple(sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker)))


def _speaker_embeddings(
    windows: SpeakerWindows, labels: Labels, turns: tuple[Turn, ...]
) -> dict[str, tuple[float, ...]]:
    """Return the mean embedding of each speaker that has turns and units with embeddings."""
    embeddings = unit_length(windows.unit_embeddings)
    units = {
        name: windows.units_with_embedding & (labels == int(name)) for name in sorted({turn.speaker for turn in turns})
    }
    return {
        name: tuple(round(float(x), 6) for x in _mean_embedding(embeddings, windows.unit_seconds, selected))
        for name, selected in units.items()
        if selected.any()
    }


def silhouette(distances: NDArray[np.floating], labels: Labels) -> float:
    """Return the mean silhouette, -1 to 1: how much closer items are to their own cluster than to the next.

    Items that are alone in their cluster count as 0.
    """
    names, index = np.unique(labels, return_inverse=True)
    member = np.eye(len(names), dtype=np.float32)[index]
    sizes = member.sum(axis=0)
    sums = distances @ member
    within = sums[np.arange(len(index)), index] / np.maximum(sizes[index] - 1, 1)
    nearest_other = np.where(member > 0, np.inf, sums / sizes).min(axis=1)
    widths = (nearest_other - within) / np.maximum(np.maximum(within, nearest_other), 1e-9)
    return float(np.where(sizes[index] > 1, widths, 0.0).mean())


def _unit_frames(units: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return units as [begin, end) in frames."""
    frames = np.rint((units - FIRST_FRAME) / FRAME_SECONDS).astype(int)
    return [(int(begin), int(max(begin + 1, end))) for begin, end in frames]


def _even_index(count: int, most: int) -> Labels:
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)) if count else np.arange(0)


def _evenly_spaced(rows: Embeddings, most: int) -> Embeddings:
    return rows[_even_index(len(rows), most)]
