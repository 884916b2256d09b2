"""Subtitle files as people have them: rolling captions, frames, two voices in a cue, colons that name nobody."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from voicekit.config.subtitles import subtitle_style
from voicekit.errors import SourceError, UsageError
from voicekit.subtitles.cue import Cue
from voicekit.subtitles.layout import lay_out
from voicekit.subtitles.read import decode, parse, read_subtitles
from voicekit.subtitles.render import to_vtt
from voicekit.subtitles.source_cue import ReadOptions
from voicekit.text.sentences import split_sentences
from voicekit.types import Segment, Transcript, spread

ROLLING_VTT = """WEBVTT
Kind: captions
Language: en

00:00:00.160 --> 00:00:02.790 align:start position:0%
~
hello<00:00:00.480><c> and</c><00:00:00.800><c> welcome</c><00:00:01.200><c> to</c>

00:00:02.790 --> 00:00:02.800 align:start position:0%
hello and welcome to
~

00:00:02.800 --> 00:00:04.780 align:start position:0%
hello and welcome to
this<00:00:03.100><c> video</c><00:00:03.600><c> about</c>

00:00:04.780 --> 00:00:04.790 align:start position:0%
this video about
~

00:00:04.790 --> 00:00:06.500 align:start position:0%
this video about
old<00:00:05.100><c> bridges</c>

00:00:06.500 --> 00:00:06.510 align:start position:0%
old bridges
~

