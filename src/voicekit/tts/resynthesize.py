"""Revoice: a kept take made again of its speech tokens, without the language model: as it was, without its tail, or in
another voice. Knows only engines that have such tokens (chatterbox)."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from voicekit.audio.concat import join
from voicekit.errors import SourceError, UsageError
from voicekit.jsonio import first_fault
from voicekit.seeds import RandomStreams
from voicekit.types import Seconds, Take, Voice

TOKENS_A_SECOND = 25
"""Of S3's tokenizer, which all chatterbox models share."""

FEWEST_TOKENS = 3
"""That are left of a part; the vocoder takes no fewer."""

MOST = 16 << 20
"""Bytes of a take's file."""

Token = Annotated[int, Field(ge=0, lt=6561)]


@dataclass(frozen=True)
class TakeTokens:
    """Of FILE.json, what is needed to make its sound again."""

    __pydantic_config__ = ConfigDict(extra="ignore")

    schema: Literal["voicekit.take/1"]
    text: str
    said: tuple[str, ...]
    params: dict[str, Any]
    seed: int
    parts: tuple[tuple[Seconds, Seconds], ...]
    tokens: tuple[tuple[Token, ...], ...]


@functools.cache
def _adapter() -> TypeAdapter[TakeTokens]:
    return TypeAdapter(TakeTokens)


def read_take_tokens(path: Path) -> TakeTokens:
    """Raises SourceError where a file holds no take, or one without the speech tokens of its parts."""
    try:
        with path.open("rb") as file:
            kept = _adapter().validate_json(file.read(MOST))
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}", "Check the name and its rights") from error
    except ValidationError as error:
        raise SourceError(
            f"{path} is no take: {first_fault(error)}", "Give the FILE.json that `voicekit say` writes"
        ) from None
    if not kept.tokens or len(kept.tokens) != len(kept.parts):
        raise SourceError(f"{path} holds no speech tokens of a text", "Give a take of chatterbox, or its sound")
    return kept


def resynthesize(kept: TakeTokens, voice: Voice, engine: Any, seed: int, tail: float = 0.0) -> Take:
    """Sound of a take's tokens; with its own voice, model and seed the samples that it had.

    Args:
        kept: The take.
        voice: Its own, or another.
        engine: Loaded; with a method `vocode`.
        seed: Of the sound's own draws.
        tail: Seconds that are left out at the end.

    Raises:
        UsageError: the tail is as long as the last part.
    """
    cut = round(tail * TOKENS_A_SECOND)
    last = kept.tokens[-1][: len(kept.tokens[-1]) - cut]
    if cut < 0 or len(last) < FEWEST_TOKENS:
        seconds = len(kept.tokens[-1]) / TOKENS_A_SECOND
        raise UsageError(f"{tail:g} s cannot be cut from a last part of {seconds:.1f} s", "Cut less")
    tokens = (*kept.tokens[:-1], last)
    draws = RandomStreams(seed)
    sounds = [engine.vocode(some, voice, draws.of("part", number)) for number, some in enumerate(tokens)]
    pauses = [after[0] - before[1] for before, after in zip(kept.parts, kept.parts[1:], strict=False)]
    audio, places = join(sounds, [*pauses, 0.0])
    return Take(kept.text, kept.said, voice.name, voice.engine, kept.params, seed, audio, places, tokens)
