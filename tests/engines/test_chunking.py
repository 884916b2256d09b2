"""Clips for the recogniser: no sound lost, none longer than Whisper's window."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voicekit.engines.asr.chunking import (
    MAX_CLIP,
    MAX_GAP,
    drop_repeated_start,
    find_loop_start,
    find_missed_speech,
    pack_clips,
    split_at_pause,
)
from voicekit.engines.asr.decoder import to_words
from voicekit.engines.asr.faster_whisper import FasterWhisper, detect_speech
from voicekit.models.resolve import resolve
from voicekit.runtime.device import choose_device
from voicekit.types import Audio, Word


@st.composite
def spans(draw: st.DrawFn) -> list[tuple[float, float]]:
    clock, out = 0.0, []
    for gap, length in draw(st.lists(st.tuples(st.floats(0, 5), st.floats(0.01, 100)), max_size=20)):
        out.append((clock + gap, clock + gap + length))
        clock += gap + length
    return out


@given(spans())
def test_clips_cover_every_span_and_none_is_too_long(some: list[tuple[float, float]]) -> None:
    duration = some[-1][1] if some else 0.0
    clips = pack_clips(some, duration)
    assert all(0 < end - start <= MAX_CLIP + 1e-6 for start, end in clips)
    assert all(a[1] <= b[0] + 1e-6 for a, b in pairwise(clips))
    for start, end in some:
        heard = sum(max(0.0, min(end, b) - max(start, a)) for a, b in clips)
        assert abs(heard - (end - start)) < 1e-6
    silence = sum(b - a for a, b in clips) - sum(b - a for a, b in some)
    assert silence <= MAX_GAP * len(some) + 1e-6


def piece(word: str, start: float, end: float) -> SimpleNamespace:
    return SimpleNamespace(word=word, start=start, end=end, probability=0.5)


def test_hyphenated_words_are_one() -> None:
    words = to_words([piece(" well", 0, 1), piece("-known", 1, 2), piece(" is", 2, 3)], "en", 10)
    assert [(w.text, w.start, w.end) for w in words] == [("well-known", 0, 2), ("is", 2, 3)]


def test_scripts_without_spaces_keep_their_words() -> None:
    assert [w.text for w in to_words([piece("今天", 0, 1), piece("天气", 1, 2)], "zh", 10)] == ["今天", "天气"]


def test_impossible_times_are_mended() -> None:
    words = to_words([piece(" a", -1, -0.5), piece(" b", 5, 4), piece(" c", 9, 99), piece("  ", 1, 2)], "en", 10)
    assert [(w.text, w.start, w.end) for w in words] == [("a", 0, 0), ("b", 5, 5), ("c", 9, 10)]


def test_a_long_clip_loses_words_and_ours_does_not(sample: Path) -> None:
    """Batched faster-whisper hears 30 s of a clip and drops the rest, with a log line only."""
    import soundfile
    from faster_whisper import BatchedInferencePipeline

    once, rate = soundfile.read(sample, dtype="float32")
    audio = Audio(np.concatenate([once, once, once])[None, :], rate)
    engine = FasterWhisper(resolve("tiny.en", "transcribe"), choose_device("cpu"), "int8")
    whole, _ = BatchedInferencePipeline(engine.model).transcribe(
        audio.mono, language="en", beam_size=1, word_timestamps=True, clip_timestamps=[{"start": 0, "end": 90}]
    )
    assert max(w.end for s in whole for w in s.words) < 31
    ours, _ = engine.transcribe(
        audio, language="en", hotwords=None, prompt=None, beam_size=1, batch_size=4, progress=lambda share: None
    )
    words = [w for s in ours.segments for w in s.words]
    for begin in (0, 30, 60):
        assert sum(begin <= w.start < begin + 30 for w in words) > 40


def test_speech_without_a_pause_is_cut(sample: Path) -> None:
    import soundfile

    once, rate = soundfile.read(sample, dtype="float32")
    speech = np.concatenate([once[int(a * rate) : int(b * rate)] for a, b in detect_speech(once)] * 4)
    assert all(end - start <= MAX_CLIP for start, end in pack_clips(detect_speech(speech), len(speech) / rate))


def words_of(text: str, start: float = 0.0) -> list[Word]:
    return [Word(word, start + i, start + i + 0.9, 1.0) for i, word in enumerate(text.split())]


@given(spans())
def test_halves_are_the_whole(some: list[tuple[float, float]]) -> None:
    for clip in pack_clips(some, some[-1][1] if some else 0.0):
        parts = split_at_pause(clip, some)
        assert (parts[0][0], parts[-1][1]) == clip
        assert all(a[1] == b[0] for a, b in pairwise(parts))


def test_speech_without_words_is_found() -> None:
    heard = words_of("one two three")
    assert find_missed_speech((0, 10), heard, [(0, 10)]) == [(2.9, 10)]
    assert find_missed_speech((0, 10), heard, [(0, 4), (9, 10)]) == [(2.9, 10)]
    assert find_missed_speech((0, 10), heard, [(0, 3)]) == []
    assert find_missed_speech((0, 10), [], [(4, 8)]) == [(4, 8)]


def test_loops_are_told_from_people_who_repeat_themselves() -> None:
    assert find_loop_start("no no no no no no that is mine".split()) is None
    assert find_loop_start("and so on and so on he said".split()) is None
    assert find_loop_start(("he said " + "thank you. " * 9).split()) == 4
    assert find_loop_start(("the end " * 8).split()) == 2
    assert find_loop_start([]) is None


def test_what_was_heard_twice_is_written_once() -> None:
    before, after = words_of("we need more training"), words_of("more training from fairest creatures")
    assert [w.text for w in drop_repeated_start(before, after)] == ["from", "fairest", "creatures"]
    assert drop_repeated_start(before, words_of("and so on")) == words_of("and so on")
