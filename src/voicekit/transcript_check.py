"""Check what the schema of a transcript cannot say: order of times, ids, and words on one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from voicekit.errors import SourceError

Transcript = TypeVar("Transcript")
"""`types.Transcript`, which cannot be imported here, since `types` uses this module."""


MAX_SECONDS = 1e6
"""Latest time in seconds, eleven days: a later one is a typing error, or meant to exhaust the memory."""

MAX_TEXT = 100_000
"""Characters of one segment or cue, two hours of speech: the time to lay out a text grows faster than its length."""


def check_transcript(transcript: Transcript, remedy: str) -> Transcript:
    """Return a transcript. Raises SourceError, which names the first fault and its place: `segments.3.words.1`."""
    if fault := next(_faults(transcript), ""):
        raise SourceError(f"not a valid transcript: {fault}", remedy)
    return transcript


def _faults(transcript: Any) -> Iterator[str]:
    place_of_id: dict[int, int] = {}
    for number, segment in enumerate(transcript.segments):
        place = f"segments.{number}"
        if segment.id in place_of_id:
            yield f"{place}.id: segments.{place_of_id[segment.id]} has the id {segment.id} too"
        place_of_id[segment.id] = number
        if segment.end < segment.start:
            yield f"{place}: it ends at {segment.end:g} s, before it starts at {segment.start:g} s"
        if len(segment.text) > MAX_TEXT:
            yield f"{place}.text: it has {len(segment.text):,} characters, at most {MAX_TEXT:,} are possible"
        for index, word in enumerate(segment.words):
            if word.end < word.start:
                yield f"{place}.words.{index}: it ends at {word.end:g} s, before it starts at {word.start:g} s"
            if len(word.text.splitlines()) > 1:
                yield f"{place}.words.{index}.text: it has a line break"
    stretches = [(f"turns.{number}", turn.start, turn.end) for number, turn in enumerate(transcript.turns)]
    stretches += [(f"unrecognized.{n}", each.start, each.end) for n, each in enumerate(transcript.unrecognized)]
    for place, start, end in stretches:
        if end < start:
            yield f"{place}: it ends at {end:g} s, before it starts at {start:g} s"
