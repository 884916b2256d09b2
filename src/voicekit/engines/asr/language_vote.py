"""Decide the language of a recording and of each clip from the language probabilities of clips. Pure functions."""

from __future__ import annotations

from voicekit.engines.asr.chunking import Span

OTHER_LANGUAGE = 0.8
"""Probability from which a clip counts as being in another language than the recording."""

CLEAR = 0.9
"""Share of the votes from which the language is clear; below, every clip of up to MIXED_CLIP seconds votes."""

LONG_ENOUGH = 2.0
"""Seconds of the shortest clip that may differ from the recording's language."""

Votes = dict[Span, dict[str, float]]
"""Language probabilities of each clip, by Whisper's language code."""


def most_likely(votes: Votes) -> tuple[str, float]:
    """Return the language of most speech and its share of the votes, which are weighted by the clips' durations."""
    totals: dict[str, float] = {}
    for (start, end), probabilities in votes.items():
        for code, probability in probabilities.items():
            totals[code] = totals.get(code, 0.0) + probability * (end - start)
    best = max(totals, key=lambda code: totals[code])
    return best, min(1.0, totals[best] / sum(end - start for start, end in votes))


def clip_language(probabilities: dict[str, float], clip: Span, main: str) -> str:
    """Return a clip's language: `main`, unless the clip is long enough and clearly in another one."""
    best = max(probabilities, key=lambda code: probabilities[code], default=main)
    differs = clip[1] - clip[0] >= LONG_ENOUGH and probabilities.get(best, 0.0) >= OTHER_LANGUAGE
    return best if differs else main


def several_languages(votes: Votes, main: str) -> bool:
    """Whether the clips are in more than one language."""
    return len({clip_language(probabilities, clip, main) for clip, probabilities in votes.items()}) > 1
