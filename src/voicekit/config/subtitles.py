"""Options and presets: strict models in which every default lives, with its unit and reason beneath it.

The command line, the Python functions and YAML files are three spellings of these. An unknown key fails and lists
the known ones. Presets are YAML files in configs/, in the working folder first and then the ones that ship.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from voicekit.config.presets import preset
from voicekit.config.schema import Positive, Strict, build
from voicekit.config.yaml_file import load_yaml


class SubtitleLanguage(Strict):
    """What one language needs otherwise; what is left out stays as the style has it."""

    line_width: Annotated[int, Field(ge=8, le=200)] | None = None
    reading_speed: Annotated[float, Field(gt=0, le=200)] | None = None


class SubtitleStyle(Strict):
    """configs/subtitle/*.yaml: what a subtitle may be. Field descriptions are the command line's help.

    Columns are characters; a wide one (Chinese, Japanese, Korean) counts as two, a mark that combines as none.
    """

    description: str = ""
    as_it_stands: bool = Field(False, description="A cue for each segment, as it is, without layout")
    line_width: Annotated[int, Field(ge=8, le=200)] = Field(42, description="Columns of a line, at most")
    lines: Annotated[int, Field(ge=1, le=4)] = Field(2, description="Lines of a cue, at most")
    words: Positive | None = Field(None, description="Words of a cue, at most")
    reading_speed: Annotated[float, Field(gt=0, le=200)] | None = Field(
        20.0, description="Characters (columns) a second, at most; 0 for no limit"
    )
    shortest: Annotated[float, Field(ge=0, le=10)] = Field(5 / 6, description="Seconds a cue stays, at least")
    longest: Annotated[float, Field(gt=0, le=60)] = Field(7.0, description="Seconds a cue stays, at most")
    gap: Annotated[int, Field(ge=0, le=100)] = Field(2, description="Frames between cues, at least")
    fps: Annotated[float, Field(gt=0, le=1000)] = Field(24.0, description="Frames a second of the video")
    chain: Annotated[float, Field(ge=0, le=5)] = Field(
        0.5, description="Seconds: a gap shorter than this is closed to the least one"
    )
    labels: Literal["change", "always", "never"] = Field(
        "change", description="Names of speakers before the text: where they change, always, never"
    )
    dashes: bool = Field(
        True, description="Two speakers in one cue, a dash each, where a turn is too short to stand alone"
    )
    colours: bool = Field(False, description="A colour for each speaker")
    karaoke: bool = Field(False, description="Mark each word as it is said (VTT, ASS)")
    bilingual: bool = Field(False, description="The source text below its translation")
    size: Annotated[int, Field(ge=10, le=300)] = Field(58, description="Height of the letters in ASS, of 1080")
    middle: bool = Field(False, description="In the middle of the picture instead of at its foot (ASS)")
    languages: dict[str, SubtitleLanguage] = {}
    """By BCP-47 language: what its script or its guide has otherwise."""

    @field_validator("reading_speed", mode="before")
    @classmethod
    def _none_for_zero(cls, value: Any) -> Any:
        return None if value == 0 else value

    @model_validator(mode="after")
    def _can_be(self) -> SubtitleStyle:
        if self.shortest > self.longest:
            raise ValueError(f"shortest {self.shortest:g} s is more than longest {self.longest:g} s")
        return self

    def of_language(self, language: str) -> tuple[int, float | None]:
        """Columns of a line and columns a second for a language, BCP-47."""
        own = self.languages.get(language) or self.languages.get(language.split("-")[0]) or SubtitleLanguage()
        return own.line_width or self.line_width, own.reading_speed or self.reading_speed


def subtitle_style(name: str = "standard", **given: Any) -> SubtitleStyle:
    """A preset of configs/subtitle or a YAML file, overridden by what is given (None means not given).

    A line width or reading speed that is given holds for every language.

    Raises:
        UsageError: no such preset, or a field that cannot be.
    """
    path = preset("subtitle", name)
    values = load_yaml(path)
    given = {key: value for key, value in given.items() if value is not None}
    if isinstance(values.get("languages"), dict):
        values["languages"] = {
            code: {key: value for key, value in own.items() if key not in given} if isinstance(own, dict) else own
            for code, own in values["languages"].items()
        }
    return build(SubtitleStyle, values | given, str(path))
