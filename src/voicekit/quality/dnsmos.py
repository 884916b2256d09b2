"""DNSMOS scores of a take (1 to 5), from networks that take 9 s of audio at a time (`engines.quality.dnsmos`).

Shorter audio is repeated to fill the window, as in the reference implementation. The networks were trained on noisy
calls: they rate noise, distortion and reverberation, not whether words or voice are right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Network = Callable[[NDArray[np.float32]], NDArray[np.float64]]
"""float32 [WINDOW] to float64 [4]: raw P.835 signal, background and overall, and P.808."""

RATE = 16_000
WINDOW = 144_160
"""Input length of the networks in samples: 9.01 s."""

MIN_WINDOWS = 3
"""Windows that are rated, or as many as cover the audio if that is more. The reference implementation rates one window
per second, which costs more than all other measures together and changes the score by a few hundredths."""

MIN_SECONDS = 0.25
"""Shorter audio gets no score."""

# Polynomials that calibrate the raw P.835 outputs, highest power first (speechmos 0.0.1.1, dnsmos.py).
_SIGNAL = (-0.08397278, 1.22083953, 0.0052439)
_BACKGROUND = (-0.13166888, 1.60915514, -0.39604546)
_OVERALL = (-0.06766283, 1.11546468, 0.04602535)


@dataclass(frozen=True)
class DnsmosScores:
    """P.835 scores overall, of the speech signal and of the background; and the P.808 score."""

    overall: float
    signal: float
    background: float
    p808: float


def rate_quality(network: Network, samples: NDArray[np.float32]) -> DnsmosScores | None:
    """Compute DNSMOS of float32 [n] at RATE; None if the audio is silent or too short."""
    if len(samples) < MIN_SECONDS * RATE or float(np.abs(samples).max()) < 1e-4:
        return None
    raw = np.array([network(window) for window in select_windows(np.clip(samples, -1.0, 1.0))])
    curves = (_SIGNAL, _BACKGROUND, _OVERALL)
    signal, background, overall = (
        float(np.polyval(curve, raw[:, column]).mean()) for column, curve in enumerate(curves)
    )
    return DnsmosScores(overall, signal, background, float(raw[:, 3].mean()))


def select_windows(samples: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Cut the windows to rate: evenly spaced, each starting at a whole second; short audio is doubled until it fits."""
    covering = -(-len(samples) // WINDOW)
    while len(samples) < WINDOW:
        samples = np.concatenate([samples, samples])
    count = int(len(samples) // RATE - WINDOW / RATE) + 1  # number of possible starts, computed as in speechmos
    starts = np.unique(np.linspace(0, count - 1, min(count, max(MIN_WINDOWS, covering))).round().astype(int)) * RATE
    return [np.ascontiguousarray(samples[start : start + WINDOW]) for start in starts]
