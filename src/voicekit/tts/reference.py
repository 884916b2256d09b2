"""Reference clips for voice cloning: cut one from a recording, or check one that the user supplies.

Chatterbox conditions on the first 6 s of a clip for prosody and the first 10 s for timbre. The clip therefore starts
with the wanted speech and ends in silence before 10 s. It is mono, 24 kHz, and contains one speaker.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicekit.audio.levels import apply_fades, clipping_ratio, frame_levels, normalize_loudness, resample, speech_level
from voicekit.audio.probe import MODEL_RATE
from voicekit.errors import UsageError
from voicekit.types import Audio, Turn

RATE = 24_000
"""Sample rate of the clip, Hz: that of Chatterbox's speech codec."""

MAX_CLIP = 9.7
"""Seconds; with TAIL it stays below the 10 s that Chatterbox uses."""

MIN_SPEECH = 2.0
"""Seconds of speech without which no clip is cut."""

ENOUGH_SPEECH = 5.0
"""Seconds of speech below which the clip is cut with a warning."""

MIN_UNPREPARED_SPEECH = 1.0
"""Seconds of speech that a clip supplied by the user must contain."""

MAX_UNPREPARED = 10.0
"""Seconds of a clip that Chatterbox uses; longer ones get a warning."""

CHECKED_SECONDS = 30.0
"""How much of a user's clip is analysed."""

LOUDNESS = -20.0
"""Integrated loudness of the clip, LUFS."""

CLEAN_SNR = 20.0
"""dB between speech and background, below which a recording is reported as noisy."""

MAX_CLIPPED = 0.01
"""Share of clipped samples above which a recording is refused."""

WARN_CLIPPED = 0.0005
"""Share of clipped samples above which a warning is given."""

TAIL = 0.15
"""Seconds of silence at the end of the clip."""

Span = tuple[float, float]
DetectSpeech = Callable[[NDArray[np.float32]], Sequence[Span]]
"""Speech spans in seconds, of 16 kHz samples."""

Diarize = Callable[[Audio], Sequence[Turn]]
"""Speaker turns of 16 kHz audio."""


@dataclass(frozen=True)
class Reference:
    """A clip to clone a voice from.

    Attributes:
        clip: Mono audio at 24 kHz.
        start, end: Where it was cut from the recording, seconds.
        warnings: Problems of the recording that will be audible.
        processing: What was done to it, for display.
    """

    clip: Audio
    start: float
    end: float
    warnings: tuple[str, ...]
    processing: tuple[str, ...]


def prepare_reference(
    recording: Audio,
    detect_speech: DetectSpeech,
    diarize: Diarize | None = None,
    start: float | None = None,
    min_speech: float = MIN_SPEECH,
) -> Reference:
    """Cut a reference clip from a recording.

    Args:
        recording: Decoded audio, any rate.
        detect_speech: Voice activity detector.
        diarize: Speaker diarization; None assumes a single speaker.
        start: Seconds where the wanted part begins (default: the part with the most speech).
        min_speech: Seconds of speech, and of audio, that the recording must have.

    Raises:
        UsageError: The recording is silent, too short, clipped, or has too little speech.
    """
    warnings: list[str] = []
    mono = recording.mono - np.float32(recording.mono.mean() if recording.mono.size else 0.0)
    if recording.duration < min_speech or float(np.abs(mono).max(initial=0.0)) < 1e-4:
        reason = "is silent" if recording.duration >= min_speech else f"lasts {recording.duration:.1f} s"
        raise UsageError(f"the recording {reason}", f"Give {ENOUGH_SPEECH:g} to 30 s of one person speaking")
    if recording.rate < MODEL_RATE:
        warnings.append(f"{recording.rate} Hz: telephone bandwidth, the cloned voice will sound dull too")
    clipped_share = clipping_ratio(mono)
    if clipped_share > MAX_CLIPPED:
        raise UsageError(f"{clipped_share:.1%} of the samples are clipped", "Record it again, at a lower level")
    if clipped_share > WARN_CLIPPED:
        warnings.append(f"{clipped_share:.2%} of the samples are clipped: expect crackling")
    audio = resample(Audio(mono[None, :], recording.rate), MODEL_RATE)
    speech = list(detect_speech(audio.mono))
    if diarize is not None:
        speech, speaker_warnings = _main_speaker_only(speech, diarize(audio))
        warnings += speaker_warnings
    seconds = sum(b - a for a, b in speech)
    if seconds < min_speech:
        raise UsageError(f"only {seconds:.1f} s of clear speech by one person", f"Give {ENOUGH_SPEECH:g} s or more")
    snr = _signal_to_noise(audio.mono, speech)
    if snr < CLEAN_SNR:
        warnings.append(f"noisy: speech is {snr:.0f} dB above the background, a clean clip has {CLEAN_SNR:g} dB")
    begin, end = _best_window(speech, audio.mono, start)
    speech_within = sum(max(0.0, min(b, end) - max(a, begin)) for a, b in speech)
    if speech_within < ENOUGH_SPEECH:
        warnings.append(f"{speech_within:.1f} s of speech: {ENOUGH_SPEECH:g} s or more give a closer match")
    cut = mono[round(begin * recording.rate) : round(end * recording.rate)]
    clip = resample(Audio(apply_fades(cut, recording.rate)[None, :], recording.rate), RATE)
    clip = normalize_loudness(clip, LOUDNESS)
    processing = (f"cut to {begin:.2f} to {end:.2f} s", f"mono, {RATE} Hz, {LOUDNESS:g} LUFS")
    silence = np.zeros((1, round(TAIL * RATE)), np.float32)
    padded = Audio(np.concatenate([clip.samples, silence], axis=1), RATE)
    return Reference(padded, begin, end, tuple(warnings), processing)


