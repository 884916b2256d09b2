"""Kokoro-82M (ONNX) through kokoro-onnx. Deterministic: the seed has no effect."""

from __future__ import annotations

import numpy as np
from kokoro_onnx import Kokoro as KokoroOnnx

from voicekit.config.engines import KokoroParams
from voicekit.engines.tts.espeak import keep_copies_in_cache, respell_interjections
from voicekit.errors import EngineError, ModelCorrupt, UsageError
from voicekit.models.catalogue import Weights
from voicekit.seeds import RandomStreams
from voicekit.types import Audio, SynthesizedSpeech, Voice

LANGUAGES = {
    "en": "en-us", "en-US": "en-us", "en-GB": "en-gb", "es": "es", "fr": "fr-fr", "hi": "hi", "it": "it",
    "pt": "pt-br", "pt-BR": "pt-br",
}  # fmt: skip
"""BCP-47 to espeak-ng: the languages that Kokoro was trained on and that espeak-ng can phonemize for it."""


class Kokoro:
    """A loaded Kokoro model with all of its voices."""

    def __init__(self, weights: Weights, device: str) -> None:
        keep_copies_in_cache()
        try:
            self.library = KokoroOnnx(str(weights.path / "kokoro.onnx"), str(weights.path / "voices.npz"))
        except Exception as error:
            raise ModelCorrupt(f"cannot load model {weights.name}: {error}", "Download it again") from error
        self.rate = 24_000
        self.name = weights.name

    def synthesize(self, text: str, voice: Voice, params: KokoroParams, random: RandomStreams) -> SynthesizedSpeech:
        """Synthesize `text`. Raises EngineError if it has no speakable characters."""
        speaker = voice.speaker or ""
        if speaker not in self.library.voices:
            raise UsageError(f"kokoro has no voice {speaker!r}", f"It has {', '.join(sorted(self.library.voices))}")
        try:
            samples, rate = self.library.create(
                respell_interjections(text),
                voice=speaker,
                speed=params.speed,
                lang=LANGUAGES[voice.language],
                trim=False,
            )
        except ValueError as error:
            raise EngineError(f"nothing to speak in {text[:40]!r}: {error}", "Give a text with words") from error
        return SynthesizedSpeech(Audio(np.clip(np.asarray(samples, np.float32), -1.0, 1.0)[None, :], int(rate)))
