"""Takes: the list of takes that a job, a dialogue or a comparison is about, as takes.json has it.

    run/takes.json     this list: lines, their takes, with what each was made and how it was judged
    run/takes/         the sound of each take
    run/tags.json      what people said of them (see `tags`)

Knows nothing of how takes are rendered or judged.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from voicekit.errors import SourceError
from voicekit.jsonio import from_json, json_schema, strict_json
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
    text: Annotated[str, Field(description="as asked for")]
    voice: str
    engine: str
    language: Annotated[str, Field(description="BCP-47")]
    params: dict[str, Any]
    seed: int
    speaker: Annotated[str | None, Field(description="the engine's own name of the voice")] = None
    reference: Annotated[str | None, Field(description="the clip that was cloned")] = None
    preset: str | None = None
    model: Annotated[str | None, Field(description="weights other than the engine's own")] = None
    normalize: Annotated[bool, Field(description="whether numbers and the like were turned into words")] = True
    watermark: bool = True
    said: Annotated[tuple[str, ...], Field(description="the text as the engine was given it, part by part")] = ()
    parts: Annotated[tuple[tuple[float, float], ...], Field(description="start and end of each part, s")] = ()
    seconds: Seconds = 0.0
    rate: Annotated[int, Field(ge=0, description="Hz")] = 0
    file: Annotated[str | None, Field(description="in the run's folder; null where rendering failed")] = None
    key: Annotated[str, Field(description="digest of all that determines the sound")] = ""
    made_with: Annotated[dict[str, Any], Field(description="model, revision, checksums, device, versions")] = field(
        default_factory=dict
    )
    measures: Measures | None = None
    passed: Annotated[bool | None, Field(description="whether it went through every gate; null: not judged")] = None
    reasons: Annotated[tuple[str, ...], Field(description="gates it failed, in words")] = ()
    score: Annotated[float | None, Field(description="the weighted mean of the judge, 0 to 1")] = None
    parts_of_score: Annotated[dict[str, float], Field(description="what the mean is of, each 0 to 1")] = field(
        default_factory=dict
    )
    repaired: Annotated[tuple[str, ...], Field(description="what was mended, in words")] = ()
    error: Annotated[str | None, Field(description="why it could not be rendered or judged")] = None


@dataclass(frozen=True)
class LineRecord:
    """One line of the text."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: str
    text: str
    voice: str
    picked: Annotated[str | None, Field(description="id of the take that was kept")] = None
    why: Annotated[str, Field(description="why that one, in words")] = ""
    flagged: Annotated[bool, Field(description="no take went through the gates: listen to it")] = False
    file: Annotated[str | None, Field(description="the picked take's file in the run's folder")] = None


@dataclass(frozen=True)
class Takes:
    """Lines and takes of a run, in order."""

    __pydantic_config__ = ConfigDict(extra="forbid", title=SCHEMA)

    schema: Literal["voicekit.takes/1"]
    lines: tuple[LineRecord, ...]
    takes: tuple[TakeRecord, ...]

    def of(self, line: str) -> tuple[TakeRecord, ...]:
        """The takes of a line, in order."""
        return self._by_line.get(line, ())

    @functools.cached_property
    def _by_line(self) -> dict[str, tuple[TakeRecord, ...]]:
        found: dict[str, list[TakeRecord]] = {}
        for take in self.takes:
            found.setdefault(take.line, []).append(take)
        return {line: tuple(some) for line, some in found.items()}

    def to_json(self) -> str:
        """Strict JSON."""
        return strict_json(_adapter(), self)

    @classmethod
    def from_json(cls, text: str | bytes) -> Takes:
        """Raises SourceError where `text` is not such a list, naming the first fault."""
        return from_json(_adapter(), text, SCHEMA, "`voicekit schema takes` prints what is expected")

    @staticmethod
    def json_schema() -> dict[str, Any]:
        return json_schema(_adapter(), "serialization")


@functools.cache
def _adapter() -> TypeAdapter[Takes]:
    return TypeAdapter(Takes)


def read_takes(run: Path) -> Takes:
    """The takes of a run's folder. Raises SourceError where there are none."""
    path = run / FILE
    try:
        return Takes.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{run} holds no takes ({error})", "Give the folder of a clone or dialogue run") from error
