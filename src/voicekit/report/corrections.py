"""Corrections that the page of a transcript saves, and how they change the transcript.

The page names a word by segment and index and includes its text, so that corrections of another or a changed transcript
are refused. A corrected or confirmed word gets the probability 1. Words that replace one word share its time; if they
cannot be said in it, its neighbours' times, and then silence beside the segment, are shared too.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from voicekit.errors import SourceError
from voicekit.jsonio import JsonDocument
from voicekit.redact import list_names
from voicekit.storage.files import digest
from voicekit.text.words import join_words
from voicekit.types import Segment, Transcript, Turn, Word, spread

SCHEMA = "voicekit.edits/1"

_FASTEST = 30.0
"""Letters and spaces a second. Conversation has about 15."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


@dataclass(frozen=True)
class EditedWord:
    """A corrected word: `text` replaces `was`; the same text confirms it, "" removes it. `speaker` if corrected."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    segment: Annotated[int, Field(ge=0, description="id")]
    word: Annotated[int, Field(ge=0, description="index in the segment, from 0")]
    was: str
    text: Annotated[str, StringConstraints(max_length=1000, strip_whitespace=True)]
    speaker: Name | None = None


@dataclass(frozen=True)
class EditedSegment:
    """A corrected speaker of a whole segment."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    segment: Annotated[int, Field(ge=0, description="id")]
    speaker: Name


@dataclass(frozen=True)
class Edits(JsonDocument):
    """The file that the page saves."""

    __pydantic_config__ = ConfigDict(extra="forbid", title=SCHEMA)
    REMEDY = "Save the edits from the page again"
    SCHEMA_MODE = "validation"

    schema: Literal["voicekit.edits/1"]
    transcript: Annotated[str, Field(description="digest of the transcript that was corrected")]
    source: str = ""
    words: tuple[EditedWord, ...] = ()
    segments: tuple[EditedSegment, ...] = ()
    names: Annotated[dict[str, Name], Field(description="new names of speakers, applied last")] = field(
        default_factory=dict
    )

    def __len__(self) -> int:
        return len(self.words) + len(self.segments) + len(self.names)


def transcript_digest(transcript: Transcript) -> str:
    """Digest of the content of a transcript, independent of the layout of its file."""
    return digest(transcript.to_json())


def apply_corrections(transcript: Transcript, edits: Edits) -> Transcript:
    """Apply corrections to a transcript. Raises SourceError if they were made for another one."""
    if edits.transcript != transcript_digest(transcript):
        source = f" (of {edits.source})" if edits.source else ""
        raise SourceError(
            f"these edits{source} were made for another transcript, or this one has changed since",
            "Apply them to the run whose page they were saved from, before any others",
        )
    by_id = {segment.id: segment for segment in transcript.segments}
    words: dict[int, dict[int, EditedWord]] = {}
    for edit in edits.words:
        segment = by_id.get(edit.segment)
        if segment is None or edit.word >= len(segment.words) or segment.words[edit.word].text != edit.was:
            raise SourceError(f"there is no word {edit.was!r} in segment {edit.segment}", "Save the edits again")
        edits_of_segment = words.setdefault(edit.segment, {})
        if edit.word in edits_of_segment:
            raise SourceError(f"segment {edit.segment}: word {edit.word} is edited twice", "Save the edits again")
        edits_of_segment[edit.word] = edit
    speakers: dict[int, str] = {}
    for row in edits.segments:
        if row.segment not in by_id:
            raise SourceError(f"there is no segment {row.segment}", "Save the edits again")
        if row.segment in speakers:
            raise SourceError(f"segment {row.segment} has its speaker edited twice", "Save the edits again")
        speakers[row.segment] = row.speaker
    _check_names(transcript, edits, speakers)
    turns = list(transcript.turns)
    segments: list[Segment] = []
    silence = _silence(transcript)
    for segment in transcript.segments:
        word_edits, speaker = words.get(segment.id, {}), speakers.get(segment.id)
        if not word_edits and speaker is None:
            segments.append(segment)
            continue
        edited = _edit_segment(segment, word_edits, speaker, silence[segment.id])
        segments += edited
        for part in edited:
            if part.speaker and part.speaker != segment.speaker:
                turns = _reassign(turns, part.start, part.end, segment.speaker, part.speaker)
    turns.sort(key=lambda turn: (turn.start, turn.end, turn.speaker))
    return _rename_speakers(replace(transcript, segments=tuple(segments), turns=tuple(turns)), edits.names)


def _check_names(transcript: Transcript, edits: Edits, speakers: dict[int, str]) -> None:
    """Raise SourceError if a speaker is to be renamed whom neither the transcript nor the edits have."""
    known = {*transcript.speakers, *speakers.values(), *(edit.speaker for edit in edits.words if edit.speaker)}
    if unknown := [name for name in edits.names if name not in known]:
        raise SourceError(
            f"there is no speaker {unknown[0]!r} to rename; there are {list_names(transcript.speakers)}",
            "Save the edits again",
        )


def _silence(transcript: Transcript) -> dict[int, tuple[float, float]]:
    """Return by segment id the end of the speech before the segment, and the start of the speech after it."""
    segments = sorted(transcript.segments, key=lambda segment: segment.start)
    ends = [0.0, *itertools.accumulate((segment.end for segment in segments), max)]
    starts = [*(segment.start for segment in segments[1:]), transcript.duration]
    return {
        segment.id: (min(before, segment.start), max(after, segment.end))
        for segment, before, after in zip(segments, ends, starts, strict=False)
    }


