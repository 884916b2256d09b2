"""Speech recognition with faster-whisper: Whisper on CTranslate2, batched over clips of speech.

Its batched mode hears only the first 30 s of a clip, ignores Whisper's own failure checks and temperatures, and does
not say when a clip ends before its speech does (faster-whisper#1179 #1427). So clips are cut here (`pipeline.clips`),
decoded in batches, checked, and those that fail are decoded again:

    decode -> what failed: its halves -> what still fails: with temperatures, one by one -> drop, or cut a loop
           -> what was left out: once more

The language is voted on by the clips, and decided for each where they disagree.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from voicekit.runtime.device import Device, preload_cuda_libraries

preload_cuda_libraries()  # before CTranslate2 looks for them

import ctranslate2
import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import TranscriptionOptions, get_compression_ratio, get_suppressed_tokens
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

from voicekit.audio.decode import MODEL_RATE
from voicekit.engines.asr.chunking import (
    MAX_CLIP,
    MIXED_CLIP,
    Span,
    halves,
    left_out,
    loop_start,
    pack_clips,
    without_echo,
)
from voicekit.engines.protocols import A_LOOP, NO_VOICE, Dropped, OnProgress, Recognition
from voicekit.errors import EngineError, ModelCorrupt, UsageError
from voicekit.models.catalogue import Weights
from voicekit.runtime.memory import out_of_memory
from voicekit.text.words import join_words
from voicekit.types import Audio, Segment, Word

VAD_PAD = 0.2
"""Seconds kept around speech: Silero cuts soft onsets and endings."""

# Whisper's own thresholds (openai/whisper transcribe.py).
LOOPS = 2.4  # text that compresses better repeats itself
UNSURE = -1.0  # mean log-probability of a token
NO_SPEECH = 0.6

DOUBTFUL = 0.3
"""Probability of no speech from which a text that is UNSURE too is taken for invented. Whisper's own 0.6 lets through
what it makes of noise; of speech, however noisy, none of the recordings had both (benchmarks/RESULTS.md)."""

SEED = 0
"""Of the draws at temperatures above 0: the same recording gives the same words, whatever was heard before."""

TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0)

OTHER_LANGUAGE = 0.8
"""Probability from which a clip is taken to be in another language than most."""

CLEAR = 0.9
"""Share of the votes from which the language is clear; below, every ten seconds of speech are asked."""

LONG_ENOUGH = 2.0
"""Seconds of the shortest clip whose own language is believed."""

# Languages that Whisper writes without spaces, so that its pieces are not glued to words.
_UNSPACED_LANGUAGES = frozenset({"zh", "ja", "th", "lo", "my", "yue", "km"})


@dataclass(frozen=True)
class Clip:
    """One decoded clip: what was heard, and the recogniser's own doubts."""

    span: Span
    language: str
    words: tuple[Word, ...]
    log_probability: float
    no_speech: float
    compression: float

    @property
    def failed(self) -> bool:
        """Whether it repeats itself, or is unsure of its words."""
        return bool(self.words) and not self.silent and (self.compression > LOOPS or self.log_probability < UNSURE)

    @property
    def silent(self) -> bool:
        """Whether there are words, but probably no speech: no decoding makes that better."""
        return self.no_speech > DOUBTFUL and self.log_probability < UNSURE


