from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.support.strategies import as_segment, diarizations, words
from voicekit.diarization.windows import SpeakerWindows
from voicekit.transcription.attribution import MAX_SEGMENT, assign_speakers, attribute
from voicekit.types import Diarization, Segment, Turn, Word


@given(words(), diarizations())
def test_no_word_is_lost_and_segments_are_of_one_speaker(some: list[Word], found: Diarization) -> None:
    segments = attribute([as_segment(some)], found)
    out = [w for s in segments for w in s.words]
    assert [(w.text, w.start, w.end) for w in out] == [(w.text, w.start, w.end) for w in some]
    assert [s.id for s in segments] == list(range(len(segments)))
    for segment in segments:
        assert {w.speaker for w in segment.words} == {segment.speaker}
        assert segment.start == segment.words[0].start
        assert segment.end == max(w.end for w in segment.words)
        assert segment.end - segment.start <= MAX_SEGMENT or len(segment.words) == 1
    if found.exclusive:
        assert all(w.speaker is not None for w in out)
    for word in out:
        assert (word.speaker_confidence is None) == (word.speaker is None)


@given(words(most=8), diarizations())
def test_every_word_goes_to_the_turn_that_overlaps_most(some: list[Word], found: Diarization) -> None:
    """Against the plain definition, over all turns."""
    for word in assign_speakers(some, found):
        end = max(word.end, word.start + 0.001)
        shares: dict[str, float] = {}
        for t in found.exclusive:
            shares[t.speaker] = shares.get(t.speaker, 0.0) + max(0.0, min(end, t.end) - max(word.start, t.start))
        best = max(shares.values(), default=0.0)
        if best > 0:
            assert word.speaker is not None
            assert shares[word.speaker] == pytest.approx(best)
        elif found.exclusive:
            nearest = min(max(t.start - word.end, word.start - t.end) for t in found.exclusive)
            assert word.speaker in {
                t.speaker for t in found.exclusive if max(t.start - word.end, word.start - t.end) == nearest
            }
            assert word.speaker_confidence == 0


def test_confidence_is_the_share_heard_from_that_speaker_alone() -> None:
    found = Diarization(
        (Turn(0, 2, "A"), Turn(1, 3, "B")),
        (Turn(0, 1.5, "A"), Turn(1.5, 3, "B")),
    )
    alone, overlapped, outside = assign_speakers(
        [Word("a", 0.0, 1.0, 1), Word("b", 1.0, 2.0, 1), Word("c", 5.0, 6.0, 1)], found
    )
    assert (alone.speaker, alone.speaker_confidence) == ("A", 1.0)
    assert overlapped.speaker_confidence == 0.0
    assert (outside.speaker, outside.speaker_confidence) == ("B", 0.0)


def test_without_diarization_there_are_no_speakers() -> None:
    (segment,) = attribute([as_segment([Word("a", 0, 1, 1), Word("b", 1, 2, 1)])], None)
    assert segment.speaker is None


def test_segments_end_with_sentences_speakers_and_pauses() -> None:
    found = Diarization((), (Turn(0, 3, "A"), Turn(3, 9, "B")))
    some = [Word("Dr.", 0, 0.5, 1), Word("Who?", 0.5, 1, 1), Word("Yes", 1, 1.5, 1), Word("no", 3, 3.5, 1),
            Word("more", 3.5, 4, 1), Word("later", 8, 8.5, 1)]  # fmt: skip
    segments = attribute([as_segment(some)], found)
    assert [(s.speaker, s.text) for s in segments] == [
        ("A", "Dr. Who?"), ("A", "Yes"), ("B", "no more"), ("B", "later"),
    ]  # fmt: skip


def voices_of(*units: tuple[float, float, list[float]]) -> SpeakerWindows:
    spans = np.array([unit[:2] for unit in units])
    prints = np.array([unit[2] for unit in units], np.float32)
    none = np.zeros((0, 2), np.int64)
    return SpeakerWindows(np.zeros((1, 589, 3), bool), 59, none, np.zeros((0, 2), np.float32), spans, prints)


def said(text: str, start: float) -> tuple[Word, ...]:
    return tuple(Word(word, start + i * 0.5, start + i * 0.5 + 0.4, 0.9) for i, word in enumerate(text.split()))


BY_VOICE = Diarization(
    (Turn(0, 5, "A"), Turn(5, 10, "B")),
    (Turn(0, 5, "A"), Turn(5, 10, "B")),
    {"A": (1.0, 0.0), "B": (0.0, 1.0)},
)


def test_a_phrase_goes_to_the_voice_it_has() -> None:
    """The diarizer's turn changes one word too late; the phrase is B's by voice, so is its first word."""
    words = (*said("This was me.", 1.0), *said("And this is another.", 4.5))
    segments = [Segment(0, 1.0, 6.4, "x", None, "en", words)]
    voices = voices_of((0.5, 3.0, [1.0, 0.1]), (4.4, 9.0, [0.1, 1.0]))
    by_turns = attribute(segments, BY_VOICE)
    by_voice = attribute(segments, BY_VOICE, voices)
    assert [w.speaker for s in by_turns for w in s.words] == ["A"] * 4 + ["B"] * 3
    assert [w.speaker for s in by_voice for w in s.words] == ["A"] * 3 + ["B"] * 4
    assert [s.text for s in by_voice] == ["This was me.", "And this is another."]


def test_a_phrase_stays_where_voices_are_nearly_as_near() -> None:
    words = said("This could be either.", 1.0)
    voices = voices_of((0.5, 4.0, [0.7, 0.74]))
    found = attribute([Segment(0, 1.0, 3.0, "x", None, "en", words)], BY_VOICE, voices)
    assert {w.speaker for s in found for w in s.words} == {"A"}


def test_confidence_grows_with_the_voice() -> None:
    def confidence(print_: list[float]) -> float:
        words = said("Yes.", 1.0)
        found = attribute([Segment(0, 1, 1.4, "x", None, "en", words)], BY_VOICE, voices_of((0.5, 4.0, print_)))
        return found[0].words[0].speaker_confidence or 0.0

    sure, less, even = confidence([1.0, 0.1]), confidence([1.0, 0.7]), confidence([1.0, 1.0])
    assert 0.95 < sure <= 1.0
    assert sure > less > even
    assert even < 0.1
