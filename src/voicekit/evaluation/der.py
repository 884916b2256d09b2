"""Who spoke when: DER and JER, counted by stretch of time. pyannote.metrics maps the speakers and counts.

The mapping of speakers is made once for the whole recording, as the definitions say; then each stretch is counted
with it, so that the stretches' counts add up to pyannote.metrics' own figures.
"""

from __future__ import annotations

import functools
import itertools
import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from voicekit.evaluation.bootstrap import Counts
from voicekit.types import Turn

if TYPE_CHECKING:
    from pyannote.core import Annotation, Timeline

LONGEST_BLOCK = 30.0
"""Seconds: longer than most turns, so that neighbouring stretches tell mostly different things."""

SHORTEST_BLOCK = 5.0
MOST_BLOCKS = 1000

KINDS = ("missed", "false_alarm", "confusion")


def blocks(duration: float) -> list[tuple[float, float]]:
    """Equal stretches (start, end) of a recording, in seconds: ten if that makes them 5 to 30 s long, else such."""
    longest = max(min(LONGEST_BLOCK, max(SHORTEST_BLOCK, duration / 10)), duration / MOST_BLOCKS)
    edges = np.linspace(0.0, duration, max(1, math.ceil(duration / longest)) + 1).tolist()
    return list(itertools.pairwise(edges))


@functools.lru_cache(maxsize=1)  # DER and JER ask for the same
def diarization_errors(
    reference: tuple[Turn, ...],
    hypothesis: tuple[Turn, ...],
    duration: float,
    *,
    ignored: tuple[tuple[float, float], ...] = (),
    collar: float = 0.0,
    skip_overlap: bool = False,
) -> tuple[Counts, Counts]:
    """For DER (NIST RT-09) and JER (Ryant et al. 2019), over [0, duration] without what is ignored.

    Args:
        reference: Turns; those of different speakers may overlap, those of one speaker are merged where they do.
        hypothesis: The same.
        duration: Seconds.
        ignored: Stretches (start, end) that are not scored.
        collar: Seconds before and after each boundary of the reference that are not scored. NIST and dscore count it
            so; pyannote.metrics' own `collar` is both sides together.
        skip_overlap: Leave out where the reference has several speakers at once.

    Returns:
        For each of `blocks(duration)` float64 [blocks, 4]: seconds missed, falsely found, of the wrong speaker, spoken;
        and float64 [blocks, speakers of the reference, 2]: seconds in which just one of speaker and counterpart
        speaks, seconds in which either does.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyannote's, on libraries that are not used here
        from pyannote.core import Segment, Timeline
        from pyannote.metrics.diarization import DiarizationErrorRate
        from pyannote.metrics.identification import IdentificationErrorRate

    scored = Timeline([Segment(0.0, duration)]).extrude(Timeline([Segment(*stretch) for stretch in ignored]))
    metric = DiarizationErrorRate(collar=2 * collar, skip_overlap=skip_overlap)
    said, heard, scored = metric.uemify(
        _annotation(reference, "r"),
        _annotation(hypothesis, "h"),
        uem=scored,
        collar=metric.collar,
        skip_overlap=skip_overlap,
        returns_uem=True,
    )
    mapping = metric.optimal_mapping(said, heard)
    mapped = heard.rename_labels(mapping=mapping)
    identification = IdentificationErrorRate()
    errors, jaccard = [], []
    for start, end in blocks(duration):
        stretch = scored.crop(Segment(start, end))
        found = identification.compute_components(said, mapped, uem=stretch)
        errors.append([found[kind] for kind in ("missed detection", "false alarm", "confusion", "total")])
        jaccard.append([_jaccard(said, mapped, label, stretch) for label in said.labels()])
    return np.array(errors), np.array(jaccard).reshape(len(errors), -1, 2)


def _jaccard(said: Annotation, mapped: Annotation, label: Any, stretch: Timeline) -> tuple[float, float]:
    """Seconds in which one of both speaks alone, and in which any does."""
    ours, theirs = said.label_timeline(label).crop(stretch), mapped.label_timeline(label).crop(stretch)
    either = ours.union(theirs).duration()
    return 2 * either - ours.duration() - theirs.duration(), either


def _annotation(turns: Sequence[Turn], prefix: str) -> Annotation:
    """Speakers are numbered by first speech: their names must not decide between equally good mappings."""
    from pyannote.core import Annotation, Segment

    names = {name: f"{prefix}{i:06}" for i, name in enumerate(dict.fromkeys(turn.speaker for turn in turns))}
    out = Annotation()
    for number, turn in enumerate(turns):
        out[Segment(turn.start, turn.end), number] = names[turn.speaker]
    return out.support()
