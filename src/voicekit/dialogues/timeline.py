"""Timeline: the exact content of a mix (who says what, when), as JSON, transcript, RTTM turns and chapters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import ConfigDict, Field

from voicekit.audio.intervals import merge_intervals
from voicekit.dialogues.casting import Casting
from voicekit.dialogues.turn_taking import GapKind, PlacedUtterance
from voicekit.jsonio import JsonDocument
from voicekit.types import Seconds, Segment, Transcript, Turn, spread

SCHEMA: Literal["voicekit.timeline/1"] = "voicekit.timeline/1"

MIN_PAUSE = 0.25
"""Seconds of silence between two phrases of a speaker that end an RTTM turn."""


@dataclass(frozen=True)
class GapStatistics:
    """Sampled speaker changes: their number, share of overlaps, quartiles and mode of the offset in seconds."""

    changes: int
    overlaps: float
    quartiles: tuple[float, float, float]
    mode: float


@dataclass(frozen=True)
class TimelineEntry:
    """One utterance of the mix."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: str
    line: Annotated[int, Field(ge=1, description="number of its line in the script")]
    kind: Literal["turn", "backchannel"]
    speaker: str
    text: Annotated[str, Field(description="as spoken")]
    language: Annotated[str, Field(description="BCP-47")]
    take: Annotated[str | None, Field(description="id in takes.json; null if rendering failed")]
    start: Annotated[Seconds, Field(description="of its speech, s")]
    end: Annotated[Seconds, Field(description="of its speech, s")]
    speech: Annotated[tuple[tuple[float, float], ...], Field(description="start and end of each phrase, s")]
    before: Annotated[GapKind, Field(description="how it follows the previous utterance; see docs/dialogue.md")]
    gap: Annotated[float | None, Field(description="seconds after the previous one; negative for an overlap")]
    cut: Annotated[bool, Field(description="whether it is cut off")] = False
    topic: Annotated[str | None, Field(description="heading of the topic that it starts")] = None
    error: Annotated[str | None, Field(description="why it is silent")] = None


@dataclass(frozen=True)
class Timeline(JsonDocument):
    """All utterances, by start."""

    __pydantic_config__ = ConfigDict(extra="forbid", title=SCHEMA)
    REMEDY = "`voicekit schema timeline` prints what is expected"

    schema: Literal["voicekit.timeline/1"]
    title: str
    duration: Seconds
    rate: int
    speakers: tuple[str, ...]
    stems: Annotated[dict[str, str], Field(description="file in the run's folder, by speaker")]
    loudness: Annotated[float | None, Field(description="LUFS of the mix, measured; null if it is silent")]
    true_peak: Annotated[float | None, Field(description="dBTP of the mix, measured")]
    limited: Annotated[float, Field(description="largest gain reduction of the limiter, dB")]
    turns: Annotated[GapStatistics | None, Field(description="statistics of the sampled speaker changes, seconds")]
    entries: tuple[TimelineEntry, ...]

    @property
    def failed(self) -> tuple[TimelineEntry, ...]:
        """Utterances that could not be rendered."""
        return tuple(entry for entry in self.entries if entry.error)

    @property
    def transcript(self) -> Transcript:
        """One segment per utterance; word times are interpolated."""
        segments = tuple(
            Segment(
                number, entry.start, entry.end, entry.text, entry.speaker, entry.language,
                spread(entry.text, entry.start, entry.end, entry.speaker),
            )
            for number, entry in enumerate(entry for entry in self.entries if not entry.error)
        )  # fmt: skip
        languages = [entry.language for entry in self.entries]
        language = max(languages, key=languages.count, default="und")
        speakers = tuple(dict.fromkeys(segment.speaker for segment in segments if segment.speaker))
        return Transcript(
            "voicekit.transcript/1", language, self.duration, f"{self.title}.wav", speakers, segments, self.spoken
        )

    @property
    def spoken(self) -> tuple[Turn, ...]:
        """Speaker turns, without pauses of MIN_PAUSE or longer."""
        turns = (
            Turn(start, end, entry.speaker)
            for entry in self.entries
            if not entry.error
            for start, end in merge_intervals(entry.speech, MIN_PAUSE)
        )
        return tuple(sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker)))

    @property
    def chapters(self) -> tuple[tuple[float, str], ...]:
        """Start and heading of each topic; the first chapter starts at 0. Empty for a script without headings."""
        chapters = [(entry.start, entry.topic) for entry in self.entries if entry.topic]
        if chapters and chapters[0][0] > 0:
            if self.entries[0].topic:
                chapters[0] = (0.0, chapters[0][1])
            else:
                chapters.insert(0, (0.0, self.title))
        return tuple(chapters)


