"""Render a saved take again from its speech tokens, without the language model.

With the take's own voice, model and seed this reproduces its samples. It can also cut the tail or change the voice.
Only engines with speech tokens (Chatterbox) support it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from voicekit.audio.concat import concatenate
from voicekit.errors import SourceError, UsageError
from voicekit.jsonio import first_error, type_adapter
from voicekit.seeds import RandomStreams
from voicekit.storage.files import read_regular
from voicekit.types import Seconds, Take, Voice

TOKENS_PER_SECOND = 25
"""Rate of the S3 speech tokenizer that all Chatterbox models share."""

MIN_TOKENS = 3
"""Tokens that a part must keep: the vocoder's first convolution needs three."""

Token = Annotated[int, Field(ge=0, lt=6561)]


@dataclass(frozen=True)
class TakeTokens:
    """The fields of a take's JSON file (see `Take.record`) that are needed to render it from its tokens."""

    __pydantic_config__ = ConfigDict(extra="ignore")

    schema: Literal["voicekit.take/1"]
    text: str
    said: tuple[str, ...]
    params: dict[str, Any]
    seed: int
    parts: tuple[tuple[Seconds, Seconds], ...]
    tokens: tuple[tuple[Token, ...], ...]


def read_take_tokens(path: Path) -> TakeTokens:
    """Read a take's JSON file.

    Raises:
        SourceError: The file cannot be read, is not a take, or has no speech tokens.
    """
    try:
        take = type_adapter(TakeTokens).validate_json(read_regular(path))
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}", "Check the name and its permissions") from error
    except ValidationError as error:
        raise SourceError(
            f"{path} is not a take: {first_error(error)}", "Give the FILE.json that `voicekit say` writes"
        ) from None
    if not take.tokens or len(take.tokens) != len(take.parts):
        raise SourceError(f"{path} has no speech tokens", "Give a take of chatterbox, or the audio file itself")
    return take


def resynthesize(take: TakeTokens, voice: Voice, model: Any, seed: int, tail: float = 0.0) -> Take:
    """Render a take's speech tokens.

    Args:
        take: The saved take.
        voice: Its original voice, or another one.
        model: A loaded TTS model with a `vocode` method.
        seed: Seed of the vocoder's random streams.
        tail: Seconds to cut from the end.

    Raises:
        UsageError: `tail` leaves nothing of the last part.
    """
    cut = round(tail * TOKENS_PER_SECOND)
    last = take.tokens[-1][: len(take.tokens[-1]) - cut]
    if cut < 0 or len(last) < MIN_TOKENS:
        seconds = len(take.tokens[-1]) / TOKENS_PER_SECOND
        raise UsageError(f"cannot cut {tail:g} s from a last part of {seconds:.1f} s", "Cut less")
    tokens = (*take.tokens[:-1], last)
    random = RandomStreams(seed)
    rendered = [model.vocode(part, voice, random.of("part", number)) for number, part in enumerate(tokens)]
    pauses = [after[0] - before[1] for before, after in zip(take.parts, take.parts[1:], strict=False)]
    audio, places = concatenate(rendered, [*pauses, 0.0])
    return Take(take.text, take.said, voice.name, voice.engine, take.params, seed, audio, places, tokens)
