"""Media files into arrays: probe (PyAV) and decode (ffmpeg, filters included), once.

Files are untrusted. ffmpeg and PyAV may open the one file they are given and nothing else: only the `file` protocol,
and no container that is a list of other files (HLS, DASH, concat). A small file can hold days of silence, so what is
decoded is limited, whatever the file says of itself.
"""

from __future__ import annotations

import contextlib
import itertools
import subprocess
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicekit.audio.ffmpeg import ffmpeg_path, input_url, running_ffmpeg
from voicekit.audio.levels import at_loudness
from voicekit.errors import MediaError, UsageError
from voicekit.storage.files import writing
from voicekit.types import Audio

FILE_FORMATS = {
    ".wav": ("wav", "pcm_s16le"), ".flac": ("flac", "flac"), ".mp3": ("mp3", "libmp3lame"), ".m4a": ("ipod", "aac"),
    ".ogg": ("ogg", "libvorbis"), ".opus": ("opus", "libopus"),
}  # fmt: skip
"""By the ending of a sound file's name: ffmpeg's container and codec."""


def write(
    audio: Audio, path: str | Path, rate: int | None = None, loudness: float | None = None, kbps: int | None = None
) -> Path:
    """Write sound in the format that the name ends with, atomically; returns the path.

    Args:
        rate: Hz of the file; the sound's own when left out.
        loudness: LUFS (ITU-R BS.1770) that it is raised or lowered to, peaks kept below -1 dB; as it is when left out.
        kbps: kbit/s, of formats that lose something; the encoder's own when left out.

    Raises:
        UsageError: another ending.
        OutputError: it cannot be written.
        MediaError: ffmpeg failed.
    """
    samples = at_loudness(audio, loudness).samples if loudness is not None else audio.samples
    return write_blocks([samples], audio.rate, path, rate, kbps)


def write_blocks(
    blocks: Iterable[NDArray[np.float32]],
    rate: int,
    path: str | Path,
    to_rate: int | None = None,
    kbps: int | None = None,
) -> Path:
    """Write sound that comes in blocks, float32 [channels, n] at `rate` Hz, and never is in memory as a whole.

    As `write`, with a rate of the file `to_rate`. Whatever the blocks raise leaves no file.
    """
    path = Path(path)
    if path.suffix.lower() not in FILE_FORMATS:
        raise UsageError(f"cannot write {path.suffix or 'a name without ending'}", f"Use {', '.join(FILE_FORMATS)}")
    container, codec = FILE_FORMATS[path.suffix.lower()]
    hertz = to_rate or rate
    if codec == "libopus" and hertz not in (8000, 12_000, 16_000, 24_000, 48_000):
        hertz = 48_000
    all_blocks = iter(blocks)
    first = next(all_blocks, np.zeros((1, 0), np.float32))
    with writing(path) as temporary:
        command = [
            ffmpeg_path(), "-hide_banner", "-nostdin", "-loglevel", "error", "-f", "f32le", "-ar", str(rate),
            "-ac", str(len(first)), "-i", "pipe:0", "-ar", str(hertz), "-c:a", codec,
            *(("-b:a", f"{kbps}k") if kbps else ()), "-f", container, "-bitexact", "-y", input_url(temporary),
        ]  # fmt: skip
        status, log = _feed(command, (b.T.astype("<f4").tobytes() for b in itertools.chain([first], all_blocks)))
        if status != 0:
            reason = log.splitlines()
            raise MediaError(f"{path.name} could not be written ({reason[-1] if reason else 'ffmpeg failed'})", "")
    return path


def _feed(command: list[str], pieces: Iterable[bytes]) -> tuple[int, str]:
    """Run ffmpeg on what comes; its exit status and its log. Killed if the pieces fail."""
    with running_ffmpeg(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as (process, log):
        assert process.stdin
        with contextlib.suppress(BrokenPipeError):  # it ended early, and its log says why
            for piece in pieces:
                process.stdin.write(piece)
            process.stdin.close()
    return process.returncode, log.decode(errors="replace").strip()
