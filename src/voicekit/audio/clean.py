"""Convert a media file to 16 kHz mono audio through the ffmpeg filters of a cleaning preset."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from voicekit.audio.decode import MODEL_RATE, MediaInfo, audio_stream, decode, probe
from voicekit.audio.ffmpeg import ffmpeg_path, max_seconds, run_ffmpeg
from voicekit.config.clean import CleanPreset, Loudness
from voicekit.types import Audio

VERSION = 2
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
        Audio of shape [1, n] at 16 kHz, and warnings.

    Raises:
        MediaError: Nothing could be decoded.
    """
    media = media or probe(path)
    gain = measure_loudness(path, preset, channel, media) if preset.loudness else None

    def add_filters(stream: Any) -> Any:
        stream = _add_preset_filters(stream, preset, channel)
        if preset.loudness and gain:
            stream = stream.filter("loudnorm", **_loudnorm_target(preset.loudness), **gain, linear="true")
        return stream

    return decode(path, add_filters, MODEL_RATE, progress, media)


def measure_loudness(
    path: Path, preset: CleanPreset, channel: int | None = None, media: MediaInfo | None = None
) -> dict[str, str] | None:
    """Run loudnorm's first pass and return the options with which its second pass applies one constant gain.

    Args as for `clean`. Returns None for silence.

    Source: https://ffmpeg.org/ffmpeg-filters.html#loudnorm
    """
    import ffmpeg

    assert preset.loudness is not None
    stream = _add_preset_filters(audio_stream(path, media or probe(path)), preset, channel)
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


def _add_preset_filters(stream: Any, preset: CleanPreset, channel: int | None) -> Any:
    if channel is not None:
        stream = stream.filter("pan", args=f"mono|c0=c{channel}")
    for step in preset.steps:
        stream = stream.filter(step.filter, **step.options)
    return stream


def _loudnorm_target(loudness: Loudness) -> dict[str, float]:
    return {"I": loudness.integrated, "TP": loudness.true_peak, "LRA": loudness.range}
