"""Pick a take for each line.

Tags given by people outrank the judge: good before untagged, untagged before weird, weird before bad. Among takes of
equal rank the judge decides (`quality.gates.pick_best`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from voicekit.config.clone import Picking
from voicekit.quality.gates import Verdict, assess, pick_best
from voicekit.quality.prosody import VoiceProfile, voice_profile
from voicekit.takes.records import LineRecord, TakeRecord
from voicekit.takes.tags import RANK, Tag
from voicekit.types import Measures


def voice_profiles(takes: Iterable[TakeRecord], references: Mapping[str, Measures | None]) -> dict[str, VoiceProfile]:
    """Compute the profile of each voice from its takes in a run.

    Args:
        takes: All takes of the run.
        references: Measures of the reference clips, by voice.
    """
    measures: dict[str, list[Measures]] = {}
    for take in takes:
        if take.measures:
            measures.setdefault(take.voice, []).append(take.measures)
    return {voice: voice_profile(of_voice, references.get(voice)) for voice, of_voice in measures.items()}


def with_verdict(take: TakeRecord, picking: Picking, profiles: Mapping[str, VoiceProfile]) -> TakeRecord:
    """Add the verdict to a take; a take without measures is returned unchanged."""
    if take.measures is None:
        return take
    verdict = assess(take.measures, picking.gates, picking.weights, profiles.get(take.voice, VoiceProfile()))
    return replace(
        take, passed=verdict.passed, reasons=verdict.reasons, score=verdict.score, parts_of_score=verdict.parts_of_score
    )


def pick_take(line: LineRecord, takes: Sequence[TakeRecord], tags: Mapping[str, Tag]) -> LineRecord:
    """Pick a take for a line from its takes with verdicts; `picked` is None if none could be rendered."""
    rendered = [take for take in takes if take.file]
    if not rendered:
        errors = [take.error for take in takes if take.error]
        return replace(line, picked=None, why=errors[0] if errors else "no take was made", flagged=True, file=None)

    def rank(take: TakeRecord) -> int:
        return RANK[tags[take.id].tag if take.id in tags else None]

    best_rank = min(map(rank, rendered))
    candidates = [take for take in rendered if rank(take) == best_rank]
    pick = pick_best([_stored_verdict(take) for take in candidates])
    take = candidates[pick.index]
    tag = tags.get(take.id)
    tagged_good = tag is not None and tag.tag == "good"
    why = f"tagged {tag.tag}; {pick.why}" if tag else pick.why
    return replace(line, picked=take.id, why=why, flagged=not take.passed and not tagged_good)


def _stored_verdict(take: TakeRecord) -> Verdict:
    if take.passed is None:
        return Verdict(False, (take.error or "it was not judged",), 0.0)
    return Verdict(take.passed, take.reasons, take.score or 0.0, take.parts_of_score)
