"""pyannote's segmentation-3.0 over a whole recording: which of up to three voices speak in each frame of each window.

The network is PyanNet (Bredin & Laurent 2021, https://arxiv.org/abs/2104.04045; powerset: Plaquet & Bredin 2023,
https://arxiv.org/abs/2310.13025). Its first layer, which is most of the convolutions' cost, is computed once for
overlapping windows; for this their distance is a whole number of frames. The scores equal pyannote.audio's to 1e-4.
Only tensors are read from the checkpoint.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from asteroid_filterbanks import ParamSincFB
from numpy.typing import NDArray
from torch import nn
from torch.torch_version import TorchVersion

from voicekit.diarization.windows import FRAME
from voicekit.errors import ModelCorrupt
from voicekit.runtime.threads import parallel_map

CHUNK = 160_000
"""Samples of one window: 10 s at 16 kHz, the length that the network was trained on."""

CPU_BATCH = 8
"""Windows per call on each core; more do not fit in its cache."""

_SINC_STRIDE = 10

_SINC_FRAMES = 15_975
"""Frames of one window before the first pooling."""

# The voices of each of the seven classes: none, one or two of the three.
_POWERSET = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]], dtype=bool)


class Segmentation:
    """The loaded network. It is stateless between recordings.

    Args:
        checkpoint: Of pyannote/segmentation-3.0.
        device: What to run on.

    Raises:
        ModelCorrupt: The checkpoint is damaged or of another model.
    """

    def __init__(self, checkpoint: Path, device: torch.device) -> None:
        tensors = _read_tensors(checkpoint)
        self.network = _PyanNet()
        try:
            self.network.load_state_dict(tensors)
        except RuntimeError as error:
            raise ModelCorrupt(f"{checkpoint} is not segmentation-3.0", _SOURCE) from error
        self.network.eval().to(device)
        self.device = device

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
        batch = CPU_BATCH if self.device.type == "cpu" else batch

        @torch.inference_mode()  # type: ignore[untyped-decorator]
        def classes(first: int) -> NDArray[np.int64]:
            count = min(batch, windows - first)
            span = torch.from_numpy(samples[first * hop : (first + count - 1) * hop + CHUNK])
            span = F.pad(span, (0, (count - 1) * hop + CHUNK - len(span))).to(self.device)
            best: NDArray[np.int64] = self.network(span, hop).argmax(-1).cpu().numpy()
            return best

        firsts = range(0, windows, batch)
        parts = []
        for part in parallel_map(classes, firsts) if self.device.type == "cpu" else map(classes, firsts):
            parts.append(_POWERSET[part])
            progress(len(parts) / len(firsts))
        return np.concatenate(parts)


class _PyanNet(nn.Module):  # type: ignore[misc]
    """PyanNet with segmentation-3.0's sizes and pyannote.audio's parameter names."""

    def __init__(self) -> None:
        super().__init__()
        self.sincnet = nn.Module()
        self.sincnet.wav_norm1d = nn.InstanceNorm1d(1, affine=True)
        sinc = nn.Module()
        sinc.filterbank = ParamSincFB(80, 251, stride=_SINC_STRIDE, sample_rate=16_000, min_low_hz=50, min_band_hz=50)
        self.sincnet.conv1d = nn.ModuleList([sinc, nn.Conv1d(80, 60, 5), nn.Conv1d(60, 60, 5)])
        self.sincnet.norm1d = nn.ModuleList([nn.InstanceNorm1d(size, affine=True) for size in (80, 60, 60)])
        self.lstm = nn.LSTM(60, 128, num_layers=4, bidirectional=True, batch_first=True)
        self.linear = nn.ModuleList([nn.Linear(256, 128), nn.Linear(128, 128)])
        self.classifier = nn.Linear(128, len(_POWERSET))

    def forward(self, span: torch.Tensor, hop: int) -> torch.Tensor:
        """Return scores [windows, 589, 7] of the windows that start every `hop` samples of `span` [n]."""
        y = self._first_layer(span, hop)
        for conv, norm in zip(self.sincnet.conv1d[1:], self.sincnet.norm1d[1:], strict=True):
            y = F.leaky_relu(norm(F.max_pool1d(conv(y), 3)))
        y, _ = self.lstm(y.transpose(1, 2))
        for linear in self.linear:
            y = F.leaky_relu(linear(y))
        return self.classifier(y)

    def _first_layer(self, span: torch.Tensor, hop: int) -> torch.Tensor:
        """Apply the sinc filters to the whole span, then each window's instance normalization to their output.

        The original normalizes a window to w * scale + shift before the filters. They are linear, so scaling their
        output and adding shift times the sum of each filter gives the same result.
        """
        filters = self.sincnet.conv1d[0].filterbank.filters()
        shared = F.conv1d(span[None, None], filters, stride=_SINC_STRIDE)[0]
        windows = span.unfold(0, CHUNK, hop)
        norm = self.sincnet.wav_norm1d
        scale = norm.weight / torch.sqrt(windows.var(1, unbiased=False) + norm.eps)
        shift = norm.bias - scale * windows.mean(1)
        offset = filters.sum(-1)
        pooled = []
        for i in range(len(windows)):
            begin = i * hop // _SINC_STRIDE
            part = shared[:, begin : begin + _SINC_FRAMES] * scale[i] + offset * shift[i]
            pooled.append(F.max_pool1d(part.abs_(), 3))
        return F.leaky_relu(self.sincnet.norm1d[0](torch.stack(pooled)))


class _Unread:
    """Stands for pyannote.audio's classes in a checkpoint, whose values are not needed."""

    def __init__(self, *_: Any) -> None:
        pass


_SOURCE = "Download it from pyannote's own page"
_TASK = "pyannote.audio.core.task"
_ALLOWED: list[Any] = [TorchVersion, *((_Unread, f"{_TASK}.{n}") for n in ("Specifications", "Problem", "Resolution"))]


def _read_tensors(checkpoint: Path) -> dict[str, Any]:
    """Read the weights from a pyannote checkpoint without running code in it."""
    try:
        with torch.serialization.safe_globals(_ALLOWED):
            contents = torch.load(checkpoint, map_location="cpu", weights_only=True)
        return dict(contents["state_dict"])
    except (pickle.UnpicklingError, KeyError, TypeError, ValueError, RuntimeError, EOFError) as error:
        raise ModelCorrupt(f"{checkpoint} is not a plain pyannote checkpoint", _SOURCE) from error
