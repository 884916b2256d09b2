"""Speech recognition with faster-whisper: Whisper on CTranslate2, batched over clips of speech.

detect speech (Silero VAD) -> pack it into clips -> vote on the language -> decode
    -> decode failed clips again: in halves, then with temperatures; drop hallucinations, cut loops
    -> decode speech that got no words once more
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from voicekit.runtime.device import Device, preload_cuda_libraries

preload_cuda_libraries()  # must run before CTranslate2 is imported

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

from voicekit.audio.probe import MODEL_RATE
from voicekit.engines.asr.chunking import MAX_CLIP, MIXED_CLIP, Span, pack_clips
from voicekit.engines.asr.decoder import CachingWhisper, Clip, Decoder, DecodingOptions
from voicekit.engines.asr.language_vote import CLEAR, clip_language, most_likely, several_languages
from voicekit.engines.asr.repair import decode_missed_speech, drop_hallucinations, repair, unrecognized_speech
from voicekit.engines.ctranslate2_errors import loading
from voicekit.engines.protocols import ProgressCallback, Recognition
from voicekit.errors import UsageError
from voicekit.models.catalogue import Weights
from voicekit.text.words import join_words
from voicekit.types import Audio, Segment

VAD_PAD = 0.2
"""Seconds kept before and after speech: Silero cuts soft onsets and endings."""

PROMPT_TOKENS = 223
"""Tokens of hotwords and prompt together: half of Whisper's context, less one that marks their start."""

TRANSLATION_BEAM = 5
"""Beam size of speech translation."""


class FasterWhisper:
    """Engine `faster-whisper`. It is stateless between recordings.

    Args:
        weights: Whisper in CTranslate2's format.
        device: What to run on.
        compute_type: CTranslate2's.

    Raises:
        UsageError: The device does not support the compute type.
        EngineError: CUDA does not work.
        ModelCorrupt: The weights cannot be loaded.
    """

    def __init__(self, weights: Weights, device: Device, compute_type: str) -> None:
        self.load: Callable[[], CachingWhisper] = functools.partial(
            CachingWhisper,
            str(weights.path),
            device=device.kind,
            device_index=device.index,
            compute_type=compute_type,
        )
        with loading("Whisper", weights, device, compute_type):
            self.model = self.load()
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
        progress: ProgressCallback,
    ) -> tuple[Recognition, list[str]]:
        """Transcribe 16 kHz audio. See `AsrModel`."""
        spans = detect_speech(audio.mono)
        if not spans:
            return Recognition((), language or "und", 0.0), ["no speech was found"]
        hotwords, prompt, warnings = self._fit_window(hotwords, prompt)
        decoder = Decoder(self.model, self.load, audio, spans, DecodingOptions(hotwords, prompt, beam_size, batch_size))
        clips = pack_clips(spans, audio.duration)
        votes = {clip: {language: 1.0} for clip in clips} if language else decoder.vote(clips)
        main, certainty = most_likely(votes)
        if certainty < CLEAR or several_languages(votes, main):
            shorter = pack_clips(spans, audio.duration, MIXED_CLIP, gap=0.5)
            votes = decoder.vote_all(shorter)
            main, certainty = most_likely(votes)
            if several_languages(votes, main):
                clips = shorter
        if certainty < 0.5:
            warnings.append(f"language {main} is uncertain ({certainty:.0%}): set --language if it is wrong")
        languages = {clip: clip_language(votes.get(clip, {}), clip, main) for clip in clips}
        decoded = decoder.decode(clips, languages, lambda share: progress(0.9 * share))
        decoded, dropped = repair(decoder, decoded)
        decoded = decode_missed_speech(decoder, decoded)
        progress(1.0)
        with_words = [clip for clip in sorted(decoded, key=lambda clip: clip.span) if clip.words]
        segments = tuple(_segment(number, clip) for number, clip in enumerate(with_words))
        words = sorted((word for clip in with_words for word in clip.words), key=lambda word: word.start)
        unrecognized = unrecognized_speech(decoder, words, dropped)
        return Recognition(segments, main, certainty, tuple(dropped), tuple(unrecognized)), warnings

    def _fit_window(self, hotwords: str | None, prompt: str | None) -> tuple[str | None, str | None, list[str]]:
        """Cut hotwords and prompt to Whisper's window; returns them and warnings.

        The first hotwords stay, and the end of the prompt, which is next to the speech. Half of the window is for each.
        """
        needed = {text: self._count_tokens(text) for text in (hotwords, prompt) if text}
        if sum(needed.values()) <= PROMPT_TOKENS:
            return hotwords, prompt, []
        warnings: list[str] = []

        def cut(text: str | None, other: str | None, name: str, from_end: bool) -> str | None:
            room = PROMPT_TOKENS - min(needed.get(other or "", 0), PROMPT_TOKENS // 2)
            if text is None or needed[text] <= room:
                return text
            words = text.split()
            count = len(words)
            while count and self._count_tokens(" ".join(words[-count:] if from_end else words[:count])) > room:
                count -= 1
            kept = words[len(words) - count :] if from_end else words[:count]
            which = "last" if from_end else "first"
            warnings.append(
                f"the {name} is longer than Whisper's window of {PROMPT_TOKENS} tokens: only its {which} {count} of "
                f"{len(words)} words are used"
            )
            return " ".join(kept) or None

        return cut(hotwords, prompt, "list of hotwords", False), cut(prompt, hotwords, "prompt", True), warnings

    def _count_tokens(self, text: str) -> int:
        return len(self.model.hf_tokenizer.encode(" " + text.strip(), add_special_tokens=False).ids)

    def translate_speech(
        self, audio: Audio, clips: Sequence[tuple[float, float, str]], batch_size: int, progress: ProgressCallback
    ) -> list[str]:
        """Translate clips (start, end, Whisper's language code) of 16 kHz audio to English; empty for no speech.

        Raises:
            UsageError: The model knows only English.
        """
        if not self.model.model.is_multilingual:
            raise UsageError(f"model {self.name} knows English only", "Use a model without .en in its name")
        languages = {(start, end): language for start, end, language in clips}
        options = DecodingOptions(None, None, TRANSLATION_BEAM, batch_size, "translate")
        decoder = Decoder(self.model, self.load, audio, list(languages), options)
        decoded = decoder.decode(languages, languages, progress)
        better = {clip.span: clip for clip in decoder.decode_with_temperatures([c for c in decoded if c.failed])}
        texts = {}
        for clip in decoded:
            kept, _ = drop_hallucinations(better.get(clip.span, clip))
            texts[clip.span] = join_words(word.text for word in kept.words) if kept else ""
        return [texts[(start, end)] for start, end, _ in clips]


def detect_speech(samples: NDArray[np.float32]) -> list[Span]:
    """Return the (start, end) of speech in 16 kHz samples [n], in seconds, found by Silero VAD.

    Stretches longer than MAX_CLIP are cut where speech is least likely.
    """
    options = VadOptions(
        max_speech_duration_s=MAX_CLIP - 2 * VAD_PAD, min_silence_duration_ms=160, speech_pad_ms=int(VAD_PAD * 1000)
    )
    spans = get_speech_timestamps(samples, options, sampling_rate=MODEL_RATE)
    return [(span["start"] / MODEL_RATE, span["end"] / MODEL_RATE) for span in spans]


def _segment(number: int, clip: Clip) -> Segment:
    text = join_words(word.text for word in clip.words)
    end = max(word.end for word in clip.words)
    return Segment(number, clip.words[0].start, end, text, None, clip.language, clip.words)
