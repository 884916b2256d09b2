"""Artifacts: faults that can be heard in a take, each by a detector of its own. Pure.

A detector takes a `Heard` (samples, words, text) and yields (start, end, value) of whatever is most like its fault;
what is above the limit in `KINDS` is an artifact. The limits were set on clean takes and recordings and on damage of
stated size (benchmarks/judge.py, figures in benchmarks/RESULTS.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Finding = Iterator[tuple[float, float, float]]
"""Start and end in seconds, and how much of it."""


@dataclass(frozen=True)
class Kind:
    """A kind of fault: what it is, its unit, how much of it is let pass, and why so much."""

    what: str
    unit: str
    limit: float
    why: str


KINDS: dict[str, Kind] = {
    "clipping": Kind("samples cut off at full scale", "% of samples", 0.05, "less is not heard as crackle"),
    "silence": Kind(
        "a pause longer than any that the text asks for", "s", 1.2,
        "readers leave up to 1.1 s between sentences, voicekit 0.8 s between paragraphs",
    ),
    "tail": Kind(
        "sound after the text's last word: babble, breath, noise", "s", 0.25,
        "a last consonant after its closure, or a breath, takes up to 0.25 s",
    ),
    "repetition": Kind("a phrase said again that the text has once", "times", 0.0, "once is right"),
    "unheard": Kind(
        "sound that the word heard there does not account for: babble, or a phrase again, which recognisers leave out",
        "s", 0.55, "a drawn-out word takes up to 0.4 s more than its letters, in a long reading more",
    ),
    "truncated": Kind(
        "speech that ends in full voice", "dB above the take's pauses", 12.0,
        "a word said to its end has faded into the pause, give or take the noise in it",
    ),
    "click": Kind(
        "a spike or step of a sample or two", "dB above what is around it", 13.3,
        "glottal pulses and bursts come in rows: in packaged voices within 10 dB of each other",
    ),
    "tone": Kind(
        "a constant tone from 4.6 to 5.2 kHz, which some neural voices leave", "dB above what is beside it", 12.0,
        "speech and noise stay within 10 dB",
    ),
    "dc": Kind("a constant offset", "% of full scale", 1.0, "more takes headroom, and clicks at cuts"),
    "hum": Kind(
        "mains hum, 50 or 60 Hz and their multiples", "dB above what is beside it", 12.0,
        "voices and rumble do not stand still for a whole take",
    ),
}  # fmt: skip
"""By name, in the order in which they are told."""

FRAME = 0.01
"""Seconds over which loudness is taken."""

HEARD = 35.0
"""dB below the level of speech: what is quieter counts as silence."""

SILENT = 1e-4
"""Peak, of full scale, below which a file holds nothing."""
