"""Media files into arrays: probe (PyAV) and decode (ffmpeg, filters included), once.

Files are untrusted. ffmpeg and PyAV may open the one file they are given and nothing else: only the `file` protocol,
and no container that is a list of other files (HLS, DASH, concat). A small file can hold days of silence, so what is
decoded is limited, whatever the file says of itself.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicekit.data import Audio
from voicekit.errors import MediaError, MissingPackage, UsageError
from voicekit.workspace import limit, writing

MODEL_RATE = 16_000
"""Hz. Every listening model here (Whisper, pyannote, CAM++, Silero) was trained at 16 kHz."""

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


@dataclass(frozen=True)
class Probe:
    """What a media file says of itself. `duration` in seconds, None where the container does not say; `rate` in Hz."""

    channels: int
    duration: float | None
    codec: str = ""
    rate: int = MODEL_RATE


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
            f"{path.name} is not media that ffmpeg can read ({_reason(error)})",
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


def run_ffmpeg(
    command: list[str], read: Callable[[Any], Any] = lambda pipe: pipe.read(), cwd: Path | None = None
) -> tuple[int, Any, str]:
    """Run ffmpeg in the folder `cwd`; returns its exit status, what `read` made of its output, and its log.

    Killed if the reader fails.
    """
    with _running(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=cwd) as (process, log):
        out = read(process.stdout)
    return process.returncode, out, log.decode(errors="replace").strip()


@contextlib.contextmanager
def _running(command: list[str], **pipes: Any) -> Iterator[tuple[subprocess.Popen[bytes], bytearray]]:
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


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return text.partition(":")[0] if text.startswith("[Errno") else text


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
    with _running(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as (process, log):
        assert process.stdin
        with contextlib.suppress(BrokenPipeError):  # it ended early, and its log says why
            for piece in pieces:
                process.stdin.write(piece)
            process.stdin.close()
    return process.returncode, log.decode(errors="replace").strip()


def at_loudness(audio: Audio, target: float) -> Audio:
    """The sound at `target` LUFS, or as near as peaks of -1 dB allow; silence stays silence."""
    import pyloudnorm

    if audio.duration < 0.4:
        return audio
    found = float(pyloudnorm.Meter(audio.rate).integrated_loudness(audio.samples.T.astype(np.float64)))
    peak = float(np.abs(audio.samples).max(initial=0.0))
    if not np.isfinite(found) or peak == 0:
        return audio
    gain = min(10 ** ((target - found) / 20), 10 ** (-1 / 20) / peak)
    return Audio(audio.samples * np.float32(gain), audio.rate)


def resample(audio: Audio, rate: int) -> Audio:
    """The sound at another rate, by soxr; itself where it has that rate."""
    if audio.rate == rate:
        return audio
    import soxr

    return Audio(np.ascontiguousarray(soxr.resample(audio.samples.T, audio.rate, rate).T, dtype=np.float32), rate)
