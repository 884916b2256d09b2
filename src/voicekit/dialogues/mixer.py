"""Mix placed clips into stereo stems and their sum, at a target loudness and with a limited true peak.

    clips -> one track per speaker (pan, room) -> sum, measured -> one gain curve -> stems and mix

The gain is constant except where the limiter reduces it, and is the same for all stems, so that they add up to the mix.
It is computed from two measures per 2 ms: the K-weighted energy (ITU-R BS.1770-4, with pyloudnorm's filters) and the
true peak (4x oversampled, annex 2). Audio is processed in chunks, once to measure and once to write, so that memory use
does not grow with its length except for these measures.
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

from voicekit.audio.levels import FADE, frame_levels, resample, speech_level
from voicekit.dialogues.limiter import LoudnessMeter, compute_gain_curve, integrated_loudness, interpolate_gain
from voicekit.dialogues.room import room_impulse_response
from voicekit.types import Audio, Samples

CHUNK = 10.0
"""Seconds that are processed at a time."""

SPEECH_LEVEL = -23.0
"""Level in dB of full scale to which the speech of each take is brought, so that voices are equally loud."""

MAX_LEVELING_GAIN = 18.0
"""Limit in dB of that gain."""

CUT_FADE = 0.04
"""Length in seconds of the fade-out of a voice that is cut off."""

BACKCHANNEL_GAIN = -6.0
"""dB of a backchannel relative to a turn; chosen by ear."""

TAIL = 0.5
"""Seconds of silence after the last utterance."""

PEAK_MARGIN = 0.1
"""dB below the allowed true peak: the accuracy of 4x oversampling."""

MIN_PHRASE_PAUSE = 0.1
"""Seconds of silence that end a phrase."""

SPEECH_RANGE = -40.0
"""dB relative to the loudest 5 ms of a take: quieter frames are not speech."""

MIN_PHRASE = 0.03
"""Seconds: shorter sounds are clicks."""

CACHED_TAKES = 16
"""Decoded takes that are kept in memory."""


def find_phrases(audio: Audio) -> tuple[tuple[float, float], ...]:
    """(start, end) in seconds of the phrases in a take; the whole take if it is silent."""
    whole = ((0.0, audio.duration),)
    size = max(1, round(0.005 * audio.rate))
    levels = frame_levels(audio.mono, size)
    if not len(levels) or levels.max() <= -90:
        return whole
    active = np.flatnonzero(levels > levels.max() + SPEECH_RANGE)
    pauses = np.flatnonzero(np.diff(active) * size / audio.rate > MIN_PHRASE_PAUSE)
    first_frames, last_frames = [active[0], *active[pauses + 1]], [*active[pauses], active[-1]]
    phrases = [
        (float(first * size / audio.rate), float((last + 1) * size / audio.rate))
        for first, last in zip(first_frames, last_frames, strict=True)
    ]
    return tuple((start, end) for start, end in phrases if end - start >= MIN_PHRASE) or whole


def leveling_gain(audio: Audio) -> float:
    """dB that bring a take's speech to SPEECH_LEVEL."""
    gain = SPEECH_LEVEL - speech_level(audio.mono, audio.rate)
    return float(np.clip(gain, -MAX_LEVELING_GAIN, MAX_LEVELING_GAIN))


@dataclass(frozen=True)
class MixEvent:
    """A section of a take in the mix.

    Attributes:
        path: The take's file.
        speaker: Whose track it is on.
        start, end: The section, seconds of the take.
        at: Where it begins in the mix, seconds.
        gain: dB.
        fade: Length of its fade-out, seconds.
    """

    path: Path
    speaker: str
    start: float
    end: float
    at: float
    gain: float = 0.0
    fade: float = FADE


@dataclass(frozen=True)
class MixSettings:
    """How to mix.

    Attributes:
        rate: Hz.
        pans: -1 (left) to 1 (right), by speaker.
        room: A name in `room.ROOMS`, or "none".
        length: Seconds.
        loudness: Target, LUFS.
        true_peak: Limit, dBTP.
    """

    rate: int
    pans: dict[str, float]
    room: str
    length: float
    loudness: float
    true_peak: float


@dataclass(frozen=True)
class MixResult:
    """Measures of a mix: loudness (LUFS), true peak (dBTP), largest gain reduction (dB), length (s)."""

    loudness: float | None
    true_peak: float | None
    limited: float
    seconds: float


def mix(
    events: Sequence[MixEvent],
    settings: MixSettings,
    path: Path,
    stems: dict[str, Path],
    progress: Callable[[float], None] = lambda share: None,
) -> MixResult:
    """Write the mix and its stems as 16-bit stereo WAV files of the same length.

    Args:
        events: In any order.
        settings: How to mix.
        path: File of the mix.
        stems: Files of the stems, by speaker.
        progress: Called with the share done, 0 to 1.
    """
    rate = settings.rate
    total = max(1, math.ceil(settings.length * rate))
    meter = LoudnessMeter(rate)
    for at, tracks in _render_tracks(events, settings, total):
        meter.add(tracks.sum(axis=0, dtype=np.float32))
        progress(0.5 * (at + tracks.shape[2]) / total)
    curve, reduction = compute_gain_curve(*meter.finish(), rate, settings.loudness, settings.true_peak - PEAK_MARGIN)
    output_meter = LoudnessMeter(rate)
    with ExitStack() as stack:
        stem_files = [stack.enter_context(_open_wav(stems[speaker], rate, total)) for speaker in settings.pans]
        mix_file = stack.enter_context(_open_wav(path, rate, total))
        for at, tracks in _render_tracks(events, settings, total):
            tracks *= interpolate_gain(curve, at, tracks.shape[2], rate)
            for file, track in zip(stem_files, tracks, strict=True):
                file.write(_to_int16(track).T)
            mixed = _to_int16(tracks.sum(axis=0))
            mix_file.write(mixed.T)
            output_meter.add(mixed.astype(np.float32) / np.float32(32_768))
            progress(0.5 + 0.5 * (at + tracks.shape[2]) / total)
    energies, peaks = output_meter.finish()
    loudness, peak = integrated_loudness(energies, rate), float(peaks.max(initial=0.0))
    return MixResult(
        round(loudness, 2) if loudness is not None else None,
        round(20 * math.log10(peak), 2) if peak > 0 else None,
        round(reduction, 2),
        round(total / rate, 3),
    )


