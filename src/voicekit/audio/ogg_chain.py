"""Join the links of a chained Ogg file, as radio stations write them: ffmpeg stops where channels or rate change."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from voicekit.audio.ffmpeg import ffmpeg_path, input_track, max_seconds, pcm_command
from voicekit.audio.probe import MODEL_RATE, MediaInfo, probe

_HEADER = 27
"""Bytes of a page before its segment table (RFC 3533)."""

_FIRST_PAGE_OF_STREAM = 0x02


@contextlib.contextmanager
def joined_links(path: Path, media: MediaInfo) -> Iterator[tuple[Path, MediaInfo]]:
    """Yield a file with the sound of all links, and its properties: the file itself if it has only one link.

    Otherwise it is a temporary FLAC file, mono if any link is.
    """
    links = chain_links(path) if media.container == "ogg" else []
    if len(links) < 2:
        yield path, media
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = [_write_link(path, start, end, folder / f"{number}.ogg") for number, (start, end) in enumerate(links)]
        infos = [probe(part) for part in parts]
        channels, rate = min(info.channels for info in infos), max(MODEL_RATE, *(info.rate for info in infos))
        joined = folder / "joined.flac"
        _join(parts, joined, min(2, max(1, channels)), min(rate, 48_000))
        yield joined, probe(joined)


def chain_links(path: Path) -> list[tuple[int, int]]:
    """Return where each link of an Ogg file begins and ends, in bytes."""
    size = path.stat().st_size
    starts: list[int] = []
    position, within_headers = 0, False
    with path.open("rb") as file:
        while position + _HEADER <= size:
            file.seek(position)
            header = file.read(_HEADER)
            if header[:4] != b"OggS":
                break
            begins_stream = bool(header[5] & _FIRST_PAGE_OF_STREAM)
            if begins_stream and not within_headers:
                starts.append(position)
            within_headers = begins_stream
            position += _HEADER + header[26] + sum(file.read(header[26]))
    return list(zip(starts, [*starts[1:], size], strict=True))


def _write_link(path: Path, start: int, end: int, to: Path) -> Path:
    with path.open("rb") as source, to.open("wb") as target:
        source.seek(start)
        remaining = end - start
        while remaining and (block := source.read(min(remaining, 1 << 20))):
            target.write(block)
            remaining -= len(block)
    return to


def _join(parts: list[Path], to: Path, channels: int, rate: int) -> None:
    """Decode the parts one after another into one FLAC file."""
    pcm = ["-f", "s16le", "-ac", str(channels), "-ar", str(rate)]
    command = [ffmpeg_path(), "-hide_banner", "-nostdin", "-loglevel", "error", *pcm, "-i", "pipe:0", str(to)]
    encoder = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert encoder.stdin
    try:
        for part in parts:
            command = pcm_command(input_track(part, 1), rate, channels, max_seconds(), "s16le")
            decoder = subprocess.Popen(command, stdout=subprocess.PIPE)
            assert decoder.stdout
            with contextlib.suppress(BrokenPipeError):
                shutil.copyfileobj(decoder.stdout, encoder.stdin)
            decoder.stdout.close()
            decoder.wait()
    finally:
        with contextlib.suppress(BrokenPipeError):
            encoder.stdin.close()
        encoder.wait()
