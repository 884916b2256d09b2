"""Diarization errors (DER and JER), counted per stretch of time with pyannote.metrics.

Speakers are mapped once for the whole recording, as the metrics are defined. Each stretch is then counted with that
mapping, so that the counts add up to the figures of pyannote.metrics.
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

MAX_STRETCH = 30.0
"""Seconds: longer than most turns, so that neighbouring stretches are nearly independent."""

MIN_STRETCH = 5.0
MAX_STRETCHES = 1000

KINDS = ("missed", "false_alarm", "confusion")


def stretches(duration: float) -> list[tuple[float, float]]:
    """Split a recording into equal stretches (start, end), seconds: ten, or as many as make them 5 to 30 s long."""
    longest = max(min(MAX_STRETCH, max(MIN_STRETCH, duration / 10)), duration / MAX_STRETCHES)
    edges = np.linspace(0.0, duration, max(1, math.ceil(duration / longest)) + 1).tolist()
    return list(itertools.pairwise(edges))


@functools.lru_cache(maxsize=1)  # DER and JER need the same result
def diarization_errors(
    reference: tuple[Turn, ...],
    hypothesis: tuple[Turn, ...],
    duration: float,
    *,
    ignored: tuple[tuple[float, float], ...] = (),
    collar: float = 0.0,
    skip_overlap: bool = False,
) -> tuple[Counts, Counts]:
    """Count errors for DER (NIST RT-09) and JER (Ryant et al. 2019) over [0, duration].

    Args:
        reference: Turns; those of different speakers may overlap, overlapping ones of the same speaker are merged.
        hypothesis: Likewise.
        duration: Seconds.
        ignored: (start, end) of what is not scored.
        collar: Seconds before and after each boundary of the reference that are not scored, as in NIST's tools and
            dscore; the `collar` of pyannote.metrics is twice as long.
        skip_overlap: Do not score where the reference has several speakers at once.

    Returns:
        float64 [stretches, 4]: seconds missed, false alarm, confusion, total speech; and float64 [stretches, speakers
        of the reference, 2]: seconds in which exactly one of the speaker and their counterpart speaks, and in which at
        least one does. Stretches are `stretches(duration)`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about optional dependencies of pyannote that are not used
        from pyannote.core import Segment, Timeline
        from pyannote.metrics.diarization import DiarizationErrorRate
        from pyannote.metrics.identification import IdentificationErrorRate

    scored = Timeline([Segment(0.0, duration)]).extrude(Timeline([Segment(*span) for span in ignored]))
    metric = DiarizationErrorRate(collar=2 * collar, skip_overlap=skip_overlap)
    ours, theirs, scored = metric.uemify(
        _to_annotation(reference, "r"),
        _to_annotation(hypothesis, "h"),
        uem=scored,
        collar=metric.collar,
        skip_overlap=skip_overlap,
        returns_uem=True,
    )
    mapped = theirs.rename_labels(mapping=metric.optimal_mapping(ours, theirs))
    identification = IdentificationErrorRate()
    errors, jaccard = [], []
    for start, end in stretches(duration):
        stretch = scored.crop(Segment(start, end))
        components = identification.compute_components(ours, mapped, uem=stretch)
        errors.append([components[kind] for kind in ("missed detection", "false alarm", "confusion", "total")])
        jaccard.append([_jaccard_parts(ours, mapped, label, stretch) for label in ours.labels()])
    return np.array(errors), np.array(jaccard).reshape(len(errors), -1, 2)


def _jaccard_parts(ours: Annotation, mapped: Annotation, label: Any, stretch: Timeline) -> tuple[float, float]:
    """Seconds of the symmetric difference and of the union of a speaker's speech in both."""
    reference, hypothesis = (each.label_timeline(label).crop(stretch) for each in (ours, mapped))
    union = reference.union(hypothesis).duration()
    return 2 * union - reference.duration() - hypothesis.duration(), union


def _to_annotation(turns: Sequence[Turn], prefix: str) -> Annotation:
    """Number speakers by first speech, so that their names do not decide between equally good mappings."""
    from pyannote.core import Annotation, Segment

    names = {name: f"{prefix}{i:06}" for i, name in enumerate(dict.fromkeys(turn.speaker for turn in turns))}
    annotation = Annotation()
    for number, turn in enumerate(turns):
        annotation[Segment(turn.start, turn.end), number] = names[turn.speaker]
    return annotation.support()
