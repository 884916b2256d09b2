"""The input of clustering: which local voices speak in each window of a recording, and their speaker embeddings.

This is slow to compute and does not depend on the number of speakers, so it is cached on its own.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicekit.audio.intervals import true_runs

VERSION = 2
"""Part of the cache key; increase it when the result changes."""

CHUNK_FRAMES = 589
"""Frames of segmentation-3.0 per window of 10 s."""

FRAME = 270
"""Samples at 16 kHz between frames of the segmentation."""

FRAME_SECONDS = FRAME / 16_000

FIRST_FRAME = 0.031
"""Time of the middle of the first frame in seconds: half of the network's receptive field."""

_CHANGE_WIDTH = 3
"""A speaker change is where most windows see one within this many frames (0.05 s)."""

_MIN_UNIT = 0.4
"""Seconds of the shortest unit: the embedding of a shorter one would be useless."""

_MAX_UNIT = 6.0
"""Seconds of the longest unit; longer ones are cut, as a speaker change may have been missed."""

_ARRAY_NAMES = {"window_embeddings": "window_prints", "unit_embeddings": "unit_prints"}
"""Names in the file of fields that are called differently there."""


@dataclass(frozen=True)
class SpeakerWindows:
    """Segmentation and speaker embeddings of one recording.

    Attributes:
        activity: bool [windows, 589, 3]: which of three local voices speak in each frame of each window. Voices of
            different windows are not related.
        step: Frames from one window to the next.
        windows: int [m, 2]: (window, voice) of each row of `window_embeddings`.
        window_embeddings: float32 [m, d]: of all speech of one voice in a window; NaN for too little speech.
        units: float64 [u, 2]: start and end in seconds of stretches in which exactly one voice speaks.
        unit_embeddings: float32 [u, d]: of each unit; NaN for too little speech.
    """

    activity: NDArray[np.bool_]
    step: int
    windows: NDArray[np.int64]
    window_embeddings: NDArray[np.float32]
    units: NDArray[np.float64]
    unit_embeddings: NDArray[np.float32]

    def save(self, path: Path) -> None:
        """Write a compressed NumPy archive."""
        arrays = {_ARRAY_NAMES.get(f.name, f.name): np.asarray(getattr(self, f.name)) for f in fields(self)}
        arrays["activity"] = np.packbits(self.activity, axis=None)
        np.savez_compressed(path, shape=np.array(self.activity.shape), **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> SpeakerWindows:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            shape = tuple(arrays["shape"])
            activity = np.unpackbits(arrays["activity"], count=int(np.prod(shape))).astype(bool).reshape(shape)
            names = [f.name for f in fields(cls) if f.name not in ("activity", "step")]
            others = {name: arrays[_ARRAY_NAMES.get(name, name)] for name in names}
            return cls(activity=activity, step=int(arrays["step"]), **others)

    @property
    def unit_seconds(self) -> NDArray[np.float64]:
        """Duration of each unit, [u]."""
        seconds: NDArray[np.float64] = self.units[:, 1] - self.units[:, 0]
        return seconds

    @property
    def units_with_embedding(self) -> NDArray[np.bool_]:
        """Which units have an embedding, bool [u]."""
        return is_embedding(self.unit_embeddings)


def is_embedding(rows: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which rows [m, d] are embeddings and not NaN, bool [m]."""
    valid: NDArray[np.bool_] = np.asarray(~np.isnan(rows).any(axis=1))
    return valid


def sum_over_windows(values: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Add up values of overlapping windows, [windows, 589, ...] -> [frames of the recording, ...]."""
    total = np.zeros(((len(values) - 1) * step + CHUNK_FRAMES, *values.shape[2:]), np.float32)
    for number, window in enumerate(values):
        total[number * step : number * step + CHUNK_FRAMES] += window
    return total


def count_speakers(activity: NDArray[np.bool_], step: int) -> NDArray[np.int64]:
    """Return how many speak in each frame, [frames]: the rounded mean of the windows that contain it."""
    windows_per_frame = sum_over_windows(np.ones((len(activity), CHUNK_FRAMES), np.float32), step)
    active = sum_over_windows(activity.sum(axis=2).astype(np.float32), step)
    counts: NDArray[np.int64] = np.rint(active / windows_per_frame).astype(np.int64)
    return counts


def find_units(activity: NDArray[np.bool_], step: int) -> NDArray[np.float64]:
    """Return the units: start and end in seconds of stretches in which one and the same voice speaks, [u, 2]."""
    classes = activity @ np.array([1, 2, 4])
    changed = np.zeros(classes.shape, np.float32)
    changed[:, 1:] = classes[:, 1:] != classes[:, :-1]
    width = np.ones(2 * _CHANGE_WIDTH + 1, np.float32)
    near_change = np.stack([np.minimum(np.convolve(row, width, "same"), 1.0) for row in changed])
    windows_per_frame = sum_over_windows(np.ones(classes.shape, np.float32), step)
    is_change = sum_over_windows(near_change, step) / windows_per_frame >= 0.5
    one_speaker = count_speakers(activity, step) == 1
    units: list[tuple[float, float]] = []
    for begin, end in true_runs(one_speaker & ~is_change):
        # Give each side its half of the frames around the change back.
        start = begin - _CHANGE_WIDTH if begin else 0
        stop = end + _CHANGE_WIDTH
        seconds = (stop - start) * FRAME_SECONDS
        if seconds >= _MIN_UNIT:
            cuts = np.linspace(start, stop, int(-(-seconds // _MAX_UNIT)) + 1) * FRAME_SECONDS + FIRST_FRAME
            units += list(itertools.pairwise(cuts.tolist()))
    return np.array(units, np.float64).reshape(-1, 2)


def unit_length(rows: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scale each row to Euclidean length 1."""
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    scaled: NDArray[np.float32] = (rows / np.maximum(norms, 1e-9)).astype(np.float32)
    return scaled
