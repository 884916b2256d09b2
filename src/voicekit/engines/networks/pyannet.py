"""PyanNet (segmentation-3.0) without its first layer in PyTorch, for GPUs and for `tools.export_graphs`.

Network: Bredin & Laurent 2021, https://arxiv.org/abs/2104.04045, with the sizes of segmentation-3.0 and the parameter
names of pyannote.audio: https://github.com/pyannote/pyannote-audio/blob/4.0.7/src/pyannote/audio/models/segmentation/PyanNet.py
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

FILTERS = 80
CLASSES = 7


class PyanNet(nn.Module):  # type: ignore[misc]
    """Maps filtered windows [windows, 80, 15975] to scores of each class [windows, 589, 7]."""

    def __init__(self) -> None:
        super().__init__()
        self.sincnet = nn.Module()
        first = nn.Module()  # the sinc filters, see `engines.diarization.segmentation`
        self.sincnet.conv1d = nn.ModuleList([first, nn.Conv1d(FILTERS, 60, 5), nn.Conv1d(60, 60, 5)])
        self.sincnet.norm1d = nn.ModuleList([nn.InstanceNorm1d(size, affine=True) for size in (FILTERS, 60, 60)])
        self.lstm = nn.LSTM(60, 128, num_layers=4, bidirectional=True, batch_first=True)
        self.linear = nn.ModuleList([nn.Linear(256, 128), nn.Linear(128, 128)])
        self.classifier = nn.Linear(128, CLASSES)

    def forward(self, filtered: torch.Tensor) -> torch.Tensor:
        first_norm, *norms = self.sincnet.norm1d
        y = F.leaky_relu(first_norm(F.max_pool1d(filtered.abs(), 3)))
        for conv, norm in zip(self.sincnet.conv1d[1:], norms, strict=True):
            y = F.leaky_relu(norm(F.max_pool1d(conv(y), 3)))
        y, _ = self.lstm(y.transpose(1, 2))
        for linear in self.linear:
            y = F.leaky_relu(linear(y))
        return self.classifier(y)