def check_reference(name: str, audio: Audio, detect_speech: DetectSpeech, diarize: Diarize) -> list[str]:
    """Check a clip that the user supplies without preparing it.

    Returns:
        Warnings.

    Raises:
        UsageError: No voice can be cloned from the clip.
    """
    beginning = Audio(audio.samples[:, : round(CHECKED_SECONDS * audio.rate)], audio.rate)
    try:
        reference = prepare_reference(beginning, detect_speech, diarize, min_speech=MIN_UNPREPARED_SPEECH)
    except UsageError as error:
        raise UsageError(f"cannot clone a voice from {name}: {error.message}", error.remedy) from error
    warnings = list(reference.warnings)
    if audio.duration > MAX_UNPREPARED:
        warnings.append(f"{audio.duration:.0f} s long: mostly the first {MAX_UNPREPARED:g} s are used")
    return warnings


def _main_speaker_only(speech: Sequence[Span], turns: Sequence[Turn]) -> tuple[list[Span], list[str]]:
    """Remove from `speech` what overlaps with anybody but the main speaker; return it with warnings."""
    totals: dict[str, float] = {}
    for turn in turns:
        totals[turn.speaker] = totals.get(turn.speaker, 0.0) + turn.end - turn.start
    if len(totals) < 2:
        return list(speech), []
    main = max(totals, key=lambda name: totals[name])
    others = sorted((turn.start, turn.end) for turn in turns if turn.speaker != main)
    if sum(b - a for a, b in others) < 0.3:  # likely diarization noise
        return list(speech), []
    kept: list[Span] = []
    for a, b in speech:
        for low, high in others:
            if low < b and high > a:
                kept.append((a, min(b, low)))
                a = max(a, high)
        kept.append((a, b))
    long_enough = [(a, b) for a, b in kept if b - a > 0.2]
    return long_enough, [f"{len(totals)} people speak: only parts where the main speaker is alone are used"]


def _signal_to_noise(samples: NDArray[np.float32], speech: Sequence[Span]) -> float:
    """dB between speech and the audio between it; 60 where there is less than 0.2 s between."""
    is_speech = np.zeros(len(samples), bool)
    for a, b in speech:
        is_speech[round(a * MODEL_RATE) : round(b * MODEL_RATE)] = True
    background = samples[~is_speech]
    if len(background) < 0.2 * MODEL_RATE:
        return 60.0
    frame = round(0.02 * MODEL_RATE)
    return speech_level(samples[is_speech], MODEL_RATE) - float(np.median(frame_levels(background, frame)))


def _best_window(speech: Sequence[Span], samples: NDArray[np.float32], start: float | None) -> Span:
    """Find the earliest window of at most MAX_CLIP seconds with the most speech and no pause of over a second.

    It begins and ends with a speech span. A single span that is too long is cut at its quietest frame.
    """
    if start is not None:
        speech = [(max(a, start), b) for a, b in speech if b > start + 0.2]
        if not speech:
            raise UsageError(f"no speech after {start:g} s", "Give an earlier --start")
    best: tuple[float, float, float] | None = None  # seconds of speech, begin, end
    for first, (begin, end) in enumerate(speech):
        if end - begin > MAX_CLIP:
            end = _quietest_time(samples, begin + 6.0, begin + MAX_CLIP)
        total, last = end - begin, end
        for a, b in speech[first + 1 :]:
            if b - begin > MAX_CLIP or a - last > 1.0:
                break
            total, last = total + b - a, b
        if best is None or total > best[0] + 0.05:
            best = (total, begin, last)
        if start is not None:
            break
    assert best is not None
    return best[1], best[2]


def _quietest_time(samples: NDArray[np.float32], low: float, high: float) -> float:
    """Centre of the quietest 20 ms frame between two times, seconds."""
    levels = frame_levels(samples[round(low * MODEL_RATE) : round(high * MODEL_RATE)], round(0.02 * MODEL_RATE))
    return low + (int(levels.argmin()) + 0.5) * 0.02 if len(levels) else high
