"""Channels: whether a stereo recording is a call with one speaker a channel, and its transcripts made one.

Such a recording says who speaks better than any diarizer can. It is told by cross-talk: in nearly every moment in which
anybody speaks, one channel is much louder than the other, and each has its turn. Music and talks recorded in stereo
have both channels alike; a recording with one dead channel has no second turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicekit.audio.decode import first_stream
from voicekit.audio.ffmpeg import ffmpeg_path, max_seconds, run_ffmpeg
from voicekit.types import Segment, Turn

VERSION = 1

_RATE = 8_000
_FRAME = 400  # samples: 50 ms
_QUIET = 35.0  # dB below the loud end of the recording (its 99th percentile) under which nobody speaks
_APART = 10.0  # dB between the channels from which only one speaks
_MOSTLY = 0.8  # share of the loud frames in which only one speaks
_TURN = 0.05  # share of them that each channel has to itself


@dataclass(frozen=True)
class CrossTalk:
    """Shares of the frames in which anybody speaks: one channel only, and each of the two alone."""

    apart: float
    left: float
    right: float

    @property
    def one_speaker_a_channel(self) -> bool:
        return self.apart >= _MOSTLY and min(self.left, self.right) >= _TURN


def cross_talk(path: Path) -> CrossTalk:
    """How separate the two channels of a stereo file are."""
    import ffmpeg

    stream = first_stream(path).filter("aresample", _RATE)
    output = ffmpeg.output(stream, "pipe:1", format="f32le", acodec="pcm_f32le", ac=2, ar=_RATE, t=max_seconds())
    command = output.global_args("-hide_banner", "-nostdin", "-loglevel", "error").compile(cmd=ffmpeg_path())
    _, power, _ = run_ffmpeg(command, _powers)
    return judge(power)


def judge(power: NDArray[np.float64]) -> CrossTalk:
    """Of the mean squares of frames, [frames, 2]."""
    level = 10 * np.log10(np.maximum(power, 1e-12))
    if not len(level) or level.max() <= -90:
        return CrossTalk(0.0, 0.0, 0.0)
    loud = level.max(axis=1) > np.percentile(level.max(axis=1), 99) - _QUIET
    difference = level[loud, 0] - level[loud, 1]
    left, right = float((difference >= _APART).mean()), float((difference <= -_APART).mean())
    return CrossTalk(left + right, left, right)


def _powers(pipe: Any) -> NDArray[np.float64]:
    size = _FRAME * 2 * 4
    found = []
    rest = b""
    while piece := pipe.read(size * 200):
        data = rest + piece
        whole = len(data) // size * size
        rest = data[whole:]
        samples = np.nan_to_num(np.frombuffer(data[:whole], "<f4").astype(np.float64)).reshape(-1, _FRAME, 2)
        found.append((samples**2).mean(axis=1))
    return np.concatenate(found) if found else np.zeros((0, 2))


def together(channels: Sequence[tuple[Segment, ...]], gap: float = 0.5) -> tuple[tuple[Segment, ...], tuple[Turn, ...]]:
    """Channels' segments as one transcript: a speaker a channel, in order of first speech; and when each spoke.

    Args:
        channels: Each one's segments, without speakers.
        gap: Seconds of silence within a turn.
    """
    spoken = sorted((segments[0].start, number) for number, segments in enumerate(channels) if segments)
    names = {number: f"SPEAKER_{place:02d}" for place, (_, number) in enumerate(spoken)}
    segments: list[Segment] = []
    turns: list[Turn] = []
    for number, name in names.items():
        mine: list[Turn] = []
        for segment in channels[number]:
            words = tuple(replace(word, speaker=name, speaker_confidence=1.0) for word in segment.words)
            segments.append(replace(segment, speaker=name, words=words))
            for word in words:
                if mine and word.start - mine[-1].end <= gap:
                    mine[-1] = replace(mine[-1], end=max(mine[-1].end, word.end))
                else:
                    mine.append(Turn(word.start, word.end, name))
        turns += mine
    ordered = sorted(segments, key=lambda segment: (segment.start, segment.end))
    numbered = tuple(replace(segment, id=number) for number, segment in enumerate(ordered))
    return numbered, tuple(sorted(turns, key=lambda turn: (turn.start, turn.end)))
