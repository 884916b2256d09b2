"""Transcribe: what is said, without speakers. The engine comes as an argument."""

from __future__ import annotations

from collections.abc import Callable

from voicekit.config.transcribe import TranscribeOptions
from voicekit.engines.protocols import Recognition, Transcriber
from voicekit.runtime.memory import halving, out_of_memory
from voicekit.types import Audio

VERSION = 2

SMALLEST = "int8"
"""The compute type that needs least memory, tried last."""


def transcribe(
    sound: Audio,
    engine: Callable[[str], Transcriber],
    options: TranscribeOptions,
    batch_size: int,
    compute_type: str,
    progress: Callable[[float], None],
) -> tuple[Recognition, list[str]]:
    """Segments of words with times, and the engine's warnings.

    Out of memory, the batch is halved down to one clip; then `engine` is asked for SMALLEST, and so on again.

    Args:
        sound: 16 kHz.
        engine: Gives the recogniser for a compute type.
        options: Language, prompt, hotwords, beam.
        batch_size: Clips at a time.
        compute_type: CTranslate2's.
        progress: Called with the share done.
    """
    notes: list[str] = []

    def run(kind: str) -> tuple[Recognition, list[str]]:
        def decode(batch: int) -> tuple[Recognition, list[str]]:
            return engine(kind).transcribe(
                sound,
                language=options.language,
                hotwords=options.hotwords,
                prompt=options.prompt,
                beam_size=options.beam_size,
                batch_size=batch,
                progress=progress,
            )

        return halving(batch_size, decode, notes.append)

    try:
        found, warnings = run(compute_type)
    except Exception as error:
        if not out_of_memory(error) or compute_type == SMALLEST:
            raise
        notes.append(f"out of memory with {compute_type}: going on with {SMALLEST}")
        found, warnings = run(SMALLEST)
    return found, [*notes, *warnings]
