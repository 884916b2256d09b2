"""Options of `voicekit dialogue`, and the header of a script. The field descriptions are the command line's help."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from voicekit.config.conflicts import Requirement
from voicekit.config.schema import Seed, Strict, UniqueCommaSeparated


class Role(Strict):
    """How a speaker of a dialogue sounds. `Alice: joe` is short for `Alice: {voice: joe}`."""

    voice: str | None = None
    """Name from `voicekit voice list`, or a reference clip; default: one of the bundled voices."""
    engine: str | None = None
    language: str | None = None
    """BCP-47 tag; default: the voice's."""
    model: str | None = None
    """Folder or hub id of the weights; default: the engine's own."""
    preset: str | None = None
    """Preset in configs/sampling/ENGINE."""
    params: dict[str, float | int] = {}
    """Parameters of the engine, such as {speed: 0.9}."""
    seed: Seed | None = None
    """Default: the seed of the dialogue."""
    level: Annotated[float, Field(ge=-30, le=12, allow_inf_nan=False)] = 0.0
    """Level in dB relative to the other speakers."""
    pan: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)] = 0.0
    """Position from -1 (left) to 1 (right)."""


class DialogueOptions(Strict):
    """How a script is spoken and mixed."""

    timing: Literal["tight", "natural", "slow"] = Field(
        "natural", description="Timing of the turns: tight, natural, slow"
    )
    seed: Seed = Field(0, description="Seed of the takes, the timing and the fillers")
    fillers: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="Share of turns that start with a random filler (um, well)"
    )
    room: Literal["none", "small", "large"] = Field("small", description="Room acoustics: none, small, large")
    loudness: Annotated[float, Field(ge=-40, le=-8)] = Field(
        -16.0, description="Loudness of the mix in LUFS (EBU R128): -16 for podcasts, -23 for broadcast"
    )
    true_peak: Annotated[float, Field(ge=-12, le=-0.1)] = Field(-1.0, description="Highest true peak in dBTP")
    rate: Literal[24_000, 48_000] = Field(24_000, description="Sample rate of the mix in Hz: 24000, 48000")
    format: Annotated[tuple[Literal["flac", "mp3", "m4a"], ...], UniqueCommaSeparated] = Field(
        (), description="Additional formats of the mix, separated by commas: flac, mp3, m4a (with chapters)"
    )
    normalize: bool = Field(True, description="Write out numbers, dates and units as words first")
    watermark: bool = Field(True, description="Watermark the speech of engines that can")
    judge: bool = Field(False, description="Transcribe the mix and score it against the script: WER, cpWER, DER")
    retakes: Annotated[int, Field(ge=0, le=1000)] = Field(
        0, description="Number of additional takes for the lines with the highest WER; needs --judge"
    )
    device: str = Field("auto", description="auto, cpu, cuda or cuda:1")


DIALOGUE_REQUIREMENTS = (Requirement("retakes", "judge", lambda options: options.judge),)
"""Checked when header, cast file and command line have been merged."""


class ScriptHeader(DialogueOptions):
    """Header of a script (between `---` lines at its top), or a cast file: cast, title and dialogue options."""

    title: str = ""
    cast: dict[str, Role] = {}
    """Roles by speaker."""

    @field_validator("cast", mode="before")
    @classmethod
    def _expand_voice_names(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: {"voice": role} if isinstance(role, str) else role for name, role in value.items()}

    @property
    def options(self) -> dict[str, Any]:
        """The dialogue options that the header sets."""
        return {name: getattr(self, name) for name in DialogueOptions.model_fields if name in self.model_fields_set}
