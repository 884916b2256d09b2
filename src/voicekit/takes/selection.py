"""Choose: which take of each line is kept, and why. Pure.

What people said of a take comes before what the judge says: good before untagged, untagged before weird, weird before
bad; among equals the judge's pick (`judge.verdict`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from voicekit.config.clone import Picking
from voicekit.quality.gates import Verdict, pick, verdict
from voicekit.quality.prosody import Profile, profile
from voicekit.takes.records import LineRecord, TakeRecord
from voicekit.takes.tags import RANK, Tag
from voicekit.types import Measures


def profiles(takes: Iterable[TakeRecord], references: Mapping[str, Measures | None]) -> dict[str, Profile]:
    """Each voice's own pace and pitch, by its takes in a run.

    Args:
        references: What the judge heard of the clips, by voice, of those that are cloned.
    """
    heard: dict[str, list[Measures]] = {}
    for take in takes:
        if take.measures:
            heard.setdefault(take.voice, []).append(take.measures)
    return {voice: profile(some, references.get(voice)) for voice, some in heard.items()}


def judged(take: TakeRecord, picking: Picking, own: Mapping[str, Profile]) -> TakeRecord:
    """The take with its verdict; as it is where the judge did not hear it."""
    if take.measures is None:
        return take
    found = verdict(take.measures, picking.gates, picking.weights, own.get(take.voice, Profile()))
    return replace(
        take, passed=found.passed, reasons=found.reasons, score=found.score, parts_of_score=found.parts_of_score
    )


def choose(line: LineRecord, takes: Sequence[TakeRecord], tags: Mapping[str, Tag]) -> LineRecord:
    """The line with the take that is kept, of its takes as judged; none where none could be rendered."""
    there = [take for take in takes if take.file]
    if not there:
        errors = [take.error for take in takes if take.error]
        why = errors[0] if errors else "no take was made"
        return replace(line, picked=None, why=why, flagged=True, file=None)

    def rank(take: TakeRecord) -> int:
        return RANK[tags[take.id].tag if take.id in tags else None]

    best = min(map(rank, there))
    equals = [take for take in there if rank(take) == best]
    found = pick([_verdict(take) for take in equals])
    take = equals[found.index]
    tag = tags.get(take.id)
    why = f"tagged {tag.tag}; {found.why}" if tag else found.why
    heard_good = tag is not None and tag.tag == "good"
    return replace(line, picked=take.id, why=why, flagged=not take.passed and not heard_good)


def _verdict(take: TakeRecord) -> Verdict:
    if take.passed is None:
        return Verdict(False, (take.error or "it was not judged",), 0.0)
    return Verdict(take.passed, take.reasons, take.score or 0.0, take.parts_of_score)
