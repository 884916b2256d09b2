"""Parameters of the speech engines, sampling presets and voice files."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from voicekit.config.presets import preset
from voicekit.config.schema import Model, Strict, build
from voicekit.config.yaml_file import load_yaml

_REPETITION = "Penalty on tokens that occurred before; 1 for none"
_MAX_TOKENS = "Highest number of speech tokens in one part of the text; 25 per second"


class PiperParams(Strict):
    """Parameters of Piper."""

    speed: Annotated[float, Field(ge=0.3, le=3)] = Field(1.0, description="Speed, relative to the voice's own")
    noise_scale: Annotated[float, Field(ge=0, le=2)] = Field(0.667, description="Variation of the audio")
    noise_w_scale: Annotated[float, Field(ge=0, le=2)] = Field(0.8, description="Variation of the phoneme lengths")


class KokoroParams(Strict):
    """Parameters of Kokoro."""

    speed: Annotated[float, Field(ge=0.5, le=2)] = Field(1.0, description="Speed, relative to the voice's own")


class ChatterboxParams(Strict):
    """Parameters of Chatterbox. Ranges and defaults are Resemble's."""

    exaggeration: Annotated[float, Field(ge=0.25, le=2)] = Field(
        0.5, description="Expressiveness; above 1 is unstable and speaks faster"
    )
    cfg_weight: Annotated[float, Field(ge=0, le=1)] = Field(
        0.5, description="Classifier-free guidance weight; lower is slower, 0 keeps the reference's accent out"
    )
    temperature: Annotated[float, Field(gt=0, le=5)] = Field(0.8, description="Sampling temperature")
    min_p: Annotated[float, Field(ge=0, le=1)] = Field(
        0.05, description="Lowest probability of a sampled token, relative to the most likely one"
    )
    top_p: Annotated[float, Field(gt=0, le=1)] = Field(1.0, description="Probability mass that is sampled from")
    repetition_penalty: Annotated[float, Field(ge=1, le=2)] = Field(1.2, description=_REPETITION)
    max_tokens: Annotated[int, Field(ge=10, le=4000)] = Field(1000, description=_MAX_TOKENS)


class MultilingualParams(ChatterboxParams):
    """Parameters of Chatterbox Multilingual."""

    repetition_penalty: Annotated[float, Field(ge=1, le=5)] = Field(2.0, description=_REPETITION)


class TurboParams(Strict):
    """Parameters of Chatterbox Turbo, which supports neither exaggeration nor cfg_weight nor min_p."""

    temperature: Annotated[float, Field(gt=0, le=5)] = Field(0.8, description="Sampling temperature")
    top_k: Annotated[int, Field(ge=1, le=6563)] = Field(
        1000, description="Number of most likely tokens that are sampled from"
    )
    top_p: Annotated[float, Field(gt=0, le=1)] = Field(0.95, description="Probability mass that is sampled from")
    repetition_penalty: Annotated[float, Field(ge=1, le=2)] = Field(1.2, description=_REPETITION)
    max_tokens: Annotated[int, Field(ge=10, le=4000)] = Field(1000, description=_MAX_TOKENS)


Params = PiperParams | KokoroParams | ChatterboxParams | TurboParams


class VoiceFile(Strict):
    """Contents of refs/NAME/voice.yaml: either `speaker` or `clip`."""

    engine: str
    speaker: str | None = None
    """Name of one of the engine's own voices."""
    clip: str | None = None
    """File name of the reference clip beside voice.yaml."""
    preset: str | None = None
    """Default preset in configs/sampling/ENGINE."""
    language: str = "en"
    """BCP-47 tag."""
    source: str = ""
    """Where the recording comes from."""
    consent: str = ""
    """Who agreed to be cloned, when, and for what; required for a clip."""

    @model_validator(mode="after")
    def _has_speaker_or_clip(self) -> VoiceFile:
        if bool(self.speaker) == bool(self.clip):
            raise ValueError("a voice has either a speaker or a clip")
        if self.clip and not self.consent:
            raise ValueError("a clip needs consent: who agreed, when, to what")
        return self


class SamplingPreset(Strict):
    """Contents of configs/sampling/ENGINE/*.yaml: engine parameters under a name."""

    description: str
    source: str = ""
    """Where the values come from."""
    params: dict[str, float | int] = {}


def sampling(engine: str, model: type[Model], name: str | None = None, **given: Any) -> Model:
    """Read an engine's parameters from a preset and override them with keyword arguments.

    Args:
        engine: Name of the engine.
        model: The engine's parameter model.
        name: Preset in configs/sampling/ENGINE; None for the defaults.
        **given: Parameters; None means not given.

    Raises:
        UsageError: The preset does not exist, or the engine does not support a parameter; lists those it does.
    """
    values: dict[str, Any] = {}
    where = f"{engine}'s parameters"
    if name:
        path = preset(f"sampling/{engine}", name)
        values = dict(build(SamplingPreset, load_yaml(path), str(path)).params)
        where = str(path)
    overrides = {key: value for key, value in given.items() if value is not None}
    return build(model, values | overrides, f"{engine}'s parameters" if overrides else where)
