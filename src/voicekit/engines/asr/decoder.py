"""Decode clips of speech with Whisper, and judge the results.

faster-whisper's batched mode reads only the first 30 s of a clip, ignores Whisper's own failure checks and
temperatures, and does not notice when decoding ends before the speech does (faster-whisper#1179, #1427).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from voicekit.runtime.device import preload_cuda_libraries
from voicekit.text.languages import UNSPACED_LANGUAGES

preload_cuda_libraries()  # must run before CTranslate2 is imported

import ctranslate2
import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import TranscriptionOptions, get_compression_ratio, get_suppressed_tokens
from numpy.typing import NDArray

from voicekit.audio.probe import MODEL_RATE
from voicekit.engines.asr.chunking import Span, longest_shared_run
from voicekit.engines.asr.language_vote import Votes
from voicekit.engines.protocols import ProgressCallback
from voicekit.runtime.memory import is_out_of_memory
from voicekit.types import Audio, Word

# Whisper's own thresholds (openai/whisper transcribe.py).
MAX_COMPRESSION = 2.4
"""Compression ratio of a text, above which it repeats itself."""

MIN_LOG_PROBABILITY = -1.0
"""Mean log-probability of the tokens, below which the text is unreliable."""

NO_SPEECH = 0.6
"""Probability of no speech."""

LIKELY_NO_SPEECH = 0.3
"""Probability of no speech from which an unreliable text counts as a hallucination. Whisper's own 0.6 accepts what it
hallucinates for noise; no speech in our recordings, however noisy, had both properties (benchmarks/RESULTS.md)."""

TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Sampling temperatures, tried in this order on clips that failed twice (Whisper's own)."""

MIN_ECHO = 5
"""Words in a row that a clip must share with the prompt to be decoded again without it."""

SEED = 0
"""Seed for temperatures above 0, so that a recording always gives the same words."""


@dataclass(frozen=True)
class Clip:
    """A decoded clip and Whisper's quality estimates of it.

    Attributes:
        span: Start and end in the recording, seconds.
        language: Whisper's code.
        words: With times in the recording.
        log_probability: Mean over the tokens.
        no_speech: Probability of no speech.
        compression: Compression ratio of the text.
    """

    span: Span
    language: str
    words: tuple[Word, ...]
    log_probability: float
    no_speech: float
    compression: float

    @property
    def failed(self) -> bool:
        """Whether the text repeats itself or is unreliable, so that another decoding may be better."""
        is_bad = self.compression > MAX_COMPRESSION or self.log_probability < MIN_LOG_PROBABILITY
        return bool(self.words) and not self.is_hallucination and is_bad

    @property
    def is_reliable(self) -> bool:
        """Whether the words can be added where other decodings found none."""
        return bool(self.words) and not self.failed and not self.is_hallucination and self.no_speech <= NO_SPEECH

    @property
    def is_hallucination(self) -> bool:
        """Whether the words are unreliable and there is probably no speech; no decoding would be better."""
        return self.no_speech > LIKELY_NO_SPEECH and self.log_probability < MIN_LOG_PROBABILITY


class CachingWhisper(WhisperModel):  # type: ignore[misc]
    """faster-whisper's model; `encode` also accepts features that are encoded already."""

    def encode(self, features: Any) -> Any:
        return features if isinstance(features, ctranslate2.StorageView) else super().encode(features)


@dataclass(frozen=True)
class DecodingOptions:
    """Options of all decodings of a recording: hotwords, prompt, beam size, clips per batch, and Whisper's task."""

    hotwords: str | None
    prompt: str | None
    beam_size: int
    batch_size: int
    task: str = "transcribe"


