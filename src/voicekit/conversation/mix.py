"""Mix: placed clips become stems and one sound, at a loudness, with its true peak kept. Chunk by chunk.

    clips -> a track a speaker (pan, room) -> their sum, measured -> one gain -> stems and mix

The gain is one number and, where peaks would go too far, a look-ahead limiter's curve. Both are the same for the mix
and for every stem, so the stems add up to the mix. They are found from one measurement: every 2 ms the K-weighted
energy (ITU-R BS.1770-4, by pyloudnorm's filters) and the true peak (oversampled four times, as its annex 2 has it).
The sound itself is made twice, to measure and to write, and never held whole: memory grows by those two numbers only.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from voicekit.audio import resample
from voicekit.data import Audio
from voicekit.seeds import Draws
from voicekit.speech.join import FADE, level, loudness

CHUNK = 10.0
"""Seconds that are made at once."""

FRAME = 0.002
"""Seconds for which energy and peak are measured; a block of BS.1770 is 200 of them."""

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

LIMITER = 0.03
"""Seconds before and after a peak in which the limiter moves: no click, no pumping that is heard."""

MOST_LIMITED = 12.0
"""dB; a loudness for which the limiter would have to do more is not reached."""

MARGIN = 0.1
"""dB below the true peak that is allowed, since oversampling finds it to about that."""

SILENCE = 0.1
"""Seconds of silence that end a phrase."""

AUDIBLE = -40.0
"""dB below the loudest 5 ms of a take: what is softer at its edges is no speech."""

SHORTEST = 0.03
"""Seconds: what is shorter is a click, no speech."""

Samples = NDArray[np.float32]


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
class Desk:
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
    desk: Desk,
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
            tracks *= _at_samples(curve, at, tracks.shape[2], desk.rate)
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


def _tracks(events: Sequence[Event], desk: Desk, total: int) -> Iterator[tuple[int, Samples]]:
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


ROOMS: dict[str, tuple[float, float]] = {"small": (0.25, -16.0), "large": (0.7, -13.0)}
"""Seconds in which its echo falls by 60 dB, and dB of all of the echo against the direct sound; chosen."""


@functools.lru_cache(maxsize=4)
def room(name: str, rate: int) -> Samples | None:
    """The echo of a room, float32 [2, samples], without the direct sound; None for none.

    Noise that dies away, darker as walls are, from 4 ms on and a little different on both sides; the same for all who
    are in it, and in every process.
    """
    if name == "none":
        return None
    from scipy.signal import butter, sosfilt

    seconds, share = ROOMS[name]
    count = round(seconds * rate)
    noise = Draws(0, ("room", name)).numpy("echo").standard_normal((2, count))
    fall = 10 ** (-3 * np.arange(count) / count)
    rise = np.clip((np.arange(count) / rate - 0.004) / 0.004, 0, 1)
    echo = sosfilt(butter(2, (150, 5000), "bandpass", fs=rate, output="sos"), noise, axis=1) * fall * rise
    echo *= 10 ** (share / 20) / np.sqrt((echo**2).sum(axis=1, keepdims=True))
    found: Samples = echo.astype(np.float32)
    return found


# --- loudness and peak ----------------------------------------------------------------------------------------------


OVERSAMPLED = 4
"""Times, for the true peak (ITU-R BS.1770-4, annex 2)."""

CONTEXT = 64
"""Samples on both sides that the oversampling filter is given."""


class Meter:
    """Measures sound that comes in chunks, of whole frames but for the last."""

    def __init__(self, rate: int) -> None:
        import pyloudnorm

        self.rate = rate
        self.size = round(FRAME * rate)
        self._filters = [(one.b, one.a) for one in pyloudnorm.Meter(rate)._filters.values()]
        self._states = [np.zeros((2, max(len(a), len(b)) - 1)) for b, a in self._filters]
        self._energies: list[NDArray[np.float32]] = []
        self._peaks: list[Samples] = []
        self._last = np.zeros((2, CONTEXT), np.float32)
        self._rest = np.zeros((2, 0), np.float32)

    def add(self, samples: Samples) -> None:
        """float32 [2, n]."""
        self._energies.append(self._frames(self._weighted(samples) ** 2, np.sum).astype(np.float32))
        known = np.concatenate([self._last, samples], axis=1)
        risen = np.concatenate([self._rest, self._risen(known)[:, CONTEXT:-CONTEXT]], axis=1)
        whole = risen.shape[1] - risen.shape[1] % self.size
        self._peaks.append(self._frames(risen[:, :whole], np.max))
        self._last, self._rest = known[:, -2 * CONTEXT :], risen[:, whole:]

    def finish(self) -> tuple[NDArray[np.float32], Samples]:
        """For each frame the sum of squares of the K-weighted sound, and the highest true peak."""
        known = np.concatenate([self._last, np.zeros((2, CONTEXT), np.float32)], axis=1)
        risen = np.concatenate([self._rest, self._risen(known)[:, CONTEXT:-CONTEXT]], axis=1)
        self._peaks.append(self._frames(risen, np.max))
        energies, peaks = np.concatenate(self._energies), np.concatenate(self._peaks)
        return energies, peaks[: len(energies)]

    def _weighted(self, samples: Samples) -> NDArray[np.float64]:
        from scipy.signal import lfilter

        out: NDArray[np.float64] = samples.astype(np.float64)
        for number, (b, a) in enumerate(self._filters):
            out, self._states[number] = lfilter(b, a, out, axis=1, zi=self._states[number])
        return out

    def _risen(self, samples: Samples) -> Samples:
        """The highest absolute value at each sample and until the next: [2, n]."""
        from scipy.signal import resample_poly

        between = np.abs(resample_poly(samples, OVERSAMPLED, 1, axis=1))
        found: Samples = np.abs(samples)
        for phase in range(OVERSAMPLED):
            np.maximum(found, between[:, phase::OVERSAMPLED], out=found)
        return found

    def _frames(self, values: NDArray[Any], how: Callable[..., Any]) -> NDArray[Any]:
        """A number a frame of [2, n], over both sides; the last frame is filled up with zeros."""
        short = -values.shape[1] % self.size
        whole = np.pad(values, ((0, 0), (0, short))) if short else values
        found: NDArray[Any] = how(whole.reshape(2, -1, self.size), axis=(0, 2))
        return found


BLOCK, STEP = 200, 50
"""Frames of a block of BS.1770, 400 ms, and from one to the next."""


def integrated(energies: NDArray[Any], rate: int) -> float | None:
    """LUFS (ITU-R BS.1770-4: gated at -70 and 10 LU below) of frames' energies; None where nothing is heard."""
    sums = np.concatenate([[0.0], np.cumsum(energies, dtype=np.float64)])
    starts = np.arange(0, max(1, len(energies) - BLOCK + 1), STEP)
    power = (sums[np.minimum(starts + BLOCK, len(energies))] - sums[starts]) / (BLOCK * FRAME * rate)
    loud = power[power > 10 ** ((-70 + 0.691) / 10)]
    if not len(loud):
        return None
    loud = loud[loud > loud.mean() / 10]
    return float(-0.691 + 10 * np.log10(loud.mean()))


