"""The layout: no word lost, order kept, times monotone, no line too wide, and no rule broken that could be kept."""

from __future__ import annotations

import itertools
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.strategies import transcripts
from voicekit.cli import run
from voicekit.config.subtitles import SubtitleStyle, subtitle_style
from voicekit.subtitles.check import find_violations
from voicekit.subtitles.cost import CueCosts
from voicekit.subtitles.cue import width
from voicekit.subtitles.layout import lay_out
from voicekit.subtitles.line_breaks import FUNCTION, break_cost, breakable_phrases
from voicekit.subtitles.tokens import to_tokens
from voicekit.text.words import join_words
from voicekit.types import Segment, Transcript, Word, spread

STYLES = {name: subtitle_style(name) for name in ("standard", "netflix", "bbc", "youtube", "shorts")}
styles = st.one_of(
    st.sampled_from(list(STYLES.values())),
    st.builds(
        SubtitleStyle, line_width=st.integers(8, 50), lines=st.integers(1, 4), shortest=st.sampled_from([0, 1]),
        words=st.sampled_from([None, 1, 4]), gap=st.integers(0, 10), dashes=st.booleans(),
        labels=st.sampled_from(["change", "always", "never"]), longest=st.sampled_from([2.0, 7.0]),
        reading_speed=st.sampled_from([None, 5.0, 17.0]),
    ),
)  # fmt: skip


def squeezed(text: str) -> str:
    return "".join(text.split())


def said(*turns: tuple[str, str], seconds: float = 0.3, pause: float = 0.0, language: str = "en") -> Transcript:
    """A transcript of (speaker, text), a segment each; every word lasts `seconds`, a turn ends with a pause."""
    clock, segments = 0.0, []
    for number, (speaker, text) in enumerate(turns):
        words = []
        for word in text.split():
            words.append(Word(word, round(clock, 3), round(clock + seconds, 3), 1.0, speaker or None))
            clock += seconds
        segments.append(Segment(number, words[0].start, words[-1].end, text, speaker or None, language, tuple(words)))
        clock += pause
    names = tuple(dict.fromkeys(speaker for speaker, _ in turns if speaker))
    return Transcript("voicekit.transcript/1", language, clock + 5, "x", names, tuple(segments))


@given(transcripts(), styles)
@settings(deadline=None, max_examples=200)
def test_every_word_is_shown_once_in_order_within_the_lines(transcript: Transcript, style: SubtitleStyle) -> None:
    laid = lay_out(transcript, style)
    text = "".join(line.text for cue in laid for line in cue.lines)
    assert squeezed(text) == squeezed("".join(word.text for word in transcript.words))
    for cue in laid:
        assert 1 <= len(cue.lines) <= style.lines
        assert all(width(line.shown) <= style.line_width for line in cue.lines)
        assert len({line.speaker for line in cue.lines}) <= 1 or all(line.dash for line in cue.lines)
        assert cue.end > cue.start
        assert cue.duration <= style.longest + 0.002
    for one, two in pairwise(laid):
        assert one.end <= two.start


@given(transcripts(), styles)
@settings(deadline=None, max_examples=100)
def test_what_is_broken_could_not_be_kept(transcript: Transcript, style: SubtitleStyle) -> None:
    assert [found for found in find_violations(lay_out(transcript, style), transcript, style) if found.avoidable] == []


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 4)), min_size=1, max_size=4), st.data())
@settings(deadline=None, max_examples=150)
def test_the_layout_is_the_cheapest_of_all(turns: list[tuple[str, int]], data: st.DataObject) -> None:
    """Against every choice of break points there is."""
    texts = [
        (
            name,
            " ".join(data.draw(st.sampled_from(["a", "the", "elephants,", "walked", "home."])) for _ in range(count)),
        )
        for name, count in turns
    ]
    transcript = said(
        *texts, seconds=data.draw(st.sampled_from([0.1, 0.4])), pause=data.draw(st.sampled_from([0.0, 1.0]))
    )
    style = SubtitleStyle(line_width=12, reading_speed=15, labels=data.draw(st.sampled_from(["never", "always"])))
    tokens = to_tokens(transcript.segments, style)
    if len(tokens) > 9:
        return
    table = CueCosts(tokens, style, end=transcript.duration)

    def cost(ends: tuple[int, ...]) -> float:
        pairs = pairwise([0, *ends, len(tokens)])
        return sum(table.cost[b - a][a] if b - a < len(table.cost) else float("inf") for a, b in pairs)

    inner = range(1, len(tokens))
    every = itertools.chain.from_iterable(itertools.combinations(inner, k) for k in range(len(tokens)))
    cheapest = min(cost(ends) for ends in every)
    laid = lay_out(transcript, style)
    counts = [sum(len(line.words) for line in cue.lines) for cue in laid]
    assert cost(tuple(itertools.accumulate(counts[:-1]))) == pytest.approx(cheapest)


