"""Quality: DNSMOS of a take, 1 to 5, from networks that hear nine seconds at once (`engines.dnsmos`). Pure.

Short sound is repeated to fill the window, as DNSMOS' authors do. The networks were trained on calls with noise: they
hear noise, distortion and echo, not whether the words or the voice are right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Network = Callable[[NDArray[np.float32]], NDArray[np.float64]]

RATE = 16_000
WINDOW = 144_160
"""Samples: 9.01 s."""

FEW = 3
"""Windows that are heard at least, if there are as many, and of longer sound as many as cover it: DNSMOS' authors take
one a second, which costs more than all else the judge does, and moves the figure by a few hundredths."""

SHORTEST = 0.25
"""Seconds: what is shorter is a sound and not speech."""

# Calibration of P.835's raw outputs, highest power first (speechmos 0.0.1.1, dnsmos.py).
_SIGNAL = (-0.08397278, 1.22083953, 0.0052439)
_BACKGROUND = (-0.13166888, 1.60915514, -0.39604546)
_OVERALL = (-0.06766283, 1.11546468, 0.04602535)


@dataclass(frozen=True)
class Quality:
    """DNSMOS: P.835 overall, of the speech, of what is behind it; and P.808."""

    overall: float
    signal: float
    background: float
    p808: float


def quality(network: Network, samples: NDArray[np.float32]) -> Quality | None:
    """DNSMOS of float32 [n] at RATE; None where it is too short or silent."""
    if len(samples) < SHORTEST * RATE or float(np.abs(samples).max()) < 1e-4:
        return None
    clipped = np.clip(samples, -1.0, 1.0)
    raw = np.array([network(window) for window in windows(clipped)])
    curves = (_SIGNAL, _BACKGROUND, _OVERALL)
    signal, background, overall = (
        float(np.polyval(curve, raw[:, column]).mean()) for column, curve in enumerate(curves)
    )
    return Quality(overall, signal, background, float(raw[:, 3].mean()))


def windows(samples: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """What the networks hear: the sound doubled until it fills a window, then FEW or more of those that begin at whole
    seconds, evenly spread."""
    covering = -(-len(samples) // WINDOW)
    while len(samples) < WINDOW:
        samples = np.concatenate([samples, samples])
    count = int(len(samples) // RATE - WINDOW / RATE) + 1  # as speechmos counts
    starts = np.unique(np.linspace(0, count - 1, min(count, max(FEW, covering))).round().astype(int)) * RATE
    return [np.ascontiguousarray(samples[start : start + WINDOW]) for start in starts]
