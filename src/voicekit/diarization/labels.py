"""Diarize: who speaks when, from any engine, with labels of ours."""

from __future__ import annotations

from dataclasses import replace

from voicekit.types import Diarization, Turn

VERSION = 1


def named(found: tuple[Diarization, list[str]]) -> tuple[Diarization, list[str]]:
    """An engine's turns with labels SPEAKER_00, SPEAKER_01 ... in order of first speech; and its warnings."""
    return in_order_of_speech(found[0]), found[1]


def in_order_of_speech(found: Diarization) -> Diarization:
    """`found` with labels SPEAKER_00, SPEAKER_01 ... in order of first speech, whatever the engine called them."""
    new = {old: f"SPEAKER_{n:02d}" for n, old in enumerate(found.speakers)}

    def named(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
        return tuple(replace(t, speaker=new[t.speaker]) for t in turns if t.speaker in new)

    centroids = {new[old]: found.centroids[old] for old in new if old in found.centroids}
    return Diarization(named(found.turns), named(found.exclusive), centroids)
