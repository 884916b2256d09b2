"""Synthesize a text with a loaded model: split it into parts, synthesize each, join them with pauses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voicekit.audio.concat import concatenate
from voicekit.config.engines import Params
from voicekit.engines.protocols import ProgressCallback, SpeechModel
from voicekit.runtime.memory import free_memory, is_out_of_memory
from voicekit.seeds import RandomStreams
from voicekit.text.speakable import SpeechPart, split_in_two, to_parts
from voicekit.types import SynthesizedSpeech, Take, Voice

VERSION = 7
"""Part of every take's cache key: raise it when the audio of the same request changes."""


def synthesize(
    text: str,
    voice: Voice,
    model: SpeechModel,
    params: Params | Any,
    seed: int,
    normalize: bool = True,
    progress: ProgressCallback = lambda share: None,
    note: Callable[[str], None] = lambda text: None,
) -> Take:
    """Synthesize a text.

    Args:
        text: Text as written; `text.speakable.to_parts` splits it and handles `[pause 0.7]`.
        voice: The voice.
        model: A loaded TTS model.
        params: Sampling parameters of the model's engine.
        seed: Seed of every random stream.
        normalize: Spell out numbers, dates and units first.
        progress: Called with the share done, 0 to 1.
        note: Called when a part has to be halved for lack of memory.

    Raises:
        UsageError: The text has nothing to speak.
        EngineError: The model failed.
    """
    parts: list[SpeechPart] = []
    speech: list[SynthesizedSpeech] = []
    requested = to_parts(text, voice.language, normalize)
    random = RandomStreams(seed)
    for number, part in enumerate(requested):
        for spoken_part, part_speech in _synthesize_part(part, voice, model, params, random.of("part", number), note):
            parts.append(spoken_part)
            speech.append(part_speech)
        progress((number + 1) / len(requested))
    audio, places = concatenate([each.audio for each in speech], [part.pause for part in parts], lead=parts[0].lead)
    return Take(
        text=text,
        said=tuple(part.text for part in parts),
        voice=voice.name,
        engine=voice.engine,
        params=params.model_dump(),
        seed=seed,
        audio=audio,
        parts=places,
        tokens=tuple(each.tokens for each in speech) if any(each.tokens for each in speech) else (),
    )


def _synthesize_part(
    part: SpeechPart, voice: Voice, model: SpeechModel, params: Any, random: RandomStreams, note: Callable[[str], None]
) -> list[tuple[SpeechPart, SynthesizedSpeech]]:
    """Synthesize one part; split it in two, recursively, when memory runs out."""
    try:
        return [(part, model.synthesize(part.text, voice, params, random))]
    except Exception as error:
        halves = split_in_two(part) if is_out_of_memory(error) else None
        if halves is None:
            raise
        note(f"out of memory: splitting {part.text[:30]!r}... in two")
    free_memory()
    return [
        result
        for number, half in enumerate(halves)
        for result in _synthesize_part(half, voice, model, params, random.of("half", number), note)
    ]
