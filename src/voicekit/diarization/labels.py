"""Speaker labels SPEAKER_00, SPEAKER_01 ... in order of first speech."""

from __future__ import annotations

from dataclasses import replace

from voicekit.types import Diarization, Turn

VERSION = 1
"""Part of the cache key; increase it when the result changes."""


def relabel_by_first_speech(diarization: Diarization) -> Diarization:
    """Replace the engine's labels by SPEAKER_00, SPEAKER_01 ... in order of first speech."""
    new = {old: f"SPEAKER_{number:02d}" for number, old in enumerate(diarization.speakers)}

    def relabel(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
        return tuple(replace(turn, speaker=new[turn.speaker]) for turn in turns if turn.speaker in new)

    centroids = {new[old]: diarization.centroids[old] for old in new if old in diarization.centroids}
    return Diarization(relabel(diarization.turns), relabel(diarization.exclusive), centroids)