class Decoder:
    """Decodes the clips of one recording.

    Args:
        model: The loaded model.
        load_model: Loads another copy of it, for sampling.
        audio: 16 kHz.
        spans: Stretches of speech.
        options: For all clips.
    """

    def __init__(
        self,
        model: Any,
        load_model: Callable[[], Any],
        audio: Audio,
        spans: Sequence[Span],
        options: DecodingOptions,
    ) -> None:
        self._model = model
        self._load_model = load_model
        self.audio = audio
        self.spans = spans
        self._options = options
        self._encoded_clips: tuple[Span, ...] = ()
        self._encoded_features: Any = None

    def vote(self, clips: list[Span]) -> Votes:
        """Return the language probabilities of one batch of clips that are spread over the recording.

        The start alone may be a jingle (whisperX#567). The encoded features are kept for decoding these clips.
        """
        if not self._model.model.is_multilingual:
            return {clip: {"en": 1.0} for clip in clips}
        count = min(self._options.batch_size, len(clips))
        index = np.unique(np.linspace(0, len(clips) - 1, count).round().astype(int))
        voters = [clips[i] for i in index]
        self._encoded_features = self._encode(voters)
        self._encoded_clips = tuple(voters)
        return self._language_probabilities(voters)

    def vote_all(self, clips: list[Span]) -> Votes:
        """Return the language probabilities of every clip."""
        votes: Votes = {}
        for batch in _batches(clips, self._options.batch_size):
            votes.update(self._language_probabilities(batch))
        return votes

    def _language_probabilities(self, batch: list[Span]) -> Votes:
        results = self._model.model.detect_language(self._encode(batch))
        return {
            clip: {token[2:-2]: float(probability) for token, probability in probabilities}  # "<|en|>" -> "en"
            for clip, probabilities in zip(batch, results, strict=True)
        }

    def decode(
        self, clips: Iterable[Span], languages: dict[Span, str], progress: ProgressCallback = lambda share: None
    ) -> list[Clip]:
        """Decode each clip in its language; a batch holds clips of one language."""
        by_language: dict[str, list[Span]] = {}
        for clip in clips:
            by_language.setdefault(languages[clip], []).append(clip)
        for group in by_language.values():
            group.sort(key=lambda clip: clip not in self._encoded_clips)
        total = sum(len(group) for group in by_language.values())
        decoded: list[Clip] = []
        for language, group in by_language.items():
            for batch in _batches(group, self._options.batch_size):
                decoded += self._decode_batch(batch, language)
                progress(len(decoded) / total)
        return decoded

    def echoes_prompt(self, clip: Clip) -> bool:
        """Whether a run of words of the hotwords or the prompt is in the clip, as Whisper sometimes repeats them."""
        words = [word.text for word in clip.words]
        prompts = (self._options.hotwords, self._options.prompt)
        return any(prompt and longest_shared_run(words, prompt.split()) >= MIN_ECHO for prompt in prompts)

    def without_prompt(self) -> Decoder:
        """Return a decoder of the same recording without hotwords and prompt."""
        other = copy.copy(self)
        other._options = replace(self._options, hotwords=None, prompt=None)
        return other

    def decode_with_temperatures(self, clips: list[Clip]) -> list[Clip]:
        """Decode each clip with increasing temperatures; keep the first text that passes Whisper's checks.

        If none passes, the most likely text is kept.
        """
        if not clips:
            return []
        model = self._load_seeded_model()
        return [self._decode_with_temperatures(model, clip) for clip in clips]

    def _load_seeded_model(self) -> Any:
        """Load a second model: CTranslate2 seeds each thread once, so the first one's samples depend on its past."""
        ctranslate2.set_random_seed(SEED)
        try:
            return self._load_model()
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            return self._model

    def _decode_with_temperatures(self, model: Any, clip: Clip) -> Clip:
        options: dict[str, Any] = {
            "language": clip.language, "task": self._options.task, "beam_size": self._options.beam_size,
            "temperature": TEMPERATURES, "hotwords": self._options.hotwords, "initial_prompt": self._options.prompt,
            "word_timestamps": True, "without_timestamps": True, "condition_on_previous_text": False,
            "log_prob_threshold": MIN_LOG_PROBABILITY, "compression_ratio_threshold": MAX_COMPRESSION,
            "no_speech_threshold": NO_SPEECH,
        }  # fmt: skip
        parts = [
            vars(part) | {"words": [vars(word) for word in part.words or []]}
            for part in model.transcribe(self._samples(clip.span), **options)[0]
        ]
        for part in parts:
            for word in part["words"]:
                word["start"] += clip.span[0]
                word["end"] += clip.span[0]
        return self._make_clip(clip.span, parts, clip.language)

    def _decode_batch(self, batch: list[Span], language: str) -> list[Clip]:
        tokenizer = Tokenizer(
            self._model.hf_tokenizer, self._model.model.is_multilingual, task=self._options.task, language=language
        )
        results = BatchedInferencePipeline(self._model).forward(
            self._encode(batch),
            tokenizer,
            [{"offset": start, "duration": end - start, "segments": [(start, end)]} for start, end in batch],
            self._transcription_options(tokenizer),
        )
        return [self._make_clip(span, parts, language) for span, parts in zip(batch, results, strict=True)]

    def _make_clip(self, span: Span, parts: list[dict[str, Any]], language: str) -> Clip:
        tokens = [_TimedToken(**word) for part in parts for word in part["words"]]
        words = to_words(tokens, language, self.audio.duration)
        if not parts:
            return Clip(span, language, words, 0.0, 1.0, 1.0)
        return Clip(
            span, language, words, min(part["avg_logprob"] for part in parts),
            max(part["no_speech_prob"] for part in parts), get_compression_ratio("".join(p["text"] for p in parts)),
        )  # fmt: skip

    def _samples(self, span: Span) -> NDArray[np.float32]:
        return self.audio.mono[int(span[0] * MODEL_RATE) : int(span[1] * MODEL_RATE)]

    def _encode(self, batch: list[Span]) -> Any:
        if tuple(batch) == self._encoded_clips:
            return self._encoded_features
        features = [self._model.feature_extractor(self._samples(span))[..., :-1] for span in batch]
        return self._model.encode(np.stack([pad_or_trim(feature) for feature in features]))

    def _transcription_options(self, tokenizer: Any) -> Any:
        return TranscriptionOptions(
            beam_size=self._options.beam_size, best_of=5, patience=1, length_penalty=1, repetition_penalty=1,
            no_repeat_ngram_size=0, log_prob_threshold=MIN_LOG_PROBABILITY, no_speech_threshold=NO_SPEECH,
            compression_ratio_threshold=MAX_COMPRESSION, condition_on_previous_text=False,
            prompt_reset_on_temperature=0.5, temperatures=[0.0], initial_prompt=self._options.prompt, prefix=None,
            suppress_blank=True, suppress_tokens=get_suppressed_tokens(tokenizer, [-1]), without_timestamps=True,
            max_initial_timestamp=0.0, word_timestamps=True, prepend_punctuations="\"'“¿([{-",
            append_punctuations="\"'.。,，!！?？:：”)]}、", multilingual=False, max_new_tokens=None,
            clip_timestamps="0", hallucination_silence_threshold=None, hotwords=self._options.hotwords,
        )  # fmt: skip


