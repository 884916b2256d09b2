"""Perth: the inaudible watermark of Chatterbox; detect it in audio and add it."""

from __future__ import annotations

import contextlib
import io
import warnings

import numpy as np

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its pkg_resources is deprecated
    import perth

from voicekit.errors import MissingPackage
from voicekit.types import Audio


class Perth:
    """The loaded watermarker. Raises MissingPackage if it cannot be loaded."""

    def __init__(self) -> None:
        if perth.PerthImplicitWatermarker is None:
            raise MissingPackage(
                "the watermarker Perth cannot be loaded", "Install setuptools<81 (it needs pkg_resources)"
            )
        with contextlib.redirect_stdout(io.StringIO()):  # it prints the checkpoint's training step
            self.watermarker = perth.PerthImplicitWatermarker()

    def detect(self, audio: Audio) -> float:
        """Return the confidence that audio is watermarked, 0 to 1."""
        return float(np.mean(self.watermarker.get_watermark(audio.mono, sample_rate=audio.rate)))

    def embed(self, audio: Audio) -> Audio:
        """Return watermarked audio."""
        marked = np.asarray(self.watermarker.apply_watermark(audio.mono, sample_rate=audio.rate), np.float32)
        return Audio(np.clip(marked, -1.0, 1.0)[None, :], audio.rate)
