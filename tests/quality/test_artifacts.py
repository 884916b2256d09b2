"""Detectors, prosody, verdicts and the filling of clicks, on made sound whose truth is known. No models."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from voicekit.config.quality import ARTIFACT_KINDS, Gates, Weights
from voicekit.config.schema import build
from voicekit.errors import UsageError
from voicekit.quality.artifacts.detectors import find_artifacts
from voicekit.quality.artifacts.kinds import KINDS
from voicekit.quality.artifacts.signal import tone_frequency
from voicekit.quality.gates import Verdict, assess, pick_best
from voicekit.quality.intelligibility import round_trip
from voicekit.quality.prosody import (
    VoiceProfile,
    measure_energy_range,
    measure_pace,
    measure_pitch,
    pace_deviation,
    pitch_deviation,
    voice_profile,
)
from voicekit.quality.speaker_similarity import similarity
from voicekit.takes.repair import repair
from voicekit.types import Artifact, Audio, Measures, Word

RATE = 24_000
TEXT = "the old man saw a boat"


def spoken(text: str = TEXT, step: float = 0.3) -> tuple[Word, ...]:
    return tuple(
        Word(word, round(n * step, 3), round(n * step + 0.9 * step, 3), 0.9) for n, word in enumerate(text.split())
    )


def voice(seconds: float = 1.8, hertz: float = 130.0, rate: int = RATE) -> NDArray[np.float32]:
    """Like a voice: a pulse train with falling harmonics, in syllables of 0.3 s, each with its own rise and release."""
    time = np.arange(round(seconds * rate)) / rate
    wave = sum(np.sin(2 * np.pi * hertz * n * time + n) / n**1.5 for n in range(1, 30) if n * hertz < rate / 2)
    shape = np.clip(np.sin(np.pi * ((time % 0.3) / 0.3)), 0, 1) ** 2
    sound = 0.2 * wave * shape + 1e-4 * np.random.default_rng(0).standard_normal(len(time))
    return np.concatenate([sound, np.zeros(round(0.04 * rate))]).astype(np.float32)


def kinds(samples: NDArray[np.float32], words: tuple[Word, ...] = (), text: str = "", rate: int = RATE) -> set[str]:
    return {one.kind for one in find_artifacts(samples, rate, words, text)}


def test_nothing_is_found_in_clean_sound() -> None:
    assert kinds(voice(), spoken(), TEXT) == set()


def test_each_fault_is_found_alone_and_where_it_is() -> None:
    base = voice()
    time = np.arange(len(base)) / RATE
    quiet = np.zeros(round(1.5 * RATE), np.float32)
    half = round(0.9 * RATE)
    clicked = base.copy()
    clicked[20_000] += 0.5
    cases = {
        "clipping": np.clip(base / np.abs(base).max(), -0.5, 0.5),
        "silence": np.concatenate([base[:half], quiet, base[half:]]),
        "truncated": base[: round(1.35 * RATE)],
        "click": clicked,
        "tone": base + 0.01 * np.sin(2 * np.pi * 4900 * time),
        "dc": base + 0.03,
        "hum": base + 0.02 * np.sin(2 * np.pi * 50 * time),
    }
    for kind, samples in cases.items():
        found = find_artifacts(samples.astype(np.float32), RATE, (), "")
        assert {one.kind for one in found} == {kind}
        assert all(0 <= one.start <= one.end <= len(samples) / RATE + 1e-3 for one in found)
        assert all(one.value > one.limit == KINDS[kind].limit for one in found)
    (where,) = find_artifacts(clicked, RATE, (), "")
    assert where.start < 20_000 / RATE < where.end
    (gap,) = find_artifacts(cases["silence"], RATE, (), "")
    assert (gap.start, gap.end) == pytest.approx((0.87, 2.43), abs=0.06)


def test_a_tone_of_known_frequency() -> None:
    base = voice()
    tone = base + 0.01 * np.sin(2 * np.pi * 4870 * np.arange(len(base)) / RATE).astype(np.float32)
    assert tone_frequency(tone.astype(np.float32), RATE) == pytest.approx(4870, abs=5)
    assert tone_frequency(tone.astype(np.float32), 8000) is None


def test_pauses_that_the_text_asks_for_are_no_silence() -> None:
    base, quiet = voice(), np.zeros(2 * RATE, np.float32)
    half = round(0.9 * RATE)
    samples = np.concatenate([base[:half], quiet, base[half:]])
    assert "silence" in kinds(samples, (), "the old man saw a boat")
    assert "silence" not in kinds(samples, (), "the old man [pause 2] saw a boat")
    assert "silence" in kinds(samples, (), "the old man [pause 0.5] saw a boat")


def test_a_tail_begins_after_the_last_word_of_the_text() -> None:
    base = voice()
    samples = np.concatenate([base, np.zeros(round(0.15 * RATE), np.float32), voice(0.6)])
    (found,) = find_artifacts(samples, RATE, spoken(), TEXT)
    assert found.kind == "tail"
    assert found.start == pytest.approx(1.99, abs=0.05)
    more = (*spoken(), Word("thank", 2.0, 2.3, 0.9), Word("you", 2.3, 2.5, 0.9))
    assert kinds(samples, more, TEXT) == {"tail"}
    assert kinds(samples, more, f"{TEXT} thank you") == set()
    assert kinds(samples, more, "") == set()  # no text: all that was heard was meant


@pytest.mark.parametrize(
    ("heard", "times"),
    [
        ("the old man old man saw a boat", 1), ("the the old man saw a boat", 1),
        ("the old man saw a boat a boat a boat", 2), ("the old man saw a boat", 0),
    ],
)  # fmt: skip
def test_phrases_said_again(heard: str, times: int) -> None:
    found = [one for one in find_artifacts(voice(3.2), RATE, spoken(heard), TEXT) if one.kind == "repetition"]
    assert [one.value for one in found] == ([times] if times else [])
    assert kinds(voice(3.2), spoken(heard), heard) & {"repetition"} == set()


def test_sound_that_no_word_accounts_for() -> None:
    """The recogniser has six words over ten syllables: the third one is given the four that it left out."""
    times = (0.0, 0.3, 0.6, 2.1, 2.4, 2.7, 3.0)
    heard = tuple(Word(text, times[n], times[n + 1], 0.9) for n, text in enumerate(TEXT.split()))
    (found,) = find_artifacts(voice(3.0), RATE, heard, TEXT)
    assert (found.kind, found.start, found.end) == ("unheard", 0.6, 2.1)
    assert 0.55 < found.value < 1.4
    number = tuple(Word("1984" if n == 2 else word.text, word.start, word.end, 0.9) for n, word in enumerate(heard))
    assert kinds(voice(3.0), number, "the old 1984 saw a boat") == set()  # long to say


def test_silence_and_next_to_nothing() -> None:
    assert kinds(np.zeros(0, np.float32)) == set()
    assert kinds(np.zeros(3 * RATE, np.float32)) == {"silence"}
    for length in (1, 2, 10, 100, 1000):
        assert isinstance(find_artifacts(np.full(length, 0.1, np.float32), RATE, (), "a"), tuple)


@given(st.integers(1, 9000), st.sampled_from([8000, 16_000, 22_050, 48_000]), st.floats(1e-6, 1.0), st.integers(0, 99))
@settings(deadline=None, max_examples=60)
def test_any_sound_gives_finite_values_within_it(length: int, rate: int, scale: float, seed: int) -> None:
    samples = (scale * np.random.default_rng(seed).standard_normal(length)).astype(np.float32)
    for one in find_artifacts(samples, rate, spoken("a b"), "a b c"):
        assert np.isfinite([one.start, one.end, one.value]).all()
        assert 0 <= one.start <= one.end <= length / rate + 2e-4


# --- round trip -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "heard", "wer"),
    [
        ("It leaves at ten past eight.", "It leaves at 10 past 8.", 0), ("He paid $5.", "He paid five dollars", 0),
        ("Dr. Smith has 2 kg.", "Doctor Smith has two kilograms", 0), ("the old man saw", "the man saw", 0.25),
        ("In the 1990s", "In the 1,990 seconds", 2 / 3), ("Open 24/7", "Open twenty-four sevenths", 1 / 3),
        ("the old", "the old man", 0.5), ("the old", "", 1), ("<b>One</b> [pause 2] old", "One old", 0),
    ],
)  # fmt: skip
def test_words_wrong(text: str, heard: str, wer: float) -> None:
    assert round_trip(text, spoken(heard), "en").wer == pytest.approx(wer)


def test_other_languages_and_no_text() -> None:
    assert round_trip("Guten Morgen, Ana!", spoken("guten morgen ana"), "de").wer == 0
    assert round_trip("今天天气好", spoken("今天天气坏"), "zh").wer == pytest.approx(0.2)
    for text in ("", "...", "[pause 1]", "😀"):
        assert round_trip(text, spoken("hello"), "en").wer is None


# --- prosody ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hertz", [80.0, 120.0, 210.0, 330.0])
def test_pitch_of_a_known_voice(hertz: float) -> None:
    found = measure_pitch(voice(2.0, hertz), RATE)
    assert found is not None
    assert found.median == pytest.approx(hertz, rel=0.02)
    assert found.range < 0.5


def test_range_of_a_known_glide() -> None:
    """From 100 to 200 Hz evenly in semitones: 12, of which the 10th to 90th percentile are 9.6."""
    time = np.arange(2 * RATE) / RATE
    phase = 2 * np.pi * 100 * (2 ** (time / 2) - 1) / (np.log(2) / 2)
    wave = sum(np.sin(n * phase) / n for n in range(1, 12))
    found = measure_pitch((0.1 * wave).astype(np.float32), RATE)
    assert found is not None
    assert found.median == pytest.approx(141.4, rel=0.02)
    assert found.range == pytest.approx(9.6, abs=0.4)


def test_no_pitch_in_noise_and_silence() -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    for samples in (noise, np.zeros(RATE, np.float32), np.zeros(10, np.float32)):
        assert measure_pitch(samples, RATE) is None
    assert measure_energy_range(np.zeros(RATE, np.float32), RATE) is None


def test_pace_and_energy_of_known_truth() -> None:
    assert measure_pace(spoken(TEXT, 0.5)) == pytest.approx(60 * 6 / (5 * 0.5 + 0.45))
    assert measure_pace(spoken("the old")) is None
    steady = 0.1 * np.random.default_rng(0).standard_normal(2 * RATE)
    steps = np.where(np.arange(2 * RATE) < RATE, 1.0, 10 ** (-12 / 20))
    found = measure_energy_range((steady * steps).astype(np.float32), RATE)
    assert found == pytest.approx(12, abs=1)


def test_the_voices_own() -> None:
    takes = [Measures(3.0, pace=p, pitch=f) for p, f in ((200, 100), (210, 102), (190, 98), (400, 200), (205, 101))]
    own = voice_profile(takes)
    assert (own.pace, own.pitch) == (205, 101)
    assert own.pace_spread < 0.1  # the odd one does not widen it
    assert pace_deviation(takes[3], own) == pytest.approx(400 / 205 - 1)
    assert pitch_deviation(takes[3], own) == pytest.approx(12 * np.log2(200 / 101))
    assert voice_profile(takes[:2]) == VoiceProfile()
    assert voice_profile(takes[:2], Measures(9.0, pace=180, pitch=110)).pace == 180
    assert voice_profile([]) == VoiceProfile()
    assert pace_deviation(Measures(1.0), own) is None


def test_cosines() -> None:
    one = np.array([1.0, 0.0], np.float32)
    assert similarity(one, 3 * one) == pytest.approx(1)
    assert similarity(one, np.array([0.0, 2.0], np.float32)) == pytest.approx(0)
    assert similarity(None, one) is None


# --- verdicts ---------------------------------------------------------------------------------------------------------

GOOD = Measures(3.0, "x", 0.0, similarity=0.8, mos=3.2, pace=200.0, pitch=100.0)
CLICK = Artifact("click", 1.0, 1.001, 20.0, 13.3, "dB above what is around it")


def changed(**values: object) -> Measures:
    return Measures(**{**GOOD.__dict__, **values})  # type: ignore[arg-type]


OWN = VoiceProfile(200.0, 0.1, 100.0, 1.0)


@pytest.mark.parametrize(
    ("measures", "says"),
    [
        (changed(wer=0.5), "50% of the words are wrong"), (changed(similarity=0.1), "to the reference is 0.10"),
        (changed(mos=1.2), "DNSMOS is 1.20"), (changed(pace=320.0), "60% quicker"),
        (changed(pitch=140.0), "5.8 semitones above"), (changed(artifacts=(CLICK,)), "click at 1.00 s: 20 dB"),
    ],
)  # fmt: skip
def test_each_gate_fails_with_its_reason(measures: Measures, says: str) -> None:
    found = assess(measures, profile=OWN)
    assert not found.passed
    assert len(found.reasons) == 1
    assert says in found.reasons[0]
    assert found.score < assess(GOOD, profile=OWN).score
    opened = Gates(max_wer=None, min_similarity=None, min_mos=None, max_pace=None, max_pitch=None, artifacts=())
    assert assess(measures, opened, profile=OWN).passed


def test_what_was_not_measured_counts_for_nothing() -> None:
    alone = assess(Measures(3.0, wer=0.1))
    assert alone.passed
    assert set(alone.parts_of_score) == {"words", "artifacts"}
    assert alone.score == pytest.approx((0.35 * 0.8 + 0.15 * 1) / 0.5)
    only = Weights(words=0, similarity=1, quality=0, artifacts=0, pace=0, pitch=0)
    assert assess(GOOD, weights=only).parts_of_score == {"similarity": pytest.approx(0.6 / 0.7, abs=1e-4)}
    assert assess(Measures(3.0), weights=only) == Verdict(True, (), 0.0, {})


def test_steady_voices_are_given_their_spread() -> None:
    wide = VoiceProfile(200.0, 0.3, 100.0, 3.0)
    assert assess(changed(pace=330.0, pitch=150.0), profile=wide).passed
    assert not assess(changed(pace=330.0, pitch=150.0), profile=OWN).passed


def test_pick() -> None:
    low, high, failed = Verdict(True, (), 0.6), Verdict(True, (), 0.8), Verdict(False, ("it is off",), 0.95)
    assert pick_best([failed, low, high]).index == 2
    assert pick_best([low, low]).index == 0
    assert pick_best([failed, Verdict(False, ("a", "b"), 0.95)]).index == 0
    assert pick_best([Verdict(False, ("a", "b"), 0.95), failed]).index == 1
    assert "none of 1" not in pick_best([failed]).why
    assert "it is off" in pick_best([failed]).why
    assert "the only one of 3 that passed" in pick_best([failed, low, failed]).why
    assert "0.80" in pick_best([low, high]).why
    for order in itertools.permutations([low, high, failed]):
        assert order[pick_best(order).index] is high
    with pytest.raises(ValueError, match="no verdicts"):
        pick_best([])


def test_options_are_strict() -> None:
    assert Gates().artifacts == ARTIFACT_KINDS == tuple(KINDS)
    assert Gates(artifacts="click, hum").artifacts == ("click", "hum")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="Did you mean max_wer"):
        build(Gates, {"max_were": 1}, "x")
    for values in ({"min_mos": 9}, {"artifacts": ["hiss"]}, {"max_wer": float("nan")}):
        with pytest.raises(ValidationError):
            Gates(**values)  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="nothing would be scored"):
        Weights(words=0, similarity=0, quality=0, artifacts=0, pace=0, pitch=0)


# --- repair -----------------------------------------------------------------------------------------------------------


def measured(samples: NDArray[np.float32], words: tuple[Word, ...] = (), text: str = "") -> Measures:
    return Measures(len(samples) / RATE, artifacts=find_artifacts(samples, RATE, words, text))


def test_a_click_is_filled_with_what_was_there() -> None:
    base = voice()
    clicked = base.copy()
    clicked[20_000] += 0.5
    mended, done = repair(Audio(clicked[None, :], RATE), measured(clicked))
    assert done == ("1 click mended",)
    around = slice(19_900, 20_100)
    assert np.abs(mended.mono[around] - base[around]).max() < 0.1 * np.abs(clicked[around] - base[around]).max()
    assert np.array_equal(mended.mono[:19_000], base[:19_000])


def test_what_is_mended_is_gone_and_the_rest_stays() -> None:
    base = voice()
    time = np.arange(len(base)) / RATE
    bad = (base + 0.03 + 0.01 * np.sin(2 * np.pi * 4900 * time)).astype(np.float32)
    mended, done = repair(Audio(bad[None, :], RATE), measured(bad))
    assert kinds(mended.mono) == set()
    assert [one.split()[0] for one in done] == ["offset", "tone", "edges"]
    inside = slice(2400, -2400)
    assert np.abs(mended.mono[inside] - base[inside]).max() < 0.01
    tail = np.concatenate([base, np.zeros(round(0.15 * RATE), np.float32), voice(0.6)])
    cut, done = repair(Audio(tail[None, :], RATE), measured(tail, spoken(), TEXT))
    assert cut.duration == pytest.approx(1.99, abs=0.05)
    assert np.array_equal(cut.mono[: len(base)], base)
    assert len(done) == 1


def test_nothing_to_mend_is_left_as_it_is() -> None:
    sound = Audio(voice()[None, :], RATE)
    assert repair(sound, measured(sound.mono)) == (sound, ())
    hard = Audio(np.full((2, RATE), 0.2, np.float32), RATE)
    mended, done = repair(hard, Measures(1.0))
    assert done == ("edges faded",)
    assert np.abs(mended.samples[:, [0, -1]]).max() < 0.01
    empty = Audio(np.zeros((1, 0), np.float32), RATE)
    assert repair(empty, Measures(0.0)) == (empty, ())
