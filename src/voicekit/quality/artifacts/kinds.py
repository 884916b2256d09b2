"""The kinds of audible artifacts, with their limits.

The limits were calibrated on clean takes and recordings and on synthetic damage of known size (benchmarks/judge.py;
results in benchmarks/RESULTS.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Candidates = Iterator[tuple[float, float, float]]
"""Start and end in seconds, and the value in the unit of the kind."""


@dataclass(frozen=True)
class Kind:
    """A kind of artifact.

    Attributes:
        description: What it is.
        unit: Unit of the measured value.
        limit: Value up to which it is tolerated.
        reason: Why this limit.
    """

    description: str
    unit: str
    limit: float
    reason: str


KINDS: dict[str, Kind] = {
    "clipping": Kind("samples cut off at full scale", "% of samples", 0.05, "less is inaudible"),
    "silence": Kind(
        "a pause longer than any that the text asks for", "s", 1.2,
        "readers leave up to 1.1 s between sentences, voicekit 0.8 s between paragraphs",
    ),
    "tail": Kind(
        "audio after the last word of the text: babble, breath, noise", "s", 0.25,
        "the release of a final consonant, or a breath, takes up to 0.25 s",
    ),
    "repetition": Kind("a phrase spoken again that the text has once", "times", 0.0, "once is right"),
    "unheard": Kind(
        "audio that the recognized words do not account for: babble, or a repeated phrase that ASR models drop",
        "s", 0.55, "a drawn-out word takes up to 0.4 s more than its letters suggest, in a long text slightly more",
    ),
    "truncated": Kind(
        "speech that ends at full level", "dB above the take's pauses", 12.0,
        "a completed word has decayed to the level of the pauses, give or take the noise in them",
    ),
    "click": Kind(
        "a spike or step of one or two samples", "dB above what is around it", 13.3,
        "glottal pulses and plosive bursts come in series: within 10 dB of each other in the bundled voices",
    ),
    "tone": Kind(
        "a constant tone from 4.6 to 5.2 kHz, which some neural voices leave", "dB above what is beside it", 12.0,
        "speech and noise stay within 10 dB",
    ),
    "dc": Kind("a DC offset", "% of full scale", 1.0, "more takes headroom, and clicks at cuts"),
    "hum": Kind(
        "mains hum: 50 or 60 Hz and their multiples", "dB above what is beside it", 12.0,
        "voices and rumble do not stay constant for a whole take",
    ),
}  # fmt: skip
"""By name, in the order in which they are reported."""
