"""Say: one text, one voice, one seed; a take. Part by part, so that a long text sounds like a short one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voicekit.config import Params
from voicekit.data import Take, Voice
from voicekit.engines import Synthesizer
from voicekit.seeds import Draws
from voicekit.speech.join import join
from voicekit.speech.script import to_parts

VERSION = 1

Progress = Callable[[float], None]


def say(
    text: str,
    voice: Voice,
    engine: Synthesizer,
    params: Params | Any,
    seed: int,
    names: tuple[str | int, ...] = (),
    normalize: bool = True,
    progress: Progress = lambda share: None,
) -> Take:
    """Speak a text.

    Args:
        text: As people write it; see `script.to_parts` for what is said of it.
        engine: Loaded.
        params: Those that the engine heeds.
        seed: Decides every random number, with `names`: which item this is, such as its line and take.
        normalize: Whether numbers, dates and units are turned into words first.

    Raises:
        UsageError: nothing in the text can be said.
        EngineError: the engine could not.
    """
    parts = to_parts(text, voice.language, normalize)
    draws = Draws(seed, names)
    spoken = []
    for number, part in enumerate(parts):
        spoken.append(engine.synthesize(part.text, voice, params, draws.of("part", number)))
        progress((number + 1) / len(parts))
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