@dataclass(frozen=True)
class _TimedToken:
    """A word or a part of one, as faster-whisper returns it."""

    word: str
    start: float
    end: float
    probability: float


def to_words(tokens: Iterable[Any], language: str, duration: float) -> tuple[Word, ...]:
    """Convert faster-whisper's words; those without a leading space are joined to the previous word.

    faster-whisper splits "well-known" into " well" and "-known"; only the missing space shows that it is one word.
    """
    words: list[Word] = []
    for token in tokens:
        text = re.sub(r"\s+", " ", token.word)
        probability = round(min(1.0, max(0.0, float(token.probability))), 3)
        start = round(min(max(0.0, float(token.start)), duration), 3)
        end = round(min(max(start, float(token.end)), duration), 3)
        if not text.strip():
            continue
        if words and not text.startswith(" ") and language not in UNSPACED_LANGUAGES:
            last = words[-1]
            probability = round((last.probability + probability) / 2, 3)
            words[-1] = Word(last.text + text.strip(), last.start, max(last.end, end), probability)
        else:
            words.append(Word(text.strip(), start, end, probability))
    return tuple(words)


def _batches(clips: Sequence[Span], size: int) -> Iterator[list[Span]]:
    for first in range(0, len(clips), size):
        yield list(clips[first : first + size])
