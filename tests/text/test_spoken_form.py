"""What is spoken for numbers, dates, money, units and symbols.

`data/normalization` holds pairs from the tests of NeMo text processing (Apache-2.0), whose grammars voicekit runs. Even
rows may be looked at while working on `text.spoken_form`; only odd rows are scored.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicekit.errors import UsageError
from voicekit.text.speakable import to_parts
from voicekit.text.spoken_form import write_out

TABLES = Path(__file__).parents[1] / "data" / "normalization"
LANGUAGES = ("en", "de", "es", "fr", "pt", "zh", "ja", "ru")


def comparable(text: str) -> str:
    """The words of a text; case, punctuation and hyphens are not heard."""
    return " ".join(re.sub(r"[^\w\s']|_", " ", text).lower().split())


def same(kind: str, heard: str, spoken: str, language: str) -> bool:
    """Whether two spoken forms agree. A German ordinal alone may have any ending: its noun decides."""
    forms = [comparable(heard), comparable(spoken)]
    if (language, kind) == ("de", "ordinal"):
        forms = [re.sub(r"(?<=t)er?\b", "e", form) for form in forms]
    return forms[0] == forms[1]


@pytest.mark.parametrize(("language", "pairs"), [("en", 300), ("de", 60), ("es", 60), ("fr", 60), ("pt", 60)])
def test_published_pairs_of_written_and_spoken_forms(language: str, pairs: int) -> None:
    rows = [line.split("\t") for line in (TABLES / f"{language}.tsv").read_text(encoding="utf-8").splitlines()]
    wrong = {
        half: [
            (kind, written, spoken, heard)
            for kind, written, spoken in rows[half::2]
            if not same(kind, heard := write_out(written, language), spoken, language)
        ]
        for half in (0, 1)
    }
    for half, listed in wrong.items():
        print(f"{language}, half {half}: {len(listed)} of {len(rows[half::2])} wrong")
    print(*wrong[0], sep="\n")
    assert len(rows) >= pairs
    assert len(wrong[1]) <= 0.02 * len(rows[1::2])


CASES = {
    "en": [
        ("18+", "eighteen plus"),
        ("[5]", "five"),
        ("5€", "five euros"),
        ("10$", "ten dollars"),
        ("½", "one half"),
        ("3×4", "three times four"),
        ("1990s", "nineteen nineties"),
        ("-5°C", "minus five degrees celsius"),
        ("$1,234.56", "one thousand two hundred and thirty four dollars fifty six cents"),
        ("no. 5", "number five"),
        ("No. I will not.", "no i will not"),
        ("5 m", "five meters"),
        ("24/7", "twenty four seven"),
        ("12/31/99", "december thirty first ninety nine"),
        ("Henry VIII", "henry the eighth"),
        ("World War II", "world war two"),
        ("Malcolm X", "malcolm x"),
        ("3-1", "three one"),
        ("1/2 cup", "one half cup"),
        ("10:05", "ten o five"),
        ("555-123-4567", "five five five one two three four five six seven"),
        ("me@example.org", "me at example dot org"),
        ("v1.2.3", "version one point two point three"),
        ("£5bn", "five billion pounds"),
        ("2nd", "second"),
        ("#winning", "hashtag winning"),
        ("6'2\"", "six feet two inches"),
        ("100% & more", "one hundred percent and more"),
    ],
    "de": [
        ("12 %", "zwölf prozent"),
        ("5 km", "fünf kilometer"),
        ("3,50 €", "drei euro fünfzig"),
        ("Am 5. März", "am fünften märz"),
        ("der 3. Stock", "der dritte stock"),
    ],
    "es": [("12 %", "doce por ciento"), ("5 km", "cinco kilómetros")],
    "zh": [("12%", "百分之十二"), ("5€", "五欧元")],
}


@pytest.mark.parametrize(
    ("language", "written", "spoken"), [(language, *pair) for language, pairs in CASES.items() for pair in pairs]
)
def test_what_people_write(language: str, written: str, spoken: str) -> None:
    assert comparable(write_out(written, language)) == spoken


REPORTED = [
    line.split("\t")
    for line in (TABLES / "reported.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize(("language", "written", "spoken"), REPORTED)
def test_what_public_reports_complain_about(language: str, written: str, spoken: str) -> None:
    assert write_out(written, language) == spoken


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_nothing_raises_and_words_come_out(language: str, data: st.DataObject) -> None:
    alphabet = st.one_of(
        st.characters(exclude_categories=("Cs",)), st.sampled_from("0123456789.,:/-+€$£%&@#°×½[](){}'\" "),
        st.sampled_from("abcXVIäñçéпр中文日本語"),
    )  # fmt: skip
    text = data.draw(st.text(alphabet, max_size=30))
    try:
        parts = to_parts(text, language)
    except UsageError:  # no words, or too long a pause
        return
    assert all(part.text.strip() for part in parts)


@pytest.mark.parametrize("symbol", [chr(code) for code in range(0x20, 0x2600) if chr(code).isprintable()][::7])
def test_a_digit_beside_any_symbol(symbol: str) -> None:
    for text in (f"{symbol}5", f"5{symbol}", f"5{symbol}5"):
        for language in ("en", "zh"):
            assert to_parts(text, language)[0].text
