"""Clips that are decoded again: real repetitions, loops, hallucinations, and speech that was left out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from voicekit.engines.asr.chunking import Span, longest_duration, move_to_pauses, split_at_pauses
from voicekit.engines.asr.decoder import Clip, Decoder, DecodingOptions
from voicekit.engines.asr.repair import NO_WORDS, decode_missed_speech, repair, unrecognized_speech
from voicekit.engines.protocols import NOT_SPEECH, REPETITION, Dropped
from voicekit.types import Audio, Word

SENTENCE = "the village paid for the bridge"
SPANS = [(0.0, 3.0), (3.2, 6.4), (6.6, 9.7)]


def words(text: str, start: float, end: float) -> tuple[Word, ...]:
    parts = text.split()
    step = (end - start) / max(1, len(parts))
    return tuple(Word(part, start + i * step, start + (i + 1) * step, 0.9) for i, part in enumerate(parts))


def clip(
    span: Span, text: str, log_probability: float = -0.2, no_speech: float = 0.0, compression: float = 1.5
) -> Clip:
    return Clip(span, "en", words(text, *span), log_probability, no_speech, compression)


class ScriptedDecoder:
    """A decoder whose results are given by the start and end of each clip; what is not in the script has no words."""

    def __init__(self, spans: list[Span], script: dict[Span, Clip], sampled: Clip | None = None) -> None:
        self.spans = spans
        self.audio = Audio(np.zeros((1, 20 * 16_000), np.float32), 16_000)
        self.script = script
        self.sampled = sampled

    def decode(self, clips: Iterable[Span], languages: dict[Span, str], progress: Any = None) -> list[Clip]:
        return [self.script.get(span) or clip(span, "") for span in clips]

    def echoes_prompt(self, clip: Clip) -> bool:
        return clip.words[:1] != () and clip.words[0].text == "Kubernetes"

    def without_prompt(self) -> ScriptedDecoder:
        return ScriptedDecoder(self.spans, {span: c for span, c in self.script.items() if not self.echoes_prompt(c)})

    def decode_with_temperatures(self, clips: list[Clip]) -> list[Clip]:
        return [self.sampled or some for some in clips]


def text(clips: list[Clip]) -> str:
    ordered = sorted((word for some in clips for word in some.words), key=lambda word: word.start)
    return " ".join(word.text for word in ordered)


def test_a_sentence_said_three_times_is_kept() -> None:
    whole = clip((0.0, 9.7), f"{SENTENCE} " * 3, compression=2.9)
    looping = {span: clip(span, f"{SENTENCE} " * 4, compression=4.0) for span in ((0.0, 6.5), (6.5, 9.7))}
    script = looping | {span: clip(span, SENTENCE) for span in SPANS}
    decoder = ScriptedDecoder(SPANS, script, clip((0.0, 9.7), "thank you", -1.2, 0.5))
    clips, dropped = repair(decoder, [whole])  # type: ignore[arg-type]
    assert text(clips) == " ".join([SENTENCE] * 3)
    assert dropped == []


def test_speech_taken_for_noise_is_decoded_in_pieces_before_it_is_dropped() -> None:
    noise = clip((0.0, 9.7), "thank you so much", -1.3, 0.5)
    decoder = ScriptedDecoder(SPANS, {SPANS[1]: clip(SPANS[1], SENTENCE), SPANS[2]: clip(SPANS[2], "uh", -0.5, 0.9)})
    clips, dropped = repair(decoder, [noise])  # type: ignore[arg-type]
    assert text(clips) == SENTENCE
    assert [part.reason for part in dropped] == [NOT_SPEECH]
    assert unrecognized_speech(decoder, clips[0].words, dropped)[-1].reason.startswith("the words found were dropped")  # type: ignore[arg-type]


def test_a_loop_in_a_piece_is_cut() -> None:
    loop = clip((0.0, 9.7), "he said " + "thank you " * 9, compression=5.0)
    decoder = ScriptedDecoder([loop.span], {loop.span: loop}, loop)
    clips, dropped = repair(decoder, [loop])  # type: ignore[arg-type]
    assert text(clips) == "he said thank you"
    assert [(part.text, part.reason) for part in dropped] == [(("thank you " * 8).strip(), REPETITION)]


def test_a_clip_that_repeats_the_prompt_is_decoded_without_it() -> None:
    echo = clip((0.0, 9.7), "Kubernetes Istio Envoy Helm Argo")
    decoder = ScriptedDecoder(SPANS, {echo.span: clip(echo.span, SENTENCE)})
    clips, dropped = repair(decoder, [echo])  # type: ignore[arg-type]
    assert (text(clips), dropped) == (SENTENCE, [])


def test_what_counts_as_an_echo() -> None:
    options = DecodingOptions("Kubernetes, Istio, Envoy, Helm, Argo, Flux", None, 5, 8)
    decoder = Decoder(None, lambda: None, Audio(np.zeros((1, 16), np.float32), 16_000), SPANS, options)
    assert decoder.echoes_prompt(clip(SPANS[0], "we use kubernetes istio envoy helm argo"))
    assert not decoder.echoes_prompt(clip(SPANS[0], "we use kubernetes and istio with envoy"))
    assert not decoder.without_prompt().echoes_prompt(clip(SPANS[0], "kubernetes istio envoy helm argo"))


def stretched() -> Clip:
    """A clip whose second sentence was left out; its third begins with words that are stretched over it."""
    first = words(SENTENCE, 0.1, 2.8)
    last = (Word("the", 3.4, 3.7, 0.8), Word("train", 3.7, 7.3, 0.9), *words("leaves at ten", 7.3, 9.6))
    return Clip((0.0, 9.7), "en", (*first, *last), -0.1, 0.0, 1.5)


def test_a_turn_hidden_by_a_stretched_word_is_decoded() -> None:
    script = {
        SPANS[1]: clip(SPANS[1], "neither did she know it"),
        (0.0, 3.2): clip((0.0, 3.2), SENTENCE),
        (6.4, 9.7): Clip((6.4, 9.7), "en", words("the train leaves at ten", 6.7, 9.6), -0.1, 0.0, 1.5),
    }
    decoder = ScriptedDecoder(SPANS, script)
    clips = decode_missed_speech(decoder, [stretched()])  # type: ignore[arg-type]
    assert text(clips) == f"{SENTENCE} neither did she know it the train leaves at ten"
    found = [word for some in clips for word in some.words]
    assert all(word.end - word.start <= longest_duration(word.text) for word in found)
    assert unrecognized_speech(decoder, sorted(found, key=lambda word: word.start), []) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("piece", [clip(SPANS[1], ""), clip(SPANS[1], "uh", -0.9, 0.9), clip(SPANS[1], "it", -2.0)])
def test_speech_without_reliable_words_is_listed(piece: Clip) -> None:
    decoder = ScriptedDecoder(SPANS, {SPANS[1]: piece})
    clips = decode_missed_speech(decoder, [stretched()])  # type: ignore[arg-type]
    assert clips == [stretched()]
    listed = unrecognized_speech(decoder, clips[0].words, [])  # type: ignore[arg-type]
    assert [part.reason for part in listed] == [NO_WORDS]
    assert listed[0].start < 4.0
    assert listed[0].end > 6.0


def test_a_second_decoding_that_loses_words_is_not_used() -> None:
    script = {SPANS[1]: clip(SPANS[1], "neither did she know it"), (6.4, 9.7): clip((6.4, 9.7), "no")}
    clips = decode_missed_speech(ScriptedDecoder(SPANS, script), [stretched()])  # type: ignore[arg-type]
    assert clips == [stretched()]


def test_dropped_words_are_the_reason_for_missing_ones() -> None:
    dropped = [Dropped(3.3, 6.0, "thank you", NOT_SPEECH)]
    listed = unrecognized_speech(ScriptedDecoder(SPANS, {}), words(SENTENCE, 0.0, 3.0), dropped)  # type: ignore[arg-type]
    assert NOT_SPEECH in listed[0].reason


@pytest.mark.parametrize(
    ("spans", "pieces"),
    [
        (SPANS, SPANS),
        ([(0.0, 0.5), (0.7, 1.5), (1.7, 4.0)], [(0.0, 1.5), (1.7, 4.0)]),
        ([(0.0, 3.0), (3.2, 3.6)], [(0.0, 3.6)]),
        ([(-2.0, 1.5), (8.0, 12.0)], [(0.0, 1.5), (8.0, 9.7)]),
        ([], [(0.0, 9.7)]),
    ],
)
def test_pieces_between_pauses_are_long_enough(spans: list[Span], pieces: list[Span]) -> None:
    assert split_at_pauses((0.0, 9.7), spans) == pieces


@pytest.mark.parametrize(
    ("missed", "moved"),
    [((2.7, 6.2), (3.0, 6.4)), ((3.2, 6.4), (3.2, 6.4)), ((1.5, 5.0), (1.5, 5.0))],
)
def test_missed_speech_is_cut_at_pauses(missed: Span, moved: Span) -> None:
    assert move_to_pauses(missed, words(SENTENCE, 0.0, 2.7), SPANS) == moved


@pytest.mark.parametrize(("word", "seconds"), [("a", 0.7), ("village", 1.3), ("2019", 2.6), ("你好", 1.2)])
def test_how_long_a_word_may_last(word: str, seconds: float) -> None:
    assert longest_duration(word) == pytest.approx(seconds)
