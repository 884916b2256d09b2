"""Subtitles as people have them, translated: songs, emoji, tags, signs, lines in other languages and scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.translation.test_translation import said
from voicekit.api import translate
from voicekit.cli import run
from voicekit.config.translate import TranslateOptions
from voicekit.errors import UsageError
from voicekit.translation.translator import Translator
from voicekit.types import Transcript


def translated(*lines: str, source: str | None = "en") -> tuple[list[str], list[str]]:
    """Return the translations to Portuguese and the warnings."""
    transcript = said(*(("A", line) for line in lines), language="und")
    result = Translator(TranslateOptions(to=("pt",), source=source, engine="bergamot")).translate(transcript, "pt")
    return [segment.text for segment in result.transcript.segments], result.notes.warnings


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("\u266a We are the champions of the world \u266a", ["\u266a ", " \u266a"]),
        ("\u266a\u266a", ["\u266a\u266a"]),
        ("\U0001f600 Hello there, my friend! \U0001f389", ["\U0001f600", "\U0001f389"]),
        ("\U0001f44d\U0001f3fd", ["\U0001f44d\U0001f3fd"]),
        ("I love \u2764\ufe0f this house <3 very much", ["\u2764\ufe0f", "<3"]),
        ("# The night has come #", ["# ", " #"]),
    ],
    ids=["song", "notes alone", "emoji at the ends", "emoji alone", "symbols inside", "song in hashes"],
)
def test_symbols_come_through(line: str, kept: list[str]) -> None:
    texts, _ = translated("I did not know that.", line)
    assert len(texts) >= 2
    assert all(symbol in " ".join(texts[1:]) for symbol in kept)
    assert " ".join(texts).count(kept[0].strip()) == line.count(kept[0].strip())


@pytest.mark.parametrize(
    "line",
    [
        "\u4f60\u597d\uff0c\u670b\u53cb\u3002",
        "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u043e\u0439 \u0434\u0440\u0443\u0433.",
        "\u0645\u0631\u062d\u0628\u0627 \u064a\u0627 \u0635\u062f\u064a\u0642\u064a.",
        "\ud55c\uad6d\uc5b4 \ubb38\uc7a5\uc785\ub2c8\ub2e4.",
        "No sabemos todav\u00eda a qu\u00e9 hora sale el tren de ma\u00f1ana.",
    ],
    ids=["Chinese", "Russian", "Arabic", "Korean", "Spanish"],
)
def test_lines_in_another_language_are_left_and_listed(line: str) -> None:
    texts, warnings = translated("Hello there, my friend.", "The train to the coast leaves at ten.", line)
    assert texts[-1] == line
    assert "trem" in texts[1]
    (warning,) = (text for text in warnings if "not in en left as they are" in text)
    assert f"1 sentence not in en left as they are: 0:07 '{line[:10]}" in warning


def test_a_file_in_another_language_than_stated_is_translated_with_a_warning() -> None:
    lines = [
        "O trem para a costa sai todos os dias \u00e0s dez horas.",
        "Eu n\u00e3o sabia que voc\u00ea tamb\u00e9m estava l\u00e1 ontem.",
    ]
    _, warnings = translated(*lines)
    assert any("looks like pt" in warning and "is --from right?" in warning for warning in warnings)


def test_the_language_of_a_file_is_recognized(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "talk.srt").write_text(
        "1\n00:00:01,000 --> 00:00:04,000\nThe train to the coast leaves at ten.\n", encoding="utf-8"
    )
    assert run(["translate", str(tmp_path / "talk.srt"), "--to", "pt", "--engine", "bergamot"]) == 0
    assert "talk.srt: the language is en (" in capsys.readouterr().out
    assert "trem" in (tmp_path / "talk.pt.srt").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["Ok.", "12 30", "la la la"])
def test_a_language_in_doubt_is_asked_for(text: str) -> None:
    with pytest.raises(UsageError, match=r"--from"):
        translate(said(("A", text), language="und"), "pt", engine="bergamot")


def test_a_sign_and_two_turns_stay_apart(tmp_path: Path) -> None:
    cues = [
        ("01,000", "05,000", "I think that we should"),
        ("02,000", "04,000", "HOTEL OPEN"),
        ("05,100", "07,000", "go there now."),
        ("08,000", "10,000", "- Are you sure?\n- Yes, I am."),
    ]
    text = "".join(f"00:00:{start} --> 00:00:{end}\n{line}\n\n" for start, end, line in cues)
    (tmp_path / "x.srt").write_text(text, encoding="utf-8")
    run(["translate", str(tmp_path / "x.srt"), "--from", "en", "--to", "pt", "--format", "json,srt"])
    result = Transcript.from_json((tmp_path / "x.pt.json").read_text(encoding="utf-8"))
    sign = next(segment for segment in result.segments if segment.layer == 1)
    assert (sign.start, sign.end) == (2.0, 4.0)
    assert any(segment.layer == 0 and segment.start < 2.0 and segment.end > 4.0 for segment in result.segments)
    assert [segment.cue[:2] for segment in result.segments if segment.cue] == ["- ", "- "]
