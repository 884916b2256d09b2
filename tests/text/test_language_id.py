"""The language of a text, and text in another script or language."""

from __future__ import annotations

import pytest

from voicekit.text.language_id import in_other_script, other_language, recognize_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The train to the coast leaves at ten.", "en"),
        ("Der Zug an die Küste fährt um zehn.", "de"),
        ("O trem para a costa sai às dez horas da manhã.", "pt"),
        ("这座桥很旧，村里的人都知道。", "zh"),
        ("この橋はとても古いです。", "ja"),
        ("", "und"),
        ("12:30 ...", "und"),
    ],
)
def test_recognized_languages(text: str, language: str) -> None:
    assert recognize_language(text)[0] == language


@pytest.mark.parametrize(
    ("text", "language", "other"),
    [
        ("你好", "en", True),
        ("Привет", "en", True),
        ("Hello", "ru", True),
        ("Hello", "en", False),
        ("日本語テスト", "ja", False),
        ("漢字", "ja", False),
        ("漢字", "ko", False),
        ("漢字", "zh-Hant", False),
        ("カタカナ", "zh", True),
        ("Zdravo", "sr", False),
        ("Здраво", "sr", False),
        ("NASA 一号任务开始了吗", "zh", False),
        ("123 !?", "en", False),
        ("मेरा", "hi", False),
        ("ไทย", "th", False),
    ],
)
def test_scripts(text: str, language: str, other: bool) -> None:
    assert in_other_script(text, language) is other


@pytest.mark.parametrize(
    ("text", "language", "other"),
    [
        ("No sabemos todavía a qué hora sale el tren de mañana.", "en", "es"),
        ("No sabemos todavía a qué hora sale el tren de mañana.", "es-MX", None),
        ("Jeg vet ikke når toget går i morgen tidlig.", "da", None),
        ("C'est la vie.", "en", None),
    ],
)
def test_other_languages(text: str, language: str, other: str | None) -> None:
    assert other_language(text, language) == other
