"""Mix: placed clips become stems and one sound, at a loudness, with its true peak kept. Chunk by chunk.

    clips -> a track a speaker (pan, room) -> their sum, measured -> one gain -> stems and mix

The gain is one number and, where peaks would go too far, a look-ahead limiter's curve. Both are the same for the mix
and for every stem, so the stems add up to the mix. They are found from one measurement: every 2 ms the K-weighted
energy (ITU-R BS.1770-4, by pyloudnorm's filters) and the true peak (oversampled four times, as its annex 2 has it).
The sound itself is made twice, to measure and to write, and never held whole: memory grows by those two numbers only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from voicekit.audio.levels import FADE, level, loudness, resample
from voicekit.dialogues.limiter import Meter, at_samples, gains, integrated
from voicekit.dialogues.room import room
from voicekit.types import Audio, Samples

CHUNK = 10.0
"""Seconds that are made at once."""

SPEECH_LEVEL = -23.0
"""dB of full scale to which the speech of each take is brought before the mix, so that voices are equally loud."""

CUT_FADE = 0.04
"""Seconds over which a voice falls that is cut off in its speech."""

MOST_GAIN = 18.0
"""dB that this may take."""

QUIETER = -6.0
"""dB of a backchannel against a turn; chosen."""

TAIL = 0.5
"""Seconds after the last speech."""

MARGIN = 0.1
"""dB below the true peak that is allowed, since oversampling finds it to about that."""

SILENCE = 0.1
"""Seconds of silence that end a phrase."""

AUDIBLE = -40.0
"""dB below the loudest 5 ms of a take: what is softer at its edges is no speech."""

SHORTEST = 0.03
"""Seconds: what is shorter is a click, no speech."""


def stretches(sound: Audio) -> tuple[tuple[float, float], ...]:
    """(start, end) of the phrases in a take, seconds; all of it where nothing is heard."""
    size = max(1, round(0.005 * sound.rate))
    loud = loudness(sound.mono, size)
    if not len(loud) or loud.max() <= -90:
        return ((0.0, sound.duration),)
    heard = np.flatnonzero(loud > loud.max() + AUDIBLE)
    ends = np.flatnonzero(np.diff(heard) * size / sound.rate > SILENCE)
    firsts, lasts = [heard[0], *heard[ends + 1]], [*heard[ends], heard[-1]]
    found = [
        (float(a * size / sound.rate), float((b + 1) * size / sound.rate)) for a, b in zip(firsts, lasts, strict=True)
    ]
    return tuple((a, b) for a, b in found if b - a >= SHORTEST) or ((0.0, sound.duration),)


def gain_of(sound: Audio) -> float:
    """dB that brings a take's speech to SPEECH_LEVEL."""
    return float(np.clip(SPEECH_LEVEL - level(sound.mono, sound.rate), -MOST_GAIN, MOST_GAIN))


@dataclass(frozen=True)
class Event:
    """A stretch (start, end) of a take's file, where it begins in the mix and how it falls, seconds; its gain in dB."""

    path: Path
    speaker: str
    start: float
    end: float
    at: float
    gain: float = 0.0
    fade: float = FADE


@dataclass(frozen=True)
class MixSettings:
    """How it is mixed. `pans`: by speaker, from -1 to 1; `length`: seconds."""

    rate: int
    pans: dict[str, float]
    room: str
    length: float
    loudness: float
    true_peak: float


@dataclass(frozen=True)
class Mixed:
    """What came of it: LUFS, dBTP, and the most that the limiter took, dB."""

    loudness: float | None
    true_peak: float | None
    limited: float
    seconds: float


def mix(
    events: Sequence[Event],
    desk: MixSettings,
    path: Path,
    stems: dict[str, Path],
    progress: Callable[[float], None] = lambda share: None,
) -> Mixed:
    """Write the mix and its stems, 16 bit stereo WAV of one length.

    Args:
        events: In any order.
        stems: By speaker; those of `desk.pans`.
        progress: Told the share done.
    """
    total = max(1, math.ceil(desk.length * desk.rate))
    meter = Meter(desk.rate)
    for at, tracks in _tracks(events, desk, total):
        meter.add(tracks.sum(axis=0, dtype=np.float32))
        progress(0.5 * (at + tracks.shape[2]) / total)
    curve, taken = gains(*meter.finish(), desk.rate, desk.loudness, desk.true_peak - MARGIN)
    heard = Meter(desk.rate)
    with ExitStack() as stack:
        files = [stack.enter_context(_wav(stems[speaker], desk.rate, total)) for speaker in desk.pans]
        whole = stack.enter_context(_wav(path, desk.rate, total))
        for at, tracks in _tracks(events, desk, total):
            tracks *= at_samples(curve, at, tracks.shape[2], desk.rate)
            for file, track in zip(files, tracks, strict=True):
                file.write(_as_int16(track).T)
            summed = _as_int16(tracks.sum(axis=0))
            whole.write(summed.T)
            heard.add(summed.astype(np.float32) / np.float32(32_768))
            progress(0.5 + 0.5 * (at + tracks.shape[2]) / total)
    energies, peaks = heard.finish()
    found, peak = integrated(energies, desk.rate), float(peaks.max(initial=0.0))
    return Mixed(
        round(found, 2) if found is not None else None,
        round(20 * math.log10(peak), 2) if peak > 0 else None,
        round(taken, 2),
        round(total / desk.rate, 3),
    )


