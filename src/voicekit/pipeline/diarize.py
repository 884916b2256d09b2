"""Diarize: who speaks when, from any engine, with labels of ours. The engine comes as an argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from voicekit.config import TranscribeOptions
from voicekit.data import Audio, Diarization, Turn
from voicekit.engines import Diarizer

VERSION = 1


def diarize(
    sound: Audio, engine: Diarizer, options: TranscribeOptions, progress: Callable[[float], None]
) -> tuple[Diarization, list[str]]:
    """The engine's turns with labels SPEAKER_00, SPEAKER_01 ... in order of first speech, and its warnings."""
    found, notes = engine.diarize(sound, options.speakers, options.min_speakers, options.max_speakers, progress)
    return in_order_of_speech(found), notes


def in_order_of_speech(found: Diarization) -> Diarization:
    """`found` with labels SPEAKER_00, SPEAKER_01 ... in order of first speech, whatever the engine called them."""
    new = {old: f"SPEAKER_{n:02d}" for n, old in enumerate(found.speakers)}

    def named(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
        return tuple(replace(t, speaker=new[t.speaker]) for t in turns if t.speaker in new)

    centroids = {new[old]: found.centroids[old] for old in new if old in found.centroids}
    return Diarization(named(found.turns), named(found.exclusive), centroids)
