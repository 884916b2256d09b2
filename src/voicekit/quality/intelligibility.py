"""Intelligibility: compare what the ASR model recognized in a take with the text of the take (ASR round trip).

The transcript is compared with the text as the user wrote it, never with our spoken form of it: a number that was
written out wrongly, and spoken so, is an error. Both sides are normalized by the same rules: Whisper's, or ours
(text/spoken_form.py) and Whisper's, whichever finds fewer errors, because an ASR model may write `10` or `ten`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from voicekit.evaluation.normalization import Normalizer, normalizer
from voicekit.evaluation.wer import align, tokens
from voicekit.text.plain_text import PAUSE, to_plain_text
from voicekit.text.spoken_form import write_out
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
    plain = " ".join(PAUSE.sub(" ", to_plain_text(text)).split())
    trips = [_compare(plain, words, normalize) for normalize in _normalizers(language)]
    trips = [trip for trip in trips if trip.expected] or [replace(trip, errors=0, last_word=None) for trip in trips]
    return min(trips, key=lambda trip: trip.wer or 0.0)


def _compare(text: str, words: Sequence[Word], normalize: Normalizer) -> RoundTrip:
    recognized = tokens(tuple(word.text for word in words), normalize)
    indices = tuple(int(number) for number in recognized.origins)
    expected = tuple(normalize(text).split()) if any(char.isalnum() for char in text) else ()
    errors, last_word = 0, None
    for chunk in align(expected, recognized.words):
        if chunk.type in ("equal", "substitute"):
            last_word = indices[chunk.hyp_end_idx - 1]
        if chunk.type != "equal":
            errors += max(chunk.ref_end_idx - chunk.ref_start_idx, chunk.hyp_end_idx - chunk.hyp_start_idx)
    return RoundTrip(expected, recognized.words, indices, errors, last_word)


@functools.cache
def _normalizers(language: str) -> tuple[Normalizer, ...]:
    """Whisper's rules, and ours before them."""
    whisper = normalizer(language)
    return whisper, lambda text: whisper(write_out(text, language))
