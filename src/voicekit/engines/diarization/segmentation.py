"""pyannote's segmentation-3.0 over a whole recording: which of up to three voices speak in each frame of each window.

The network is PyanNet (Bredin & Laurent 2021, https://arxiv.org/abs/2104.04045; powerset: Plaquet & Bredin 2023,
https://arxiv.org/abs/2310.13025). Its first layer, which is most of the convolutions' cost, is computed once for
overlapping windows; for this their distance is a whole number of frames. The scores equal pyannote.audio's to 1e-4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicekit.diarization.windows import FRAME
from voicekit.engines.networks.onnx_graph import OnnxGraph
from voicekit.errors import ModelCorrupt
from voicekit.models.torch_checkpoint import read_tensors
from voicekit.runtime.threads import parallel_map

CHUNK = 160_000
"""Samples of one window: 10 s at 16 kHz, the length that the network was trained on."""

CPU_BATCH = 8
"""Windows per call on each core; more do not fit in its cache."""

_RATE = 16_000
_SINC_STRIDE = 10

_SINC_FRAMES = 15_975
"""Frames of one window before the first pooling."""

_MIN_HERTZ = 50
"""Added to the lowest frequency and to the width of each sinc filter, as in pyannote.audio."""

_NORM_EPSILON = 1e-5
"""PyTorch's default for instance normalization."""

# The voices of each of the seven classes: none, one or two of the three.
_POWERSET = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]], dtype=bool)

Tensors = Mapping[str, NDArray[Any]]


