"""Options and presets: strict models in which every default lives, with its unit and reason beneath it.

The command line, the Python functions and YAML files are three spellings of these. An unknown key fails and lists
the known ones. Presets are YAML files in configs/, in the working folder first and then the ones that ship.
"""

from __future__ import annotations

import itertools
import string
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from voicekit.config.quality import Gates, Weights
from voicekit.config.schema import Strict

Scalar = str | int | float


class Sweep(Strict):
    """Which settings a line is tried with: every combination of `grid`, or each of `points`.

    Keys: seed, reference, preset, or a parameter of the engine. A mapping of lists is a grid, a list of mappings is
    points.
    """

    grid: dict[str, tuple[Scalar, ...]] = {}
    points: tuple[dict[str, Scalar], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _either(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return {"points": value}
        if isinstance(value, dict) and not set(value) <= {"grid", "points"}:
            return {"grid": {key: each if isinstance(each, list | tuple) else [each] for key, each in value.items()}}
        return value

    @model_validator(mode="after")
    def _not_empty(self) -> Sweep:
        if self.grid and self.points:
            raise ValueError("a sweep is a grid or a list, not both")
        if empty := [key for key, values in self.grid.items() if not values]:
            raise ValueError(f"{empty[0]} has no values")
        return self

    @property
    def settings(self) -> tuple[dict[str, Scalar], ...]:
        """Each setting, in order; one without anything where nothing is swept."""
        if self.points:
            return self.points
        return tuple(dict(zip(self.grid, each, strict=True)) for each in itertools.product(*self.grid.values()))


class JobVoice(Strict):
    """A voice of a job."""

    voice: str | None = None
    """A name in refs/, or an engine's own; the job's name for it when left out."""
    clip: str | None = None
    """A reference clip instead, from the job file's folder."""
    engine: str | None = None
    model: str | None = None
    """Folder or hub id of weights other than the engine's own."""
    language: str | None = None
    """BCP-47; the voice's own when left out."""
    preset: str | None = None
    params: dict[str, float | int] = {}
    sweep: Sweep | None = None
    """Instead of the job's."""

    @model_validator(mode="after")
    def _one_of_both(self) -> JobVoice:
        if self.voice and self.clip:
            raise ValueError("a voice has either a name or a clip")
        return self


class JobLine(Strict):
    """A line of a job; a text alone will do."""

    text: Annotated[str, Field(min_length=1)]
    id: Annotated[str, Field(pattern=r"^\w[\w.-]{0,63}$")] | None = None
    """Its number when left out."""
    voice: str | None = None
    """One of the job's, or all."""
    preset: str | None = None
    params: dict[str, float | int] = {}

    @model_validator(mode="before")
    @classmethod
    def _text_alone(cls, value: Any) -> Any:
        return {"text": value} if isinstance(value, str) else value


class Picking(Strict):
    """How the best take of a line is found."""

    gates: Gates = Gates()
    weights: Weights = Weights()


class Retry(Strict):
    """What happens to a line of which no take goes through the gates."""

    budget: Annotated[int, Field(ge=0, le=100)] = 4
    """Takes more, at most, for each such line."""
    ramp: tuple[str, ...] = ("seeds", "safe")
    """In this order, with equal shares of the budget: `seeds` are other seeds, all else is a preset. A preset that the
    engine does not have is passed over."""


class JobOutput(Strict):
    """What is written of the takes that are picked."""

    format: Literal["wav", "flac", "mp3", "m4a", "ogg", "opus"] = "wav"
    rate: Annotated[int, Field(ge=8000, le=192_000)] | None = None
    """Hz; the engine's when left out."""
    loudness: Annotated[float, Field(ge=-70, le=-5)] | None = None
    """LUFS; as it is when left out."""
    names: str = "{number}-{voice}-{id}"
    """Of files. {number} counts; also {id}, {voice}, {engine}, {seed}, {take}, {preset}, {text}, its first words."""
    joined: bool = False
    """Whether all picked lines are joined to one file, too."""
    pause: Annotated[float, Field(ge=0, le=60)] = 0.5
    """Seconds between them in it."""

    @field_validator("names")
    @classmethod
    def _known_fields(cls, value: str) -> str:
        known = ("number", "id", "voice", "engine", "seed", "take", "preset", "text")
        try:
            parts = list(string.Formatter().parse(value))
        except ValueError as error:
            raise ValueError(f"{error}; known: {', '.join('{' + k + '}' for k in known)}") from None
        for _, field, spec, conversion in parts:
            if field is not None and (field not in known or spec or conversion):
                raise ValueError(f"{{{field}}} is not known; known: {', '.join('{' + k + '}' for k in known)}")
        if not {field for _, field, _, _ in parts} & {"number", "id"}:
            raise ValueError("names would be the same: put {number} or {id} in")
        return value


class CloneJob(Strict):
    """configs/clone/*.yaml: lines that are said by voices, in several takes, of which the best are kept."""

    description: str = ""
    name: Annotated[str, Field(max_length=80)] | None = None
    """Of the folder of its runs; the file's when left out."""
    voices: Annotated[dict[str, JobVoice], Field(min_length=1, max_length=1000)]
    """By the name that the lines use; a list of names will do."""
    voice: str | None = None
    """Of lines that name none: one of the voices, or all."""
    lines: tuple[JobLine, ...] = ()
    lines_from: str | None = None
    """A file instead, from the job file's folder: .txt, .csv, .srt, .vtt, transcript.json."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """From which every take's seed is derived."""
    takes: Annotated[int, Field(ge=1, le=1000)] = 3
    """Of each line and setting; one where the engine draws no random numbers."""
    sweep: Sweep = Sweep()
    pick: Picking = Picking()
    retry: Retry = Retry()
    repair: bool = False
    """Whether what is picked is mended where that helps (tails, clicks, a constant tone)."""
    normalize: bool = True
    """Whether numbers, dates and units are turned into words first."""
    watermark: bool = True
    """Whether an engine that marks its sound does."""
    output: JobOutput = JobOutput()

    @field_validator("voices", mode="before")
    @classmethod
    def _names_alone(cls, value: Any) -> Any:
        if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
            return {name: {} for name in value}
        if isinstance(value, dict):
            return {name: {} if each is None else each for name, each in value.items()}
        return value

    @model_validator(mode="after")
    def _voices_are_there(self) -> CloneJob:
        if "all" in self.voices:
            raise ValueError("a voice cannot be called `all`")
        if self.voice not in (None, "all", *self.voices):
            raise ValueError(f"there is no voice {self.voice!r}: {', '.join(self.voices)}")
        return self
