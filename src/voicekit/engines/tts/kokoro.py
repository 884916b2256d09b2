"""Kokoro-82M as ONNX, by kokoro-onnx. It draws no random numbers: a seed changes nothing."""

from __future__ import annotations

import numpy as np
from kokoro_onnx import Kokoro as Library

from voicekit.config.engines import KokoroParams
from voicekit.engines.tts.espeak import hummed
from voicekit.errors import EngineError, ModelCorrupt, UsageError
from voicekit.models.catalogue import Weights
from voicekit.seeds import RandomStreams
from voicekit.types import Audio, SynthesizedSpeech, Voice

# BCP-47 to espeak-ng's names, for what Kokoro was trained on and needs no other front end for.
LANGUAGES = {
    "en": "en-us", "en-US": "en-us", "en-GB": "en-gb", "es": "es", "fr": "fr-fr", "hi": "hi", "it": "it",
    "pt": "pt-br", "pt-BR": "pt-br",
}  # fmt: skip


class Kokoro:
    """One model with several voices."""

    def __init__(self, weights: Weights, device: str) -> None:
        try:
            self.library = Library(str(weights.path / "kokoro.onnx"), str(weights.path / "voices.npz"))
        except Exception as error:
            raise ModelCorrupt(f"model {weights.name} does not load: {error}", "Get it again") from error
        self.rate = 24_000
        self.name = weights.name

    def synthesize(self, text: str, voice: Voice, params: KokoroParams, draws: RandomStreams) -> SynthesizedSpeech:
        """What `text` sounds like. Raises EngineError where nothing in it can be said."""
        speaker = voice.speaker or ""
        if speaker not in self.library.voices:
            raise UsageError(f"kokoro has no voice {speaker!r}", f"It has {', '.join(sorted(self.library.voices))}")
        try:
            samples, rate = self.library.create(
                hummed(text), voice=speaker, speed=params.speed, lang=LANGUAGES[voice.language], trim=False
            )
        except ValueError as error:
            raise EngineError(f"nothing to say in {text[:40]!r}: {error}", "Give a text with words") from error
        return SynthesizedSpeech(Audio(np.clip(np.asarray(samples, np.float32), -1.0, 1.0)[None, :], int(rate)))
