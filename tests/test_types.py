from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.strategies import transcripts
from voicekit.errors import SourceError
from voicekit.text.words import join_words
from voicekit.types import Segment, Transcript, Turn, Word


@given(transcripts())
def test_json_and_back(transcript: Transcript) -> None:
    assert Transcript.from_json(transcript.to_json()) == transcript


def test_json_holds_the_contract() -> None:
    word = Word("Hi", 0.0, 0.4, 0.9, "Ana", 1.0)
    t = Transcript(
        "voicekit.transcript/1", "en", 2.0, "talk.mp4", ("Ana",),
        (Segment(0, 0.0, 0.4, "Hi", "Ana", "en", (word,)),), (Turn(0.0, 0.4, "Ana"),),
    )  # fmt: skip
    value = json.loads(t.to_json())
    assert list(value) == ["schema", "language", "duration", "source", "speakers", "segments", "turns"]
    assert list(value["segments"][0]) == ["id", "start", "end", "text", "speaker", "language", "words"]
    assert list(value["segments"][0]["words"][0]) == [
        "text", "start", "end", "probability", "speaker", "speaker_confidence",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"schema": "voicekit.transcript/2"}', "\x00", '{"schema": "voicekit.transcript/1", "x": 1}'],
)
def test_other_json_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(SourceError) as caught:
        Transcript.from_json(text)
    assert "\n" not in str(caught.value)
    assert "schema transcript" in str(caught.value)


def test_nan_is_refused() -> None:
    good = Transcript("voicekit.transcript/1", "en", 2.0, "x", (), ()).to_json()
    with pytest.raises(SourceError):
        Transcript.from_json(good.replace("2.0", "NaN"))


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["Hello,", "world."], "Hello, world."),
        (["今天", "天气"], "今天天气"),
        (["Python", "です", "。"], "Pythonです。"),
        (["안녕", "하세요"], "안녕 하세요"),
        (["สวัสดี", "ครับ"], "สวัสดีครับ"),
        ([], ""),
    ],
)
def test_spaces_between_words(words: list[str], text: str) -> None:
    assert join_words(words) == text


@given(st.lists(st.text(st.characters(categories=["L"], max_codepoint=0x24F), min_size=1)))
def test_latin_words_come_apart_again(words: list[str]) -> None:
    assert join_words(words).split() == words


def test_dataframe() -> None:
    word = Word("Hi", 0.0, 0.4, 0.9, "Ana", 1.0)
    segment = Segment(0, 0.0, 0.4, "Hi", "Ana", "en", (word,))
    t = Transcript("voicekit.transcript/1", "en", 2.0, "x", ("Ana",), (segment,))
    assert t.to_dataframe().to_dict("records") == [
        {"id": 0, "start": 0.0, "end": 0.4, "speaker": "Ana", "language": "en", "text": "Hi"}
    ]
    assert list(t.to_dataframe("words")["text"]) == ["Hi"]
    empty = Transcript("voicekit.transcript/1", "und", 2.0, "x", (), ())
    assert list(empty.to_dataframe().columns) == list(t.to_dataframe().columns)


def test_notebook_view_escapes_what_is_not_ours() -> None:
    evil = "<script>alert(1)</script>"
    segment = Segment(0, 0.0, 0.4, evil, evil, "en", ())
    view = Transcript("voicekit.transcript/1", "en", 2.0, evil, (evil,), (segment,))._repr_html_()
    assert "<script" not in view
    assert view.count("&lt;script") == 3
