"""Intelligibility: compare what the ASR model recognized in a take with the text of the take (ASR round trip).

The text is compared both as written and with numbers, dates and units spelled out; the variant with fewer errors
counts, because an ASR model may write either `10` or `ten`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voicekit.errors import UsageError
from voicekit.evaluation.normalization import normalizer
from voicekit.evaluation.wer import align, tokens
from voicekit.text.speakable import to_parts
from voicekit.types import Word


@dataclass(frozen=True)
class RoundTrip:
    """Text and transcript as they are compared.

    Attributes:
        expected: Normalized words of the text; empty without a text.
        recognized: Normalized words of the transcript.
        word_indices: For each of `recognized`, the index of the word it came from.
        errors: Substituted, deleted and inserted words.
        last_word: Index of the recognized word that is aligned with the end of the text; None if nothing aligns.
    """

    expected: tuple[str, ...]
    recognized: tuple[str, ...]
    word_indices: tuple[int, ...]
    errors: int
    last_word: int | None

    @property
    def wer(self) -> float | None:
        """Word error rate; None without a text."""
        return self.errors / len(self.expected) if self.expected else None


def round_trip(text: str, words: Sequence[Word], language: str) -> RoundTrip:
    """Compare the recognized words with `text`, whose language is `language` (BCP-47)."""
    normalize = normalizer(language)
    recognized = tokens(tuple(word.text for word in words), normalize)
    indices = tuple(int(number) for number in recognized.origins)
    trips = []
    for variant in text_variants(text, language):
        expected = tuple(normalize(variant).split())
        if not expected:
            continue
        errors, last_word = 0, None
        for chunk in align(expected, recognized.words):
            if chunk.type in ("equal", "substitute"):
                last_word = indices[chunk.hyp_end_idx - 1]
            if chunk.type != "equal":
                errors += max(chunk.ref_end_idx - chunk.ref_start_idx, chunk.hyp_end_idx - chunk.hyp_start_idx)
        trips.append(RoundTrip(expected, recognized.words, indices, errors, last_word))
    without_text = RoundTrip((), recognized.words, indices, 0, None)
    return min(trips, key=lambda trip: trip.errors / len(trip.expected), default=without_text)


def text_variants(text: str, language: str) -> tuple[str, ...]:
    """The text as written and as spelled out, without markup and pause tags; none if it has nothing to speak."""
    try:
        return tuple(
            dict.fromkeys(
                " ".join(part.text for part in to_parts(text, language, normalize)) for normalize in (False, True)
            )
        )
    except UsageError:
        return ()
