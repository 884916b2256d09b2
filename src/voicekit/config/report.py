"""Options and presets: strict models in which every default lives, with its unit and reason beneath it.

The command line, the Python functions and YAML files are three spellings of these. An unknown key fails and lists
the known ones. Presets are YAML files in configs/, in the working folder first and then the ones that ship.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from voicekit.config.schema import Positive, Probability, Strict


class ReportOptions(Strict):
    """How `voicekit report` makes a page. Field descriptions are the command line's help."""

    embed: bool = Field(False, description="Put sound and pictures into the page, so that it can be sent as one file")
    below: Probability = Field(0.6, description="Words whose probability is below this are to be reviewed")
    speaker_below: Probability = Field(0.3, description="Words whose speaker is less sure than this are to be reviewed")


class CompareOptions(Strict):
    """How `voicekit compare` works. Field descriptions are the command line's help."""

    embed: bool = Field(False, description="Put sound into the page, so that it can be sent as one file")
    seed: Annotated[int, Field(ge=0)] = Field(
        0, description="Of the draws that give the intervals, and of the order of blind listening"
    )
    loudness: Annotated[float, Field(ge=-70, le=-5)] = Field(
        -23.0, description="LUFS of both sides of blind listening: the louder one would be preferred"
    )


class GalleryOptions(Strict):
    """How `voicekit gallery` makes a page. Field descriptions are the command line's help."""

    embed: bool = Field(False, description="Put sound and pictures into the page, so that it can be sent as one file")
    most: Positive = Field(12, description="Takes of a kind that are shown, at most")
