"""Operations on time intervals and masks."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]
"""(start, end), in seconds."""


def true_runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return [begin, end) of each run of True in a mask [n]."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(begin), int(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True)]


def merge_intervals(intervals: Iterable[Interval], gap: float | None = None) -> list[Interval]:
    """Return the union of intervals, sorted by start.

    Args:
        intervals: In any order; empty ones are dropped.
        gap: Also join intervals that are less than this many seconds apart; None joins those that touch or overlap.
    """
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and (start <= merged[-1][1] or (gap is not None and start - merged[-1][1] < gap)):
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif end > start:
            merged.append((start, end))
    return merged