def gap_statistics(placed: Sequence[PlacedUtterance]) -> GapStatistics | None:
    """Statistics of speaker changes without exact times, [over] or "--" in the script; None if there are none."""
    gaps = [each.gap for each in placed if each.gap is not None and each.kind in ("change", "answer", "topic")]
    if not gaps:
        return None
    low, median, high = (float(value) for value in np.percentile(gaps, (25, 50, 75)))
    overlaps = sum(gap < 0 for gap in gaps) / len(gaps)
    return GapStatistics(len(gaps), overlaps, (low, median, high), _mode(np.array(gaps)))


def _mode(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Maximum of a Gaussian kernel density estimate with a bandwidth of 80 ms."""
    grid = np.arange(-1.0, 2.0, 0.01)
    density = np.exp(-0.5 * ((grid[:, None] - values[None, :]) / 0.08) ** 2).sum(axis=1)
    return round(float(grid[int(density.argmax())]), 2)


def timeline_entries(
    casting: Casting, placed: Sequence[PlacedUtterance], takes: Mapping[str, str], errors: Mapping[str, str]
) -> tuple[TimelineEntry, ...]:
    """Build the entries of a timeline.

    Args:
        casting: The dialogue.
        placed: Its utterances, placed.
        takes: Take ids by utterance id.
        errors: Why an utterance has no take, by utterance id.
    """
    entries = []
    for each in placed:
        utterance = each.utterance
        line = casting.script.lines[utterance.line]
        starts_line = utterance.inside is None and casting.turn_parts(utterance.line)[0].id == utterance.id
        entries.append(
            TimelineEntry(
                id=utterance.id,
                line=utterance.line + 1,
                kind="turn" if utterance.inside is None else "backchannel",
                speaker=utterance.speaker,
                text=utterance.text,
                language=utterance.request.voice.voice.language,
                take=takes.get(utterance.id),
                start=_round_to_ms(each.start),
                end=_round_to_ms(each.end),
                speech=tuple((_round_to_ms(start), _round_to_ms(end)) for start, end in each.speech),
                before=each.kind,
                gap=each.gap,
                cut=each.cut,
                topic=line.topic if starts_line else None,
                error=errors.get(utterance.id),
            )
        )
    return tuple(entries)


def _round_to_ms(seconds: float) -> float:
    return round(max(0.0, seconds), 3)


def chapters_as_metadata(timeline: Timeline) -> str:
    """Title and chapters in ffmpeg's metadata format (https://ffmpeg.org/ffmpeg-formats.html#Metadata-1)."""
    rows = [";FFMETADATA1", f"title={_escape(timeline.title)}"]
    starts = timeline.chapters
    ends = [start for start, _ in starts[1:]] + [timeline.duration]
    for (start, title), end in zip(starts, ends, strict=True):
        times = ["TIMEBASE=1/1000", f"START={round(start * 1000)}", f"END={round(end * 1000)}"]
        rows += ["[CHAPTER]", *times, f"title={_escape(title)}"]
    return "\n".join(rows) + "\n"


def _escape(text: str) -> str:
    return "".join(f"\\{char}" if char in "=;#\\" else char for char in " ".join(text.split()))
