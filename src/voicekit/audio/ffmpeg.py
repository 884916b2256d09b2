"""Media files into arrays: probe (PyAV) and decode (ffmpeg, filters included), once.

Files are untrusted. ffmpeg and PyAV may open the one file they are given and nothing else: only the `file` protocol,
and no container that is a list of other files (HLS, DASH, concat). A small file can hold days of silence, so what is
decoded is limited, whatever the file says of itself.
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
from voicekit.storage.paths import limit

MAX_HOURS = 24.0
"""Of one recording; $VOICEKIT_MAX_HOURS overrides it. An hour takes 230 MB of memory."""

_LOG_BYTES = 1 << 16
"""Kept of ffmpeg's log: its end, where the reason stands. A damaged file has a line for every packet."""

# Demuxers that open what a file names, or a device, or the network.
_REFERRING = frozenset(
    "hls applehttp dash concat concatf sdp rtsp rtp imf lavfi image2 vapoursynth avisynth tedcaptions "
    "alsa pulse oss fbdev v4l2 video4linux2 x11grab kmsgrab jack sndio openal iec61883 dshow gdigrab "
    "avfoundation webm_dash_manifest sap mpjpeg tty bluray dvdvideo".split()
)


@functools.cache
def ffmpeg_path() -> str:
    """The machine's ffmpeg, or the one that imageio-ffmpeg carries."""
    found = os.environ.get("VOICEKIT_FFMPEG") or shutil.which("ffmpeg")
    if found:
        return found
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise MissingPackage("no ffmpeg found", "Install it, or: pip install imageio-ffmpeg") from error


@functools.cache
def _formats() -> str:
    """PyAV's and ffmpeg's demuxers that stay within the one file, as ffmpeg's format_whitelist."""
    import av

    names = {name for long in av.formats_available for name in long.split(",")}
    return ",".join(sorted(names - _REFERRING))


def max_seconds() -> float:
    """How long a recording may be. Raises UsageError where $VOICEKIT_MAX_HOURS is no number."""
    return limit("VOICEKIT_MAX_HOURS", MAX_HOURS) * 3600


def input_url(path: Path) -> str:
    """A name ffmpeg cannot take for an option, a protocol or an image pattern."""
    return f"file:{path.absolute()}"


def input_limits() -> dict[str, str]:
    """ffmpeg's input options that keep it within the file it was given."""
    return {"protocol_whitelist": "file", "format_whitelist": _formats()}


def run_ffmpeg(
    command: list[str], read: Callable[[Any], Any] = lambda pipe: pipe.read(), cwd: Path | None = None
) -> tuple[int, Any, str]:
    """Run ffmpeg in the folder `cwd`; returns its exit status, what `read` made of its output, and its log.

    Killed if the reader fails.
    """
    with running_ffmpeg(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=cwd) as (process, log):
        out = read(process.stdout)
    return process.returncode, out, log.decode(errors="replace").strip()


@contextlib.contextmanager
def running_ffmpeg(command: list[str], **pipes: Any) -> Iterator[tuple[subprocess.Popen[bytes], bytearray]]:
    """ffmpeg at work, and its log, whole after the block: its end. Waited for; killed if the block fails."""
    process, drain, log = _start(command, **pipes)
    try:
        yield process, log
        process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    drain.join()


def _start(command: list[str], **pipes: Any) -> tuple[subprocess.Popen[bytes], threading.Thread, bytearray]:
    """ffmpeg, what reads its log, and the log: its end."""
    try:
        process = subprocess.Popen(command, stderr=subprocess.PIPE, **pipes)
    except OSError as error:
        raise MissingPackage(
            f"cannot run {command[0]}: {error.strerror}", "Unset VOICEKIT_FFMPEG or correct it"
        ) from error
    log = bytearray()
    drain = threading.Thread(target=_keep_end, args=(process.stderr, log), daemon=True)
    drain.start()
    return process, drain, log


def _keep_end(pipe: Any, log: bytearray) -> None:
    while piece := pipe.read1(_LOG_BYTES):
        log += piece
        del log[:-_LOG_BYTES]


def ffmpeg_reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return text.partition(":")[0] if text.startswith("[Errno") else text