class FasterWhisper:
    """Engine `faster-whisper`. Loaded once, used for many recordings; keeps nothing between them."""

    def __init__(self, weights: Weights, device: Device, compute_type: str) -> None:
        try:
            self.load: Callable[[], _Whisper] = functools.partial(
                _Whisper, str(weights.path), device=device.kind, device_index=device.index, compute_type=compute_type
            )
            self.model = self.load()
        except ValueError as error:  # "Requested float16 compute type, but ..."
            raise UsageError(
                f"Whisper cannot run as {compute_type} on {device}: {error}", "Use --compute-type auto"
            ) from error
        except RuntimeError as error:
            if out_of_memory(error):
                raise
            if "libcu" in str(error) or "CUDA" in str(error):
                raise EngineError(
                    f"CUDA does not work here: {error}", "See `voicekit doctor`, or use --device cpu"
                ) from error
            raise ModelCorrupt(
                f"model {weights.name} does not load: {error}", f"`voicekit models verify {weights.name}`"
            ) from error
        self.name = weights.name

    def transcribe(
        self,
        audio: Audio,
        *,
        language: str | None,
        hotwords: str | None,
        prompt: str | None,
        beam_size: int,
        batch_size: int,
        progress: OnProgress,
    ) -> tuple[Recognition, list[str]]:
        """What is said in 16 kHz `audio`, clip by clip. Raises UsageError for a language the model lacks."""
        spans = speech_spans(audio.mono)
        if not spans:
            return Recognition((), language or "und", 0.0), ["no speech was found"]
        decoder = _Decoder(self, audio, spans, hotwords, prompt, beam_size, batch_size)
        clips = pack_clips(spans, audio.duration)
        votes = {clip: {language: 1.0} for clip in clips} if language else decoder.vote(clips)
        main, certainty = most_likely(votes)
        if certainty < CLEAR or several_languages(votes, main):
            shorter = pack_clips(spans, audio.duration, MIXED_CLIP, gap=0.5)
            votes = decoder.odds(shorter)
            main, certainty = most_likely(votes)
            if several_languages(votes, main):
                clips = shorter
        warnings = []
        if certainty < 0.5:
            warnings.append(f"language {main} is a guess ({certainty:.0%}): set --language if it is wrong")
        languages = {clip: own_language(votes.get(clip, {}), clip, main) for clip in clips}
        heard = decoder.decode(clips, languages, lambda share: progress(0.9 * share))
        heard, dropped = decoder.mend(heard)
        heard += decoder.again(heard)
        progress(1.0)
        segments = (_segment(n, c) for n, c in enumerate(c for c in sorted(heard, key=lambda c: c.span) if c.words))
        return Recognition(tuple(segments), main, certainty, tuple(dropped)), warnings

    def translate_speech(
        self, audio: Audio, clips: Sequence[tuple[float, float, str]], batch_size: int, progress: OnProgress
    ) -> list[str]:
        """What is said in each clip (start, end, Whisper's code of the language) of 16 kHz `audio`, in English; empty
        where it is no speech. Raises UsageError where the model cannot translate."""
        if not self.model.model.is_multilingual:
            raise UsageError(f"model {self.name} knows English only", "Use a model without .en in its name")
        languages = {(start, end): language for start, end, language in clips}
        decoder = _Decoder(self, audio, list(languages), None, None, BEAM, batch_size, "translate")
        heard = decoder.decode(languages, languages, progress)
        failed = [clip for clip in heard if clip.failed]
        if failed:
            fresh = decoder.fresh_model()
            better = {clip.span: decoder.with_temperatures(fresh, clip) for clip in failed}
            heard = [better.get(clip.span, clip) for clip in heard]
        texts = {}
        for clip in heard:
            kept, _ = _judged(clip)
            texts[clip.span] = join_words(word.text for word in kept.words) if kept else ""
        return [texts[(start, end)] for start, end, _ in clips]


BEAM = 5
"""Hypotheses kept while speech is translated."""


