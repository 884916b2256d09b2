"""Subtitle styles (configs/subtitle/*.yaml). The field descriptions are the command line's help."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from voicekit.config.presets import preset
from voicekit.config.schema import Positive, Strict, build
from voicekit.config.yaml_file import load_yaml


class SubtitleLanguage(Strict):
    """Overrides of a style for one language; None keeps the value of the style."""

    line_width: Annotated[int, Field(ge=8, le=200)] | None = None
    reading_speed: Annotated[float, Field(gt=0, le=200)] | None = None


class SubtitleStyle(Strict):
    """How subtitles are laid out.

    Widths are in columns: a character is one, a wide character (Chinese, Japanese, Korean) two, a combining mark none.
    """

    description: str = ""
    as_it_stands: bool = Field(False, description="Keep each segment as one cue, without layout")
    line_width: Annotated[int, Field(ge=8, le=200)] = Field(42, description="Highest number of columns in a line")
    lines: Annotated[int, Field(ge=1, le=4)] = Field(2, description="Highest number of lines in a cue")
    words: Positive | None = Field(None, description="Highest number of words in a cue")
    reading_speed: Annotated[float, Field(gt=0, le=200)] | None = Field(
        20.0, description="Highest reading speed in columns per second; 0 for no limit"
    )
    shortest: Annotated[float, Field(ge=0, le=10)] = Field(5 / 6, description="Shortest duration of a cue in seconds")
    longest: Annotated[float, Field(gt=0, le=60)] = Field(7.0, description="Longest duration of a cue in seconds")
    gap: Annotated[int, Field(ge=0, le=100)] = Field(2, description="Smallest gap between cues in frames")
    fps: Annotated[float, Field(gt=0, le=1000)] = Field(24.0, description="Frame rate of the video")
    chain: Annotated[float, Field(ge=0, le=5)] = Field(
        0.5, description="Close gaps shorter than this many seconds to the smallest gap"
    )
    labels: Literal["change", "always", "never"] = Field(
        "change", description="Speaker names before the text: change (where the speaker changes), always, never"
    )
    dashes: bool = Field(True, description="Put two short turns in one cue, each with a dash")
    overlaps: bool = Field(True, description="Keep cues that overlap in time, such as a sign over dialogue")
    colours: bool = Field(False, description="Give each speaker a colour")
    karaoke: bool = Field(False, description="Highlight each word as it is spoken (VTT, ASS)")
    bilingual: bool = Field(False, description="Show the source text below its translation")
    size: Annotated[int, Field(ge=10, le=300)] = Field(58, description="Font size (ASS) in a picture 1080 pixels high")
    middle: bool = Field(False, description="Place subtitles in the middle of the picture (ASS)")
    languages: dict[str, SubtitleLanguage] = {}
    """Overrides by BCP-47 language, for scripts and style guides with other limits."""

    @field_validator("reading_speed", mode="before")
    @classmethod
    def _zero_is_no_limit(cls, value: Any) -> Any:
        return None if value == 0 else value

    @model_validator(mode="after")
    def _is_consistent(self) -> SubtitleStyle:
        if self.shortest > self.longest:
            raise ValueError(f"shortest {self.shortest:g} s is more than longest {self.longest:g} s")
        return self

    def of_language(self, language: str) -> tuple[int, float | None]:
        """Return the line width in columns and the reading speed in columns per second for a BCP-47 language."""
        override = self.languages.get(language) or self.languages.get(language.split("-")[0]) or SubtitleLanguage()
        return override.line_width or self.line_width, override.reading_speed or self.reading_speed


def subtitle_style(name: str = "standard", **given: Any) -> SubtitleStyle:
    """Load a subtitle style and override its fields.

    Args:
        name: A preset of configs/subtitle, or a YAML file.
        **given: Fields of SubtitleStyle; None means not given. A line width or reading speed given here applies to
            every language.

    Raises:
        UsageError: The preset does not exist or a field is invalid.
    """
    path = preset("subtitle", name)
    values = load_yaml(path)
    given = {key: value for key, value in given.items() if value is not None}
    if isinstance(values.get("languages"), dict):
        values["languages"] = {
            code: {key: value for key, value in limits.items() if key not in given}
            if isinstance(limits, dict)
            else limits
            for code, limits in values["languages"].items()
        }
    return build(SubtitleStyle, values | given, str(path))
