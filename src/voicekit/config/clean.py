"""Options and presets: strict models in which every default lives, with its unit and reason beneath it.

The command line, the Python functions and YAML files are three spellings of these. An unknown key fails and lists
the known ones. Presets are YAML files in configs/, in the working folder first and then the ones that ship.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from voicekit.config.presets import preset
from voicekit.config.schema import Strict, build
from voicekit.config.yaml_file import load_yaml


class Loudness(Strict):
    """Target of ffmpeg's two-pass loudnorm (EBU R128)."""

    integrated: Annotated[float, Field(ge=-70, le=-5)] = -20.0
    """LUFS."""
    true_peak: Annotated[float, Field(ge=-9, le=0)] = -2.0
    """dBTP."""
    range: Annotated[float, Field(ge=1, le=50)] = 11.0
    """LU."""


# Filters a preset may name: those that only change sound. Others read files or take commands.
CLEAN_FILTERS = (
    "acompressor", "adeclick", "adeclip", "afftdn", "agate", "alimiter", "anlmdn", "deesser", "dynaudnorm",
    "equalizer", "highpass", "highshelf", "lowpass", "lowshelf", "speechnorm", "volume",
)  # fmt: skip


class FilterStep(Strict):
    filter: str
    """One of CLEAN_FILTERS."""
    options: dict[str, float | int | str] = {}
    """As ffmpeg documents them."""

    @field_validator("filter")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in CLEAN_FILTERS:
            raise ValueError(f"unknown filter {value!r}; known: {', '.join(CLEAN_FILTERS)}")
        return value


class CleanPreset(Strict):
    """configs/clean/*.yaml: what happens to the sound before the models hear it."""

    description: str
    steps: tuple[FilterStep, ...] = ()
    loudness: Loudness | None = None


def clean_preset(name: str) -> CleanPreset:
    path = preset("clean", name)
    return build(CleanPreset, load_yaml(path), str(path))