def _open_wav(path: Path, rate: int, samples: int) -> soundfile.SoundFile:
    """Open a stereo file to write; RF64 if it would exceed the 4 GB limit of WAV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    container = "WAV" if samples * 4 < (1 << 32) - (1 << 16) else "RF64"
    return soundfile.SoundFile(path, "w", rate, 2, "PCM_16", format=container)


def _to_int16(samples: Samples) -> NDArray[np.int16]:
    return np.clip(np.round(samples * 32_768), -32_768, 32_767).astype(np.int16)


def _render_tracks(events: Sequence[MixEvent], settings: MixSettings, total: int) -> Iterator[tuple[int, Samples]]:
    """Yield chunks: the first sample, and float32 [speakers, 2, samples] without gain."""
    rate = settings.rate
    size = round(CHUNK * rate)
    speakers = list(settings.pans)
    pan_gains = np.array([_pan_gains(pan) for pan in settings.pans.values()], np.float32)
    impulse_response = room_impulse_response(settings.room, rate)
    reverb_tails: dict[int, Samples] = {}  # by speaker index
    waiting = sorted(events, key=lambda event: (event.at, event.speaker))
    playing: list[MixEvent] = []
    takes = _TakeCache(rate)
    for at in range(0, total, size):
        count = min(size, total - at)
        while waiting and round(waiting[0].at * rate) < at + count:
            playing.append(waiting.pop(0))
        tracks = np.zeros((len(speakers), 2, count), np.float32)
        dry_tracks: dict[int, Samples] = {}  # mono, by speaker index
        for event in playing:
            dry = dry_tracks.setdefault(speakers.index(event.speaker), np.zeros(count, np.float32))
            _add(dry, takes.section(event), round(event.at * rate) - at)
        playing = [event for event in playing if (event.at + event.end - event.start + 0.01) * rate > at + count]
        for index in sorted({*dry_tracks, *reverb_tails}):
            dry_track = dry_tracks.get(index)
            if dry_track is not None:
                tracks[index] = pan_gains[index][:, None] * dry_track
            if impulse_response is not None:
                tail = _add_reverb(tracks[index], dry_track, impulse_response, reverb_tails.pop(index, None))
                if tail.any():
                    reverb_tails[index] = tail
        yield at, tracks


def _add_reverb(track: Samples, dry: Samples | None, impulse_response: Samples, tail: Samples | None) -> Samples:
    """Add reverb to a track in place, including the tail of the previous chunk; returns the tail of this one."""
    from scipy.signal import oaconvolve

    count, length = track.shape[1], impulse_response.shape[1]
    wet = np.zeros((2, count + length), np.float32)
    if tail is not None:
        wet[:, : tail.shape[1]] += tail
    if dry is not None:
        wet[:, : count + length - 1] += oaconvolve(dry[None, :], impulse_response, axes=1)
    track += wet[:, :count]
    return wet[:, count:]


class _TakeCache:
    """Decoded takes at the rate of the mix; the latest are kept."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._takes: dict[Path, Samples] = {}

    def section(self, event: MixEvent) -> Samples:
        """The samples of an event, with fades and gain applied."""
        section = self._load(event.path)[round(event.start * self.rate) : round(event.end * self.rate)].copy()
        fade_in, fade_out = (min(round(seconds * self.rate), len(section) // 2) for seconds in (FADE, event.fade))
        section[:fade_in] *= _ramp(fade_in)
        section[len(section) - fade_out :] *= _ramp(fade_out)[::-1]
        return section * np.float32(10 ** (event.gain / 20))

    def _load(self, path: Path) -> Samples:
        if path not in self._takes:
            samples, rate = soundfile.read(path, dtype="float32")
            while len(self._takes) >= CACHED_TAKES:
                del self._takes[next(iter(self._takes))]
            self._takes[path] = resample(Audio(samples[None, :], rate), self.rate).samples[0]
        return self._takes[path]


def _ramp(size: int) -> Samples:
    """Raised cosine from 0 to 1."""
    return (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, size))).astype(np.float32)


def _add(track: Samples, samples: Samples, at: int) -> None:
    """Add samples to a track from index `at`, which may be negative; what lies outside is dropped."""
    first, last = max(0, at), min(len(track), at + len(samples))
    if first < last:
        track[first:last] += samples[first - at : last - at]


def _pan_gains(pan: float) -> tuple[float, float]:
    """Left and right gains of a constant-power pan law; 1 and 1 in the centre."""
    angle = (pan + 1) * math.pi / 4
    return math.sqrt(2) * math.cos(angle), math.sqrt(2) * math.sin(angle)
