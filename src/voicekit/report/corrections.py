"""Edits: what was corrected in a transcript's page, and the transcript after it. Pure.

The page names words by segment and number, and says what it saw there; an edit of another transcript, or of one that
has changed, is refused. A word that a person has looked at has the probability 1; several words in the place of one
share its time.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter

from voicekit.errors import SourceError
from voicekit.jsonio import from_json, json_schema
from voicekit.storage.files import digest
from voicekit.text.words import join_words, spread
from voicekit.types import Segment, Transcript, Turn, Word

SCHEMA = "voicekit.edits/1"

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


@dataclass(frozen=True)
class EditedWord:
    """`text` in the place of `was`: the same confirms it, nothing removes it. `speaker` where that was corrected."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    segment: Annotated[int, Field(ge=0, description="id")]
    word: Annotated[int, Field(ge=0, description="in the segment, counted from 0")]
    was: str
    text: Annotated[str, StringConstraints(max_length=1000, strip_whitespace=True)]
    speaker: Name | None = None


@dataclass(frozen=True)
class EditedSegment:
    """The speaker of a whole segment."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    segment: Annotated[int, Field(ge=0, description="id")]
    speaker: Name


@dataclass(frozen=True)
class Edits:
    """What a page saves."""

    __pydantic_config__ = ConfigDict(extra="forbid", title=SCHEMA)

    schema: Literal["voicekit.edits/1"]
    transcript: Annotated[str, Field(description="digest of the transcript that was edited")]
    source: str = ""
    words: tuple[EditedWord, ...] = ()
    segments: tuple[EditedSegment, ...] = ()
    names: Annotated[dict[str, Name], Field(description="new names of speakers, after all else")] = field(
        default_factory=dict
    )

    def __len__(self) -> int:
        return len(self.words) + len(self.segments) + len(self.names)

    @classmethod
    def from_json(cls, text: str | bytes) -> Edits:
        """Raises SourceError where `text` is no such file, naming the first fault."""
        return from_json(_adapter(), text, SCHEMA, "Save the edits from the page again")

    @staticmethod
    def json_schema() -> dict[str, Any]:
        return json_schema(_adapter(), "validation")


@functools.cache
def _adapter() -> TypeAdapter[Edits]:
    return TypeAdapter(Edits)


def mark(transcript: Transcript) -> str:
    """What a transcript is known by, however its file is laid out."""
    return digest(transcript.to_json())


def edited(transcript: Transcript, edits: Edits) -> Transcript:
    """The transcript with the edits.

    Raises:
        SourceError: they were made for another transcript.
    """
    if edits.transcript != mark(transcript):
        of = f" (of {edits.source})" if edits.source else ""
        raise SourceError(
            f"these edits{of} were made for another transcript, or this one has changed since",
            "Apply them to the run whose page they were saved from, before any others",
        )
    by_id = {segment.id: segment for segment in transcript.segments}
    words: dict[int, dict[int, EditedWord]] = {}
    for edit in edits.words:
        segment = by_id.get(edit.segment)
        if segment is None or edit.word >= len(segment.words) or segment.words[edit.word].text != edit.was:
            raise SourceError(f"there is no word {edit.was!r} in segment {edit.segment}", "Save the edits again")
        words.setdefault(edit.segment, {})[edit.word] = edit
    speakers = {edit.segment: edit.speaker for edit in edits.segments}
    if unknown := set(speakers) - set(by_id):
        raise SourceError(f"there is no segment {min(unknown)}", "Save the edits again")
    turns = list(transcript.turns)
    segments: list[Segment] = []
    for segment in transcript.segments:
        own, speaker = words.get(segment.id, {}), speakers.get(segment.id)
        if not own and speaker is None:
            segments.append(segment)
            continue
        pieces = list(_edit(segment, own, speaker))
        segments += pieces
        for piece in pieces:
            if piece.speaker and piece.speaker != segment.speaker:
                turns = _given(turns, piece.start, piece.end, segment.speaker, piece.speaker)
    return _renamed(replace(transcript, segments=tuple(segments), turns=tuple(sorted(turns, key=_order))), edits.names)


def _edit(segment: Segment, edits: dict[int, EditedWord], speaker: str | None) -> list[Segment]:
    """A segment with its edits; parted where the speaker changes, gone where all its words are."""
    if not segment.words:
        return [replace(segment, speaker=speaker or segment.speaker)]
    words: list[Word] = []
    for number, word in enumerate(segment.words):
        who = speaker or word.speaker or segment.speaker
        changed = word.speaker != who and (speaker is not None)
        edit = edits.get(number)
        if edit is None:
            words.append(replace(word, speaker=who, speaker_confidence=1.0) if changed else word)
            continue
        who = edit.speaker or who
        sure = 1.0 if edit.speaker or changed or edit.text == edit.was else word.speaker_confidence
        words += [
            replace(new, speaker=who, speaker_confidence=sure)
            for new in (
                [replace(word, probability=1.0)]
                if edit.text == word.text
                else spread(edit.text, word.start, word.end, who)
            )
        ]
    out: list[Segment] = []
    for who, some in groupby(words, key=lambda word: word.speaker or segment.speaker):
        run = tuple(some)
        out.append(
            replace(
                segment, start=run[0].start, end=run[-1].end, text=join_words(word.text for word in run),
                speaker=who, words=run, cue=None,
            )
        )  # fmt: skip
    if len(out) == 1:  # a segment may begin before its first word
        same = [word.text for word in out[0].words] == [word.text for word in segment.words]
        text = segment.text if same else out[0].text
        return [replace(out[0], start=segment.start, end=segment.end, text=text)]
    return out


def _given(turns: list[Turn], start: float, end: float, old: str | None, new: str) -> list[Turn]:
    """Turns after a stretch of `old` was given to `new`."""
    out = [Turn(start, end, new)]
    for turn in turns:
        if turn.speaker != old or turn.end <= start or turn.start >= end:
            out.append(turn)
            continue
        if turn.start < start:
            out.append(Turn(turn.start, start, turn.speaker))
        if turn.end > end:
            out.append(Turn(end, turn.end, turn.speaker))
    return out


def _order(turn: Turn) -> tuple[float, float, str]:
    return turn.start, turn.end, turn.speaker


def _renamed(transcript: Transcript, names: dict[str, str]) -> Transcript:
    """With new names and ids; the speakers that are left in the order they had, then new ones by first speech."""

    def name(speaker: str | None) -> str | None:
        return names.get(speaker, speaker) if speaker is not None else None

    segments = tuple(
        replace(
            segment, id=number, speaker=name(segment.speaker),
            words=tuple(replace(word, speaker=name(word.speaker)) for word in segment.words),
        )
        for number, segment in enumerate(transcript.segments)
    )  # fmt: skip
    turns = tuple(replace(turn, speaker=names.get(turn.speaker, turn.speaker)) for turn in transcript.turns)
    first: dict[str, float] = {}
    for start, speaker in [(t.start, t.speaker) for t in turns] + [(s.start, s.speaker) for s in segments if s.speaker]:
        if speaker is not None:
            first[speaker] = min(start, first.get(speaker, start))
    known = dict.fromkeys(names.get(speaker, speaker) for speaker in transcript.speakers)
    speakers = [speaker for speaker in known if speaker in first]
    speakers += sorted(first.keys() - known.keys(), key=lambda speaker: first[speaker])
    return replace(transcript, segments=segments, turns=turns, speakers=tuple(speakers))
