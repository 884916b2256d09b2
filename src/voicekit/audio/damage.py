"""Find out what of a media file is damaged or missing.

ffmpeg decodes what it can, says so only in its log, and names no times; here a second pass over the packets finds them.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from voicekit.audio.ffmpeg import input_limits, input_url
from voicekit.audio.probe import MediaInfo, last_packet_end

EXACT_CONTAINERS = frozenset("wav w64 flac aiff caf".split())
"""Containers whose stated duration is that of the sound, to the sample."""

MIN_GAP = 0.05
"""Seconds without sound, or missing at the end of an exact container, that are worth a warning."""

_JOIN = 0.25
"""Seconds between two damaged places up to which they are named as one."""

_MAX_PLACES = 5
"""Places that are named; the others are counted."""

_PROBLEM = re.compile(r"^(?:\[[^\]]*\] )*\[(?:error|fatal|panic)\] (?!Last message)(.*)$|Packet corrupt", re.MULTILINE)
"""A line of ffmpeg's log, with levels, that tells of damage."""

_TAG = re.compile(rb"ID3[\x02-\x04]\0|TAG|APETAGEX")
"""How the tags of MP3 and AAC files begin, where a decoder expects sound."""

_OGG_LAST_PAGE = 0x04


class Place(NamedTuple):
    """A damaged stretch of the sound, in seconds."""

    start: float
    end: float


def first_problem(log: str) -> str:
    """Return the first sign of damage in ffmpeg's log, which has levels; empty if there is none."""
    found = _PROBLEM.search(log)
    if not found:
        return ""
    return "a packet cannot be decoded" if "acket" in found[0] else found[1].partition(" at PTS")[0]


def damage_warnings(path: Path, name: str, media: MediaInfo, decoded: float, problem: str, reason: str) -> list[str]:
    """Describe what of a file is damaged.

    Args:
        path: The file.
        name: Its name for the warnings.
        media: Its properties, and which track was decoded.
        decoded: Where the decoded sound ends, in seconds from the start of the file.
        problem: The first sign of damage in ffmpeg's log; empty if there was none.
        reason: The last line of the log, or ffmpeg's status.
    """
    warnings = []
    if problem and not media.codec.startswith("pcm"):  # of plain samples, only the end can be missing
        places, only_tags = damaged_places(path, media)
        # Packets that fail after the last sound, such as tags at the end of an MP3, cost nothing.
        inside = [place for place in places if place.start < decoded - MIN_GAP]
        if inside:
            warnings.append(f"{name} is damaged: sound is missing or wrong at {_describe(inside)} ({problem})")
        elif not places and not only_tags:
            warnings.append(f"{name} is damaged at an unknown place: {problem}")
    cut_off = _cut_off(path, name, media, decoded, reason)
    if cut_off and not (warnings and media.container in EXACT_CONTAINERS):
        return [*warnings, cut_off]
    missing = (media.duration or 0.0) - decoded
    if warnings and media.container in EXACT_CONTAINERS and missing > MIN_GAP:
        warnings[0] += f"; {missing:.1f} s are missing, and later times are early by as much"
    return warnings


def _cut_off(path: Path, name: str, media: MediaInfo, decoded: float, reason: str) -> str:
    """Return a warning if a file ends before its stated duration, unless only its sound is shorter than its picture."""
    stated = media.duration or 0.0
    if media.container == "mp3":
        stated = stated_mp3_seconds(path, media.rate) or 0.0
    elif media.container == "ogg":
        return "" if _ogg_has_end(path) else f"{name} may be cut off: the mark of its end is missing"
    elif not media.states_duration:
        return ""
    missing = stated - decoded
    if missing <= (MIN_GAP if media.container in EXACT_CONTAINERS else 0.05 * stated + 1.0):
        return ""
    cut_off = f"{name} is damaged: it was cut off at {decoded:.1f} s; its header says {_seconds(stated)}"
    if media.container in EXACT_CONTAINERS or media.container == "mp3":
        return cut_off
    end = last_packet_end(path, media)
    if end.track > decoded + 1:
        return f"{name} is damaged: {decoded:.0f} of {end.track:.0f} s could be decoded ({reason})"
    return "" if end.file >= 0.95 * stated - 1.0 else cut_off


