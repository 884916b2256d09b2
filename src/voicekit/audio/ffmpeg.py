"""Find and run ffmpeg, restricted to local files.

Input files are untrusted: ffmpeg may open only the file it is given, so the `file` protocol is the only one allowed
and demuxers that open other files, devices or the network are excluded.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from voicekit.errors import MissingPackage
from voicekit.runtime.children import start_child
from voicekit.storage.paths import env_limit

MAX_HOURS = 24.0
"""Longest recording; $VOICEKIT_MAX_HOURS overrides it. One hour takes 230 MB of memory."""

_LOG_BYTES = 1 << 16
"""Size of the end of ffmpeg's log that is kept. A damaged file causes one line per packet."""

# Demuxers that open other files, devices or the network.
_EXTERNAL_DEMUXERS = frozenset(
    "hls applehttp dash concat concatf sdp rtsp rtp imf lavfi image2 vapoursynth avisynth tedcaptions "
    "alsa pulse oss fbdev v4l2 video4linux2 x11grab kmsgrab jack sndio openal iec61883 dshow gdigrab "
    "avfoundation webm_dash_manifest sap mpjpeg tty bluray dvdvideo".split()
)


@functools.cache
def ffmpeg_path() -> str:
    """Return $VOICEKIT_FFMPEG, else ffmpeg on the PATH, else the binary of the package imageio-ffmpeg."""
    if path := os.environ.get("VOICEKIT_FFMPEG") or shutil.which("ffmpeg"):
        return path
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise MissingPackage("no ffmpeg found", "Install it, or: pip install imageio-ffmpeg") from error


@functools.cache
def _format_whitelist() -> str:
    """The demuxers that read only the given file."""
    import av

    names = {name for long in av.formats_available for name in long.split(",")}
    return ",".join(sorted(names - _EXTERNAL_DEMUXERS))


def max_seconds() -> float:
    """Return the longest allowed recording in seconds. Raises UsageError if $VOICEKIT_MAX_HOURS is not a number."""
    return env_limit("VOICEKIT_MAX_HOURS", MAX_HOURS) * 3600


def input_url(path: Path) -> str:
    """Return a file's name so that ffmpeg cannot take it for an option, a protocol or an image pattern."""
    return f"file:{path.absolute()}"


def input_limits() -> dict[str, str]:
    """Return ffmpeg's input options that restrict it to the given file."""
    return {"protocol_whitelist": "file", "format_whitelist": _format_whitelist()}


def input_track(path: Path, track: int, ignore_length: bool = False, check_sums: bool = False) -> Any:
    """Return ffmpeg-python's input of an audio track, restricted to the given file.

    Args:
        path: The file.
        track: Number of the track, from 1.
        ignore_length: Read to the end of the file; for WAV files whose header is wrong.
        check_sums: Report sound that fails its checksum; for FLAC, whose decoder otherwise returns noise.
    """
    import ffmpeg

    options: dict[str, Any] = {"ignore_length": 1} if ignore_length else {}
    options |= {"err_detect": "crccheck"} if check_sums else {}
    return ffmpeg.input(input_url(path), **input_limits(), **options)[f"a:{track - 1}"]


def pcm_command(stream: Any, rate: int, channels: int, seconds: float, sample_format: str = "f32le") -> list[str]:
    """Return the command that writes a stream to stdout as raw samples.

    Args:
        stream: ffmpeg-python's.
        rate: Sample rate of the output, Hz.
        channels: Number of channels of the output.
        seconds: Longest output.
        sample_format: f32le or s16le.
    """
    import ffmpeg

    output = ffmpeg.output(
        stream, "pipe:1", format=sample_format, acodec=f"pcm_{sample_format}", ac=channels, ar=rate, t=seconds
    )
    quiet = output.global_args("-hide_banner", "-nostdin", "-loglevel", "level+warning")
    command: list[str] = quiet.compile(cmd=ffmpeg_path())
    return command


def run_ffmpeg(
    command: list[str], read: Callable[[Any], Any] = lambda pipe: pipe.read(), cwd: Path | None = None
) -> tuple[int, Any, str]:
    """Run ffmpeg and read its output; it is killed if reading fails.

    Args:
        command: The full command line.
        read: Called with ffmpeg's stdout.
        cwd: Working folder.

    Returns:
        Exit status, the result of `read`, and the end of ffmpeg's log.
    """
    with running_ffmpeg(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=cwd) as (process, log):
        out = read(process.stdout)
    return process.returncode, out, log.decode(errors="replace").strip()


@contextlib.contextmanager
def running_ffmpeg(command: list[str], **pipes: Any) -> Iterator[tuple[subprocess.Popen[bytes], bytearray]]:
    """Run ffmpeg during the block and wait for it at its end; it is killed if the block fails.

    Yields:
        The process, and a buffer that holds the end of its log after the block.
    """
    process, log_reader, log = _start(command, **pipes)
    try:
        yield process, log
        process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    log_reader.join()


def _start(command: list[str], **pipes: Any) -> tuple[subprocess.Popen[bytes], threading.Thread, bytearray]:
    try:
        process = start_child(command, stderr=subprocess.PIPE, **pipes)
    except OSError as error:
        raise MissingPackage(
            f"cannot run {command[0]}: {error.strerror}", "Correct or unset VOICEKIT_FFMPEG"
        ) from error
    log = bytearray()
    log_reader = threading.Thread(target=_read_log, args=(process.stderr, log), daemon=True)
    log_reader.start()
    return process, log_reader, log


def _read_log(pipe: Any, log: bytearray) -> None:
    while block := pipe.read1(_LOG_BYTES):
        log += block
        del log[:-_LOG_BYTES]


def ffmpeg_reason(error: Exception) -> str:
    """Return the short reason of a PyAV error."""
    text = getattr(error, "strerror", None) or str(error)
    return text.partition(":")[0] if text.startswith("[Errno") else text
