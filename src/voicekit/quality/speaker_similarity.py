"""Speaker similarity: cosine of CAM++ speaker embeddings (`engines.embedding.campplus`).

It measures the voice and, a little, room and microphone; it does not depend on the words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from voicekit.audio.levels import trim_silence

Embed = Callable[[Iterable[tuple[NDArray[np.float32], None]]], NDArray[np.float32]]

RATE = 16_000

MAX_SECONDS = 30.0
"""How much audio is embedded: more changes the embedding no further, and computing time grows with the length."""


def speaker_embedding(embed: Embed, samples: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Embed float32 [n] at RATE without silence at its edges: float32 [192]; None if silent or under 0.2 s."""
    if float(np.abs(samples).max(initial=0.0)) < 1e-4:
        return None
    embedding = embed([(trim_silence(samples, RATE)[: round(MAX_SECONDS * RATE)], None)])[0]
    return embedding if np.isfinite(embedding).all() else None


def similarity(first: NDArray[np.float32] | None, second: NDArray[np.float32] | None) -> float | None:
    """Cosine of two embeddings, -1 to 1; None if either is missing."""
    if first is None or second is None:
        return None
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))