def _wav(path: Path, rate: int, samples: int) -> soundfile.SoundFile:
    """RF64 where a plain WAV could not hold it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    form = "WAV" if samples * 4 < (1 << 32) - (1 << 16) else "RF64"
    return soundfile.SoundFile(path, "w", rate, 2, "PCM_16", format=form)


def _as_int16(samples: Samples) -> NDArray[np.int16]:
    return np.clip(np.round(samples * 32_768), -32_768, 32_767).astype(np.int16)


# --- tracks ---------------------------------------------------------------------------------------------------------


def _tracks(events: Sequence[Event], desk: MixSettings, total: int) -> Iterator[tuple[int, Samples]]:
    """Chunk by chunk where it begins and float32 [speakers, 2, samples], before any gain."""
    size = round(CHUNK * desk.rate)
    speakers = list(desk.pans)
    sides = np.array([_sides(pan) for pan in desk.pans.values()], np.float32)
    echo = room(desk.room, desk.rate)
    tails: dict[int, Samples] = {}
    waiting = sorted(events, key=lambda event: (event.at, event.speaker))
    playing: list[Event] = []
    sounds = _Sounds(desk.rate)
    for at in range(0, total, size):
        count = min(size, total - at)
        while waiting and round(waiting[0].at * desk.rate) < at + count:
            playing.append(waiting.pop(0))
        tracks = np.zeros((len(speakers), 2, count), np.float32)
        dry: dict[int, Samples] = {}
        for event in playing:
            who = speakers.index(event.speaker)
            track = dry.setdefault(who, np.zeros(count, np.float32))
            _add(track, sounds.of(event), round(event.at * desk.rate) - at)
        playing = [event for event in playing if (event.at + event.end - event.start + 0.01) * desk.rate > at + count]
        for who in sorted({*dry, *tails}):
            sound = dry.get(who)
            if sound is not None:
                tracks[who] = sides[who][:, None] * sound
            if echo is not None:
                tails[who] = _echoed(tracks[who], sound, echo, tails.get(who))
                if not tails[who].any():
                    del tails[who]
        yield at, tracks


def _echoed(track: Samples, dry: Samples | None, echo: Samples, tail: Samples | None) -> Samples:
    """Add the room to a track, in place; returns what sounds on after the chunk: float32 [2, length of the echo]."""
    from scipy.signal import oaconvolve

    count = track.shape[1]
    wet = np.zeros((2, count + echo.shape[1]), np.float32)
    if tail is not None:
        wet[:, : tail.shape[1]] += tail
    if dry is not None:
        wet[:, : count + echo.shape[1] - 1] += oaconvolve(dry[None, :], echo, axes=1)
    track += wet[:, :count]
    return wet[:, count:]


class _Sounds:
    """Pieces of takes at the mix's rate, faded; the last few are kept."""

    KEPT = 16

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._takes: dict[Path, Samples] = {}

    def of(self, event: Event) -> Samples:
        take = self._take(event.path)
        piece = take[round(event.start * self.rate) : round(event.end * self.rate)].copy()
        rise, fall = (min(round(seconds * self.rate), len(piece) // 2) for seconds in (FADE, event.fade))
        piece[:rise] *= _ramp(rise)
        piece[len(piece) - fall :] *= _ramp(fall)[::-1]
        return piece * np.float32(10 ** (event.gain / 20))

    def _take(self, path: Path) -> Samples:
        if path not in self._takes:
            samples, rate = soundfile.read(path, dtype="float32")
            while len(self._takes) >= self.KEPT:
                del self._takes[next(iter(self._takes))]
            self._takes[path] = resample(Audio(samples[None, :], rate), self.rate).samples[0]
        return self._takes[path]


def _ramp(size: int) -> Samples:
    """From 0 to 1, without a corner."""
    return (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, size))).astype(np.float32)


def _add(track: Samples, sound: Samples, at: int) -> None:
    """Add sound to a track from sample `at`, which may lie before it."""
    first, last = max(0, at), min(len(track), at + len(sound))
    if first < last:
        track[first:last] += sound[first - at : last - at]


def _sides(pan: float) -> tuple[float, float]:
    """Left and right at constant power; 1 and 1 in the middle."""
    angle = (pan + 1) * math.pi / 4
    return math.sqrt(2) * math.cos(angle), math.sqrt(2) * math.sin(angle)