00:00:06.510 --> 00:00:08.000 align:start position:0%
old bridges
in<00:00:06.900><c> the</c><00:00:07.200><c> north</c>
""".replace("~", " ")


def test_rolling_captions_are_read_once() -> None:
    transcript, notes = parse(ROLLING_VTT, "talk.en.vtt", vtt=True)
    assert [(s.start, s.end, s.text) for s in transcript.segments] == [
        (0.16, 2.79, "hello and welcome to"),
        (2.8, 4.78, "this video about"),
        (4.79, 6.5, "old bridges"),
        (6.51, 8.0, "in the north"),
    ]
    assert [(w.text, w.start) for w in transcript.segments[1].words] == [("this", 2.8), ("video", 3.1), ("about", 3.6)]
    assert any("rolling captions: 7 cues" in note for note in notes)


def test_rolling_captions_as_subrip() -> None:
    cues = ["one two", "three four", "five six", "seven eight", "nine ten"]
    text = ""
    for number, line in enumerate(cues):
        before = cues[number - 1] if number else ""
        text += f"{2 * number + 1}\n00:00:{2 * number:02},000 --> 00:00:{2 * number + 1:02},990\n{before}\n{line}\n\n"
        text += f"{2 * number + 2}\n00:00:{2 * number + 1:02},990 --> 00:00:{2 * number + 2:02},000\n{line}\n \n\n"
    transcript, _ = parse(text, "talk.srt")
    assert [segment.text for segment in transcript.segments] == cues


def test_an_answer_that_is_given_again_and_again_stays() -> None:
    text = "".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n + 1},000\nNo.\n\n" for n in range(1, 8))
    assert [segment.text for segment in parse(text, "x.srt")[0].segments] == ["No."] * 7


@pytest.mark.parametrize(
    ("clock", "fps", "seconds"),
    [
        ("00:00:01:12", 24, 1.5),
        ("00:00:01:12", 25, 1.48),
        ("00:00:01;12", 29.97, 1.401),
        ("00:01:00;02", 29.97, 60.06),
        ("00:10:00;00", 29.97, 599.999),
        ("01:00:00;00", 59.94, 3599.996),
        ("00:00:01:12", 23.976, 1.502),
    ],
)
def test_times_with_frames(clock: str, fps: float, seconds: float) -> None:
    text = f"1\n{clock} --> 02:00:00:00\nFrames.\n"
    (segment,) = parse(text, "x.srt", options=ReadOptions(fps=fps))[0].segments
    assert segment.start == pytest.approx(seconds, abs=0.0011)
    with pytest.raises(SourceError, match="line 2: times with frames") as caught:
        parse(text, "x.srt")
    assert "--fps" in caught.value.remedy


@pytest.mark.parametrize("fps", [0, -25, float("nan"), float("inf"), 1000])
def test_frame_rates_that_are_none(fps: float) -> None:
    with pytest.raises(UsageError, match="a frame rate of"):
        parse("1\n00:00:01:12 --> 00:00:02:00\nX.\n", "x.srt", options=ReadOptions(fps=fps))


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ("one\n \ntwo\n", ["one two"]),
        ("one\n\t\ntwo\n\n00:03.000 --> 00:04.000\nthree\n", ["one two", "three"]),
        ("one\n \n00:03.000 --> 00:04.000\nthree\n", ["one", "three"]),
        ("one\n00:03.000 --> 00:04.000\nthree\n", ["one", "three"]),
        ("one --> two\n", ["one --> two"]),
        ("a\0b\n", ["a\ufffdb"]),
        ("one\n\nNOTE a comment\nof two lines\n\n120:00:03.000 --> 120:00:04.000\nlate\n", ["one", "late"]),
    ],
)
def test_webvtt_blocks(body: str, texts: list[str], tmp_path: Path) -> None:
    path = tmp_path / "x.vtt"
    path.write_bytes(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{body}".replace("\n", "\r\n").encode())
    transcript, _ = read_subtitles(path)
    assert [segment.text for segment in transcript.segments] == texts


def test_two_voices_in_one_line() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:03.000\n<v Ana>Hi there.</v> <v Ben Li>Hello.</v>\n"
    (segment,) = parse(text, "x.vtt", vtt=True)[0].segments
    assert [(w.text, w.speaker) for w in segment.words] == [("Hi", "Ana"), ("there.", "Ana"), ("Hello.", "Ben Li")]


def cues(*lines: str) -> str:
    return "".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{line}\n\n" for n, line in enumerate(lines, 1))


@pytest.mark.parametrize(
    ("lines", "speakers"),
    [
        (["Remember: never do that.", "Why?"], []),
        (["Note: the door is open.", "It is.", "Note: it is cold."], []),
        (["12: 30 is late.", "12: 45 is later."], []),
        (["Remember: be kind.", "Always: be fair."], []),
        (["Ana: Hello.", "Ben: Hi.", "Ana: Bye."], ["Ana", "Ben"]),
        (["ANA: Hello.", "BEN: Hi."], ["ANA", "BEN"]),
        (["SPEAKER_00: Hello.", "Yes."], ["SPEAKER_00"]),
    ],
)
def test_what_stands_before_a_colon(lines: list[str], speakers: list[str]) -> None:
    transcript, _ = parse(cues(*lines), "x.srt")
    assert list(transcript.speakers) == speakers
    if not speakers:
        assert [segment.text for segment in transcript.segments] == lines


def test_the_user_says_what_stands_before_a_colon() -> None:
    text = cues("Dorothea: Hello.", "Yes.")
    assert parse(text, "x.srt", options=ReadOptions(speaker_prefix=True))[0].speakers == ("Dorothea",)
    text = cues("Ana: Hello.", "Ben: Hi.", "Ana: Bye.")
    assert parse(text, "x.srt", options=ReadOptions(speaker_prefix=False))[0].speakers == ()


SIGN_OVER_DIALOGUE = """1
00:00:01,000 --> 00:00:05,000
I think that we should go there

2
00:00:02,000 --> 00:00:04,000
HOTEL

3
00:00:05,500 --> 00:00:07,000
before it rains.

