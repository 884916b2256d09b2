"""Round trip: what a recogniser heard of a take, against the text it was made from. Pure.

The text is taken as written or as it is said (numbers, dates and units as words), whichever leaves fewer errors: a
recogniser writes `10` or `ten` as it likes, and either is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voicekit.errors import UsageError
from voicekit.evaluation.wer import align, normalizer, tokens
from voicekit.text.speakable import to_parts
from voicekit.types import Word


@dataclass(frozen=True)
class RoundTrip:
    """Both sides, as they are compared.

    Attributes:
        said: Words of the text, normalised; empty where there is no text.
        heard: Words heard, normalised.
        origins: For each of `heard` the number of the word it came from.
        errors: Words wrong, missing and added.
        last: The number of the word that is aligned with the text's last one that has a partner; None without one.
    """

    said: tuple[str, ...]
    heard: tuple[str, ...]
    origins: tuple[int, ...]
    errors: int
    last: int | None

    @property
    def wer(self) -> float | None:
        """Errors over the text's words; None without a text."""
        return self.errors / len(self.said) if self.said else None


def round_trip(text: str, words: Sequence[Word], language: str) -> RoundTrip:
    """Compare the words heard with `text`, whose language is `language` (BCP-47)."""
    normal = normalizer(language)
    heard = tokens(tuple(word.text for word in words), normal)
    origins = tuple(int(number) for number in heard.origins)
    found = []
    for variant in variants(text, language):
        said = tuple(normal(variant).split())
        if not said:
            continue
        errors, last = 0, None
        for chunk in align(said, heard.words):
            if chunk.type in ("equal", "substitute"):
                last = origins[chunk.hyp_end_idx - 1]
            if chunk.type != "equal":
                errors += max(chunk.ref_end_idx - chunk.ref_start_idx, chunk.hyp_end_idx - chunk.hyp_start_idx)
        found.append(RoundTrip(said, heard.words, origins, errors, last))
    return min(found, key=lambda one: one.errors / len(one.said), default=RoundTrip((), heard.words, origins, 0, None))


def variants(text: str, language: str) -> tuple[str, ...]:
    """The text as written and as said, without markup and marks of pauses; none where nothing in it can be said."""
    try:
        return tuple(
            dict.fromkeys(
                " ".join(part.text for part in to_parts(text, language, normalize)) for normalize in (False, True)
            )
        )
    except UsageError:
        return ()
