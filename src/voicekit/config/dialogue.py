"""Options and presets: strict models in which every default lives, with its unit and reason beneath it.

The command line, the Python functions and YAML files are three spellings of these. An unknown key fails and lists
the known ones. Presets are YAML files in configs/, in the working folder first and then the ones that ship.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from voicekit.config.schema import Strict


class Role(Strict):
    """How a speaker of a dialogue sounds; `Alice: joe` is short for `Alice: {voice: joe}`."""

    voice: str | None = None
    """As `voicekit voice list` names it, or a clip; one of the packaged voices when left out."""
    engine: str | None = None
    language: str | None = None
    """BCP-47; the voice's own when left out."""
    model: str | None = None
    """Folder or hub id of the engine's weights."""
    preset: str | None = None
    """In configs/sampling/ENGINE."""
    params: dict[str, float | int] = {}
    """Those that the engine heeds: {speed: 0.9}."""
    seed: Annotated[int, Field(ge=0)] | None = None
    """The dialogue's when left out."""
    level: Annotated[float, Field(ge=-30, le=12, allow_inf_nan=False)] = 0.0
    """dB against the others."""
    pan: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)] = 0.0
    """From left, -1, to right, 1."""


class DialogueOptions(Strict):
    """How `voicekit dialogue` works. Field descriptions are the command line's help."""

    timing: Literal["tight", "natural", "slow"] = Field(
        "natural", description="How close turns follow each other: tight, natural, slow"
    )
    seed: Annotated[int, Field(ge=0)] = Field(0, description="Of every draw: takes, timing, fillers")
    fillers: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="Share of the turns that are begun with a filler (um, well), drawn; as written when 0"
    )
    room: Literal["none", "small", "large"] = Field("small", description="The room all are in: none, small, large")
    loudness: Annotated[float, Field(ge=-40, le=-8)] = Field(
        -16.0, description="Of the mix, LUFS (EBU R128): -16 for podcasts, -23 for broadcast"
    )
    true_peak: Annotated[float, Field(ge=-12, le=-0.1)] = Field(-1.0, description="Of the mix at most, dBTP")
    rate: Literal[24_000, 48_000] = Field(24_000, description="Hz of the sound: 24000, 48000")
    format: tuple[Literal["flac", "mp3", "m4a"], ...] = Field(
        (), description="Files to write beside mix.wav, separated by commas: flac, mp3, m4a (with chapters)"
    )
    normalize: bool = Field(True, description="Turn numbers, dates and units into words first")
    watermark: bool = Field(True, description="Where an engine marks its sound: do")
    judge: bool = Field(False, description="Transcribe and diarize the mix: WER, cpWER and DER against the script")
    retakes: Annotated[int, Field(ge=0, le=1000)] = Field(
        0, description="With --judge: so many more takes, of the lines that were understood worst"
    )
    device: str = Field("auto", description="auto, cpu, cuda or cuda:1")

    @field_validator("format", mode="before")
    @classmethod
    def _comma_separated(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        return tuple(dict.fromkeys(value)) if isinstance(value, list | tuple) else value


class ScriptHeader(DialogueOptions):
    """What stands between `---` lines at the top of a script, or in a cast file: its cast, and options as above."""

    title: str = ""
    cast: dict[str, Role] = {}
    """By speaker."""

    @field_validator("cast", mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: {"voice": role} if isinstance(role, str) else role for name, role in value.items()}

    @property
    def options(self) -> dict[str, Any]:
        """The options that it gives."""
        return {name: getattr(self, name) for name in DialogueOptions.model_fields if name in self.model_fields_set}
