"""Perth: the inaudible mark that chatterbox puts on what it says, found again."""

from __future__ import annotations

import contextlib
import io
import warnings

import numpy as np

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of pkg_resources, which it needs
    import perth

from voicekit.errors import MissingPackage
from voicekit.types import Audio


class Perth:
    """Raises MissingPackage where the watermarker does not load."""

    def __init__(self) -> None:
        if perth.PerthImplicitWatermarker is None:
            raise MissingPackage(
                "the watermarker Perth does not load", "Install setuptools<81 (it needs pkg_resources)"
            )
        with contextlib.redirect_stdout(io.StringIO()):  # it prints which step of its training it is
            self.marker = perth.PerthImplicitWatermarker()

    def found(self, audio: Audio) -> float:
        """How surely the mark is there, 0 to 1."""
        return float(np.mean(self.marker.get_watermark(audio.mono, sample_rate=audio.rate)))

    def put(self, audio: Audio) -> Audio:
        """The sound with the mark on it."""
        marked = np.asarray(self.marker.apply_watermark(audio.mono, sample_rate=audio.rate), np.float32)
        return Audio(np.clip(marked, -1.0, 1.0)[None, :], audio.rate)
