"""Options of `voicekit report`, `compare` and `gallery`. The field descriptions are the command line's help."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from voicekit.config.schema import Positive, Probability, Seed, Strict

_EMBED = "Embed audio and images in the page, so that it can be sent as one file"


class ReportOptions(Strict):
    """How the page of a run is made."""

    embed: bool = Field(False, description=_EMBED)
    below: Probability = Field(0.6, description="Mark words with a lower probability for review")
    speaker_below: Probability = Field(0.3, description="Mark words with a lower speaker confidence for review")


class CompareOptions(Strict):
    """How runs are compared."""

    embed: bool = Field(False, description="Embed audio in the page, so that it can be sent as one file")
    seed: Seed = Field(0, description="Seed of the bootstrap intervals and of the order in the listening test")
    loudness: Annotated[float, Field(ge=-70, le=-5)] = Field(
        -23.0, description="Loudness of both sides of the listening test in LUFS, since the louder one would win"
    )


class GalleryOptions(Strict):
    """How the page of good, bad and weird takes is made."""

    embed: bool = Field(False, description=_EMBED)
    most: Positive = Field(12, description="Highest number of takes shown for each kind")