def damaged_places(path: Path, media: MediaInfo) -> tuple[list[Place], bool]:
    """Decode a track packet by packet.

    Returns:
        Where decoding fails, is complained of, or leaves a gap, merged; and whether it fails only at tags, which files
        joined byte by byte have in their middle.
    """
    import av

    places: list[Place] = []
    tags = False
    position = media.offset
    with (
        _captured_errors() as errors,
        contextlib.suppress(av.FFmpegError),
        av.open(input_url(path), options=input_limits(), metadata_errors="replace") as container,
    ):
        start = (container.start_time or 0) / 1_000_000
        stream = container.streams.audio[max(media.track, 1) - 1]
        decoder: Any = av.CodecContext.create(stream.codec_context.codec.name, "r")
        decoder.extradata = stream.codec_context.extradata
        decoder.options = {"err_detect": "crccheck"}
        told = len(errors)  # what the search for the duration met is met again
        for packet in container.demux(stream):
            length = float((packet.duration or 0) * packet.time_base) if packet.time_base else 0.0
            frames: list[Any] = []
            failed = packet.is_corrupt
            try:
                frames = decoder.decode(packet if packet.size else None)
            except av.FFmpegError:
                failed = True
            if failed or len(errors) > told:
                told = len(errors)
                if not packet.is_corrupt and _TAG.search(bytes(packet)):
                    tags = True
                    continue
                places.append(Place(position, position + max(length, MIN_GAP)))
            if not frames and media.has_times:
                position += length
            for frame in frames:
                at = float(frame.time) - start if media.has_times and frame.time is not None else position
                if at > position + MIN_GAP:
                    places.append(Place(position, at))
                position = at + frame.samples / frame.sample_rate
    return list(_merge(places)), tags and not places


@contextlib.contextmanager
def _captured_errors() -> Iterator[list[Any]]:
    """Collect the errors that ffmpeg's libraries log in this process; some damage they only log."""
    import av.logging

    level, skips = av.logging.get_level(), av.logging.get_skip_repeated()
    av.logging.set_level(av.logging.ERROR)
    av.logging.set_skip_repeated(False)
    try:
        with av.logging.Capture() as errors:
            yield errors
    finally:
        av.logging.set_skip_repeated(skips)
        av.logging.set_level(level)


def _merge(places: Sequence[Place]) -> Iterator[Place]:
    merged: Place | None = None
    for place in places:
        if merged and place.start <= merged.end + _JOIN:
            merged = Place(merged.start, max(merged.end, place.end))
            continue
        if merged:
            yield merged
        merged = place
    if merged:
        yield merged


def _describe(places: Sequence[Place]) -> str:
    named = ", ".join(
        f"{place.start:.1f} s" if place.end < place.start + 0.15 else f"{place.start:.1f} to {place.end:.1f} s"
        for place in places[:_MAX_PLACES]
    )
    more = len(places) - _MAX_PLACES
    return f"{named} and {more} more places" if more > 0 else named


def _seconds(stated: float) -> str:
    return f"{stated:.0f} s" if stated >= 10 else f"{stated:.2f} s"


def stated_mp3_seconds(path: Path, rate: int) -> float | None:
    """Return the duration that the first frame of an MP3 file states (its Xing or Info tag); None without one."""
    with path.open("rb") as file:
        head = file.read(10)
        if head[:3] == b"ID3":
            size = 0
            for byte in head[6:10]:
                size = size << 7 | byte & 0x7F
            file.seek(10 + size)
        else:
            file.seek(0)
        frame = file.read(512)
    tag = re.search(rb"Xing|Info", frame)
    if not tag or not frame[tag.end() + 3 : tag.end() + 4] or not frame[tag.end() + 3] & 1:
        return None
    frames = int.from_bytes(frame[tag.end() + 4 : tag.end() + 8], "big")
    return frames * (1152 if rate >= 32_000 else 576) / rate


def _ogg_has_end(path: Path) -> bool:
    """Whether the last page of an Ogg file is marked as the last of its stream."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - (1 << 17)))  # a page has at most 65,307 bytes
        tail = file.read()
    pages = [match.start() for match in re.finditer(rb"OggS\0", tail)]
    flags = itertools.islice((tail[at + 5] for at in reversed(pages) if at + 5 < len(tail)), 4)  # of other streams too
    return any(flag & _OGG_LAST_PAGE for flag in flags)