class Segmentation:
    """The loaded network. It is stateless between recordings.

    Args:
        checkpoint: Of pyannote/segmentation-3.0.
        device: `cpu` (ONNX Runtime) or a CUDA device (PyTorch).

    Raises:
        ModelCorrupt: The checkpoint is damaged or of another model.
    """

    def __init__(self, checkpoint: Path, device: str) -> None:
        tensors = read_tensors(checkpoint)
        self.on_cpu = device == "cpu"
        self.network: OnnxPyanNet | TorchPyanNet = (
            OnnxPyanNet(tensors, checkpoint) if self.on_cpu else TorchPyanNet(tensors, checkpoint, device)
        )

    def __call__(
        self, samples: NDArray[np.float32], step: int, progress: Callable[[float], None], batch: int
    ) -> NDArray[np.bool_]:
        """Return which voices speak in each window, bool [windows, 589, 3]; the last window is padded with silence.

        Args:
            samples: float32 [n], 16 kHz.
            step: Frames from one window to the next.
            progress: Called with the share done.
            batch: Windows per call on a GPU.
        """
        hop = step * FRAME
        windows = max(1, 1 + -(-(len(samples) - CHUNK) // hop))
        batch = CPU_BATCH if self.on_cpu else batch

        def classes(first: int) -> NDArray[np.int64]:
            length = (min(batch, windows - first) - 1) * hop + CHUNK
            span = samples[first * hop : first * hop + length]
            best: NDArray[np.int64] = self.network.scores(np.pad(span, (0, length - len(span))), hop).argmax(-1)
            return best

        firsts = range(0, windows, batch)
        parts = []
        for part in parallel_map(classes, firsts) if self.on_cpu else map(classes, firsts):
            parts.append(_POWERSET[part])
            progress(len(parts) / len(firsts))
        return np.concatenate(parts)


class _FirstLayer:
    """The sinc filters, and the instance normalization of a window before them.

    The original normalizes a window to w * scale + shift and applies the filters. They are linear, so scaling their
    output and adding shift times the sum of each filter gives the same result.

    Attributes:
        filters: float32 [80, 1, 251].
        sums: Sum of each filter, [80].
        names: How the names of its tensors start.
    """

    names = ("sincnet.wav_norm1d.", "sincnet.conv1d.0.")

    def __init__(self, tensors: Tensors, checkpoint: Path) -> None:
        try:
            self.filters = _sinc_filters(tensors)
            (self._weight,), (self._bias,) = (tensors[f"sincnet.wav_norm1d.{name}"] for name in ("weight", "bias"))
        except (LookupError, ValueError, TypeError) as error:
            raise ModelCorrupt(f"{checkpoint} is not segmentation-3.0", "Download it from pyannote's page") from error
        self.sums = self.filters.sum(axis=(1, 2))

    def scales(self, span: NDArray[np.float32], hop: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the scale and shift of each window, [windows]."""
        windows = np.lib.stride_tricks.sliding_window_view(span, CHUNK)[::hop]
        scale = self._weight / np.sqrt(windows.var(axis=1) + np.float32(_NORM_EPSILON))
        return scale, self._bias - scale * windows.mean(axis=1)


def _sinc_filters(tensors: Tensors) -> NDArray[np.float32]:
    """Return band-pass filters, float32 [80, 1, 251]: 40 cosine and 40 sine filters.

    Source: https://github.com/asteroid-team/asteroid-filterbanks/blob/master/asteroid_filterbanks/param_sinc_fb.py
    """
    low, band, half_window, times = (
        tensors[f"sincnet.conv1d.0.filterbank.{name}"] for name in ("low_hz_", "band_hz_", "window_", "n_")
    )
    low = _MIN_HERTZ + np.abs(low)
    high = np.clip(low + _MIN_HERTZ + np.abs(band), _MIN_HERTZ, _RATE / 2)
    cosine = (np.sin(high * times) - np.sin(low * times)) / (times / 2) * half_window
    sine = (np.cos(low * times) - np.cos(high * times)) / (times / 2) * half_window
    width = 2 * (high - low)
    filters = np.concatenate(
        [
            np.concatenate([cosine, width, cosine[:, ::-1]], axis=1) / width,
            np.concatenate([sine, np.zeros_like(width), -sine[:, ::-1]], axis=1) / width,
        ]
    )
    return filters[:, None].astype(np.float32)


class OnnxPyanNet:
    """The network in ONNX Runtime."""

    def __init__(self, tensors: Tensors, checkpoint: Path) -> None:
        self._first = _FirstLayer(tensors, checkpoint)
        self._filter = OnnxGraph("sinc_filters", {"filters": self._first.filters}, checkpoint)
        rest = {name: value for name, value in tensors.items() if not name.startswith(_FirstLayer.names)}
        self._rest = OnnxGraph("pyannet", rest, checkpoint)

    def scores(self, span: NDArray[np.float32], hop: int) -> NDArray[np.float32]:
        """Return scores [windows, 589, 7] of the windows that start every `hop` samples of `span` [n]."""
        shared = self._filter(span[None, None])[0]
        scales, shifts = self._first.scales(span, hop)
        filtered = np.empty((len(scales), len(shared), _SINC_FRAMES), np.float32)
        for i, (scale, shift) in enumerate(zip(scales, shifts, strict=True)):
            begin = i * hop // _SINC_STRIDE
            np.multiply(shared[:, begin : begin + _SINC_FRAMES], scale, out=filtered[i])
            filtered[i] += (self._first.sums * shift)[:, None]
        return self._rest(filtered)


class TorchPyanNet:
    """The network in PyTorch."""

    def __init__(self, tensors: Tensors, checkpoint: Path, device: str) -> None:
        import torch

        from voicekit.engines.networks.pyannet import PyanNet
        from voicekit.engines.networks.torch_network import load_network

        self._torch = torch
        self._first = _FirstLayer(tensors, checkpoint)
        self._device = torch.device(device)
        self._network = load_network(PyanNet(), tensors, checkpoint).to(self._device)
        self._filters = torch.from_numpy(self._first.filters).to(self._device)
        self._sums = torch.from_numpy(self._first.sums).to(self._device)

    def scores(self, span: NDArray[np.float32], hop: int) -> NDArray[np.float32]:
        """Return scores [windows, 589, 7] of the windows that start every `hop` samples of `span` [n]."""
        torch = self._torch
        scales, shifts = self._first.scales(span, hop)
        with torch.inference_mode():
            samples = torch.from_numpy(span).to(self._device)
            shared = torch.nn.functional.conv1d(samples[None, None], self._filters, stride=_SINC_STRIDE)[0]
            starts = [i * hop // _SINC_STRIDE for i in range(len(scales))]
            filtered = torch.stack(
                [
                    shared[:, begin : begin + _SINC_FRAMES] * float(scale) + self._sums[:, None] * float(shift)
                    for begin, scale, shift in zip(starts, scales, shifts, strict=True)
                ]
            )
            result: NDArray[np.float32] = self._network(filtered).cpu().numpy()
        return result