def test_lines_end_before_what_leans_on_the_next_word() -> None:
    cues = lay_out(said(("", "He put the very old letters into the drawer of the writing desk.")), STYLES["netflix"])
    assert [line.text for line in cues[0].lines] == [
        "He put the very old letters",
        "into the drawer of the writing desk.",
    ]
    assert break_cost("the", "drawer", "en") == FUNCTION
    assert break_cost("del", "cajón", "es") == FUNCTION
    assert break_cost("Mr.", "Hale", "en") > break_cost("he", "and", "fr") > break_cost("said,", "and", "en")


def test_lines_are_even_and_the_name_counts() -> None:
    text = "At least, you know, they all call me a Yankee down here, dear."
    (cue,) = lay_out(said(("SPEAKER_00", text)), subtitle_style("standard", labels="always"))
    first, second = cue.text.split("\n")
    assert first.startswith("SPEAKER_00: ")
    assert abs(len(first) - len(second)) < 12


def test_names_stand_where_the_speaker_changes() -> None:
    t = said(("Ana", "One two three."), ("Ana", "Four five six."), ("Ben", "Seven eight nine."), pause=1.5)
    assert [c.text for c in lay_out(t, STYLES["standard"])] == [
        "Ana: One two three.", "Four five six.", "Ben: Seven eight nine.",
    ]  # fmt: skip
    assert lay_out(said(("Ana", "One two three.")), STYLES["standard"])[0].text == "One two three."  # nothing changes
    always = subtitle_style("standard", labels="always")
    assert [c.text.partition(":")[0] for c in lay_out(t, always)] == ["Ana", "Ana", "Ben"]
    assert [c.text for c in lay_out(t, STYLES["bbc"])] == ["One two three.", "Four five six.", "Seven eight nine."]


def test_two_short_turns_share_a_cue_with_dashes_only_if_they_must() -> None:
    quick = said(("A", "Coming?"), ("B", "Yes."), ("A", "Then let us go to the station now."), seconds=0.3)
    first = lay_out(quick, STYLES["netflix"])[0]
    assert first.text == "- Coming?\n- Yes."
    assert [line.speaker for line in first.lines] == ["A", "B"]
    slow = said(("A", "Coming?"), ("B", "Yes."), ("A", "Then let us go."), seconds=0.3, pause=1.0)
    assert len(lay_out(slow, STYLES["netflix"])) == 3


def test_a_cue_stays_long_enough_to_be_read_if_there_is_room() -> None:
    (cue,) = lay_out(said(("", "Incomprehensibilities notwithstanding."), seconds=0.2), STYLES["netflix"])
    assert cue.duration >= len("Incomprehensibilities notwithstanding.") / 20 - 0.001
    one, two = lay_out(said(("A", "Yes."), ("B", "No, certainly not."), pause=0.9), STYLES["netflix"])
    assert one.end == pytest.approx(two.start - 2 / 24, abs=0.001)  # the gap is closed to two frames


def test_a_long_pause_parts_cues() -> None:
    cues = lay_out(said(("", "Well"), ("", "yes."), pause=3.0), STYLES["netflix"])
    assert len(cues) == 2


