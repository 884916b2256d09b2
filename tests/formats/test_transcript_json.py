"""Transcripts of other programs, edited ones, and files that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from voicekit.errors import SourceError
from voicekit.formats.readers import read_annotation
from voicekit.formats.subtitle_files import load_subtitles
from voicekit.formats.transcript_json import read_transcript_json
from voicekit.types import Segment, Transcript, Word, spread

WHISPER = {
    "text": " Hello there, friend. Bye.",
    "language": "en",
    "segments": [
        {
            "id": 0, "seek": 0, "start": 1.0, "end": 3.0, "text": " Hello there, friend.", "tokens": [1],
            "words": [
                {"word": " Hello", "start": 1.0, "end": 1.4, "probability": 0.9},
                {"word": " there", "start": 1.4, "end": 1.8, "probability": 0.8},
                {"word": ",", "start": 1.8, "end": 1.9, "probability": 0.7},
                {"word": " friend.", "start": 2.0, "end": 3.0, "probability": 0.6},
            ],
        },
        {"id": 1, "start": 4.0, "end": 5.0, "text": " Bye."},
    ],
}  # fmt: skip

WHISPERX = {
    "language": "de",
    "segments": [
        {
            "start": 0.5, "end": 2.5, "text": "Es ist 8 Uhr.", "speaker": "SPEAKER_01",
            "words": [
                {"word": "Es", "start": 0.5, "end": 0.7, "score": 0.99, "speaker": "SPEAKER_01"},
                {"word": "ist", "start": 0.8, "end": 1.0, "score": 0.95, "speaker": "SPEAKER_01"},
                {"word": "8"},
                {"word": "Uhr.", "start": 1.8, "end": 2.5, "score": 0.9, "speaker": "SPEAKER_01"},
            ],
        }
    ],
    "word_segments": [],
}  # fmt: skip

WHISPER_CPP = {
    "result": {"language": "en"},
    "transcription": [{"offsets": {"from": 1000, "to": 2000}, "text": " Hello there."}],
}


@pytest.mark.parametrize(
    ("data", "language", "words", "speakers"),
    [
        (
            WHISPER, "en",
            [("Hello", 1.0, 1.4), ("there,", 1.4, 1.9), ("friend.", 2.0, 3.0), ("Bye.", 4.0, 5.0)], (),
        ),
        (WHISPERX, "de", [("Es", 0.5, 0.7), ("ist", 0.8, 1.0), ("8", 1.0, 1.8), ("Uhr.", 1.8, 2.5)], ("SPEAKER_01",)),
        (WHISPER_CPP, "en", [("Hello", 1.0, 1.5), ("there.", 1.5, 2.0)], ()),
        ({"segments": []}, "und", [], ()),
    ],
)  # fmt: skip
def test_the_json_of_other_programs(
    tmp_path: Path, data: Any, language: str, words: list[tuple[str, float, float]], speakers: tuple[str, ...]
) -> None:
    path = tmp_path / "talk.json"
    path.write_text(json.dumps(data))
    transcript, _ = load_subtitles(path)
    assert (transcript.language, transcript.speakers) == (language, speakers)
    assert [(w.text, w.start, w.end) for w in transcript.words] == [
        (text, pytest.approx(start, abs=0.05), pytest.approx(end, abs=0.05)) for text, start, end in words
    ]
    assert [w.text for w in read_annotation(path).words] == [w[0] for w in words]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "x.json: line 1: not JSON"),
        ("not json at all", "x.json: line 1: not JSON"),
        ("[1, 2]", "x.json: not a transcript: JSON that holds a list"),
        ('{"schema": "voicekit.takes/1"}', "x.json: not a transcript: voicekit.takes/1"),
        ('{"a": 1, "b": 2}', "x.json: not a transcript ('segments'); its keys are a, b"),
        ('{"segments": [{"start": -1, "end": 2, "text": "x"}]}', "segment 0: -1 is not a time in seconds"),
        ('{"segments": [{"start": NaN, "end": 2, "text": "x"}]}', "NaN is not JSON"),
        (
            json.dumps(
                {"segments": [{"start": 0, "end": 2, "text": "x", "words": [{"word": "x", "probability": 1.5}]}]}
            ),
            "segment 0, word 0: a probability of 1.5",
        ),
    ],
)
def test_what_is_no_transcript_is_named(text: str, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        read_transcript_json(text, "x.json")
    assert said in caught.value.message


def transcript(*segments: Segment) -> Transcript:
    return Transcript("voicekit.transcript/1", "en", 10.0, "x.wav", (), segments)


def segment(number: int, start: float, end: float, text: str, words: tuple[Word, ...] | None = None) -> Segment:
    return Segment(number, start, end, text, None, "en", spread(text, start, end) if words is None else words)


def test_a_segment_without_words_gets_some() -> None:
    read, notes = read_transcript_json(transcript(segment(0, 1.0, 3.0, "Hello there friend.", ())).to_json(), "x")
    assert [w.text for w in read.words] == ["Hello", "there", "friend."]
    assert notes == ["1 segments have a text but no words: their time is shared out by length"]


def test_an_edited_text_counts() -> None:
    words = spread("The old brigde stood.", 0.0, 4.0)
    read, notes = read_transcript_json(transcript(segment(0, 0.0, 4.0, "The old bridge stood.", words)).to_json(), "x")
    assert [w.text for w in read.words] == ["The", "old", "bridge", "stood."]
    assert [(w.start, w.end) for w in read.words] == [(w.start, w.end) for w in words]
    assert "1 segments have other words than their text" in notes[0]


def test_segments_are_sorted() -> None:
    read, notes = read_transcript_json(
        transcript(segment(0, 5.0, 6.0, "Second."), segment(1, 1.0, 2.0, "First.")).to_json(), "x"
    )
    assert [(s.id, s.text) for s in read.segments] == [(0, "First."), (1, "Second.")]
    assert notes == ["segments out of order: sorted by start time"]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("one two three", [("one", 0.0), ("two", 1.0), ("three", 2.0)]),
        ("one 2 three", [("one", 0.0), ("2", 1.0), ("three", 2.0)]),
        ("one three", [("one", 0.0), ("three", 2.0)]),
        ("zero one two three", [("zero", 0.0), ("one", 0.0), ("two", 1.0), ("three", 2.0)]),
        ("one two and three", [("one", 0.0), ("two", 1.0), ("and", 1.5), ("three", 2.0)]),
        ("", []),
    ],
)
def test_words_that_stay_keep_their_times(text: str, times: list[tuple[str, float]]) -> None:
    words = tuple(Word(name, float(n), float(n + 1), 1.0) for n, name in enumerate(("one", "two", "three")))
    changed = segment(0, 0.0, 3.0, "one two three", words).with_text(text)
    assert changed.text == text
    assert [(w.text, w.start) for w in changed.words] == times


def test_a_transcript_edited_in_python_is_saved_as_edited(tmp_path: Path) -> None:
    from dataclasses import replace

    first = segment(0, 0.0, 4.0, "The old brigde stood.")
    edited = transcript(replace(first, text="The old bridge stood."))
    for name in ("x.srt", "x.txt", "x.vtt", "x.json"):
        with pytest.warns(UserWarning, match="1 segments have other words than their text"):
            edited.save(tmp_path / name)
        assert "bridge stood." in (tmp_path / name).read_text().replace("\n", " ")
        assert "brigde" not in (tmp_path / name).read_text()
