"""Transcribe: what is said, without speakers. The engine comes as an argument."""

from __future__ import annotations

from collections.abc import Callable

from voicekit.config import TranscribeOptions
from voicekit.data import Audio
from voicekit.engines import Recognition, Transcriber

VERSION = 1


def transcribe(
    sound: Audio, engine: Transcriber, options: TranscribeOptions, batch_size: int, progress: Callable[[float], None]
) -> tuple[Recognition, list[str]]:
    """Segments of words with times, and the engine's warnings."""
    return engine.transcribe(
        sound,
        language=options.language,
        hotwords=options.hotwords,
        prompt=options.prompt,
        beam_size=options.beam_size,
        batch_size=batch_size,
        progress=progress,
    )
