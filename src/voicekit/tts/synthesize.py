"""Say: one text, one voice, one seed; a take. Part by part, so that a long text sounds like a short one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voicekit.audio.concat import join
from voicekit.config.engines import Params
from voicekit.engines.protocols import SpeechModel
from voicekit.runtime.memory import free, out_of_memory
from voicekit.seeds import RandomStreams
from voicekit.text.speakable import Part, halved, to_parts
from voicekit.types import SynthesizedSpeech, Take, Voice

VERSION = 3

Progress = Callable[[float], None]


def synthesize(
    text: str,
    voice: Voice,
    engine: SpeechModel,
    params: Params | Any,
    seed: int,
    names: tuple[str | int, ...] = (),
    normalize: bool = True,
    progress: Progress = lambda share: None,
    note: Callable[[str], None] = lambda text: None,
) -> Take:
    """Speak a text.

    Args:
        text: As people write it; see `script.to_parts` for what is said of it.
        engine: Loaded.
        params: Those that the engine heeds.
        seed: Decides every random number, with `names`: which item this is, such as its line and take.
        normalize: Whether numbers, dates and units are turned into words first.
        note: Told where memory did not do for a part, which is then said in halves.

    Raises:
        UsageError: nothing in the text can be said.
        EngineError: the engine could not.
    """
    parts = to_parts(text, voice.language, normalize)
    draws = RandomStreams(seed, names)

    def synthesize(part: Part, draws: RandomStreams) -> list[tuple[Part, SynthesizedSpeech]]:
        try:
            return [(part, engine.synthesize(part.text, voice, params, draws))]
        except Exception as error:
            halves = halved(part) if out_of_memory(error) else None
            if halves is None:
                raise
            note(f"out of memory: saying {part.text[:30]!r}... in two halves")
        free()
        return [one for number, half in enumerate(halves) for one in synthesize(half, draws.of("half", number))]

    done: list[tuple[Part, SynthesizedSpeech]] = []
    for number, part in enumerate(parts):
        done += synthesize(part, draws.of("part", number))
        progress((number + 1) / len(parts))
    parts, spoken = [part for part, _ in done], [one for _, one in done]
    audio, places = join([one.audio for one in spoken], [part.pause for part in parts])
    return Take(
        text=text,
        said=tuple(part.text for part in parts),
        voice=voice.name,
        engine=voice.engine,
        params=params.model_dump(),
        seed=seed,
        audio=audio,
        parts=places,
        tokens=tuple(one.tokens for one in spoken) if any(one.tokens for one in spoken) else (),
    )
