"""Decode media files with ffmpeg, through filters.

Files are untrusted. ffmpeg and PyAV may open only the given file: the `file` protocol and no container that refers to
other files (HLS, DASH, concat). The decoded length is limited whatever the header claims, since a small file can hold
days of silence.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from voicekit.audio.channel_faults import find_channel_faults
from voicekit.audio.damage import damage_warnings, first_problem
from voicekit.audio.ffmpeg import input_track, max_seconds, pcm_command, run_ffmpeg
from voicekit.audio.joined_parts import joined_parts
from voicekit.audio.levels import Samples
from voicekit.audio.probe import MODEL_RATE, MediaInfo, probe
from voicekit.errors import MediaError
from voicekit.types import Audio


def decode(
    path: Path,
    filters: Callable[[Any], Any] | None = None,
    rate: int = MODEL_RATE,
    progress: Callable[[float], None] | None = None,
    media: MediaInfo | None = None,
    channel: int | None = None,
) -> tuple[Audio, list[str]]:
    """Decode an audio track to mono float32, through optional ffmpeg filters.

    Time 0 is the start of the file, as in a player: sound that starts later is preceded by silence.

    Args:
        path: The file; it is only read.
        filters: Maps ffmpeg-python's audio stream to a filtered one.
        rate: Sample rate of the result, Hz.
        progress: Called with the seconds decoded so far.
        media: What `probe` returned for the file and its track, if known.
        channel: Channel to use, from 0; None mixes all channels.

    Returns:
        Audio of shape [1, n], and warnings: the file ends before its stated duration, or its channels have a fault.

    Raises:
        MediaError: Nothing could be decoded, or more than MAX_HOURS.
    """
    media = media or probe(path)
    limit = max_seconds()
    with joined_parts(path, media) as (file, info, warnings):
        stream, faults = audio_stream(file, info, channel, path.name)
        stream = filters(stream) if filters else stream
        samples, problem, reason = _read_samples(stream, rate, limit, progress, fill_gaps=info.has_times)
        heard = samples.size / rate + info.offset
        damage = damage_warnings(file, path.name, info, heard, problem, reason)
    if samples.size == 0:
        raise MediaError(f"{path.name} could not be decoded ({reason})", "Check that the file plays")
    silence = round(media.offset * rate)
    if samples.size + silence > limit * rate:
        raise MediaError(
            f"{path.name} is longer than {limit / 3600:g} hours",
            "Cut it, or raise VOICEKIT_MAX_HOURS if there is enough memory",
        )
    samples = np.nan_to_num(samples, copy=False, nan=0.0, posinf=1.0, neginf=-1.0)
    if silence:
        samples = np.concatenate([np.zeros(silence, np.float32), samples])
    audio = Audio(samples[None, :], rate)
    return audio, [*warnings, *faults, *damage]


def _read_samples(
    stream: Any, rate: int, limit: float, progress: Callable[[float], None] | None, *, fill_gaps: bool
) -> tuple[Samples, str, str]:
    """Run ffmpeg and return mono samples, the first sign of damage in its log, and the last one or ffmpeg's status."""
    # aresample's `async` fills gaps with silence, so that times stay right. It comes after the conversion, since ffmpeg
    # allocates the silence of a gap in one piece: two hours of it took 3 GB at 48 kHz. A late start is not filled here
    # (first_pts): ffmpeg builds the filters anew where rate or channels change, and would fill again from time 0.
    stream = stream.filter("aresample", rate).filter("aformat", sample_fmts="flt", channel_layouts="mono")
    if fill_gaps:
        stream = stream.filter("aresample", **{"async": 1})
    command = pcm_command(stream, rate, 1, limit + 1)

    def read_all(pipe: Any) -> bytearray:
        data = bytearray()
        while block := pipe.read(1 << 20):
            data += block
            if progress:
                progress(len(data) / 4 / rate)
        return data

    status, raw, log = run_ffmpeg(command, read_all)
    problems = list(filter(None, map(first_problem, log.splitlines())))
    reason = problems[-1] if problems else f"ffmpeg ended with status {status}"
    return np.frombuffer(raw, dtype="<f4", count=len(raw) // 4), next(iter(problems), ""), reason


def audio_stream(
    path: Path, media: MediaInfo, channel: int | None = None, name: str | None = None
) -> tuple[Any, list[str]]:
    """Return ffmpeg-python's input of a file's audio track, restricted to that file and free of channel faults.

    Args:
        path: The file.
        media: Its properties; they choose the track.
        channel: Channel to use, from 0; None leaves them all, except where their mix would lose some.
        name: Name of the file for warnings.

    Returns:
        The stream, and warnings about its channels.
    """
    stream = input_track(path, media.track, ignore_length=media.wrong_length, check_sums=media.codec == "flac")
    if media.codec.startswith(("pcm_f", "wavpack")):  # float formats can hold NaN, and one NaN would silence a filter
        stream = stream.filter("aeval", "if(isnan(val(ch))+isinf(val(ch)),0,val(ch))", c="same")
    faults = find_channel_faults(path, media)
    if faults.scale != 1:
        stream = stream.filter("volume", faults.scale, precision="float")
    if channel is not None:
        stream = stream.filter("pan", args=f"mono|c0=c{channel}")
    elif faults.inverted:
        stream = stream.filter("pan", args="mono|c0=c0")
    elif media.channels > 2 and not media.has_layout:  # ffmpeg would guess a subwoofer among them and leave it out
        mean = "+".join(f"{1 / media.channels:.6f}*c{number}" for number in range(media.channels))
        stream = stream.filter("pan", args=f"mono|c0={mean}")
    name = name or path.name
    warnings = faults.warnings(name)
    if media.wrong_length:
        warnings.insert(0, f"{name}: its header says less than the file holds; all of it is used")
    return stream, warnings