class _Decoder:
    """One recording and one set of options."""

    def __init__(
        self,
        engine: FasterWhisper,
        audio: Audio,
        spans: list[Span],
        hotwords: str | None,
        prompt: str | None,
        beam_size: int,
        batch_size: int,
        task: str = "transcribe",
    ) -> None:
        self.task = task
        self.engine = engine
        self.model = engine.model
        self.audio = audio
        self.spans = spans
        self.hotwords, self.prompt = hotwords, prompt
        self.beam_size, self.batch_size = beam_size, batch_size
        self.voters: tuple[Span, ...] = ()
        self.encoded_voters: Any = None

    # --- language

    def vote(self, clips: list[Span]) -> dict[Span, dict[str, float]]:
        """A batch of clips' probabilities of languages, spread over the recording: the first may be a jingle
        (whisperX#567). They are encoded for the vote and need not be for their decoding.
        """
        if not self.model.model.is_multilingual:
            return {clip: {"en": 1.0} for clip in clips}
        chosen = np.unique(np.linspace(0, len(clips) - 1, min(self.batch_size, len(clips))).round().astype(int))
        voters = [clips[i] for i in chosen]
        self.encoded_voters = self._encode(voters)
        self.voters = tuple(voters)
        return self._odds(voters)

    def odds(self, clips: list[Span]) -> dict[Span, dict[str, float]]:
        """Each clip's probabilities of languages."""
        found = {}
        for batch in _batches(clips, self.batch_size):
            found.update(self._odds(batch))
        return found

    def _odds(self, batch: list[Span]) -> dict[Span, dict[str, float]]:
        heard = self.model.model.detect_language(self._encode(batch))
        return {
            clip: {token[2:-2]: float(probability) for token, probability in odds}
            for clip, odds in zip(batch, heard, strict=True)
        }

    # --- decoding

    def decode(self, clips: Iterable[Span], languages: dict[Span, str], progress: OnProgress) -> list[Clip]:
        """Each clip in its language, in batches of one language."""
        by_language: dict[str, list[Span]] = {}
        for clip in clips:
            by_language.setdefault(languages[clip], []).append(clip)
        for group in by_language.values():
            group.sort(key=lambda clip: clip not in self.voters)
        total = sum(len(group) for group in by_language.values())
        heard: list[Clip] = []
        for language, group in by_language.items():
            for batch in _batches(group, self.batch_size):
                heard += self._decode_batch(batch, language)
                progress(len(heard) / total)
        return heard

    def mend(self, heard: list[Clip]) -> tuple[list[Clip], list[Dropped]]:
        """Decode what failed again, by halves and then with temperatures; cut loops, drop what is no speech."""
        kept, failed = [c for c in heard if not c.failed], [c for c in heard if c.failed]
        parts = {part: clip.language for clip in failed for part in halves(clip.span, self.spans)}
        second = self.decode(parts, parts, lambda share: None)
        kept += [c for c in second if not c.failed]
        dropped: list[Dropped] = []
        if still := [c for c in second if c.failed]:
            fresh = self.fresh_model()
            for clip in still:
                better, what = _judged(self.with_temperatures(fresh, clip))
                kept += [better] if better else []
                dropped += what
        checked: list[Clip] = []
        for clip in kept:
            better, what = _judged(clip)
            checked += [better] if better else []
            dropped += what
        return checked, dropped

    def again(self, heard: list[Clip]) -> list[Clip]:
        """What the first decoding left out, decoded as clips of its own; only what is sure is kept."""
        before: dict[Span, tuple[Word, ...]] = {}
        languages: dict[Span, str] = {}
        for clip in heard:
            for hole in left_out(clip.span, clip.words, self.spans):
                for part in pack_clips([hole], self.audio.duration):
                    before[part] = tuple(word for word in clip.words if word.end <= part[0] + 0.1)
                    languages[part] = clip.language
        found = self.decode(languages, languages, lambda share: None)
        sure = [c for c in found if c.words and not c.failed and not c.silent and c.no_speech <= NO_SPEECH]
        return [replace(c, words=tuple(without_echo(before[c.span], c.words))) for c in sure]

    def _decode_batch(self, batch: list[Span], language: str) -> list[Clip]:
        tokenizer = self._tokenizer(language)
        found = BatchedInferencePipeline(self.model).forward(
            self._encode(batch),
            tokenizer,
            [{"offset": start, "duration": end - start, "segments": [(start, end)]} for start, end in batch],
            self._options(tokenizer, (0.0,)),
        )
        return [self._clip(span, parts, language) for span, parts in zip(batch, found, strict=True)]

    def fresh_model(self) -> Any:
        """A second one, whose draws do not depend on what the first has decoded: CTranslate2 seeds each thread once."""
        ctranslate2.set_random_seed(SEED)
        try:
            return self.engine.load()
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            return self.model

    def with_temperatures(self, model: Any, clip: Clip) -> Clip:
        """The first temperature whose text passes Whisper's checks, else the likeliest."""
        samples = self._samples(clip.span)
        options: dict[str, Any] = {
            "language": clip.language, "task": self.task, "beam_size": self.beam_size, "temperature": TEMPERATURES,
            "hotwords": self.hotwords, "initial_prompt": self.prompt, "word_timestamps": True,
            "without_timestamps": True, "condition_on_previous_text": False, "log_prob_threshold": UNSURE,
            "compression_ratio_threshold": LOOPS, "no_speech_threshold": NO_SPEECH,
        }  # fmt: skip
        parts = [
            vars(part) | {"words": [vars(w) for w in part.words or []]}
            for part in model.transcribe(samples, **options)[0]
        ]
        for part in parts:
            for word in part["words"]:
                word["start"] += clip.span[0]
                word["end"] += clip.span[0]
        return self._clip(clip.span, parts, clip.language)

    def _clip(self, span: Span, parts: list[dict[str, Any]], language: str) -> Clip:
        pieces = [_Piece(**word) for part in parts for word in part["words"]]
        words = to_words(pieces, language, self.audio.duration)
        if not parts:
            return Clip(span, language, words, 0.0, 1.0, 1.0)
        text = "".join(part["text"] for part in parts)
        return Clip(
            span, language, words, min(part["avg_logprob"] for part in parts),
            max(part["no_speech_prob"] for part in parts), get_compression_ratio(text),
        )  # fmt: skip

    def _samples(self, span: Span) -> NDArray[np.float32]:
        return self.audio.mono[int(span[0] * MODEL_RATE) : int(span[1] * MODEL_RATE)]

    def _encode(self, batch: list[Span]) -> Any:
        if tuple(batch) == self.voters:
            return self.encoded_voters
        features = [self.model.feature_extractor(self._samples(span))[..., :-1] for span in batch]
        return self.model.encode(np.stack([pad_or_trim(feature) for feature in features]))

    def _tokenizer(self, language: str) -> Any:
        return Tokenizer(self.model.hf_tokenizer, self.model.model.is_multilingual, task=self.task, language=language)

    def _options(self, tokenizer: Any, temperatures: tuple[float, ...]) -> Any:
        return TranscriptionOptions(
            beam_size=self.beam_size, best_of=5, patience=1, length_penalty=1, repetition_penalty=1,
            no_repeat_ngram_size=0, log_prob_threshold=UNSURE, no_speech_threshold=NO_SPEECH,
            compression_ratio_threshold=LOOPS, condition_on_previous_text=False, prompt_reset_on_temperature=0.5,
            temperatures=list(temperatures), initial_prompt=self.prompt, prefix=None, suppress_blank=True,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]), without_timestamps=True,
            max_initial_timestamp=0.0, word_timestamps=True, prepend_punctuations="\"'“¿([{-",
            append_punctuations="\"'.。,，!！?？:：”)]}、", multilingual=False, max_new_tokens=None,
            clip_timestamps="0", hallucination_silence_threshold=None, hotwords=self.hotwords,
        )  # fmt: skip


