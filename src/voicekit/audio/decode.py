"""Read media files: `probe` returns their properties (PyAV), `decode` their samples (ffmpeg, with filters).

Files are untrusted. ffmpeg and PyAV may open only the given file: the `file` protocol and no container that refers to
other files (HLS, DASH, concat). The decoded length is limited whatever the header claims, since a small file can hold
days of silence.
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
"""Hz. Whisper, pyannote, CAM++ and Silero were all trained at 16 kHz."""


@dataclass(frozen=True)
class MediaInfo:
    """Properties of a media file's first audio stream, as the file states them.

    Attributes:
        channels: Number of channels.
        duration: Seconds of the container; None if it does not say.
        codec: ffmpeg's name of the codec.
        rate: Hz.
        start_time: Seconds at which the audio stream starts; the other streams may start earlier.
    """

    channels: int
    duration: float | None
    codec: str = ""
    rate: int = MODEL_RATE
    start_time: float = 0.0


def probe(path: Path) -> MediaInfo:
    """Read a media file's properties without decoding it.

    Raises:
        MediaError: Not a media file, no audio stream, or a list of other files.
    """
    import av

    try:
        size = path.stat().st_size
    except OSError as error:
        raise MediaError(f"cannot read {path}: {error.strerror}", "Check the name and the permissions") from error
    if size == 0:
        raise MediaError(f"{path.name} is empty (0 bytes)", "Download or export it again")
    try:
        with av.open(input_url(path), options=input_limits(), metadata_errors="replace") as container:
            streams = container.streams.audio
            if not streams:
                raise MediaError(f"{path.name} has no audio stream", "Give a file with audio")
            stream = streams[0]
            context = stream.codec_context
            if context is None:
                raise MediaError(
                    f"{path.name} has audio in a format unknown to ffmpeg", "Convert it to a common format"
                )
            duration = max(0, container.duration or 0) / 1_000_000
            start = float((stream.start_time or 0) * (stream.time_base or 0))
            rate = int(stream.rate or MODEL_RATE)
            return MediaInfo(context.channels, duration or None, context.name, rate, start)
    except (av.FFmpegError, ValueError, UnicodeError) as error:
        raise MediaError(
            f"{path.name} is not media that ffmpeg can read ({ffmpeg_reason(error)})",
            "Check that the file plays; for a playlist file, give its URL instead",
        ) from error


def decode(
    path: Path,
    filters: Callable[[Any], Any] | None = None,
    rate: int = MODEL_RATE,
    progress: Callable[[float], None] | None = None,
    media: MediaInfo | None = None,
) -> tuple[Audio, list[str]]:
    """Decode a file's first audio stream to mono float32, through optional ffmpeg filters.

    Args:
        path: The file; it is only read.
        filters: Maps ffmpeg-python's audio stream to a filtered one.
        rate: Sample rate of the result, Hz.
        progress: Called with the seconds decoded so far.
        media: What `probe` returned for the file, if known.

    Returns:
        Audio of shape [1, n], and a warning if the file ends before its stated duration.

    Raises:
        MediaError: Nothing could be decoded, or more than MAX_HOURS.
    """
    import ffmpeg

    limit = max_seconds()
    media = media or probe(path)
    stream = audio_stream(path, media)
    if filters is not None:
        stream = filters(stream)
    # aresample's `async` fills late starts and gaps with silence, so that times stay right. It comes after the
    # conversion, since ffmpeg allocates the silence of a gap in one piece: two hours of it took 3 GB at 48 kHz.
    stream = stream.filter("aresample", rate).filter("aformat", sample_fmts="flt", channel_layouts="mono")
    stream = stream.filter("aresample", **{"async": 1, "first_pts": 0})
    output = ffmpeg.output(stream, "pipe:1", format="f32le", acodec="pcm_f32le", ac=1, ar=rate, t=limit + 1)
    command = output.global_args("-hide_banner", "-nostdin", "-loglevel", "error").compile(cmd=ffmpeg_path())

    def read_all(pipe: Any) -> bytearray:
        data = bytearray()
        while block := pipe.read(1 << 20):
            data += block
            if progress:
                progress(len(data) / 4 / rate)
        return data

    status, raw, log = run_ffmpeg(command, read_all)
    samples = np.frombuffer(raw, dtype="<f4", count=len(raw) // 4)
    reason = log.splitlines()[-1] if log else f"ffmpeg ended with status {status}"
    if samples.size == 0:
        raise MediaError(f"{path.name} could not be decoded ({reason})", "Check that the file plays")
    if samples.size > limit * rate:
        raise MediaError(
            f"{path.name} is longer than {limit / 3600:g} hours",
            "Cut it, or raise VOICEKIT_MAX_HOURS if there is enough memory",
        )
    audio = Audio(np.nan_to_num(samples, copy=False, nan=0.0, posinf=1.0, neginf=-1.0)[None, :], rate)
    stated = media.duration or 0.0
    if audio.duration < 0.95 * stated - 1.0:
        return audio, [f"{path.name} is damaged: {audio.duration:.0f} of {stated:.0f} s could be decoded ({reason})"]
    return audio, []


def audio_stream(path: Path, media: MediaInfo) -> Any:
    """Return ffmpeg-python's input of a file's first audio stream, restricted to that file."""
    import ffmpeg

    stream = ffmpeg.input(input_url(path), **input_limits())["a:0"]
    if media.codec.startswith(("pcm_f", "wavpack")):  # float formats can hold NaN, and one NaN would silence a filter
        stream = stream.filter("aeval", "if(isnan(val(ch))+isinf(val(ch)),0,val(ch))", c="same")
    return stream
