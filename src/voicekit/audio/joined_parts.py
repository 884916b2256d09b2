"""Decode files that hold several files: joined byte by byte, or chained Ogg, as radio stations write it.

ffmpeg reads only the first of them, or stops where the channels or the rate change, and does not say so.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from voicekit.audio.ffmpeg import ffmpeg_path, input_track, max_seconds, pcm_command
from voicekit.audio.probe import MODEL_RATE, MediaInfo, probe
from voicekit.errors import MediaError
from voicekit.runtime.children import start_child

MAX_PARTS = 1000
"""Largest number of parts; each takes a process."""

_BLOCK = 1 << 22
"""Bytes read at a time when looking for parts."""

_LONGEST_BEGINNING = 128
"""Bytes that a pattern of `_SIGNATURES` can match at most."""

_OGG_HEADER = 27
"""Bytes of a page before its segment table (RFC 3533)."""

_FIRST_PAGE_OF_STREAM = 0x02


class _Signature(NamedTuple):
    """How a file of a format begins.

    Attributes:
        marker: Bytes that are quickly found.
        position: Where they are, from the start of the file.
        pattern: The whole beginning, at least seven fixed bytes, so that sound does not look like it by chance.
    """

    marker: bytes
    position: int
    pattern: re.Pattern[bytes]


_SIGNATURES = {
    "wav": _Signature(b"WAVE", 8, re.compile(rb"(?:RIFF|RF64|RIFX).{4}WAVE[ -~]{4}", re.DOTALL)),
    "aiff": _Signature(b"FORM", 0, re.compile(rb"FORM.{4}AIF[FC][ -~]{4}", re.DOTALL)),
    "au": _Signature(b".snd", 0, re.compile(rb"\.snd\0\0.[\x18-\xff].{4}\0\0\0[\x01-\x1b]", re.DOTALL)),
    "w64": _Signature(b"riff.\x91\xcf\x11\xa5\xd6", 0, re.compile(rb"riff\.\x91\xcf")),
    "caf": _Signature(b"caff\0\1\0\0desc", 0, re.compile(rb"caff")),
    "flac": _Signature(b"fLaC", 0, re.compile(rb"fLaC[\0\x80]\0\0\x22")),
    "amr": _Signature(b"#!AMR", 0, re.compile(rb"#!AMR(?:-WB)?\n")),
    "mov": _Signature(b"ftyp", 4, re.compile(rb"\0\0\0[\x10-\x80]ftyp[ -~]{4}")),
    "matroska": _Signature(b"\x1aE\xdf\xa3", 0, re.compile(rb"\x1aE\xdf\xa3.{1,80}?(?:webm|matroska)", re.DOTALL)),
}
"""By ffmpeg's name of the container."""


@contextlib.contextmanager
def joined_parts(path: Path, media: MediaInfo) -> Iterator[tuple[Path, MediaInfo, list[str]]]:
    """Yield a file with the sound of all parts, its properties, and warnings: the file itself if it has only one part.

    Otherwise it is a temporary FLAC file, mono if any part is. Parts without sound are left out with a warning.

    Raises:
        MediaError: More than MAX_PARTS.
    """
    places = find_parts(path, media.container)
    if len(places) < 2:
        yield path, media, []
        return
    if len(places) > MAX_PARTS:
        raise MediaError(f"{path.name} consists of {len(places)} joined files", "Convert it with ffmpeg first")
    warnings = []
    with tempfile.TemporaryDirectory() as name:
        parts, infos = [], []
        for number, (start, end) in enumerate(places, 1):
            part = _write_part(path, start, end, Path(name, f"{number}{path.suffix}"))
            try:
                infos.append(probe(part))
                parts.append(part)
            except MediaError:
                part.unlink()
                warnings.append(
                    f"{path.name} consists of {len(places)} joined files; number {number} has no sound and is left out"
                )
        if not parts:
            yield path, media, []
            return
        channels, rate = min(info.channels for info in infos), max(MODEL_RATE, *(info.rate for info in infos))
        joined = Path(name, "joined.flac")
        _join(parts, joined, min(2, max(1, channels)), min(rate, 48_000))
        yield joined, probe(joined), warnings


def find_parts(path: Path, container: str) -> list[tuple[int, int]]:
    """Return where each file in a file begins and ends, in bytes; container is ffmpeg's name of the first one's."""
    name = container.partition(",")[0]
    signature = _SIGNATURES.get(name)
    starts = _ogg_starts(path) if name == "ogg" else _starts(path, signature) if signature else []
    return list(itertools.pairwise([*starts, path.stat().st_size]))


def _starts(path: Path, signature: _Signature) -> list[int]:
    starts = {0}
    before, offset = b"", 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            data = before + block
            found = -1
            while (found := data.find(signature.marker, found + 1)) >= 0:
                start = found - signature.position
                if start >= 0 and signature.pattern.match(data, start):
                    starts.add(offset + start)
            before = data[-_LONGEST_BEGINNING:]
            offset += len(data) - len(before)
    return sorted(starts)


def _ogg_starts(path: Path) -> list[int]:
    size = path.stat().st_size
    starts: list[int] = []
    position, within_headers = 0, False
    with path.open("rb") as file:
        while position + _OGG_HEADER <= size:
            file.seek(position)
            header = file.read(_OGG_HEADER)
            if header[:4] != b"OggS":
                break
            begins_stream = bool(header[5] & _FIRST_PAGE_OF_STREAM)
            if begins_stream and not within_headers:
                starts.append(position)
            within_headers = begins_stream
            position += _OGG_HEADER + header[26] + sum(file.read(header[26]))
    return starts


def _write_part(path: Path, start: int, end: int, to: Path) -> Path:
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
    encoder = start_child(command, stdin=subprocess.PIPE)
    assert encoder.stdin
    try:
        for part in parts:
            command = pcm_command(input_track(part, 1), rate, channels, max_seconds(), "s16le")
            decoder = start_child(command, stdout=subprocess.PIPE)
            assert decoder.stdout
            with contextlib.suppress(BrokenPipeError):
                shutil.copyfileobj(decoder.stdout, encoder.stdin)
            decoder.stdout.close()
            decoder.wait()
    finally:
        with contextlib.suppress(BrokenPipeError):
            encoder.stdin.close()
        encoder.wait()
