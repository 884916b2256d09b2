"""Subtitle files as they are found: mended with a note, or refused with the line."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pysrt
import pytest
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.strategies import transcripts
from voicekit.config.subtitles import subtitle_style
from voicekit.errors import SourceError
from voicekit.formats.writers import to_srt, to_vtt
from voicekit.subtitles.read import decode, parse, read_subtitles
from voicekit.types import Transcript

RAW = subtitle_style("raw")
GOOD = "1\n00:00:01,000 --> 00:00:02,500\n<i>Hello</i> there.\nTwo lines.\n\n2\n00:00:03,000 --> 00:00:04,000\nYes.\n\n"


def srt(text: str) -> tuple[list[tuple[float, float, str]], list[str]]:
    t, notes = parse(text, "x.srt")
    return [(s.start, s.end, s.text) for s in t.segments], notes


def test_a_sound_file_needs_no_note() -> None:
    cues, notes = srt(GOOD)
    assert cues == [(1.0, 2.5, "Hello there. Two lines."), (3.0, 4.0, "Yes.")]
    assert notes == []
    assert parse(GOOD, "x.srt")[0].segments[0].cue == "<i>Hello</i> there.\nTwo lines."


@pytest.mark.parametrize(
    ("text", "cues", "note"),
    [
        ("1\n00:00:01,000 --> 00:00:02,000\nOne\n\nmore\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo\n",
         [(1, 2, "One more"), (3, 4, "Two")], "line 2: blank lines inside a cue"),
        ("00:00:01,000 --> 00:00:02,000\nOne\n\n00:00:03,000 --> 00:00:04,000\nTwo\n",
         [(1, 2, "One"), (3, 4, "Two")], "2 cues with a missing or wrong number"),
        ("7\n00:00:01,000 --> 00:00:02,000\nOne\n", [(1, 2, "One")], "1 cues with a missing or wrong number"),
        ("1\n-00:00:01,000 --> 00:00:02,000\nOne\n", [(0, 2, "One")], "line 2: negative times"),
        ("1\n01.5 --> 02.25\nOne\n", [(1.5, 2.25, "One")], "line 2: unusual times: read as 1.5 to 2.25 s"),
        ("1\n1:02,5 --> 1:03\nOne\n", [(62.5, 63, "One")], "unusual times"),
        ("1\n00:00:01.500-->00:00:02.000\nOne\n", [(1.5, 2, "One")], "unusual times"),
        ("1\n00 : 00 : 01 , 500 –> 00:00:02,000\nOne\n", [(1.5, 2, "One")], "unusual times"),
        ("1\n00：00：01,500 -> 00：00：02,000\nOne\n", [(1.5, 2, "One")], "unusual times"),
        ("1\n00:00:02,000 --> 00:00:01,000\nOne\n", [(2, 2, "One")], "end before the start"),
        ("1\n00:00:05,000 --> 00:00:06,000\nTwo\n\n2\n00:00:01,000 --> 00:00:02,000\nOne\n",
         [(1, 2, "One"), (5, 6, "Two")], "out of order"),
        ("1\n00:00:01,000 --> 00:00:02,000\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo\n", [(3, 4, "Two")],
         "line 2: a cue without text"),
        ("1\n00:00:01,000 --> 00:00:02,000 X1:10 X2:20\nOne\n", [(1, 2, "One")],
         "1 cues have a position on the screen: left out"),
        ("\ufeff1\r\n00:00:01,000 --> 00:00:02,000\r\nOne\r\n", [(1, 2, "One")], None),
        ("1\n00:00:01,000 --> 00:00:02,000\na --> b\n", [(1, 2, "a --> b")], None),
        ("1\n00:00:01,000 --> 00:00:02,000\n1984\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo\n",
         [(1, 2, "1984"), (3, 4, "Two")], None),
        ("1\n00:00:01,000 --> 00:00:02,000\nOne\n2\n00:00:03,000 --> 00:00:04,000\nTwo\n",
         [(1, 2, "One"), (3, 4, "Two")], None),
        ("1\n00:00:01,000 --> 00:00:05,000\nOne\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo\n",
         [(1, 5, "One"), (3, 4, "Two")], None),
        ("1\n00:00:01:500 --> 00:00:02:000\nOne\n", [(1.5, 2, "One")], "line 2: unusual times: read as 1.5 to 2 s"),
        ("1\n00:00:01,500 - 00:00:02,000\nOne\n", [(1.5, 2, "One")], "unusual times"),
        ("0:01 -> 0:02\nOne\n2\n0:03 -> 0:04\nTwo\n", [(1, 2, "One"), (3, 4, "Two")], "line 4: unusual times"),
        ("1\n00:00:01,000 --> 00:00:02,000\n3 -> 4\n\n2\n00:00:03,000 --> 00:00:04,000\n10\n5 => 3 wins\n",
         [(1, 2, "3 -> 4"), (3, 4, "10 5 => 3 wins")], None),
        ("1\n00:00:01,000 --> 00:00:02,000\n-Yes.\n-No.\n", [(1, 2, "Yes. No.")], None),
        ("1\n00:00:01,000 --> 00:00:02,000\n-5 here,\n-7 there.\n", [(1, 2, "-5 here, -7 there.")], None),
        ("1\n00:00:01,000 --> 00:00:02,000\n\u00a0\n", [(1, 2, "")], None),
    ],
)  # fmt: skip
def test_srt_is_mended(text: str, cues: list[tuple[float, float, str]], note: str | None) -> None:
    found, notes = srt(text)
    assert found == cues
    assert any(note in one for one in notes) if note else notes == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Just some text.\n", "line 1: no cue and no times in it"),
        ("Words first\n\n1\n00:00:01,000 --> 00:00:02,000\nOne\n", "line 1: text before the times of the first cue"),
        ("1\n00:00:01,000 --> 00:00:02,000\nOne\n\n2\n00:00:xx --> 00:00:04,000\nTwo\n", "line 6: not `00:00:01,000"),
        ("1\n00:00:01,000 --> 00:00:02,000\nOne\n\n2\nsoon --> later\nTwo\n", "line 6: not `00:00:01,000"),
        ("1\n99999:00:00,000 --> 99999:00:01,000\nOne\n", "line 2"),
        ("1\n9999:99:99,000 --> 9999:99:99,900\nOne\n", "line 2: a time later than eleven days"),
    ],
)
def test_srt_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(SourceError, match=r"x\.srt: ") as caught:
        srt(text)
    assert said in caught.value.message


def test_encodings() -> None:
    assert decode("é".encode("utf-8-sig"), "x") == ("é", [])
    assert decode("é".encode("utf-16"), "x") == ("é", [])
    text, (note,) = decode("one\ncafé – “quoted”".encode("cp1252"), "x")
    assert text == "one\ncafé – “quoted”"
    assert note == "line 2: not UTF-8: read as cp1252; if that is wrong, give --encoding"
    for wrong in (b"a\n\0", "a\n\0".encode("utf-16")):
        with pytest.raises(SourceError, match="line 2: a zero byte"):
            decode(wrong, "x")
    assert decode(b"Caf\xe9 con le\xf1a \x81", "x")[0] == "Café con leña \ufffd"


def test_vtt() -> None:
    text = (
        "WEBVTT - a title\nLanguage: pt-BR\n\nSTYLE\n::cue { color: red }\n\nNOTE\nhidden\n\nid 1\n"
        "00:01.000 --> 00:02.000 align:start\n<v Ana Sousa>Tom &amp; <i>Ann</i></v>\n\n"
        "00:00:03.000 --> 00:00:05.000\none <00:00:04.000><c>two</c> three\n"
    )
    t, notes = parse(text, "x.vtt", vtt=True)
    assert t.language == "pt-BR"
    assert [(s.text, s.speaker, s.cue) for s in t.segments] == [
        ("Tom & Ann", "Ana Sousa", "Tom & <i>Ann</i>"), ("one two three", None, "one two three"),
    ]  # fmt: skip
    assert [(w.text, w.start) for w in t.segments[1].words][:2] == [("one", 3.0), ("two", 4.0)]
    assert notes == ["1 cues have a position on the screen: left out"]
    for wrong in (GOOD, "WEBVTTX\n\n00:01.000 --> 00:02.000\na\n"):
        with pytest.raises(SourceError, match="line 1: does not begin with WEBVTT"):
            parse(wrong, "x.vtt", vtt=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("WEBVTT\n00:01.000 --> 00:02.000\nno blank line before\n", ["no blank line before"]),
        ("WEBVTT\nKind: captions\n00:01.000 --> 00:02.000\nkinds\n", ["kinds"]),
        ("WEBVTT\n\nNOTES-1\n00:01.000 --> 00:02.000\nan id\n\nSTYLE\n00:03.000 --> 00:04.000\ntoo\n",
         ["an id", "too"]),
        ("WEBVTT\n\nNOTE a --> b\nc\n\nNOTE\nd --> e\n\n00:01.000 --> 00:02.000\nx\n", ["x"]),
        ("WEBVTT\n\nNOTE nothing was said\n", []),
    ],
)  # fmt: skip
def test_vtt_blocks(text: str, said: list[str]) -> None:
    t, notes = parse(text, "x.vtt", vtt=True)
    assert [s.text for s in t.segments] == said
    assert notes == []


def test_times_in_a_vtt_cue_are_those_of_its_words_whatever_stands_before_them() -> None:
    text = (
        "WEBVTT\n\n00:01.000 --> 00:05.000\n- Ana: one <00:02.000><c>two</c> thr<00:02.500>ee\n- <00:03.000>four\n\n"
        "00:06.000 --> 00:07.000\nAna: five\n"
    )
    t, _ = parse(text, "x.vtt", vtt=True)
    assert [(w.text, w.start) for w in t.words] == [
        ("one", 1.0), ("two", 2.0), ("three", 2.2), ("four", 3.0), ("five", 6.0),
    ]  # fmt: skip


def test_a_fault_in_every_cue_needs_no_note_each() -> None:
    text = "".join(f"{n}\n{n}.5 --> {n}.9\nx\n\n" for n in range(1, 100))
    _, notes = parse(text, "x.srt")
    assert len(notes) == 6
    assert notes[-1] == "and 94 more like it, up to line 394"


def test_a_long_line_takes_no_longer_than_it_is_long() -> None:
    for odd in (" ", "1 ", "1:", "-", "<", "&", "{\\", "1 --> "):
        text = f"1\n00:00:01,000 --> 00:00:02,000\n{odd * (1 << 16)}\n"
        for vtt in (False, True):
            with contextlib.suppress(SourceError):
                parse("WEBVTT\n\n" * vtt + text, "x", vtt=vtt)


def test_names_of_speakers_go_on_until_the_next() -> None:
    times = [f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n" for n in range(1, 5)]
    texts = ["Ana: One: two.", "more", "- Ben: Yes.\n- Ana: No.", "Ben: So."]
    t, _ = parse("\n".join(a + b + "\n" for a, b in zip(times, texts, strict=True)), "x.srt")
    assert [(s.speaker, s.text) for s in t.segments] == [
        ("Ana", "One: two."), ("Ana", "more"), ("Ben", "Yes. No."), ("Ben", "So."),
    ]  # fmt: skip
    plain, _ = parse(
        "\n".join(a + b + "\n" for a, b in zip(times, ["Note: this", "a", "b", "c"], strict=True)), "x.srt"
    )
    assert plain.speakers == ()
    texts = ["[MUSIC]", "Dr. Ray: One.", "Ben: Two.", "Dr. Ray: Three."]
    late, _ = parse("\n".join(a + b + "\n" for a, b in zip(times, texts, strict=True)), "x.srt")
    assert [s.speaker for s in late.segments] == [None, "Dr. Ray", "Ben", "Dr. Ray"]
    assert plain.segments[0].text == "Note: this"


@given(transcripts())
@settings(deadline=None, max_examples=150)
def test_what_we_write_comes_back_identical(transcript: Transcript) -> None:
    for name in ("standard", "netflix", "bbc", "shorts"):
        text = to_srt(transcript, subtitle_style(name))
        if text:
            back, _ = parse(text, "x.srt")
            assert to_srt(back, RAW) == text


LINES = [
    "Hello", "- Yes.", "<i>so</i>", "Ana: no", "1984", "a --> b", "{\\an8}top", "今天", "3 -> 4", "-Yes",
    "1:02 -> 1:03", "\u00a0", "<i></i>", "10 - 12", "Dr. No: hm", " x ", "01.5 02.5", "a\u2028b",
]  # fmt: skip


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5_000_000), st.integers(0, 9000),
            st.lists(st.sampled_from(LINES), min_size=1, max_size=3),
        ),
        max_size=12,
    )
)  # fmt: skip
@settings(deadline=None, max_examples=200)
def test_srt_to_transcript_to_srt_is_identical(cues: list[tuple[int, int, list[str]]]) -> None:
    items = [
        pysrt.SubRipItem(n, pysrt.SubRipTime.from_ordinal(a), pysrt.SubRipTime.from_ordinal(a + d), "\n".join(lines))
        for n, (a, d, lines) in enumerate(sorted(cues, key=lambda cue: cue[0]), 1)
    ]
    text = "".join(f"{item}\n" for item in items).replace("-->", "-->")
    t, _ = parse(text, "x.srt")
    assert to_srt(Transcript.from_json(t.to_json()), RAW) == text.replace("a --> b", "a → b")


@given(transcripts())
@settings(deadline=None, max_examples=100)
def test_webvtt_py_reads_every_vtt(transcript: Transcript) -> None:
    for name in ("standard", "bbc", "shorts"):
        text = to_vtt(transcript, subtitle_style(name))
        back = webvtt.from_string(text)
        ours, notes = parse(text, "x.vtt", vtt=True)
        assert notes == []
        assert len(back.captions) == len(ours.segments)
        assert [caption.start_in_seconds for caption in back] == [int(s.start) for s in ours.segments]


@given(st.text(max_size=300) | st.lists(st.sampled_from(
    ["1", "\n", "\n\n", "00:00:01,000", " --> ", "-->", "00:00:02,000", "-", "Ana: ", "<v A>", "WEBVTT\n", "NOTE", "x",
     "\x00", "\ufeff", ":", "9" * 30, "<00:01.000>", "²", "٣"])).map("".join), st.booleans())  # fmt: skip
@settings(deadline=None, max_examples=400)
def test_nothing_but_our_errors_comes_out(text: str, vtt: bool) -> None:
    with contextlib.suppress(SourceError):
        parse(text, "x", vtt=vtt)


def test_files(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        read_subtitles(tmp_path / "none.srt")
    (tmp_path / "a.doc").write_text("x")
    with pytest.raises(SourceError, match="unknown file type"):
        read_subtitles(tmp_path / "a.doc")
    (tmp_path / "a.srt").write_bytes("1\n00:00:01,000 --> 00:00:02,000\ncafé\n".encode("cp1252"))
    t, notes = read_subtitles(tmp_path / "a.srt")
    assert t.text == "café"
    assert len(notes) == 1
