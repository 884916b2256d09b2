"""Timeline: what was said when, exactly, since it was placed so; as JSON, subtitles, RTTM and chapters. Pure."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from voicekit.dialogues.casting import Casting
from voicekit.dialogues.turn_taking import Distribution, Kind, Placed
from voicekit.jsonio import from_json, json_schema, strict_json
from voicekit.text.words import spread
from voicekit.types import Seconds, Segment, Transcript, Turn

SCHEMA: Literal["voicekit.timeline/1"] = "voicekit.timeline/1"

SILENCE = 0.25
"""Seconds: a pause in what somebody says that is as long ends a turn of the RTTM."""


@dataclass(frozen=True)
class Entry:
    """One utterance in the mix."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: str
    line: Annotated[int, Field(ge=1, description="number of its line in the script")]
    kind: Literal["turn", "backchannel"]
    speaker: str
    text: Annotated[str, Field(description="as it is said")]
    language: Annotated[str, Field(description="BCP-47")]
    take: Annotated[str | None, Field(description="id in takes.json; null where it could not be rendered")]
    start: Annotated[Seconds, Field(description="of its speech")]
    end: Annotated[Seconds, Field(description="of its speech")]
    speech: Annotated[tuple[tuple[float, float], ...], Field(description="start and end of each phrase, s")]
    before: Annotated[Kind, Field(description="what happened before it; see docs/dialogue.md")]
    gap: Annotated[float | None, Field(description="seconds since the one before ended, below 0 where they overlap")]
    cut: Annotated[bool, Field(description="whether it was cut off")] = False
    topic: Annotated[str | None, Field(description="heading of the topic that begins with it")] = None
    error: Annotated[str | None, Field(description="why there is silence instead")] = None


@dataclass(frozen=True)
class Timeline:
    """All of them, by start."""

    __pydantic_config__ = ConfigDict(extra="forbid", title=SCHEMA)

    schema: Literal["voicekit.timeline/1"]
    title: str
    duration: Seconds
    rate: int
    speakers: tuple[str, ...]
    stems: Annotated[dict[str, str], Field(description="file in the run's folder, by speaker")]
    loudness: Annotated[float | None, Field(description="LUFS of the mix, measured; null where nothing is heard")]
    true_peak: Annotated[float | None, Field(description="dBTP of the mix, measured")]
    limited: Annotated[float, Field(description="dB that the limiter took at most")]
    turns: Annotated[Distribution | None, Field(description="the changes of speaker that were drawn, seconds")]
    entries: tuple[Entry, ...]

    @property
    def failed(self) -> tuple[Entry, ...]:
        """What could not be rendered."""
        return tuple(one for one in self.entries if one.error)

    def to_json(self) -> str:
        """Strict JSON."""
        return strict_json(_adapter(), self)

    @classmethod
    def from_json(cls, text: str | bytes) -> Timeline:
        """Raises SourceError where `text` is no timeline, naming the first fault."""
        return from_json(_adapter(), text, SCHEMA, "`voicekit schema timeline` prints what is expected")

    @staticmethod
    def json_schema() -> dict[str, Any]:
        return json_schema(_adapter(), "serialization")

    @property
    def transcript(self) -> Transcript:
        """As a transcript: a segment an utterance. The times of words are shared out by their length."""
        segments = tuple(
            Segment(
                number, one.start, one.end, one.text, one.speaker, one.language,
                spread(one.text, one.start, one.end, one.speaker),
            )
            for number, one in enumerate(one for one in self.entries if not one.error)
        )  # fmt: skip
        languages = [one.language for one in self.entries]
        language = max(languages, key=languages.count, default="und")
        speakers = tuple(dict.fromkeys(segment.speaker for segment in segments if segment.speaker))
        return Transcript(
            "voicekit.transcript/1", language, self.duration, f"{self.title}.wav", speakers, segments, self.spoken
        )

    @property
    def spoken(self) -> tuple[Turn, ...]:
        """Who speaks when, pauses left out."""
        return tuple(
            sorted(
                (Turn(a, b, one.speaker) for one in self.entries if not one.error for a, b in joined(one.speech)),
                key=lambda turn: (turn.start, turn.end, turn.speaker),
            )
        )

    @property
    def chapters(self) -> tuple[tuple[float, str], ...]:
        """Start and heading of each topic; none where no heading stands in the script."""
        found = [(one.start, one.topic) for one in self.entries if one.topic]
        if found and found[0][0] > 0:
            found = [(0.0, found[0][1]), *found[1:]] if self.entries[0].topic else [(0.0, self.title), *found]
        return tuple(found)


@functools.cache
def _adapter() -> TypeAdapter[Timeline]:
    return TypeAdapter(Timeline)


def joined(speech: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Phrases with less than SILENCE between them as one."""
    out: list[tuple[float, float]] = []
    for start, end in speech:
        if out and start - out[-1][1] < SILENCE:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def entries(
    casting: Casting, placed: Sequence[Placed], takes: Mapping[str, str], errors: Mapping[str, str]
) -> tuple[Entry, ...]:
    """Of every utterance. `takes`: ids by utterance; `errors`: of those without one."""
    out = []
    for one in placed:
        said = one.utterance
        line = casting.script.lines[said.line]
        first = said.inside is None and casting.parts(said.line)[0].id == said.id
        out.append(
            Entry(
                id=said.id,
                line=said.line + 1,
                kind="turn" if said.inside is None else "backchannel",
                speaker=said.speaker,
                text=said.text,
                language=said.order.voice.voice.language,
                take=takes.get(said.id),
                start=_ms(one.start),
                end=_ms(one.end),
                speech=tuple((_ms(start), _ms(end)) for start, end in one.speech),
                before=one.kind,
                gap=one.gap,
                cut=one.cut,
                topic=line.topic if first else None,
                error=errors.get(said.id),
            )
        )
    return tuple(out)


def _ms(seconds: float) -> float:
    return round(max(0.0, seconds), 3)


def chapters_as_metadata(timeline: Timeline) -> str:
    """Title and chapters in ffmpeg's own format (https://ffmpeg.org/ffmpeg-formats.html#Metadata-1)."""
    out = [";FFMETADATA1", f"title={_escaped(timeline.title)}"]
    starts = timeline.chapters
    ends = [start for start, _ in starts[1:]] + [timeline.duration]
    for (start, title), end in zip(starts, ends, strict=True):
        times = ["TIMEBASE=1/1000", f"START={round(start * 1000)}", f"END={round(end * 1000)}"]
        out += ["[CHAPTER]", *times, f"title={_escaped(title)}"]
    return "\n".join(out) + "\n"


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in "=;#\\" else char for char in " ".join(text.split()))
