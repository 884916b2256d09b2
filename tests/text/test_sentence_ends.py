from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicekit.subtitles.line_breaks import SENTENCE, break_cost
from voicekit.subtitles.speaker_labels import split_label
from voicekit.text.sentence_ends import ends_sentence, is_abbreviation, sentence_ends
from voicekit.text.sentences import split_sentences
from voicekit.types import Segment, spread


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


def test_parentheses_of_a_name_stay_whole() -> None:
    assert split_label("ANA (V.O.): Hi.") == ("ANA (V.O.)", "Hi.")
    assert split_label("(ANA): Hi.") == ("ANA", "Hi.")
    assert split_label("[ANA]: Hi.") == ("ANA", "Hi.")


def test_an_address_is_no_name() -> None:
    assert split_label("Visit example.com: now") == (None, "Visit example.com: now")
    assert split_label("He came. Then: now") == (None, "He came. Then: now")


TEXTS = {
    path.stem: [block.split("\n") for block in path.read_text().strip().split("\n\n")]
    for path in sorted((Path(__file__).parents[1] / "data" / "sentences").glob("*.txt"))
}
"""By language: texts as their sentences. NOTICE tells where they are from.

Left out are lists without full stops, and quotations of several sentences that count as one sentence, which voicekit
splits on purpose. The last ones of each file are our own.
"""

NOT_RIGHT = (
    "I live in the U.S.A. I went", "On Jan. 20, former Sen. Barack", "The nurse gave him the i.v.",
    "Ob Sie in Hannover",
)  # fmt: skip
"""Starts of texts that are split in other places. An initialism before a capital can be either."""


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        pytest.param(
            language, sentences, id=f"{language}-{number}",
            marks=[pytest.mark.xfail(strict=True)] if " ".join(sentences).startswith(NOT_RIGHT) else [],
        )
        for language, texts in TEXTS.items()
        for number, sentences in enumerate(texts, 1)
    ],
)  # fmt: skip
def test_sentences_of_a_text(language: str, sentences: list[str]) -> None:
    text = " ".join(sentences)
    segment = Segment(0, 0.0, 1.0, text, None, language, spread(text, 0.0, 1.0))
    assert [sentence.text for sentence in split_sentences([segment])] == sentences


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from("A. b Dr. no. 5. » ( ) — • ' é。 \ud800 x!".split(" "))).map(" ".join)
)
def test_every_word_is_in_one_sentence(text: str) -> None:
    words = text.split()
    for language in ("en", "de", "zh", "xx"):
        assert len(sentence_ends(words, language)) == len(words)
