from __future__ import annotations

import pytest

from voicekit.subtitles.line_breaks import SENTENCE, break_cost
from voicekit.subtitles.speaker_labels import split_label
from voicekit.text.sentence_ends import ends_sentence, is_abbreviation


@pytest.mark.parametrize(
    ("word", "following", "ends"),
    [
        ("done.", "The", True),
        ("done.”", "The", True),
        ("done", "The", False),
        ("<i>done.</i>", "<b>The</b>", True),
        ("what?!", "", True),
        ("Well...", "So", True),
        ("す。", "では", True),
        ("Wow!", "that", False),
        ("Dr.", "Who", False),
        ("(Mr.", "Bean", False),
        ("J.", "Smith", False),
        ("J.R.R.", "Tolkien", False),
        ("I.", "Then", True),
        ("e.g.", "London", False),
        ("z.B.", "Berlin", False),
        ("etc.", "Then", True),
        ("etc.", "and", False),
        ("U.S.", "The", True),
        ("p.m.", "on", False),
        ("No.", "I", True),
        ("No.", "5", False),
        ("Sept.", "12", False),
        ("mar.", "Luego", True),
        ("3.", "5.", False),
        ("1999.", "2000", True),
        ("г.", "Москва", True),
        ("руб.", "за", False),
    ],
)
def test_where_a_sentence_ends(word: str, following: str, ends: bool) -> None:
    assert ends_sentence(word, following) == ends


def test_without_capitals_lower_case_proves_nothing() -> None:
    assert ends_sentence("done.", "the", uncased=True)
    assert not ends_sentence("dr.", "who", uncased=True)


@pytest.mark.parametrize(
    "title", ["Mr.", "Dr.", "Drs.", "Prof.", "St.", "Sra.", "Hr.", "Lt.", "Capt.", "Mme.", "J.", "J.R."]
)
def test_lines_names_and_sentences_know_the_same_titles(title: str) -> None:
    assert is_abbreviation(title, "Smith")
    assert not ends_sentence(title, "Smith")
    assert break_cost(title, "Smith", "en") > SENTENCE
    assert split_label(f"{title} Smith: Yes.") == (f"{title} Smith", "Yes.")


def test_an_address_is_no_name() -> None:
    assert split_label("Visit example.com: now") == (None, "Visit example.com: now")
    assert split_label("He came. Then: now") == (None, "He came. Then: now")
