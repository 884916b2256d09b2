"""takes.json: the lines and takes of a run, with their parameters and measures.

run/takes.json     this file
run/takes/         audio of each take
run/tags.json      tags given by people (see `takes.tags`)
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field

from voicekit.errors import SourceError
from voicekit.jsonio import JsonDocument
from voicekit.storage.files import read_regular
from voicekit.storage.paths import path_inside, refuse_links_outside
from voicekit.storage.runs import MANIFEST
from voicekit.transcript_check import MAX_SECONDS
from voicekit.types import Measures, Seconds

SCHEMA: Literal["voicekit.takes/1"] = "voicekit.takes/1"
FILE = "takes.json"


@dataclass(frozen=True)
class TakeRecord:
    """One take of a line."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: Annotated[str, Field(description="LINE-NUMBER")]
    line: str
    number: Annotated[int, Field(ge=1)]
    text: Annotated[str, Field(description="as requested")]
    voice: str
    engine: str
    language: Annotated[str, Field(description="BCP-47")]
    params: dict[str, Any]
    seed: int
    speaker: Annotated[str | None, Field(description="the engine's name of a bundled voice")] = None
    reference: Annotated[str | None, Field(description="the clip that was cloned")] = None
    preset: str | None = None
    model: Annotated[str | None, Field(description="weights, if not the engine's default")] = None
    normalize: Annotated[bool, Field(description="whether numbers, dates and units were spelled out")] = True
    watermark: bool = True
    said: Annotated[tuple[str, ...], Field(description="text as given to the engine, part by part")] = ()
    parts: Annotated[tuple[tuple[float, float], ...], Field(description="start and end of each part, s")] = ()
    seconds: Seconds = 0.0
    rate: Annotated[int, Field(ge=0, description="Hz")] = 0
    file: Annotated[str | None, Field(description="path in the run's folder; null if rendering failed")] = None
    key: Annotated[str, Field(description="digest of everything that determines the audio")] = ""
    made_with: Annotated[dict[str, Any], Field(description="model, revision, checksums, device, versions")] = field(
        default_factory=dict
    )
    measures: Measures | None = None
    passed: Annotated[bool | None, Field(description="whether it passes every gate; null if not judged")] = None
    reasons: Annotated[tuple[str, ...], Field(description="gates it fails, in words")] = ()
    score: Annotated[float | None, Field(description="weighted mean of the judge, 0 to 1")] = None
    parts_of_score: Annotated[dict[str, float], Field(description="what the score is the mean of, each 0 to 1")] = (
        field(default_factory=dict)
    )
    repaired: Annotated[tuple[str, ...], Field(description="repairs, in words")] = ()
    error: Annotated[str | None, Field(description="why it could not be rendered or judged")] = None


@dataclass(frozen=True)
class LineRecord:
    """One line of the text."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: str
    text: str
    voice: str
    picked: Annotated[str | None, Field(description="id of the picked take")] = None
    why: Annotated[str, Field(description="why it was picked, in words")] = ""
    flagged: Annotated[bool, Field(description="no take passes the gates: listen to it")] = False
    file: Annotated[str | None, Field(description="the picked take's file in the run's folder")] = None


@dataclass(frozen=True)
class Takes(JsonDocument):
    """Lines and takes of a run, in order."""

    __pydantic_config__ = ConfigDict(extra="forbid", title=SCHEMA)
    REMEDY = "`voicekit schema takes` prints what is expected"

    schema: Literal["voicekit.takes/1"]
    lines: tuple[LineRecord, ...]
    takes: tuple[TakeRecord, ...]

    def of_line(self, line: str) -> tuple[TakeRecord, ...]:
        """The takes of a line, in order."""
        return self._by_line.get(line, ())

    @functools.cached_property
    def _by_line(self) -> dict[str, tuple[TakeRecord, ...]]:
        by_line: dict[str, list[TakeRecord]] = {}
        for take in self.takes:
            by_line.setdefault(take.line, []).append(take)
        return {line: tuple(takes) for line, takes in by_line.items()}

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Parse takes. Raises SourceError, which names the first error, if they are not valid."""
        takes = super().from_json(text)
        if fault := next(_faults(takes), ""):
            raise SourceError(f"not a valid {SCHEMA} file: {fault}", cls.REMEDY)
        return takes


def _faults(takes: Takes) -> Iterator[str]:
    """Find what the schema cannot say: equal ids, and references to lines and takes that do not exist."""
    lines: set[str] = set()
    for number, line in enumerate(takes.lines):
        if line.id in lines:
            yield f"lines.{number}.id: an earlier line has the id {line.id!r} too"
        lines.add(line.id)
    line_of_take: dict[str, str] = {}
    for number, take in enumerate(takes.takes):
        place = f"takes.{number}"
        if take.id in line_of_take:
            yield f"{place}.id: an earlier take has the id {take.id!r} too"
        if take.line not in lines:
            yield f"{place}.line: there is no line {take.line!r}"
        line_of_take[take.id] = take.line
        if any(not 0 <= start <= end <= MAX_SECONDS for start, end in take.parts):
            yield f"{place}.parts: a part ends before it starts, or its times are no seconds"
    for number, line in enumerate(takes.lines):
        if line.picked is not None and line_of_take.get(line.picked) != line.id:
            yield f"lines.{number}.picked: the line has no take {line.picked!r}"


def read_takes(run: Path) -> Takes:
    """Read takes.json of a run's folder. Raises SourceError as `check_paths`, or if it is missing or invalid."""
    path = run / FILE
    try:
        return check_paths(run, Takes.from_json(read_regular(path)))
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot read {path}: {error}", "Give the folder of a clone or dialogue run") from error


def check_paths(run: Path, takes: Takes) -> Takes:
    """Return the takes of a run. Raises SourceError if a file of theirs, or a link in the run, lies outside it."""
    if (run / MANIFEST).is_file():
        refuse_links_outside(run)
    files = [line.file for line in takes.lines] + [take.file for take in takes.takes]
    for file in files:
        if file is not None:
            path_inside(run, file)
    return takes
