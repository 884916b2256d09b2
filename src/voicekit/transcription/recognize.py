"""Transcribe audio without speakers; when memory runs out, use smaller batches and a smaller compute type."""

from __future__ import annotations

from collections.abc import Callable

from voicekit.config.transcribe import TranscribeOptions
from voicekit.engines.protocols import AsrModel, Recognition
from voicekit.runtime.memory import is_out_of_memory, retry_with_smaller_batches
from voicekit.types import Audio

VERSION = 3
"""Part of the cache key; increase it when the result changes."""

SMALLEST = "int8"
"""The compute type that needs the least memory; it is tried last."""


def transcribe(
    audio: Audio,
    load_model: Callable[[str], AsrModel],
    options: TranscribeOptions,
    batch_size: int,
    compute_type: str,
    progress: Callable[[float], None],
) -> tuple[Recognition, list[str]]:
    """Transcribe 16 kHz audio.

    If memory runs out, the batch size is halved down to 1, then all of this is repeated with compute type SMALLEST.

    Args:
        audio: 16 kHz.
        load_model: Returns the ASR model with a compute type.
        options: Language, prompt, hotwords, beam size.
        batch_size: Clips decoded at a time.
        compute_type: CTranslate2's.
        progress: Called with the share done, 0 to 1.

    Returns:
        Segments of words with times, and warnings.
    """
    notes: list[str] = []

    def run(compute_type: str) -> tuple[Recognition, list[str]]:
        def decode(batch_size: int) -> tuple[Recognition, list[str]]:
            return load_model(compute_type).transcribe(
                audio,
                language=options.whisper_language,
                hotwords=options.hotwords,
                prompt=options.prompt,
                beam_size=options.beam_size,
                batch_size=batch_size,
                progress=progress,
            )

        return retry_with_smaller_batches(batch_size, decode, notes.append)

    try:
        recognition, warnings = run(compute_type)
    except Exception as error:
        if not is_out_of_memory(error) or compute_type == SMALLEST:
            raise
        notes.append(f"out of memory with {compute_type}: continuing with {SMALLEST}")
        recognition, warnings = run(SMALLEST)
    return recognition, [*notes, *warnings]