def test_shorts_have_three_words() -> None:
    cues = lay_out(said(("A", "one two three four five six seven eight")), STYLES["shorts"])
    assert all(1 <= len(cue.text.split()) <= 3 for cue in cues)
    assert len(cues) == 3


def test_long_and_wide_names_leave_room() -> None:
    for name in ("x" * 200, "\u4e2d" * 20, "two\nlines"):
        for cue in lay_out(said((name, "some words to be shown on a screen")), STYLES["standard"]):
            assert all(width(line) <= 42 for line in cue.text.split("\n"))


def test_unspaced_scripts_break_at_phrases_by_display_width() -> None:
    text = "今日は天気がとても良いので、みんなで公園に行きましょう。それから図書館で本を借ります。"
    words = spread(text, 0.0, 12.0)
    t = Transcript("voicekit.transcript/1", "ja", 13, "x", (), (Segment(0, 0, 12, text, None, "ja", words),))
    laid = lay_out(t, STYLES["netflix"])
    lines = [line.text for cue in laid for line in cue.lines]
    assert "".join(lines) == text
    assert max(map(width, lines)) <= 26
    for line in lines:
        assert line[0] not in "、。っーて"
    assert "".join(breakable_phrases(text, "ja")) == text
    long = "オーディオデータトランスクリプションシステムアーキテクチャ"  # one word, wider than a line
    words = spread(long, 0.0, 6.0)
    t = Transcript("voicekit.transcript/1", "ja", 7, "x", (), (Segment(0, 0, 6, long, None, "ja", words),))
    lines = [line.text for cue in lay_out(t, STYLES["netflix"]) for line in cue.lines]
    assert "".join(lines) == long
    assert len(lines) > 1
    assert all(line[0] not in "ーィョァ" for line in lines)


def test_an_address_is_cut_where_it_has_marks() -> None:
    address = "https://example.org/a/very/long/path/to/some/page?with=query"
    cues = lay_out(said(("Ana", f"See {address} for more.")), STYLES["standard"])
    lines = [line.text for cue in cues for line in cue.lines]
    assert squeezed("".join(lines)) == squeezed(f"See {address} for more.")
    assert any(line.endswith("/") for line in lines)


def test_two_languages_in_a_cue() -> None:
    text, source = (
        "Ich sehe den alten Mann jeden Morgen am Fluss sitzen und lesen.",
        "I see the old man sit by the river and read every morning.",
    )
    words = spread(text, 0.0, 5.0, "Ana")
    segment = Segment(0, 0, 5, text, "Ana", "de", words, source_text=source)
    t = Transcript("voicekit.transcript/1", "de", 6, "x", ("Ana",), (segment,), translated_from="en")
    laid = lay_out(t, subtitle_style("netflix", bilingual=True))
    assert squeezed("".join("".join(cue.below) for cue in laid)) == squeezed(source)
    assert squeezed("".join(line.text for cue in laid for line in cue.lines)) == squeezed(text)
    assert all(len(cue.lines) == 1 and len(cue.below) == 1 for cue in laid)
    assert all(width(part) <= 42 for cue in laid for part in cue.below)


def test_text_is_joined_as_words_are() -> None:
    t = said(("", "well-known Ana's 2 kg ok"))
    assert " ".join(cue.text for cue in lay_out(t, STYLES["netflix"])).replace("\n", " ") == join_words(
        word.text for word in t.words
    )
    assert width("今天") == 4
    assert width("e\u0301") == 1


def test_the_format_is_that_of_the_file_to_write(tmp_path: Path) -> None:
    (tmp_path / "talk.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHi.\n")
    for suffix, start in ((".vtt", "WEBVTT"), (".ass", "[Script Info]"), (".srt", "1")):
        out = tmp_path / f"out{suffix}"
        assert run(["subtitle", str(tmp_path / "talk.srt"), "-o", str(out)]) == 0
        assert out.read_text().startswith(start)
    assert run(["subtitle", str(tmp_path / "talk.srt"), "-f", "srt", "-o", str(tmp_path / "new.vtt")]) == 2