@dataclass(frozen=True)
class _Piece:
    """A word as faster-whisper gives it."""

    word: str
    start: float
    end: float
    probability: float


class _Whisper(WhisperModel):  # type: ignore[misc]
    """faster-whisper's model, which also takes what it has encoded already."""

    def encode(self, features: Any) -> Any:
        return features if isinstance(features, ctranslate2.StorageView) else super().encode(features)


def most_likely(votes: dict[Span, dict[str, float]]) -> tuple[str, float]:
    """The language of the most speech, and its share of the votes, which weigh as many seconds as their clips last."""
    totals: dict[str, float] = {}
    for (start, end), odds in votes.items():
        for code, probability in odds.items():
            totals[code] = totals.get(code, 0.0) + probability * (end - start)
    best = max(totals, key=lambda code: totals[code])
    return best, min(1.0, totals[best] / sum(end - start for start, end in votes))


def own_language(odds: dict[str, float], clip: Span, main: str) -> str:
    """A clip's language: `main`, unless it is long enough and clearly in another."""
    best = max(odds, key=lambda code: odds[code], default=main)
    return best if clip[1] - clip[0] >= LONG_ENOUGH and odds.get(best, 0.0) >= OTHER_LANGUAGE else main


def several_languages(votes: dict[Span, dict[str, float]], main: str) -> bool:
    return len({own_language(odds, clip, main) for clip, odds in votes.items()}) > 1


def _judged(clip: Clip) -> tuple[Clip | None, list[Dropped]]:
    """The clip without a loop; nothing where it is no speech. And what was dropped."""
    if clip.silent and clip.words:
        return None, [_dropped(clip.words, NO_VOICE)]
    if clip.compression > LOOPS and (cut := loop_start([word.text for word in clip.words])) is not None:
        return replace(clip, words=clip.words[:cut]), [_dropped(clip.words[cut:], A_LOOP)]
    return clip, []


def _dropped(words: Sequence[Word], reason: str) -> Dropped:
    return Dropped(words[0].start, words[-1].end, join_words(word.text for word in words), reason)


def speech_spans(samples: NDArray[np.float32]) -> list[Span]:
    """(start, end) in seconds of speech, by Silero VAD; none over MAX_CLIP, cut where it is least like speech."""
    options = VadOptions(
        max_speech_duration_s=MAX_CLIP - 2 * VAD_PAD, min_silence_duration_ms=160, speech_pad_ms=int(VAD_PAD * 1000)
    )
    found = get_speech_timestamps(samples, options, sampling_rate=MODEL_RATE)
    return [(span["start"] / MODEL_RATE, span["end"] / MODEL_RATE) for span in found]


def to_words(pieces: Iterable[Any], language: str, duration: float) -> tuple[Word, ...]:
    """faster-whisper's words as ours: stripped; pieces without a leading space glued to the word before.

    It cuts "well-known" into " well" and "-known"; only the leading space tells that they are one word.
    """
    words: list[Word] = []
    for piece in pieces:
        text = re.sub(r"\s+", " ", piece.word)
        probability = round(min(1.0, max(0.0, float(piece.probability))), 3)
        start = round(min(max(0.0, float(piece.start)), duration), 3)
        end = round(min(max(start, float(piece.end)), duration), 3)
        if not text.strip():
            continue
        if words and not text.startswith(" ") and language not in _UNSPACED_LANGUAGES:
            last = words[-1]
            probability = round((last.probability + probability) / 2, 3)
            words[-1] = Word(last.text + text.strip(), last.start, max(last.end, end), probability)
        else:
            words.append(Word(text.strip(), start, end, probability))
    return tuple(words)


def _batches(clips: Sequence[Span], size: int) -> Iterator[list[Span]]:
    for first in range(0, len(clips), size):
        yield list(clips[first : first + size])


def _segment(number: int, clip: Clip) -> Segment:
    text = join_words(word.text for word in clip.words)
    end = max(word.end for word in clip.words)
    return Segment(number, clip.words[0].start, end, text, None, clip.language, clip.words)
