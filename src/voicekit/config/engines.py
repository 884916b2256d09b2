"""Options and presets: strict models in which every default lives, with its unit and reason beneath it.

The command line, the Python functions and YAML files are three spellings of these. An unknown key fails and lists
the known ones. Presets are YAML files in configs/, in the working folder first and then the ones that ship.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from voicekit.config.presets import preset
from voicekit.config.schema import Strict, T, build
from voicekit.config.yaml_file import load_yaml


class PiperParams(Strict):
    """What piper heeds."""

    speed: Annotated[float, Field(ge=0.3, le=3)] = Field(1.0, description="Times the voice's own pace")
    noise_scale: Annotated[float, Field(ge=0, le=2)] = Field(0.667, description="How much the sound varies")
    noise_w_scale: Annotated[float, Field(ge=0, le=2)] = Field(0.8, description="How much the pace varies")


class KokoroParams(Strict):
    """What kokoro heeds."""

    speed: Annotated[float, Field(ge=0.5, le=2)] = Field(1.0, description="Times the voice's own pace")


class ChatterboxParams(Strict):
    """What chatterbox heeds; ranges and defaults as Resemble has them."""

    exaggeration: Annotated[float, Field(ge=0.25, le=2)] = Field(
        0.5, description="How expressive; above 1 is unstable, and quickens the pace"
    )
    cfg_weight: Annotated[float, Field(ge=0, le=1)] = Field(
        0.5, description="How closely it keeps to the text's pace and the reference's manner; 0 keeps an accent out"
    )
    temperature: Annotated[float, Field(gt=0, le=5)] = Field(0.8, description="How freely tokens are drawn")
    min_p: Annotated[float, Field(ge=0, le=1)] = Field(0.05, description="Least share of the likeliest token's odds")
    top_p: Annotated[float, Field(gt=0, le=1)] = Field(1.0, description="Share of the odds that is drawn from")
    repetition_penalty: Annotated[float, Field(ge=1, le=2)] = Field(
        1.2, description="How much a token's return is hindered"
    )
    max_tokens: Annotated[int, Field(ge=10, le=4000)] = Field(
        1000, description="Speech tokens of a part, at most; 25 are a second"
    )


class MultilingualParams(ChatterboxParams):
    """What chatterbox's multilingual model heeds."""

    repetition_penalty: Annotated[float, Field(ge=1, le=5)] = Field(
        2.0, description="How much a token's return is hindered"
    )


class TurboParams(Strict):
    """What chatterbox's turbo model heeds: neither exaggeration nor cfg_weight nor min_p."""

    temperature: Annotated[float, Field(gt=0, le=5)] = Field(0.8, description="How freely tokens are drawn")
    top_k: Annotated[int, Field(ge=1, le=6563)] = Field(1000, description="So many of the likeliest are drawn from")
    top_p: Annotated[float, Field(gt=0, le=1)] = Field(0.95, description="Share of the odds that is drawn from")
    repetition_penalty: Annotated[float, Field(ge=1, le=2)] = Field(
        1.2, description="How much a token's return is hindered"
    )
    max_tokens: Annotated[int, Field(ge=10, le=4000)] = Field(
        1000, description="Speech tokens of a part, at most; 25 are a second"
    )


Params = PiperParams | KokoroParams | ChatterboxParams | TurboParams


class VoiceFile(Strict):
    """refs/NAME/voice.yaml."""

    engine: str
    speaker: str | None = None
    """The engine's own name for it; or"""
    clip: str | None = None
    """the reference clip beside this file."""
    preset: str | None = None
    """In configs/sampling/ENGINE, taken when none is asked for."""
    language: str = "en"
    """BCP-47."""
    source: str = ""
    """Where the recording is from."""
    consent: str = ""
    """Who agreed, when, and to what; a clip must have it."""

    @model_validator(mode="after")
    def _one_of_both(self) -> VoiceFile:
        if bool(self.speaker) == bool(self.clip):
            raise ValueError("a voice has either a speaker or a clip")
        if self.clip and not self.consent:
            raise ValueError("a clip needs consent: who agreed, when, to what")
        return self


class SamplingPreset(Strict):
    """configs/sampling/ENGINE/*.yaml: parameters under a name."""

    description: str
    source: str = ""
    """Where they come from."""
    params: dict[str, float | int] = {}


def sampling(engine: str, model: type[T], name: str | None = None, **given: Any) -> T:
    """An engine's parameters: those of a preset in configs/sampling/ENGINE, overridden by what is given (not None).

    Raises:
        UsageError: no such preset, or a parameter that the engine does not heed: it lists those it does.
    """
    values: dict[str, Any] = {}
    where = f"{engine}'s parameters"
    if name:
        path = preset(f"sampling/{engine}", name)
        values = dict(build(SamplingPreset, load_yaml(path), str(path)).params)
        where = str(path)
    own = {key: value for key, value in given.items() if value is not None}
    return build(model, values | own, where if not own else f"{engine}'s parameters")
