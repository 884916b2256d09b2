"""DNSMOS: speech quality (mean opinion score) without a reference, by Microsoft's networks as shipped with speechmos.

P.835 (Reddy et al. 2022, https://arxiv.org/abs/2110.01763) rates the speech, the background and both; P.808 (Reddy et
al. 2021, https://arxiv.org/abs/2010.15258) the overall quality. speechmos' own function gives the same numbers
(tests/quality/test_judge.py); it is not used, since its librosa compiles for 15 s before the first result.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from voicekit.errors import ModelCorrupt
from voicekit.models.catalogue import Weights

RATE = 16_000
"""Hz."""

WINDOW = 144_160
"""Samples per call of the networks: 9.01 s."""

# P.808's front end in speechmos: librosa's melspectrogram, in dB relative to its maximum.
_FFT, _HOP, _BANDS = 321, 160, 120
_CUT = 160
"""Samples at the end of the window that P.808 does not use."""


class Dnsmos:
    """Both networks. They are stateless and small, so they always run on the CPU."""

    def __init__(self, weights: Weights) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # it runs at the same time as the ASR model
        options.log_severity_level = 3
        try:
            self.p835: Any
            self.p808: Any
            self.p835, self.p808 = (
                onnxruntime.InferenceSession(
                    os.fspath(weights.path / name), options, providers=["CPUExecutionProvider"]
                )
                for name in ("sig_bak_ovr.onnx", "model_v8.onnx")
            )
        except Exception as error:
            raise ModelCorrupt(f"model {weights.name} cannot be loaded: {error}", "Install it again") from error
        self.bands = _mel_bands()
        self.hann = np.hanning(_FFT + 1)[:-1]

    def __call__(self, window: NDArray[np.float32]) -> NDArray[np.float64]:
        """Rate float32 [WINDOW] at RATE: P.835 of speech, background and both, before calibration, and P.808."""
        signal, background, overall = self.p835.run(None, {"input_1": window[None]})[0][0]
        features = self._features(window[:-_CUT])
        p808 = self.p808.run(None, {"input_1": features[None]})[0][0][0]
        return np.array([signal, background, overall, p808], dtype=np.float64)

    def _features(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return P.808's input, [frames, 120], about -1 to 1."""
        padded = np.pad(samples, _FFT // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP]
        power = np.abs(np.fft.rfft(frames * self.hann, axis=1)) ** 2 @ self.bands.T
        decibels = 10 * np.log10(np.maximum(power, 1e-10)) - 10 * np.log10(max(float(power.max()), 1e-10))
        scaled: NDArray[np.float32] = ((np.maximum(decibels, -80.0) + 40) / 40).astype(np.float32)
        return scaled


def _mel_bands() -> NDArray[np.float64]:
    """Return triangular filters of equal area on Slaney's mel scale, 0 to 8 kHz, [120, bins]."""
    edges = _to_hertz(np.linspace(0.0, _to_mel(RATE / 2), _BANDS + 2))
    bins = np.fft.rfftfreq(_FFT, 1 / RATE)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    triangles: NDArray[np.float64] = (
        np.maximum(0.0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    )
    return triangles


_STEP = np.log(6.4) / 27
"""Slaney's mel scale is linear to 1 kHz (15 mel), then has 27 mel per factor of 6.4."""


def _to_mel(hertz: float) -> float:
    return 3 * hertz / 200 if hertz < 1000 else float(15 + np.log(hertz / 1000) / _STEP)


def _to_hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < 15, 200 * mel / 3, 1000 * np.exp(_STEP * (mel - 15)))
