"""The packaged diarizer's ears: segmentation-3.0 and CAM++, which give what `pipeline.cluster` makes speakers of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from voicekit.diarization.windows import FRAME, SpeakerWindows, find_units
from voicekit.engines.diarization.segmentation import CHUNK, Segmentation
from voicekit.engines.embedding.campplus import CamPlusPlus
from voicekit.engines.protocols import OnProgress
from voicekit.models.catalogue import Weights
from voicekit.runtime.memory import halving
from voicekit.types import Audio

STEP = 59
"""Frames between windows: 0.996 s, as pyannote's second, but whole frames."""

EMBED_EVERY = 5
"""Windows to one that has its voices embedded: each second is heard twice instead of ten times, for 0.2 points of DER
(benchmarks/RESULTS.md)."""

ENOUGH = 15
"""Windows with embedded voices that even a short recording should have, if it has as many."""

BATCH = 64
"""Windows, or voices of like length, at a time on a GPU. A CPU takes them as they come (`engines.workers`)."""


class Starter:
    """Engine `starter`. Loaded once, used for many recordings; keeps nothing between them."""

    def __init__(self, weights: dict[str, Weights], device: str) -> None:
        where = torch.device(device)
        self.segmentation = Segmentation(weights["segmentation-3.0"].path / "pytorch_model.bin", where)
        self.campplus = CamPlusPlus(_only_file(weights["campplus"].path), where)

    def embed_windows(self, audio: Audio, progress: OnProgress) -> tuple[SpeakerWindows, list[str]]:
        """Where voices are in 16 kHz `audio`, and their voice prints; and warnings."""
        notes: list[str] = []
        voices = halving(BATCH, lambda batch: self._find(audio, batch, progress), notes.append)
        return voices, notes

    def _find(self, audio: Audio, batch: int, progress: OnProgress) -> SpeakerWindows:
        samples = audio.mono
        activity = self.segmentation(samples, STEP, lambda share: progress(0.4 * share), batch)
        units = find_units(activity, STEP)
        every = min(EMBED_EVERY, max(1, len(activity) // ENOUGH))
        chosen = np.arange(len(activity)) % every == 0
        windows = np.argwhere(activity.any(axis=1) & chosen[:, None])
        total = max(1, len(windows) + len(units))
        window_prints = self.campplus.embed(
            _windows(samples, activity, windows), lambda done: progress(0.4 + 0.6 * done / total), batch
        )
        unit_prints = self.campplus.embed(
            ((samples[int(start * audio.rate) : int(end * audio.rate)], None) for start, end in units),
            lambda done: progress(0.4 + 0.6 * (len(windows) + done) / total),
            batch,
        )
        return SpeakerWindows(activity, STEP, windows, window_prints, units, unit_prints)


def _windows(
    samples: NDArray[np.float32], activity: NDArray[np.bool_], windows: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
    """Each window's sound, and where the voice is in it."""
    for window, voice in windows:
        begin = window * STEP * FRAME
        piece = samples[begin : begin + CHUNK]
        mask = activity[window, :, voice]
        yield piece, mask[: max(1, round(len(mask) * len(piece) / CHUNK))]


def _only_file(folder: Path) -> Path:
    return next(path for path in sorted(folder.iterdir()) if path.suffix == ".pt")
