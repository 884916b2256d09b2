"""Hypothesis strategies for transcripts and what they are made of."""

from __future__ import annotations

from hypothesis import strategies as st

from voicekit.text.words import join_words
from voicekit.transcription.attribution import attribute
from voicekit.types import Diarization, Segment, Transcript, Turn, Word

SPEAKERS = ("SPEAKER_00", "SPEAKER_01", "Ana <b>", "Björn & Co")

# No white space and no control characters: what the recogniser's words never hold.
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=12),
    st.sampled_from(["Hello,", "well-known", "I.", "Mr.", "so", "https://example.org/a/very/long/address?with=query",
                     "今天", "です。", "-->", "<i>", "&amp;", "สวัสดีครับผม", "…", "🙂", "a" * 90]),
)  # fmt: skip


@st.composite
def words(draw: st.DrawFn, most: int = 30) -> list[Word]:
    """Words in order of time, with gaps; some of no length."""
    clock, out = 0.0, []
    for text in draw(st.lists(texts, max_size=most)):
        clock = round(clock + draw(st.sampled_from([0.0, 0.0, 0.02, 0.3, 1.5, 40.0])), 3)
        length = draw(st.sampled_from([0.0, 0.08, 0.3, 0.9, 9.0]))
        out.append(Word(text, clock, round(clock + length, 3), draw(st.sampled_from([0.0, 0.5, 1.0]))))
        clock = round(clock + length, 3)
    return out


@st.composite
def diarizations(draw: st.DrawFn) -> Diarization:
    """Turns that may overlap, and exclusive ones that do not."""
    pairs = st.tuples(st.integers(0, 2000), st.integers(1, 400), st.sampled_from(SPEAKERS))
    turns = sorted(
        (Turn(a / 10, (a + n) / 10, s) for a, n, s in draw(st.lists(pairs, max_size=12))), key=lambda t: t.start
    )
    exclusive, clock = [], 0.0
    for turn in turns:
        if turn.end > max(turn.start, clock):
            exclusive.append(Turn(max(turn.start, clock), turn.end, turn.speaker))
            clock = turn.end
    return Diarization(tuple(turns), tuple(exclusive))


def as_segment(some: list[Word]) -> Segment:
    end = max((w.end for w in some), default=0.0)
    return Segment(0, some[0].start if some else 0.0, end, join_words(w.text for w in some), None, "en", tuple(some))


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    some = draw(words())
    found = draw(st.one_of(st.none(), diarizations()))
    segments = attribute([as_segment(some)], found)
    turns = found.turns if found else ()
    speakers = tuple(dict.fromkeys(t.speaker for t in turns))
    duration = max((w.end for w in some), default=0.0) + 1
    return Transcript("voicekit.transcript/1", "en", duration, "talk.mp4", speakers, segments, turns)
