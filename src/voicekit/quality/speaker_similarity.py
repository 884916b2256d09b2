"""Similarity: whether a take sounds like the person of its reference, by CAM++ voice prints (`engines.campplus`). Pure.

The cosine of two prints. It hears the voice, and a little of room and microphone; not the words, and hardly the manner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from voicekit.audio.levels import trim

Embed = Callable[[Iterable[tuple[NDArray[np.float32], None]]], NDArray[np.float32]]

RATE = 16_000

LONGEST = 30.0
"""Seconds of a take or clip that are heard: a print changes no more after that, and the time grows with it."""


def speaker_embedding(embed: Embed, samples: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Float32 [192] of float32 [n] at RATE, without silence at its edges; None where it is silent or under 0.2 s."""
    if float(np.abs(samples).max(initial=0.0)) < 1e-4:
        return None
    heard = trim(samples, RATE)[: round(LONGEST * RATE)]
    found = embed([(heard, None)])[0]
    return found if np.isfinite(found).all() else None


def similarity(one: NDArray[np.float32] | None, other: NDArray[np.float32] | None) -> float | None:
    """Their cosine, -1 to 1; None where one is missing."""
    if one is None or other is None:
        return None
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
