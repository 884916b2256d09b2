"""Read transcripts from JSON: voicekit's own, whisper's, whisperX's, faster-whisper's and whisper.cpp's."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

from voicekit.errors import SourceError
from voicekit.jsonio import parse_json
from voicekit.redact import limit_notes
from voicekit.text.controls import close_directions, has_controls, without_controls
from voicekit.text.languages import UNKNOWN, whisper_language
from voicekit.text.words import join_words
from voicekit.transcript_check import MAX_SECONDS, check_transcript
from voicekit.types import TRANSCRIPT_SCHEMA, Segment, Transcript, Word, spread

_KNOWN = "Give voicekit's transcript.json, or the JSON of whisper, whisperX or whisper.cpp"


def read_transcript_json(text: str, name: str) -> tuple[Transcript, list[str]]:
    """Parse a transcript.

    Args:
        text: Contents of the file.
        name: Name of the file, for errors and as the source of transcripts that state none.

    Returns:
        The transcript, whose words and texts agree, and notes on what was repaired.

    Raises:
        SourceError: It is no JSON, another file than a transcript, or something in it is invalid; names the place.
    """
    try:
        data = parse_json(text)
    except json.JSONDecodeError as error:
        raise SourceError(f"{name}: line {error.lineno}: not JSON: {error.msg}", _KNOWN) from None
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{name}: not JSON: {error}", _KNOWN) from None
    if isinstance(data, dict) and data.get("schema") == TRANSCRIPT_SCHEMA:
        try:
            return consistent(Transcript.from_json(text))
        except SourceError as error:
            raise SourceError(f"{name}: {error.message}", error.remedy) from None
    if not isinstance(data, dict) or "schema" in data:
        what = data["schema"] if isinstance(data, dict) else f"JSON that holds a {type(data).__name__}"
        raise SourceError(f"{name}: not a transcript: {what}", _KNOWN)
    notes: list[str] = []
    try:
        segments = _of_whisper_cpp(data, notes) if "transcription" in data else _of_whisper(data, notes)
    except (KeyError, TypeError, ValueError) as error:
        keys = ", ".join(map(str, list(data)[:5]))
        raise SourceError(f"{name}: not a transcript ({error}); its keys are {keys}", _KNOWN) from None
    language = whisper_language(str(data.get("language") or _result_language(data))) or UNKNOWN
    segments = [replace(segment, language=language) for segment in segments]
    speakers = tuple(dict.fromkeys(segment.speaker for segment in segments if segment.speaker))
    duration = max((segment.end for segment in segments), default=0.0)
    read = Transcript("voicekit.transcript/1", language, duration, name, speakers, tuple(segments))
    transcript, repairs = consistent(check_transcript(read, "Split it into segments of a sentence each"))
    return transcript, limit_notes(notes) + repairs


def consistent(transcript: Transcript) -> tuple[Transcript, list[str]]:
    """Return the transcript with segments by start, and words that say what the texts say; with notes if it changed.

    Where they disagree, the text is what somebody edited: words that stay keep their times.
    """
    notes = []
    transcript = _without_controls(transcript)
    segments = [replace(s, text=" ".join(s.text.split())) if "\n" in s.text else s for s in transcript.segments]
    if any(second.start < first.start for first, second in pairwise(segments)):
        notes.append("segments out of order: sorted by start time")
        segments.sort(key=lambda segment: segment.start)
    without_words = edited = 0
    for number, segment in enumerate(segments):
        if _letters(segment.text) == _letters("".join(word.text for word in segment.words)):
            continue
        without_words += not segment.words
        edited += bool(segment.words)
        segments[number] = segment.with_text(segment.text)
    if without_words:
        notes.append(f"{without_words} segments have a text but no words: their time is shared out by length")
    if edited:
        notes.append(
            f"{edited} segments have other words than their text: the text is used; unchanged words keep their times"
        )
    if not notes:
        return replace(transcript, segments=tuple(segments)), []
    renumbered = tuple(replace(segment, id=number) for number, segment in enumerate(segments))
    return replace(transcript, segments=renumbered), notes


def _without_controls(transcript: Transcript) -> Transcript:
    """Remove controls from all texts, and close writing directions that stay open; see `text.controls`."""
    texts = [transcript.source, *transcript.speakers]
    for segment in transcript.segments:
        texts += [segment.text, segment.speaker or "", *(word.text for word in segment.words)]
    if not has_controls("\n".join(texts)):
        return transcript
    segments = []
    for segment in transcript.segments:
        words = close_directions([without_controls(word.text, directions=False) for word in segment.words])
        segments.append(
            replace(
                segment,
                text=without_controls(segment.text),
                speaker=segment.speaker and without_controls(segment.speaker),
                words=tuple(
                    replace(word, text=text, speaker=word.speaker and without_controls(word.speaker))
                    for word, text in zip(segment.words, words, strict=True)
                ),
            )
        )
    return replace(
        transcript,
        source=without_controls(transcript.source),
        speakers=tuple(map(without_controls, transcript.speakers)),
        turns=tuple(replace(turn, speaker=without_controls(turn.speaker)) for turn in transcript.turns),
        segments=tuple(segments),
    )


def _letters(text: str) -> str:
    return "".join(text.split())


def _of_whisper(data: dict[str, Any], notes: list[str]) -> list[Segment]:
    """Segments of whisper and whisperX: {"segments": [{"start", "end", "text", "words", "speaker"}]}."""
    with_spaces = any(str(w.get("word", "")).startswith(" ") for s in data["segments"] for w in s.get("words") or ())
    segments = []
    for number, item in enumerate(data["segments"]):
        place = f"segment {number}"
        start, end = _seconds(item["start"], place), _seconds(item["end"], place)
        text = " ".join(str(item["text"]).split())
        end = _end(start, end, place, notes)
        words = _words(item.get("words") or (), start, end, with_spaces, place, notes)
        speaker = item.get("speaker") or None
        if words and not text:
            text = join_words(word.text for word in words)
        segments.append(Segment(number, start, end, text, speaker, UNKNOWN, tuple(words)))
    return [segment for segment in segments if segment.text]


def _words(items: Any, start: float, end: float, with_spaces: bool, place: str, notes: list[str]) -> list[Word]:
    """Return the words; those without times (whisperX's numbers) lie between their neighbours."""
    words: list[Word] = []
    for number, item in enumerate(items):
        text = str(item["word"])
        here = f"{place}, word {number}"
        probability = _probability(item.get("probability", item.get("score")), here)
        first = _seconds(item["start"], here) if item.get("start") is not None else words[-1].end if words else start
        later = [other["start"] for other in items[number + 1 :] if other.get("start") is not None]
        last = _seconds(item["end"], here) if item.get("end") is not None else _seconds((later or [end])[0], here)
        last = _end(first, last, here, notes)
        if with_spaces and words and text[:1] not in ("", " ") and not text[0].isalnum():
            words[-1] = replace(words[-1], text=words[-1].text + text.strip(), end=max(words[-1].end, last))
        elif text.strip():
            speaker = item.get("speaker") or None
            words.append(Word(" ".join(text.split()), first, last, probability, speaker))
    return words


def _of_whisper_cpp(data: dict[str, Any], notes: list[str]) -> list[Segment]:
    """Segments of whisper.cpp: {"transcription": [{"offsets": {"from", "to"}, "text"}]}, in milliseconds."""
    segments = []
    for number, item in enumerate(data["transcription"]):
        start, end = (_seconds(item["offsets"][key] / 1000, f"segment {number}") for key in ("from", "to"))
        end = _end(start, end, f"segment {number}", notes)
        text = " ".join(str(item["text"]).split())
        segments.append(Segment(number, start, end, text, None, UNKNOWN, spread(text, start, end)))
    return [segment for segment in segments if segment.text]


def _result_language(data: dict[str, Any]) -> str:
    result = data.get("result")
    return str(result.get("language", "")) if isinstance(result, dict) else ""


def _end(start: float, end: float, place: str, notes: list[str]) -> float:
    """Return the end of a word or segment, with a note if it lies before the start."""
    if end < start:
        notes.append(f"{place} ends at {end:g} s, before it starts at {start:g} s: it gets no duration")
    return max(start, end)


def _seconds(value: Any, place: str) -> float:
    seconds = float(value)
    if not 0 <= seconds <= MAX_SECONDS:
        raise ValueError(f"{place}: {value} is not a time in seconds")
    return round(seconds, 3)


def _probability(value: Any, place: str) -> float:
    if value is None:
        return 1.0
    if not 0 <= float(value) <= 1:
        raise ValueError(f"{place}: a probability of {value}")
    return round(float(value), 4)