4
00:00:06,900 --> 00:00:09,000
It will.
"""


def shown_at(cues: list[Cue], time: float) -> list[str]:
    return [line.text for cue in cues if cue.start <= time < cue.end for line in cue.lines]


@pytest.mark.parametrize("style", ["raw", "standard", "netflix"])
def test_cues_that_overlap_in_time_stay_simultaneous(style: str) -> None:
    transcript, _ = parse(SIGN_OVER_DIALOGUE, "x.srt")
    assert [segment.layer for segment in transcript.segments] == [0, 1, 0, 0]  # the last one only lingers
    assert Transcript.from_json(transcript.to_json()) == transcript
    cues = lay_out(transcript, subtitle_style(style))
    assert shown_at(cues, 3.0) == ["I think that we should go there", "HOTEL"]
    apart = lay_out(transcript, subtitle_style(style, overlaps=False))
    assert all(first.end <= second.start for first, second in pairwise(apart))
    assert {"HOTEL", "before"} <= {word for cue in apart for word in cue.text.split()}


def test_a_raw_layout_without_overlaps_shows_the_same_at_every_moment() -> None:
    transcript, _ = parse(SIGN_OVER_DIALOGUE, "x.srt")
    together = lay_out(transcript, subtitle_style("raw"))
    apart = lay_out(transcript, subtitle_style("raw", overlaps=False))
    assert all(shown_at(together, time / 20) == shown_at(apart, time / 20) for time in range(200))


def test_a_raw_layout_without_overlaps_keeps_cues_without_duration() -> None:
    transcript, _ = parse(
        "1\n00:00:01,000 --> 00:00:01,000\nA flash\n\n2\n00:00:00,500 --> 00:00:02,000\nGo\n", "x.srt"
    )
    apart = lay_out(transcript, subtitle_style("raw", overlaps=False))
    assert [(cue.start, cue.end, cue.text) for cue in apart] == [(0.5, 2.0, "Go"), (1.0, 1.0, "A flash")]


def test_a_sign_does_not_cut_a_sentence() -> None:
    transcript, _ = parse(SIGN_OVER_DIALOGUE, "x.srt")
    texts = [sentence.text for sentence in split_sentences(transcript.segments)]
    assert "I think that we should go there before it rains." in texts
    assert "HOTEL" in texts


DASHES = cues("- Are you going?\n- No, and I never will.", "And who will go", "<i>-I will</i>\n–and so will she")


def test_dash_led_lines_are_turns() -> None:
    """Nobody is named, so the words have no speaker; but no line and no sentence goes from one turn to the next."""
    transcript, _ = parse(DASHES, "x.srt")
    texts = [sentence.text for sentence in split_sentences(transcript.segments)]
    assert texts == ["Are you going?", "No, and I never will.", "And who will go", "I will", "and so will she"]
    for style in ("standard", "netflix"):
        lines = [line.text for cue in lay_out(transcript, subtitle_style(style)) for line in cue.lines]
        assert not any("going? No" in line or "will and" in line for line in lines)
    netflix = lay_out(transcript, subtitle_style("netflix", reading_speed=100, shortest=3))
    assert any([line.dash for line in cue.lines] == [True, True] for cue in netflix)


VOICES = """WEBVTT

00:01.000 --> 00:02.000
<v Ana>Hi.</v>
<v Ben Li>Hello.</v>

00:03.000 --> 00:04.000
<v Ben Li>Bye.
"""


def test_names_of_voice_spans_are_kept_in_subrip() -> None:
    transcript, _ = parse(VOICES, "x.vtt", vtt=True)
    cues = lay_out(transcript, subtitle_style("raw"))
    assert [cue.text for cue in cues] == ["Ana: Hi.\nBen Li: Hello.", "Bye."]
    assert "<v Ana>Hi.\n<v Ben Li>Hello." in to_vtt(cues, {})
    labelled, _ = parse(
        "1\n00:00:01,000 --> 00:00:02,000\nAna: Hi.\n\n2\n00:00:03,000 --> 00:00:04,000\nAna: Bye.\n", "x.srt"
    )
    assert [cue.text for cue in lay_out(labelled, subtitle_style("raw"))] == ["Ana: Hi.", "Ana: Bye."]


def test_no_cue_goes_on_after_the_recording() -> None:
    segment = Segment(0, 0.0, 0.3, "Hello.", None, "en", spread("Hello.", 0.0, 0.3))
    transcript = Transcript("voicekit.transcript/1", "en", 0.36, "x.wav", (), (segment,))
    assert [(cue.start, cue.end) for cue in lay_out(transcript, subtitle_style("standard"))] == [(0.0, 0.36)]


def test_an_impossible_minute_is_noted() -> None:
    text = "1\n00:00:01,000 --> 99:99:99,999\nforever\n"
    assert "line 2: unusual times: read as 1 to 362440 s" in parse(text, "x.srt")[1]


@pytest.mark.parametrize(("name", "text"), [("x.srt", ""), ("x.vtt", "WEBVTT\n\nNOTE nothing yet\n")])
def test_a_file_without_cues_says_so(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_subtitles(tmp_path / name)[1] == ["there are no cues in it"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("{\\an7}can't go\\h\\h\\hby myself", ["can't go by myself"]),
        ("One line\\NTwo lines", ["One line", "Two lines"]),
        ("Open C:\\home\\News now", ["Open C:\\home\\News now"]),
        ("{\\p1}m 0 0 l 100 0 100 50{\\p0} Hello", ["Hello"]),
        ("{\\pos(1,2)\\p1}m 0 0 l 100 0\nHello", ["Hello"]),
        ("{\\pos(1,2)}Hello", ["Hello"]),
    ],
)
def test_codes_of_ass_in_subrip(text: str, plain: list[str]) -> None:
    """What conversions from ASS leave: ExoPlayer#7938, pysubs2#31."""
    transcript, _ = parse(cues(text, "And then"), "x.srt")
    assert [segment.text for segment in transcript.segments] == [" ".join(plain), "And then"]
    assert [[line.text.strip() for line in cue.lines] for cue in lay_out(transcript, subtitle_style("netflix"))]
    assert not any("m 0 0" in line.text for cue in lay_out(transcript, subtitle_style("raw")) for line in cue.lines)