def gains(
    energies: NDArray[Any], peaks: NDArray[Any], rate: int, target: float, most: float
) -> tuple[NDArray[np.float32], float]:
    """What brings sound to `target` LUFS with its true peak at most `most` dBTP.

    Returns:
        A gain for each frame; and the most that the limiter takes, dB.
    """
    found = integrated(energies, rate)
    if found is None:
        return np.ones(len(energies), np.float32), 0.0
    ceiling = 10 ** (most / 20)
    highest = 20 * math.log10(ceiling / float(peaks.max())) + MOST_LIMITED
    gain = min(target - found, highest)
    curve = limited(peaks, gain, ceiling)
    for _ in range(12):  # what the limiter takes is given back; each round leaves a small part of the rest
        now = integrated(energies * curve**2, rate)
        if now is None or abs(target - now) < 0.005 or gain >= highest:
            break
        gain = min(gain + target - now, highest)
        curve = limited(peaks, gain, ceiling)
    taken = gain - 20 * math.log10(float(curve.min()))
    return curve, max(0.0, taken)


def limited(peaks: NDArray[Any], gain: float, ceiling: float) -> NDArray[np.float32]:
    """A gain for each frame: `gain` dB, and less, smoothly, about peaks that would go beyond the ceiling.

    The least that is needed within reach, averaged over the reach: nowhere more than is needed there.
    """
    from scipy.ndimage import minimum_filter1d

    plain = 10 ** (gain / 20)
    needed = np.minimum(plain, ceiling / np.maximum(peaks.astype(np.float64), 1e-9))
    if float(needed.min()) >= plain:
        return np.full(len(peaks), plain, np.float32)
    reach = round(LIMITER / FRAME)
    least = minimum_filter1d(needed, 2 * (reach + 1) + 1, mode="nearest")
    window = np.hanning(2 * reach + 3)[1:-1]
    padded = np.pad(least, reach, mode="edge")
    curve: NDArray[np.float32] = np.convolve(padded, window / window.sum(), mode="valid").astype(np.float32)
    return curve


def _at_samples(curve: NDArray[np.float32], at: int, count: int, rate: int) -> Samples:
    """The gain at each of `count` samples from `at`: between the middles of frames in a straight line."""
    size = round(FRAME * rate)
    first = max(0, at // size - 1)
    last = min(len(curve), (at + count) // size + 2)
    places = (np.arange(at, at + count) + 0.5) / size - 0.5
    found: Samples = np.interp(places, np.arange(first, last), curve[first:last]).astype(np.float32)
    return found