def _edit_segment(
    segment: Segment, edits: dict[int, EditedWord], speaker: str | None, silence: tuple[float, float]
) -> list[Segment]:
    """Apply edits to a segment; it is split where the speaker changes, and removed if all its words are."""
    if not segment.words:
        return [replace(segment, speaker=speaker or segment.speaker)]
    edited = [
        _edit_word(word, edits.get(number), speaker, segment.speaker) for number, word in enumerate(segment.words)
    ]
    words = _make_room(edited, silence)
    parts: list[Segment] = []
    for part_speaker, group in groupby(words, key=lambda word: word.speaker or segment.speaker):
        part_words = tuple(group)
        parts.append(
            replace(
                segment, start=part_words[0].start, end=part_words[-1].end,
                text=join_words(word.text for word in part_words), speaker=part_speaker, words=part_words, cue=None,
            )
        )  # fmt: skip
    if len(parts) == 1:  # keep the times of the segment, which may begin before its first word
        unchanged = [word.text for word in parts[0].words] == [word.text for word in segment.words]
        text = segment.text if unchanged else parts[0].text
        start, end = min(segment.start, parts[0].start), max(segment.end, parts[0].end)
        return [replace(parts[0], start=start, end=end, text=text)]
    return parts


def _make_room(edited: Sequence[list[Word]], silence: tuple[float, float]) -> list[Word]:
    """Join the words of a segment, and move those that would be said too fast.

    Args:
        edited: For each former word, the words in its place.
        silence: How far the segment may grow: from, to.
    """
    words = [word for group in edited for word in group]
    at = 0
    for group in edited:
        first, last = at, at + len(group)
        at = last
        if len(group) < 2:
            continue
        low, high = words[first].start, words[last - 1].end
        while (needed := _shortest(words[first:last])) > high - low + 1e-6:
            before = words[first - 1].end if first else silence[0]
            after = words[last].start if last < len(words) else silence[1]
            if (gap := after - before - (high - low)) > 0.001:  # silence on both sides first
                missing = min(needed - (high - low), gap)
                late = min(after - high, missing)
                low, high = low - (missing - late), high + late
            elif first or last < len(words):
                first, last = max(first - 1, 0), min(last + 1, len(words))
                low, high = min(low, words[first].start), max(high, words[last - 1].end)
            else:
                break
        words[first:last] = _share_time(words[first:last], low, high)
    return words


def _shortest(words: Sequence[Word]) -> float:
    """Seconds in which the words can be said."""
    return sum(len(word.text) + 1 for word in words) / _FASTEST


def _share_time(words: Sequence[Word], start: float, end: float) -> list[Word]:
    """Share out the seconds from start to end by length."""
    times = spread(" ".join("x" * max(len(word.text), 1) for word in words), start, end)
    return [replace(word, start=time.start, end=time.end) for word, time in zip(words, times, strict=True)]


def _edit_word(word: Word, edit: EditedWord | None, new_speaker: str | None, old_speaker: str | None) -> list[Word]:
    """Apply an edit, or a new speaker of the segment, to a word."""
    speaker = new_speaker or word.speaker or old_speaker
    reassigned = new_speaker is not None and word.speaker != speaker
    if edit is None:
        return [replace(word, speaker=speaker, speaker_confidence=1.0) if reassigned else word]
    speaker = edit.speaker or speaker
    certain = edit.speaker or reassigned or edit.text == edit.was
    if edit.text == word.text:
        edited = [replace(word, probability=1.0)]
    else:
        edited = list(spread(edit.text, word.start, word.end, speaker))
    confidence = 1.0 if certain else word.speaker_confidence
    return [replace(each, speaker=speaker, speaker_confidence=confidence) for each in edited]


def _reassign(turns: list[Turn], start: float, end: float, old: str | None, new: str) -> list[Turn]:
    """Give a stretch of time of one speaker's turns to another speaker."""
    reassigned = [Turn(start, end, new)]
    for turn in turns:
        if turn.speaker != old or turn.end <= start or turn.start >= end:
            reassigned.append(turn)
            continue
        if turn.start < start:
            reassigned.append(Turn(turn.start, start, turn.speaker))
        if turn.end > end:
            reassigned.append(Turn(end, turn.end, turn.speaker))
    return reassigned


def _rename_speakers(transcript: Transcript, names: dict[str, str]) -> Transcript:
    """Rename speakers and number segments; known speakers keep their order, new ones follow by first speech."""

    def rename(speaker: str | None) -> str | None:
        return names.get(speaker, speaker) if speaker is not None else None

    segments = tuple(
        replace(
            segment, id=number, speaker=rename(segment.speaker),
            words=tuple(replace(word, speaker=rename(word.speaker)) for word in segment.words),
        )
        for number, segment in enumerate(transcript.segments)
    )  # fmt: skip
    turns = tuple(replace(turn, speaker=names.get(turn.speaker, turn.speaker)) for turn in transcript.turns)
    first_speech: dict[str, float] = {}
    starts = [(turn.start, turn.speaker) for turn in turns]
    starts += [(segment.start, segment.speaker) for segment in segments if segment.speaker]
    for start, speaker in starts:
        first_speech[speaker] = min(start, first_speech.get(speaker, start))
    known = dict.fromkeys(names.get(speaker, speaker) for speaker in transcript.speakers)
    speakers = [speaker for speaker in known if speaker in first_speech]
    speakers += sorted(first_speech.keys() - known.keys(), key=lambda speaker: first_speech[speaker])
    return replace(transcript, segments=segments, turns=turns, speakers=tuple(speakers))
