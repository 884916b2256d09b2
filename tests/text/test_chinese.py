"""Traditional and simplified characters."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicekit.text.chinese import in_written_form, written_form
from voicekit.transcription.session import Session
from voicekit.types import Segment, Word


@pytest.mark.parametrize(
    ("tag", "form"),
    [
        ("zh", None), ("cmn", None), ("yue", None), ("ja", None), ("pt-BR", None), ("zh-TW", "zh-Hant"),
        ("zh_tw", "zh-Hant"), ("zh-Hant", "zh-Hant"), ("cmn-Hant", "zh-Hant"), ("zh-HK", "zh-HK"), ("zh-MO", "zh-HK"),
        ("zh-Hans-HK", "zh-Hans"), ("zh-CN", "zh-Hans"), ("zh-SG", "zh-Hans"),
    ],
)  # fmt: skip
def test_written_forms_of_tags(tag: str, form: str | None) -> None:
    assert written_form(tag) == form


@pytest.mark.parametrize(
    ("form", "words", "expected"),
    [
        ("zh-Hant", "皇 后 在 后面 干什么", "皇 后 在 後面 幹什麼"),
        ("zh-Hant", "头 发 发 展", "頭 髮 發 展"),
        ("zh-Hans", "頭 髮 發 展 在 後面", "头 发 发 展 在 后面"),
        ("zh-HK", "为了 里面", "為了 裏面"),
    ],
)
def test_words_are_converted_in_their_phrase(form: str, words: str, expected: str) -> None:
    text = words.replace(" ", "")
    spoken = tuple(Word(word, i, i + 1, 1.0) for i, word in enumerate(words.split()))
    english = Segment(1, 9.0, 10.0, "Hello.", None, "en", (Word("Hello.", 9.0, 10.0, 1.0),))
    chinese, other = in_written_form([Segment(0, 0.0, 9.0, text, None, "zh", spoken), english], form)
    assert [word.text for word in chinese.words] == expected.split()
    assert (chinese.text, chinese.language) == (expected.replace(" ", ""), form)
    assert [(word.start, word.end) for word in chinese.words] == [(word.start, word.end) for word in spoken]
    assert other == english


@pytest.mark.parametrize(("language", "expected", "others"), [("zh-TW", "對機", "对机"), ("zh-CN", "对机", "對機")])
def test_a_recording_in_the_form_that_was_asked_for(
    session: Session, recordings: Path, language: str, expected: str, others: str
) -> None:
    """Whisper chooses the characters itself: it writes this recording in traditional ones."""
    transcript = session.transcribe(
        recordings / "lang/zh/cosyvoice_zero_shot_prompt.flac", language=language, diarizer="none"
    )
    print(transcript.text)
    assert transcript.language == written_form(language)
    assert not set(others) & set(transcript.text)
