"""Clean: a media file becomes 16 kHz mono, through a preset's ffmpeg graph. The original is only read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from voicekit.audio.decode import MODEL_RATE, decode, first_stream
from voicekit.audio.ffmpeg import ffmpeg_path, max_seconds, run_ffmpeg
from voicekit.config.clean import CleanPreset, Loudness
from voicekit.types import Audio

VERSION = 2

# Loudness below which loudnorm's first pass has measured silence, LUFS (ffmpeg reports -inf or -70).
_SILENCE = -69.0


def clean(
    path: Path, preset: CleanPreset, progress: Callable[[float], None] | None = None, channel: int | None = None
) -> tuple[Audio, list[str]]:
    """Decode `path` through `preset`.

    Args:
        path: Any media file with sound.
        preset: Filters, and a loudness to bring it to.
        progress: Called with the seconds decoded.
        channel: The one to hear, from 0; None mixes them.

    Returns:
        Audio of shape [1, n] at 16 kHz, and warnings.

    Raises:
        MediaError: nothing could be decoded.
    """
    loudness = measure_loudness(path, preset, channel) if preset.loudness else None

    def graph(stream: Any) -> Any:
        stream = _steps(stream, preset, channel)
        if preset.loudness and loudness:
            stream = stream.filter("loudnorm", **_target(preset.loudness), **loudness, linear="true")
        return stream

    return decode(path, graph, MODEL_RATE, progress)


def measure_loudness(path: Path, preset: CleanPreset, channel: int | None = None) -> dict[str, str] | None:
    """loudnorm's first pass: what the second needs to apply one constant gain; None for silence.

    Source: https://ffmpeg.org/ffmpeg-filters.html#loudnorm
    """
    import ffmpeg

    assert preset.loudness is not None
    stream = _steps(first_stream(path), preset, channel)
    stream = stream.filter("loudnorm", **_target(preset.loudness), print_format="json")
    command = ffmpeg.output(stream, "-", format="null", t=max_seconds()).global_args("-hide_banner", "-nostdin")
    _, _, log = run_ffmpeg(command.compile(cmd=ffmpeg_path()))
    found = re.search(r"\{[^{}]*\"input_i\"[^{}]*\}", log)
    if not found:
        return None
    seen = json.loads(found.group())
    if not float(seen["input_i"]) > _SILENCE:
        return None
    return {
        "measured_I": seen["input_i"],
        "measured_TP": seen["input_tp"],
        "measured_LRA": seen["input_lra"],
        "measured_thresh": seen["input_thresh"],
        "offset": seen["target_offset"],
    }


def _steps(stream: Any, preset: CleanPreset, channel: int | None) -> Any:
    if channel is not None:
        stream = stream.filter("pan", args=f"mono|c0=c{channel}")
    for step in preset.steps:
        stream = stream.filter(step.filter, **step.options)
    return stream


def _target(loudness: Loudness) -> dict[str, float]:
    return {"I": loudness.integrated, "TP": loudness.true_peak, "LRA": loudness.range}