def test_a_drawing_alone_is_no_cue() -> None:
    transcript, notes = parse(cues("{\\p1}m 0 0 l 100 0{\\p0}", "Hello"), "x.srt")
    assert transcript.text == "Hello"
    assert notes[0] == "line 2: a cue without text: left out"


def test_marks_of_writing_direction_beside_numbers_and_times() -> None:
    text = cues("\u202bשלום לך", "\u202bמה שלומך").replace("\n2\n", "\n\u200f2\n").replace("\n00:", "\n\u202a00:")
    transcript, notes = parse(text, "x.srt")
    assert [segment.text for segment in transcript.segments] == ["\u202bשלום לך\u202c", "\u202bמה שלומך\u202c"]
    assert notes == []


def test_a_number_that_is_said_in_a_file_without_numbers() -> None:
    text = "".join(
        f"00:00:0{n},000 --> 00:00:0{n},900\n{said}\n\n" for n, said in enumerate(["How many?", "42", "No."])
    )
    assert [segment.text for segment in parse(text, "x.srt")[0].segments] == ["How many?", "42", "No."]


def test_joined_segments_of_a_stream_keep_their_times() -> None:
    """Each begins with its own clock (RFC 8216, section 3.5): devine#67, yt-dlp#474."""
    segment = "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:{}\n\n00:01.000 --> 00:03.000\nOne <00:02.000>two\n\n"
    transcript, notes = parse(segment.format(900_000) + segment.format(900_000 + 6 * 90_000), "x.vtt", vtt=True)
    assert [(cue.start, cue.end) for cue in transcript.segments] == [(1.0, 3.0), (7.0, 9.0)]
    assert [word.start for word in transcript.words] == [1.0, 2.0, 7.0, 8.0]
    assert notes == ["line 7: another file begins: its times are shifted by 6 s"]


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (
            "\ufeff1\n00:00:01,000 --> 00:00:02,000\nПривет, café\n".encode().replace("é".encode(), b"\xe9"),
            "Привет, café",
        ),
        ("1\n00:00:01,000 --> 00:00:02,000\nПривет, café\n".encode().replace("é".encode(), b"\xe9"), "Привет, café"),
        (
            "1\n00:00:01,000 --> 00:00:02,000\n¿Qué pasó, señor?\n".encode().replace("ñ".encode(), b"\xf1"),
            "¿Qué pasó, señor?",
        ),
        ("1\n00:00:01,000 --> 00:00:02,000\nПривет".encode()[:-1], "ПривеÑ"),
    ],
)
def test_a_wrong_byte_does_not_change_the_others(data: bytes, read: str) -> None:
    text, notes = decode(data, "x.srt", ReadOptions())
    assert parse(text, "x.srt")[0].text == read
    assert notes == ["line 3: bytes that are not UTF-8: read as cp1252; if that is wrong, give --encoding"]
