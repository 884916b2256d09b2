"""Real recordings beyond the sample: languages and conversations. Skipped, saying so, where they are not at hand."""

from __future__ import annotations

from pathlib import Path

import jiwer
import pytest
from whisper_normalizer.basic import BasicTextNormalizer

from voicekit.config.subtitles import subtitle_style
from voicekit.evaluation.evaluate import evaluate
from voicekit.subtitles.cue import width
from voicekit.subtitles.layout import lay_out
from voicekit.transcription.session import Session

CLIPS = {
    "de": "azure_testing_audio.ogg",
    "es": "azure_testing_audio.ogg",
    "fr": "azure_testing_audio.ogg",
    "ja": "azure_testing_audio.ogg",
    "ko": "azure_testing_audio.ogg",
    "pt": "azure_testing_audio.ogg",
    "zh": "azure_testing_audio.ogg",
}


@pytest.fixture(scope="module")
def session() -> Session:
    return Session()


@pytest.mark.parametrize(
    "language", [name if name in ("de", "zh") else pytest.param(name, marks=pytest.mark.slow) for name in CLIPS]
)
def test_languages_are_detected_and_written(recordings: Path, session: Session, language: str) -> None:
    media = recordings / "lang" / language / CLIPS[language]
    t = session.transcribe(media, diarizer="none", model="base")
    assert t.language == language
    assert {segment.language for segment in t} == {language}
    for cue in lay_out(t, subtitle_style()):
        assert all(width(line) <= 42 for line in cue.text.split("\n"))
    if language in ("zh", "ja"):
        assert " " not in t.text.replace(". ", "").replace("、 ", "") or t.text.count(" ") < len(t.text) / 20
        return
    normal = BasicTextNormalizer()
    read = media.with_suffix(".txt").read_text(encoding="utf-8")
    reference = normal(read.replace("(", " ").replace(")", " "))  # the normaliser drops what stands in brackets
    assert jiwer.wer(reference, normal(t.text)) < 0.30


@pytest.mark.parametrize(
    ("name", "speakers", "limit"),
    [("dev_2spk_clean", 2, 0.16), pytest.param("dev_3spk_overlap", 3, 0.08, marks=pytest.mark.slow)],
)
def test_conversations(recordings: Path, session: Session, name: str, speakers: int, limit: float) -> None:
    """DER measured when this was written: 13.2 % and 5.7 %; the limits leave room for other processors' arithmetic."""
    media = recordings / "conv" / "composed" / f"{name}.ogg"
    t = session.transcribe(media, model="tiny.en", diarizer_model="starter")
    assert len(t.speakers) == speakers
    assert evaluate(t, media.with_suffix(".rttm")).total["der"].value <= limit
