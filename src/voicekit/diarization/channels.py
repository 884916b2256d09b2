"""Detect stereo calls that have one speaker per channel, and merge their per-channel transcripts.

Such a recording gives better speaker labels than any diarizer. It is recognized by cross-talk: in nearly every moment
with speech one channel is much louder than the other, and each channel has its share of such moments. In music and
talks recorded in stereo both channels are alike; a recording with a dead channel has all speech in the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicekit.audio.ffmpeg import input_track, max_seconds, pcm_command, run_ffmpeg
from voicekit.audio.probe import MediaInfo, probe
from voicekit.types import Segment, Turn

VERSION = 1
"""Part of the cache key; increase it when the result changes."""

_RATE = 8_000
"""Hz."""

_FRAME = 400
"""Samples per frame: 50 ms."""

_SPEECH_RANGE = 35.0
"""dB below the loud end of the recording (99th percentile of the levels) within which a frame counts as speech."""

_SEPARATION = 10.0
"""Level difference of the channels in dB from which only one of them is speaking."""

_MIN_SEPARATED = 0.8
"""Share of the speech frames in which only one channel must be speaking."""

_MIN_PER_CHANNEL = 0.05
"""Share of the speech frames that each channel must have alone."""


@dataclass(frozen=True)
class CrossTalk:
    """How separate the channels of a stereo recording are.

    Attributes:
        apart: Share of the speech frames in which only one channel is speaking.
        left, right: Share in which only the left or only the right channel is speaking.
    """

    apart: float
    left: float
    right: float

    @property
    def one_speaker_per_channel(self) -> bool:
        return self.apart >= _MIN_SEPARATED and min(self.left, self.right) >= _MIN_PER_CHANNEL


def measure_cross_talk(path: Path, media: MediaInfo | None = None) -> CrossTalk:
    """Measure how separate the two channels of a stereo file are. `media`: what `probe` returned for it, if known."""
    media = media or probe(path)
    stream = input_track(path, media.track).filter("aresample", _RATE)
    command = pcm_command(stream, _RATE, 2, max_seconds())
    _, powers, _ = run_ffmpeg(command, _frame_powers)
    return cross_talk_from_powers(powers)


def cross_talk_from_powers(powers: NDArray[np.float64]) -> CrossTalk:
    """Compute cross-talk from the mean square of each frame, [frames, 2]."""
    levels = 10 * np.log10(np.maximum(powers, 1e-12))
    if not len(levels) or levels.max() <= -90:
        return CrossTalk(0.0, 0.0, 0.0)
    louder = levels.max(axis=1)
    speech = louder > np.percentile(louder, 99) - _SPEECH_RANGE
    difference = levels[speech, 0] - levels[speech, 1]
    left, right = float((difference >= _SEPARATION).mean()), float((difference <= -_SEPARATION).mean())
    return CrossTalk(left + right, left, right)


def _frame_powers(pipe: Any) -> NDArray[np.float64]:
    """Read interleaved stereo float32 and return the mean square of each whole frame, [frames, 2]."""
    frame_bytes = _FRAME * 2 * 4
    powers = []
    rest = b""
    while block := pipe.read(frame_bytes * 200):
        data = rest + block
        whole = len(data) // frame_bytes * frame_bytes
        rest = data[whole:]
        samples = np.nan_to_num(np.frombuffer(data[:whole], "<f4").astype(np.float64)).reshape(-1, _FRAME, 2)
        powers.append((samples**2).mean(axis=1))
    return np.concatenate(powers) if powers else np.zeros((0, 2))


def merge_channels(
    channels: Sequence[tuple[Segment, ...]], gap: float = 0.5
) -> tuple[tuple[Segment, ...], tuple[Turn, ...]]:
    """Merge the segments of all channels into one transcript with one speaker per channel, and derive turns.

    Args:
        channels: The segments of each channel, without speakers.
        gap: Longest silence within a turn, seconds.

    Returns:
        Segments and turns by start; speakers are numbered in order of first speech.
    """
    first_speech = sorted((segments[0].start, channel) for channel, segments in enumerate(channels) if segments)
    speakers = {channel: f"SPEAKER_{number:02d}" for number, (_, channel) in enumerate(first_speech)}
    merged: list[Segment] = []
    turns: list[Turn] = []
    for channel, speaker in speakers.items():
        channel_turns: list[Turn] = []
        for segment in channels[channel]:
            words = tuple(replace(word, speaker=speaker, speaker_confidence=1.0) for word in segment.words)
            merged.append(replace(segment, speaker=speaker, words=words))
            for word in words:
                if channel_turns and word.start - channel_turns[-1].end <= gap:
                    channel_turns[-1] = replace(channel_turns[-1], end=max(channel_turns[-1].end, word.end))
                else:
                    channel_turns.append(Turn(word.start, word.end, speaker))
        turns += channel_turns
    ordered = sorted(merged, key=lambda segment: (segment.start, segment.end))
    numbered = tuple(replace(segment, id=number) for number, segment in enumerate(ordered))
    return numbered, tuple(sorted(turns, key=lambda turn: (turn.start, turn.end)))
