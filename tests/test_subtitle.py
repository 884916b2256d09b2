from __future__ import annotations

from itertools import pairwise

from hypothesis import given

from tests.strategies import transcripts
from voicekit.data import Segment, Transcript, Word
from voicekit.pipeline.subtitle import LINE, LINES, cues, width


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(transcripts())
def test_cues_hold_every_word_within_the_lines(transcript: Transcript) -> None:
    laid = cues(transcript)
    assert squeezed("".join("".join(c.lines) for c in laid)) == squeezed("".join(w.text for w in transcript.words))
    for cue in laid:
        assert 1 <= len(cue.lines) <= LINES
        for line in cue.text.split("\n"):
            assert width(line) <= LINE
        assert cue.end > cue.start
    for one, two in pairwise(laid):
        assert one.start <= two.start
        assert one.end <= two.start + 0.0021  # to the millisecond, where words of no length share a time


def test_two_lines_are_balanced_and_the_label_counts() -> None:
    text = "At least, you know, they all call me a Yankee down here, dear."
    words = tuple(Word(t, i * 0.3, i * 0.3 + 0.3, 1, "SPEAKER_00") for i, t in enumerate(text.split()))
    segment = Segment(0, 0, 4, text, "SPEAKER_00", "en", words)
    (cue,) = cues(Transcript("voicekit.transcript/1", "en", 5, "x", ("SPEAKER_00",), (segment,)))
    first, second = cue.text.split("\n")
    assert first.startswith("SPEAKER_00: ")
    assert abs(len(first) - len(second)) < 10


def test_long_and_wide_names_leave_room() -> None:
    for name in ("x" * 200, "\u4e2d" * 20):
        words = tuple(Word(t, i * 0.3, i * 0.3 + 0.3, 1, name) for i, t in enumerate("some words to be shown".split()))
        segment = Segment(0, 0, 4, "", name, "en", words)
        for cue in cues(Transcript("voicekit.transcript/1", "en", 5, "x", (name,), (segment,))):
            assert all(width(line) <= LINE for line in cue.text.split("\n"))


def test_wide_characters_take_two_columns() -> None:
    assert width("今天") == 4
    assert width("e\u0301") == 1
