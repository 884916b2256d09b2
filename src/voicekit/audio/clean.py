"""Convert a media file to 16 kHz mono audio through the ffmpeg filters of a cleaning preset."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from voicekit.audio.decode import audio_stream, decode
from voicekit.audio.ffmpeg import ffmpeg_path, max_seconds, run_ffmpeg
from voicekit.audio.joined_parts import joined_parts
from voicekit.audio.levels import raise_quiet_speech
from voicekit.audio.probe import MODEL_RATE, MediaInfo, probe
from voicekit.config.clean import CleanPreset, Loudness
from voicekit.types import Audio

VERSION = 4
"""Part of the cache key; increase it when the result changes."""

_SILENCE_LUFS = -69.0
"""loudnorm reports -70 or -inf for silence."""


def clean(
    path: Path,
    preset: CleanPreset,
    progress: Callable[[float], None] | None = None,
    channel: int | None = None,
    media: MediaInfo | None = None,
) -> tuple[Audio, list[str]]:
    """Decode a file through a preset's filters and normalize its loudness if the preset asks for it.

    Args:
        path: Any media file with audio; it is only read.
        preset: Filters and target loudness.
        progress: Called with the seconds decoded so far.
        channel: Channel to use, from 0; None mixes all channels.
        media: What `probe` returned for the file, if known.

    Returns:
        Audio of shape [1, n] at 16 kHz, very quiet speech amplified, and warnings.

    Raises:
        MediaError: Nothing could be decoded.
    """
    media = media or probe(path)
    if media.track == 0:
        return _mix_tracks(path, preset, progress, media)
    gain = measure_loudness(path, preset, channel, media) if preset.loudness else None

    def add_filters(stream: Any) -> Any:
        stream = _add_preset_filters(stream, preset)
        if preset.loudness and gain:
            stream = stream.filter("loudnorm", **_loudnorm_target(preset.loudness), **gain, linear="true")
        return stream

    audio, warnings = decode(path, add_filters, MODEL_RATE, progress, media, channel)
    audio, gain_db = raise_quiet_speech(audio)
    if gain_db:
        warnings.append(f"{path.name} is very quiet; it was amplified by {gain_db:.0f} dB")
    return audio, warnings


def _mix_tracks(
    path: Path, preset: CleanPreset, progress: Callable[[float], None] | None, media: MediaInfo
) -> tuple[Audio, list[str]]:
    """Clean each track by itself and add them up; sums above full scale are scaled down."""
    parts = [clean(path, preset, progress, media=probe(path, str(track.number))) for track in media.tracks]
    mixed = np.zeros(max(audio.samples.shape[1] for audio, _ in parts), np.float32)
    for audio, _ in parts:
        mixed[: audio.samples.shape[1]] += audio.mono
    mixed /= max(1.0, float(np.abs(mixed).max(initial=0.0)))
    return Audio(mixed[None, :], MODEL_RATE), list(dict.fromkeys(text for _, notes in parts for text in notes))


def measure_loudness(
    path: Path, preset: CleanPreset, channel: int | None = None, media: MediaInfo | None = None
) -> dict[str, str] | None:
    """Run loudnorm's first pass and return the options with which its second pass applies one constant gain.

    Args as for `clean`. Returns None for silence.

    Source: https://ffmpeg.org/ffmpeg-filters.html#loudnorm
    """
    import ffmpeg

    assert preset.loudness is not None
    with joined_parts(path, media or probe(path)) as (file, info, _):
        stream = _add_preset_filters(audio_stream(file, info, channel)[0], preset)
        stream = stream.filter("loudnorm", **_loudnorm_target(preset.loudness), print_format="json")
        command = ffmpeg.output(stream, "-", format="null", t=max_seconds()).global_args("-hide_banner", "-nostdin")
        _, _, log = run_ffmpeg(command.compile(cmd=ffmpeg_path()))
    report = re.search(r"\{[^{}]*\"input_i\"[^{}]*\}", log)
    if not report:
        return None
    measured = json.loads(report.group())
    if not float(measured["input_i"]) > _SILENCE_LUFS:
        return None
    return {
        "measured_I": measured["input_i"],
        "measured_TP": measured["input_tp"],
        "measured_LRA": measured["input_lra"],
        "measured_thresh": measured["input_thresh"],
        "offset": measured["target_offset"],
    }


def _add_preset_filters(stream: Any, preset: CleanPreset) -> Any:
    for step in preset.steps:
        stream = stream.filter(step.filter, **step.options)
    return stream


def _loudnorm_target(loudness: Loudness) -> dict[str, float]:
    return {"I": loudness.integrated, "TP": loudness.true_peak, "LRA": loudness.range}
