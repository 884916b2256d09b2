"""Voice conversion: a recording spoken again in the voice of a reference clip, with its words, pauses and manner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from voicekit.engines.protocols import ProgressCallback
from voicekit.errors import EngineError
from voicekit.runtime.memory import free_memory, is_out_of_memory
from voicekit.seeds import RandomStreams
from voicekit.types import Audio, SynthesizedSpeech, Take, Voice

CHUNK_SECONDS = 30
"""Length of the chunks that a recording is converted in; bounds GPU memory."""

SMALLEST_SPLIT = 4
"""Seconds. A shorter chunk that still does not fit into memory is an error instead of being halved again."""


def convert(
    audio: Audio, voice: Voice, model: Any, seed: int, progress: ProgressCallback, note: Callable[[str], None]
) -> Take:
    """Convert a recording to another voice, chunk by chunk.

    Args:
        audio: The recording.
        voice: The target voice, with a clip.
        model: A loaded TTS model with a `convert` method.
        seed: Seed of the vocoder's random streams.
        progress: Called with the share done, 0 to 1.
        note: Called when a chunk has to be halved for lack of memory.

    Returns:
        A take without text; `made_with` is left to the caller.

    Raises:
        EngineError: A chunk of under SMALLEST_SPLIT seconds does not fit into memory.
    """
    random = RandomStreams(seed, ("convert",))
    size = CHUNK_SECONDS * audio.rate
    starts = range(0, max(1, audio.samples.shape[1]), size)
    converted: list[SynthesizedSpeech] = []
    for number, start in enumerate(starts):
        chunk = Audio(audio.samples[:, start : start + size], audio.rate)
        converted += _convert_chunk(chunk, voice, model, random.of(number), note)
        progress((number + 1) / len(starts))
    samples = np.concatenate([speech.audio.samples for speech in converted], axis=1)
    return Take(
        text="",
        said=(),
        voice=voice.name,
        engine=voice.engine,
        params={},
        seed=seed,
        audio=Audio(samples, model.rate),
        tokens=tuple(speech.tokens for speech in converted),
    )


def _convert_chunk(
    chunk: Audio, voice: Voice, model: Any, random: RandomStreams, note: Callable[[str], None]
) -> list[SynthesizedSpeech]:
    try:
        return [model.convert(chunk, voice, random)]
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        if chunk.duration < SMALLEST_SPLIT:
            raise EngineError("out of memory", "Close other programs, or give --device cpu") from error
    free_memory()
    note(f"out of memory: retrying with chunks of {chunk.duration / 2:.0f} s")
    middle = chunk.samples.shape[1] // 2
    halves = (chunk.samples[:, :middle], chunk.samples[:, middle:])
    return [
        speech
        for number, half in enumerate(halves)
        for speech in _convert_chunk(Audio(half, chunk.rate), voice, model, random.of("half", number), note)
    ]
