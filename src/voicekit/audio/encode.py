"""Write audio files with ffmpeg; the file name's extension selects the format."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from voicekit.audio.ffmpeg import ffmpeg_path, input_limits, input_url, run_ffmpeg, running_ffmpeg
from voicekit.audio.levels import Samples, normalize_loudness
from voicekit.errors import WRITE_ERRORS, MediaError, UsageError, VoicekitError
from voicekit.storage.files import atomic_write
from voicekit.storage.write_errors import cannot_write
from voicekit.types import Audio

FILE_FORMATS = {
    ".wav": ("wav", "pcm_s16le"), ".flac": ("flac", "flac"), ".mp3": ("mp3", "libmp3lame"), ".m4a": ("ipod", "aac"),
    ".ogg": ("ogg", "libvorbis"), ".opus": ("opus", "libopus"),
}  # fmt: skip
"""ffmpeg's container and codec by file extension."""

_RATES = {
    "libopus": (8000, 12_000, 16_000, 24_000, 48_000),
    "libmp3lame": (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
    "aac": (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000),
}
"""Sample rates in Hz of the codecs that do not have all."""


def check_rate(extension: str, rate: int | None) -> None:
    """Raise UsageError for a sample rate in Hz that files of this extension cannot have."""
    rates = _RATES.get(FILE_FORMATS.get(extension.lower(), ("", ""))[1])
    if rate is not None and rates and rate not in rates:
        raise UsageError(f"a {extension} file cannot have {rate} Hz", f"It can have {', '.join(map(str, rates))}")


def write_audio(
    audio: Audio, path: str | Path, rate: int | None = None, loudness: float | None = None, kbps: int | None = None
) -> Path:
    """Write audio atomically and return the path.

    Args:
        audio: Any number of channels.
        path: Its extension is one of FILE_FORMATS.
        rate: Sample rate of the file in Hz (default: that of `audio`, or the next one that the format has).
        loudness: Target in LUFS (ITU-R BS.1770), with peaks kept below -1 dBFS (default: unchanged).
        kbps: Bit rate of lossy formats in kbit/s (default: the encoder's).

    Raises:
        UsageError: Another extension, or a rate that the format does not have.
        OutputError: The file cannot be written.
        MediaError: ffmpeg failed.
    """
    samples = normalize_loudness(audio, loudness).samples if loudness is not None else audio.samples
    return write_audio_blocks([samples], audio.rate, path, rate, kbps)


def write_audio_blocks(
    blocks: Iterable[Samples], rate: int, path: str | Path, to_rate: int | None = None, kbps: int | None = None
) -> Path:
    """Write audio that is produced in blocks, so that it is never in memory as a whole; returns the path.

    If producing a block fails, no file is left.

    Args:
        blocks: float32 [channels, n], all with the same number of channels.
        rate: Sample rate of the blocks, Hz.
        path: Its extension is one of FILE_FORMATS.
        to_rate: Sample rate of the file, Hz (default: `rate`).
        kbps: Bit rate of lossy formats in kbit/s (default: the encoder's).

    Raises:
        UsageError, OutputError, MediaError: As for `write_audio`.
    """
    path = Path(path)
    extension = path.suffix.lower()
    if extension not in FILE_FORMATS:
        problem = path.suffix or "a file without an extension"
        raise UsageError(f"cannot write {problem}", f"Use one of {', '.join(FILE_FORMATS)}")
    container, codec = FILE_FORMATS[extension]
    check_rate(extension, to_rate)
    rates = _RATES.get(codec, (rate,))
    file_rate = to_rate or next((each for each in rates if each >= rate), rates[-1])
    remaining = iter(blocks)
    first = next(remaining, np.zeros((1, 0), np.float32))
    with atomic_write(path) as temporary:
        command = [
            ffmpeg_path(), "-hide_banner", "-nostdin", "-loglevel", "error", "-f", "f32le", "-ar", str(rate),
            "-ac", str(len(first)), "-i", "pipe:0", "-ar", str(file_rate), "-c:a", codec,
            *(("-b:a", f"{kbps}k") if kbps else ()), "-f", container, "-bitexact", "-y", input_url(temporary),
        ]  # fmt: skip
        status, log = _pipe_to_ffmpeg(
            command, (b.T.astype("<f4").tobytes() for b in itertools.chain([first], remaining))
        )
        if status != 0:
            raise _encoding_error(path, log)
    return path


def transcode(source: Path, path: Path, quality: Sequence[str], metadata: Path) -> None:
    """Write an audio file in the format of another extension, atomically.

    Args:
        source: The file to convert.
        path: Its extension is one of FILE_FORMATS.
        quality: ffmpeg options that set the encoder's quality or bit rate.
        metadata: Title and chapters, in ffmpeg's metadata format.

    Raises:
        OutputError: The file cannot be written.
        MediaError: ffmpeg failed.
    """
    container, codec = FILE_FORMATS[path.suffix.lower()]
    limits = [part for name, value in input_limits().items() for part in (f"-{name}", value)]
    with atomic_write(path) as temporary:
        status, _, log = run_ffmpeg([
            ffmpeg_path(), "-hide_banner", "-nostdin", "-loglevel", "error", *limits, "-i", input_url(source),
            "-protocol_whitelist", "file", "-f", "ffmetadata", "-i", input_url(metadata),
            "-map", "0:a", "-map_metadata", "1", "-map_chapters", "1", "-c:a", codec, *quality,
            "-f", container, "-bitexact", "-y", input_url(temporary),
        ])  # fmt: skip
        if status != 0:
            raise _encoding_error(path, log)


def _encoding_error(path: Path, log: str) -> VoicekitError:
    """Return the error for ffmpeg's log: an OutputError if the system refused to write."""
    for number in WRITE_ERRORS:
        if os.strerror(number) in log:
            return cannot_write(path, OSError(number, os.strerror(number)))
    lines = log.splitlines()
    return MediaError(f"{path.name} could not be written ({lines[-1] if lines else 'ffmpeg failed'})", "")


def _pipe_to_ffmpeg(command: list[str], pieces: Iterable[bytes]) -> tuple[int, str]:
    """Run ffmpeg with `pieces` as its input; returns its exit status and log."""
    with running_ffmpeg(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as (process, log):
        assert process.stdin
        with contextlib.suppress(BrokenPipeError):  # ffmpeg ended early; its log has the reason
            for piece in pieces:
                process.stdin.write(piece)
            process.stdin.close()
    return process.returncode, log.decode(errors="replace").strip()
