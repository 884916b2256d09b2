"""Voices: where somebody speaks and how it sounds, before anybody is told from anybody else.

Costly to find and independent of how many speakers there are: kept, so that another count is a matter of a second.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

VERSION = 1

CHUNK_FRAMES = 589
LOCAL_SPEAKERS = 3

FRAME = 270
"""Samples at 16 kHz between frames of the segmentation."""

FRAME_SECONDS = FRAME / 16_000

FIRST_FRAME = 0.031
"""Seconds to the middle of the first frame: half of what one frame of the network sees."""


@dataclass(frozen=True)
class SpeakerWindows:
    """What the segmentation and the voice prints say of one recording.

    Attributes:
        activity: bool [windows, 589, 3]: which of three voices, different ones in each window, speak in each frame.
        step: frames from one window to the next.
        windows: int [m, 2]: (window, voice) of the voice prints of whole windows.
        window_prints: float32 [m, d]; NaN for too little speech.
        units: float64 [u, 2]: start and end in seconds of stretches in which one voice speaks alone.
        unit_prints: float32 [u, d]; NaN for too little speech.
    """

    activity: NDArray[np.bool_]
    step: int
    windows: NDArray[np.int64]
    window_prints: NDArray[np.float32]
    units: NDArray[np.float64]
    unit_prints: NDArray[np.float32]

    def save(self, path: Path) -> None:
        values = {f.name: np.asarray(getattr(self, f.name)) for f in fields(self)}
        values["activity"] = np.packbits(self.activity, axis=None)
        np.savez_compressed(path, shape=np.array(self.activity.shape), **values)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> SpeakerWindows:
        with np.load(path, allow_pickle=False) as kept:
            shape = tuple(kept["shape"])
            activity = np.unpackbits(kept["activity"], count=int(np.prod(shape))).astype(bool).reshape(shape)
            rest = {f.name: kept[f.name] for f in fields(cls) if f.name not in ("activity", "step")}
            return cls(activity=activity, step=int(kept["step"]), **rest)


def over_time(values: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Sum of windows' values [windows, 589, ...] at each frame of the recording."""
    total = np.zeros(((len(values) - 1) * step + CHUNK_FRAMES, *values.shape[2:]), np.float32)
    for number, window in enumerate(values):
        total[number * step : number * step + CHUNK_FRAMES] += window
    return total


def speakers_at_once(activity: NDArray[np.bool_], step: int) -> NDArray[np.int64]:
    """How many speak in each frame: the mean over the windows that see it, rounded."""
    seen = over_time(np.ones((len(activity), CHUNK_FRAMES), np.float32), step)
    count: NDArray[np.int64] = np.rint(over_time(activity.sum(axis=2).astype(np.float32), step) / seen).astype(np.int64)
    return count


# A change of voice is where most windows see one within this many frames (0.05 s); shorter units than the second have
# no voice print worth having; longer ones than the third are cut, since a change may have been missed.
_CHANGE_WIDTH = 3
_SHORTEST_UNIT = 0.4
_LONGEST_UNIT = 6.0


def find_units(activity: NDArray[np.bool_], step: int) -> NDArray[np.float64]:
    """float [u, 2]: start and end in seconds of stretches in which one voice, and the same voice, speaks."""
    classes = activity @ np.array([1, 2, 4])
    changed = np.zeros(classes.shape, np.float32)
    changed[:, 1:] = classes[:, 1:] != classes[:, :-1]
    width = np.ones(2 * _CHANGE_WIDTH + 1, np.float32)
    near = np.stack([np.minimum(np.convolve(row, width, "same"), 1.0) for row in changed])
    seen = over_time(np.ones(classes.shape, np.float32), step)
    change = over_time(near, step) / seen >= 0.5
    alone = speakers_at_once(activity, step) == 1
    units: list[tuple[float, float]] = []
    for begin, end in runs(alone & ~change):
        # What was taken off around a change is given back, on each side half.
        start = begin - _CHANGE_WIDTH if begin else 0
        stop = end + _CHANGE_WIDTH
        seconds = (stop - start) * FRAME_SECONDS
        if seconds >= _SHORTEST_UNIT:
            cuts = np.linspace(start, stop, int(-(-seconds // _LONGEST_UNIT)) + 1) * FRAME_SECONDS + FIRST_FRAME
            units += list(itertools.pairwise(cuts.tolist()))
    return np.array(units, np.float64).reshape(-1, 2)


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """[begin, end) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(begin), int(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True)]


def unit_length(prints: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rows at Euclidean length 1; float32."""
    norms = np.linalg.norm(prints, axis=-1, keepdims=True)
    scaled: NDArray[np.float32] = (prints / np.maximum(norms, 1e-9)).astype(np.float32)
    return scaled
