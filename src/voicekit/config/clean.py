"""Audio cleaning presets (configs/clean/*.yaml): what happens to a recording before a model sees it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, FiniteFloat, StringConstraints, field_validator

from voicekit.config.presets import preset
from voicekit.config.schema import Strict, build
from voicekit.config.yaml_file import load_yaml

# Only filters that change audio. Other ffmpeg filters read files or accept commands.
CLEAN_FILTERS = (
    "acompressor", "adeclick", "adeclip", "afftdn", "agate", "alimiter", "anlmdn", "deesser", "dynaudnorm",
    "equalizer", "highpass", "highshelf", "lowpass", "lowshelf", "speechnorm", "volume",
)  # fmt: skip


OptionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]\w{0,31}$")]
Word = Annotated[str, StringConstraints(pattern=r"^-?[A-Za-z0-9_.]{1,32}$")]
"""A word such as `rms`, or a number with a unit such as -3dB."""


class Loudness(Strict):
    """Target of ffmpeg's two-pass loudnorm filter (EBU R128)."""

    integrated: Annotated[float, Field(ge=-70, le=-5)] = -20.0
    """Integrated loudness in LUFS."""
    true_peak: Annotated[float, Field(ge=-9, le=0)] = -2.0
    """Highest true peak in dBTP."""
    range: Annotated[float, Field(ge=1, le=50)] = 11.0
    """Loudness range in LU."""


class FilterStep(Strict):
    """One ffmpeg filter of a cleaning preset."""

    filter: str
    """One of CLEAN_FILTERS."""
    options: dict[OptionName, FiniteFloat | int | Word] = {}
    """The filter's options, as ffmpeg documents them: numbers and words, no expressions, which ffmpeg would compute."""

    @field_validator("filter")
    @classmethod
    def _is_allowed(cls, value: str) -> str:
        if value not in CLEAN_FILTERS:
            raise ValueError(f"unknown filter {value!r}; known: {', '.join(CLEAN_FILTERS)}")
        return value


class CleanPreset(Strict):
    """Contents of configs/clean/*.yaml."""

    description: str
    steps: Annotated[tuple[FilterStep, ...], Field(max_length=20)] = ()
    """Filters, applied in order."""
    loudness: Loudness | None = None
    """Loudness normalization after the filters; None for none."""


def clean_preset(name: str) -> CleanPreset:
    """Load a cleaning preset by name or path.

    Raises:
        UsageError: The preset does not exist or is invalid.
    """
    path = preset("clean", name)
    return build(CleanPreset, load_yaml(path), str(path))
