"""Contents of a clone job (configs/clone/*.yaml)."""

from __future__ import annotations

import datetime
import itertools
import math
import string
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from voicekit.config.quality import Gates, Weights
from voicekit.config.schema import Seed, Strict

Scalar = str | int | float

MAX_SETTINGS = 10_000
"""Highest number of settings of one sweep."""


class Sweep(Strict):
    """Settings to try for every line: all combinations of `grid`, or each of `points`.

    Keys are seed, reference, preset, or a parameter of the engine. In YAML a mapping of lists is a grid and a list of
    mappings is a list of points.
    """

    grid: dict[str, tuple[Scalar, ...]] = {}
    points: tuple[dict[str, Scalar], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _grid_or_points(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return {"points": value}
        if isinstance(value, dict) and not set(value) <= {"grid", "points"}:
            return {"grid": {key: item if isinstance(item, list | tuple) else [item] for key, item in value.items()}}
        return value

    @model_validator(mode="after")
    def _is_not_empty(self) -> Sweep:
        if self.grid and self.points:
            raise ValueError("a sweep is a grid or a list, not both")
        if empty := [key for key, values in self.grid.items() if not values]:
            raise ValueError(f"{empty[0]} has no values")
        return self

    @model_validator(mode="after")
    def _is_not_endless(self) -> Sweep:
        if self.count > MAX_SETTINGS:
            raise ValueError(f"a sweep of {self.count:,} settings; at most {MAX_SETTINGS:,} are possible")
        return self

    @property
    def count(self) -> int:
        """Number of settings, without making them."""
        return len(self.points) or math.prod(len(values) for values in self.grid.values())

    @property
    def settings(self) -> tuple[dict[str, Scalar], ...]:
        """Each setting, in order; a single empty one if nothing is swept."""
        if self.points:
            return self.points
        return tuple(dict(zip(self.grid, values, strict=True)) for values in itertools.product(*self.grid.values()))


class JobVoice(Strict):
    """A voice of a job: a name or a clip, and how it is used."""

    voice: str | None = None
    """Name of a voice in refs/ or of an engine's own voice; default: its name in the job."""
    clip: str | None = None
    """Reference clip instead of a name, relative to the job file."""
    engine: str | None = None
    model: str | None = None
    """Folder or hub id of the weights; default: the engine's own."""
    language: str | None = None
    """BCP-47 tag; default: the voice's."""
    preset: str | None = None
    params: dict[str, float | int] = {}
    sweep: Sweep | None = None
    """Replaces the sweep of the job."""

    @model_validator(mode="after")
    def _has_name_or_clip(self) -> JobVoice:
        if self.voice and self.clip:
            raise ValueError("a voice has either a name or a clip")
        return self


class JobLine(Strict):
    """A line of a job; a plain string is short for `{text: ...}`."""

    text: Annotated[str, Field(min_length=1)]
    id: Annotated[str, Field(pattern=r"^\w[\w.-]{0,63}$")] | None = None
    """Default: the number of the line."""
    voice: str | None = None
    """One of the job's voices, or `all`."""
    preset: str | None = None
    params: dict[str, float | int] = {}

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"text": value}
        if isinstance(value, bool | int | float | datetime.date):
            read = "true or false (yes, no)" if isinstance(value, bool) else "a number, a time or a date"
            raise ValueError(f'YAML reads this line as {read}: {value}. Put it in quotes: "..."')
        name = str(next(iter(value))) if isinstance(value, dict) and len(value) == 1 else ""
        if name and name not in cls.model_fields and (not name.islower() or " " in name):
            raise ValueError(
                f'the colon makes this line a mapping: put it in quotes, as "{name}: {value[next(iter(value))]}"'
            )
        return value


class Picking(Strict):
    """How the best take of a line is chosen: gates first, then the weighted score."""

    gates: Gates = Gates()
    weights: Weights = Weights()


class Retry(Strict):
    """What happens to a line if none of its takes passes the gates."""

    budget: Annotated[int, Field(ge=0, le=100)] = 4
    """Highest number of additional takes for each such line."""
    ramp: tuple[str, ...] = ("seeds", "safe")
    """Steps that share the budget equally: `seeds` tries other seeds, every other name is a preset. A preset that the
    engine does not have is skipped."""


class JobOutput(Strict):
    """Files that are written for the picked takes."""

    format: Literal["wav", "flac", "mp3", "m4a", "ogg", "opus"] = "wav"
    rate: Annotated[int, Field(ge=8000, le=192_000)] | None = None
    """Sample rate in Hz; default: the engine's."""
    loudness: Annotated[float, Field(ge=-70, le=-5)] | None = None
    """Integrated loudness in LUFS; default: unchanged."""
    names: str = "{number}-{voice}-{id}"
    """Pattern of file names. Fields: {number}, {id}, {voice}, {engine}, {seed}, {take}, {preset}, and {text}, the first
    words of the text."""
    joined: bool = False
    """Whether to also write one file with all picked lines."""
    pause: Annotated[float, Field(ge=0, le=60)] = 0.5
    """Seconds of silence between the lines of the joined file."""

    @field_validator("names")
    @classmethod
    def _known_fields(cls, value: str) -> str:
        known = ("number", "id", "voice", "engine", "seed", "take", "preset", "text")
        listed = ", ".join(f"{{{field}}}" for field in known)
        try:
            parts = list(string.Formatter().parse(value))
        except ValueError as error:
            raise ValueError(f"{error}; known: {listed}") from None
        for _, field, spec, conversion in parts:
            if field is not None and (field not in known or spec or conversion):
                raise ValueError(f"{{{field}}} is not known; known: {listed}")
        if not {field for _, field, _, _ in parts} & {"number", "id"}:
            raise ValueError("all files would have the same name: add {number} or {id}")
        return value


class CloneJob(Strict):
    """A clone job: lines to speak, voices that speak them, and how to choose among several takes."""

    description: str = ""
    name: Annotated[str, Field(max_length=80)] | None = None
    """Name of the folder of its runs; default: the name of the job file."""
    voices: Annotated[dict[str, JobVoice], Field(min_length=1, max_length=1000)]
    """Voices by the name that lines use; a list of names is accepted."""
    voice: str | None = None
    """Voice of lines that name none: one of the voices, or `all`."""
    lines: tuple[JobLine, ...] = ()
    lines_from: str | None = None
    """File with the lines, relative to the job file: .txt, .csv, .srt, .vtt or transcript.json."""
    seed: Seed = 0
    """Seed from which the seed of every take is derived."""
    takes: Annotated[int, Field(ge=1, le=1000)] = 3
    """Takes for each line and setting; deterministic engines make one."""
    sweep: Sweep = Sweep()
    pick: Picking = Picking()
    retry: Retry = Retry()
    repair: bool = False
    """Whether to repair artifacts of picked takes (tails, clicks, a constant tone) where the scores improve."""
    normalize: bool = True
    """Whether to write out numbers, dates and units as words first."""
    watermark: bool = True
    """Whether engines that can watermark their output do so."""
    output: JobOutput = JobOutput()

    @field_validator("voices", mode="before")
    @classmethod
    def _from_names(cls, value: Any) -> Any:
        if isinstance(value, dict) and (unquoted := [name for name in value if not isinstance(name, str)]):
            raise ValueError(f'YAML reads the name of a voice as {unquoted[0]!r}: put it in quotes, such as "no"')
        if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
            return {name: {} for name in value}
        if isinstance(value, dict):
            return {name: {} if voice is None else voice for name, voice in value.items()}
        return value

    @model_validator(mode="after")
    def _voices_exist(self) -> CloneJob:
        if "all" in self.voices:
            raise ValueError("a voice cannot be named `all`: that means every voice")
        if self.voice not in (None, "all", *self.voices):
            raise ValueError(f"there is no voice {self.voice!r}: {', '.join(self.voices)}")
        return self
