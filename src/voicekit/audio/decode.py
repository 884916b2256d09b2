"""Media files into arrays: probe (PyAV) and decode (ffmpeg, filters included), once.

Files are untrusted. ffmpeg and PyAV may open the one file they are given and nothing else: only the `file` protocol,
and no container that is a list of other files (HLS, DASH, concat). A small file can hold days of silence, so what is
decoded is limited, whatever the file says of itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from voicekit.audio.ffmpeg import ffmpeg_path, ffmpeg_reason, input_limits, input_url, max_seconds, run_ffmpeg
from voicekit.errors import MediaError
from voicekit.types import Audio

MODEL_RATE = 16_000
"""Hz. Every listening model here (Whisper, pyannote, CAM++, Silero) was trained at 16 kHz."""


@dataclass(frozen=True)
class Probe:
    """What a media file says of itself. `duration` in seconds, None where the container does not say; `rate` in Hz."""

    channels: int
    duration: float | None
    codec: str = ""
    rate: int = MODEL_RATE


def probe(path: Path) -> Probe:
    """Look into a media file without decoding it.

    Raises:
        MediaError: not media, no audio stream, or a list of other files.
    """
    import av

    try:
        size = path.stat().st_size
    except OSError as error:
        raise MediaError(f"cannot read {path}: {error.strerror}", "Check the name and its rights") from error
    if size == 0:
        raise MediaError(f"{path.name} is empty (0 bytes)", "Fetch or export it again")
    try:
        with av.open(input_url(path), options=input_limits(), metadata_errors="replace") as container:
            streams = container.streams.audio
            if not streams:
                raise MediaError(f"{path.name} has no audio stream", "Give a file with sound")
            context = streams[0].codec_context
            if context is None:
                raise MediaError(f"{path.name} has sound in a format unknown to ffmpeg", "Convert it to a common one")
            duration = max(0, container.duration or 0) / 1_000_000
            return Probe(context.channels, duration or None, context.name, int(streams[0].rate or MODEL_RATE))
    except (av.FFmpegError, ValueError, UnicodeError) as error:
        raise MediaError(
            f"{path.name} is not media that ffmpeg can read ({ffmpeg_reason(error)})",
            "Check that the file plays; a playlist file must be given as its URL",
        ) from error


def decode(
    path: Path,
    filters: Callable[[Any], Any] | None = None,
    rate: int = MODEL_RATE,
    progress: Callable[[float], None] | None = None,
) -> tuple[Audio, list[str]]:
    """Decode a file's first audio stream to mono float32, through an ffmpeg filter graph.

    Args:
        path: The file; only read.
        filters: Maps ffmpeg-python's audio stream to another.
        rate: Hz of the result.
        progress: Called with the seconds decoded so far.

    Returns:
        Audio of shape [1, n], and warnings: of a file that ends before it says it does.

    Raises:
        MediaError: nothing could be decoded, or more than MAX_HOURS.
    """
    import ffmpeg

    longest = max_seconds()
    stream = first_stream(path)
    if filters is not None:
        stream = filters(stream)
    # Sound that starts late or has gaps keeps its place in time: silence is put where nothing was recorded. After the
    # conversion, since ffmpeg makes all the silence of a gap at once: two hours of it took 3 GB at 48 kHz.
    stream = stream.filter("aresample", rate).filter("aformat", sample_fmts="flt", channel_layouts="mono")
    stream = stream.filter("aresample", **{"async": 1, "first_pts": 0})
    output = ffmpeg.output(stream, "pipe:1", format="f32le", acodec="pcm_f32le", ac=1, ar=rate, t=longest + 1)
    command = output.global_args("-hide_banner", "-nostdin", "-loglevel", "error").compile(cmd=ffmpeg_path())

    def read(pipe: Any) -> bytearray:
        whole = bytearray()
        while piece := pipe.read(1 << 20):
            whole += piece
            if progress:
                progress(len(whole) / 4 / rate)
        return whole

    status, raw, log = run_ffmpeg(command, read)
    samples = np.frombuffer(raw, dtype="<f4", count=len(raw) // 4)
    reason = log.splitlines()[-1] if log else f"ffmpeg ended with status {status}"
    if samples.size == 0:
        raise MediaError(f"{path.name} could not be decoded ({reason})", "Check that the file plays")
    if samples.size > longest * rate:
        raise MediaError(
            f"{path.name} is longer than {longest / 3600:g} hours",
            "Cut it, or set VOICEKIT_MAX_HOURS to more if there is memory for it",
        )
    sound = Audio(np.nan_to_num(samples, copy=False, nan=0.0, posinf=1.0, neginf=-1.0)[None, :], rate)
    said = probe(path).duration or 0.0
    if sound.duration < 0.95 * said - 1.0:
        return sound, [f"{path.name} is damaged: {sound.duration:.0f} of {said:.0f} s could be decoded ({reason})"]
    return sound, []


def first_stream(path: Path) -> Any:
    """ffmpeg-python's handle on a file's first audio stream, kept within that file."""
    import ffmpeg

    stream = ffmpeg.input(input_url(path), **input_limits())["a:0"]
    if probe(path).codec.startswith(("pcm_f", "wavpack")):  # one sample that is no number would silence a filter
        stream = stream.filter("aeval", "if(isnan(val(ch))+isinf(val(ch)),0,val(ch))", c="same")
    return stream
