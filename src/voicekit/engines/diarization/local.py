"""The networks of the packaged ("starter") diarizer: segmentation-3.0 and CAM++."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicekit.diarization.windows import FRAME, SpeakerWindows, find_units
from voicekit.engines.diarization.segmentation import CHUNK, Segmentation
from voicekit.engines.embedding.campplus import CamPlusPlus
from voicekit.engines.protocols import ProgressCallback
from voicekit.models.catalogue import Weights
from voicekit.runtime.memory import retry_with_smaller_batches
from voicekit.types import Audio

STEP = 59
"""Frames between windows: 0.996 s, about pyannote's one second but a whole number of frames."""

EMBED_EVERY = 5
"""One window in this many gets embeddings, so each second is embedded twice instead of ten times; this costs 0.2 points
of DER (benchmarks/RESULTS.md)."""

MIN_EMBEDDED_WINDOWS = 10
"""Windows with embeddings that short recordings get too, if they have as many. With 8 to 22 on recordings of 19 to 30
s, the DER stayed within 0.9 points, in no order (docs/experiments.md)."""

BATCH = 64
"""Windows, or voices of equal length, per batch on a GPU. On a CPU each core takes one at a time."""

SEGMENTATION_SHARE = 0.4
"""Share of the time that the segmentation takes, for the progress display."""


class Starter:
    """Engine `starter`. It is stateless between recordings."""

    def __init__(self, weights: dict[str, Weights], device: str) -> None:
        self.segmentation = Segmentation(weights["segmentation-3.0"].path / "pytorch_model.bin", device)
        self.campplus = CamPlusPlus(_checkpoint(weights["campplus"].path), device)

    def embed_windows(self, audio: Audio, progress: ProgressCallback) -> tuple[SpeakerWindows, list[str]]:
        """Segment 16 kHz audio and embed its voices. See `WindowEmbedder`."""
        warnings: list[str] = []
        windows = retry_with_smaller_batches(
            BATCH, lambda batch: self._embed_windows(audio, batch, progress), warnings.append
        )
        return windows, warnings

    def _embed_windows(self, audio: Audio, batch: int, progress: ProgressCallback) -> SpeakerWindows:
        samples = audio.mono
        activity = self.segmentation(samples, STEP, lambda share: progress(SEGMENTATION_SHARE * share), batch)
        units = find_units(activity, STEP)
        windows = np.argwhere(activity.any(axis=1) & _embedded_windows(len(activity))[:, None])
        total = max(1, len(windows) + len(units))

        def report(done: int) -> None:
            progress(SEGMENTATION_SHARE + (1 - SEGMENTATION_SHARE) * done / total)

        window_embeddings = self.campplus.embed(_window_voices(samples, activity, windows), report, batch)
        unit_embeddings = self.campplus.embed(
            ((samples[int(start * audio.rate) : int(end * audio.rate)], None) for start, end in units),
            lambda done: report(len(windows) + done),
            batch,
        )
        return SpeakerWindows(activity, STEP, windows, window_embeddings, units, unit_embeddings)


def _embedded_windows(count: int) -> NDArray[np.bool_]:
    """Return which of `count` windows get embeddings: evenly spaced ones, bool [count]."""
    embedded = np.zeros(count, bool)
    chosen = min(count, max(MIN_EMBEDDED_WINDOWS, -(-count // EMBED_EVERY)))
    embedded[np.rint(np.linspace(0, count - 1, chosen)).astype(int)] = True
    return embedded


def _window_voices(
    samples: NDArray[np.float32], activity: NDArray[np.bool_], windows: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
    """Yield the samples of each window, and the mask of the voice in it."""
    for window, voice in windows:
        begin = window * STEP * FRAME
        window_samples = samples[begin : begin + CHUNK]
        mask = activity[window, :, voice]
        yield window_samples, mask[: max(1, round(len(mask) * len(window_samples) / CHUNK))]


def _checkpoint(folder: Path) -> Path:
    return next(path for path in sorted(folder.iterdir()) if path.suffix == ".pt")
