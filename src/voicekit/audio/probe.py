"""Read the properties of a media file without decoding it (PyAV)."""

from __future__ import annotations

import contextlib
import re
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from voicekit.audio.ffmpeg import ffmpeg_reason, input_limits, input_url
from voicekit.errors import MediaError, UsageError, VoicekitError
from voicekit.text.languages import parse_tag

MODEL_RATE = 16_000
"""Hz. Whisper, pyannote, CAM++ and Silero were all trained at 16 kHz."""

MIN_RATE, MAX_RATE = 1_000, 768_000
"""Hz. At 1 Hz, a small file becomes days of sound."""

_UNTIMED_CONTAINERS = frozenset("aac ac3 eac3 mp3 flac wav w64 aiff au caf dts truehd amr ape wv tta dsf loas".split())
"""Containers without times: ffmpeg makes them up, wrongly after a change of the sample rate."""

_BARE_CONTAINERS = frozenset("aac ac3 eac3 mp3 dts truehd loas amr".split())
"""Containers without a duration: ffmpeg estimates it from the first packets, wrongly if the bit rate changes."""

_UNKNOWN_LENGTH = 0x7FFF0000
"""Bytes in the header of a WAV file from which they mean that the length was unknown when it was written."""

_FIRST_PACKETS = 2_000
"""Packets in which the first sound is looked for; without any it is taken to start with the file."""


@dataclass(frozen=True)
class AudioTrack:
    """An audio track of a media file.

    Attributes:
        number: From 1.
        language: As the file states it, such as "eng"; empty if it does not.
        title: As the file states it; may be empty.
        channels: Number of channels.
        is_default: Whether the file marks it as the track to play.
    """

    number: int
    language: str
    title: str
    channels: int
    is_default: bool

    def __str__(self) -> str:
        about = ", ".join(filter(None, (self.language, self.title, f"{self.channels} ch")))
        return f"{self.number} ({about})"


@dataclass(frozen=True)
class MediaInfo:
    """Properties of a media file and of one of its audio tracks, as the file states them.

    Attributes:
        channels: Number of channels.
        duration: Seconds from the start of the file to the end of the track, or of the file if the track does not say;
            None if neither does.
        codec: ffmpeg's name of the codec.
        rate: Hz.
        offset: Seconds from the start of the file, where players start, to the first sample of the track.
        has_layout: Whether the file says what each channel is for; recorders with a channel per microphone do not.
        track: Number of the track, from 1; 0 for all of them mixed.
        tracks: All audio tracks.
        container: ffmpeg's name of the container.
        wrong_length: Whether it is a WAV file whose header states less sound than the file holds.
    """

    channels: int
    duration: float | None
    codec: str = ""
    rate: int = MODEL_RATE
    offset: float = 0.0
    has_layout: bool = True
    track: int = 1
    tracks: tuple[AudioTrack, ...] = ()
    container: str = ""
    wrong_length: bool = False

    @property
    def has_times(self) -> bool:
        """Whether the container states the time of each packet. In the others sound has no gaps."""
        return _UNTIMED_CONTAINERS.isdisjoint(self.container.split(","))

    @property
    def states_duration(self) -> bool:
        """Whether the duration is stated by the file, not estimated."""
        return _BARE_CONTAINERS.isdisjoint(self.container.split(","))


def probe(path: Path, track: str = "default") -> MediaInfo:
    """Read a media file's properties without decoding it.

    Args:
        path: The file.
        track: Audio track: its number from 1, its language, "all" to mix them, or "default": the one that the file
            marks, else the first.

    Raises:
        MediaError: Not a media file, no audio track, or a list of other files.
        UsageError: There is no such track.
    """
    import av

    try:
        status = path.stat()
    except OSError as error:
        raise MediaError(f"cannot read {path}: {error.strerror}", "Check the name and the permissions") from error
    if not stat.S_ISREG(status.st_mode):
        raise MediaError(f"{path} is not a regular file", "Save it as a file first")
    size = status.st_size
    if size == 0:
        raise MediaError(f"{path.name} is empty (0 bytes)", "Download or export it again")
    try:
        with av.open(input_url(path), options=input_limits(), metadata_errors="replace") as container:
            if not container.streams.audio:
                raise MediaError(f"{path.name} has no audio stream", "Give a file with audio")
            tracks = tuple(_track(number, stream) for number, stream in enumerate(container.streams.audio, 1))
            number = find_track(tracks, track, path.name)
            if number == 0:
                return _all_tracks(path, tracks)
            stream = container.streams.audio[number - 1]
            context = stream.codec_context
            if context is None:
                raise MediaError(
                    f"{path.name} has audio in a format unknown to ffmpeg", "Convert it to a common format"
                )
            if stream.rate and not MIN_RATE <= stream.rate <= MAX_RATE:
                raise MediaError(
                    f"{path.name} has a sample rate of {stream.rate} Hz",
                    f"Rates from {MIN_RATE} to {MAX_RATE} Hz are possible; its header may be damaged",
                )
            offset = _offset(container, stream)
            layout = context.layout.name if context.channels else ""
            stated = max(0, container.duration or 0) / 1_000_000
            wav_duration, wrong_length = _wav_duration(path, size)
            return MediaInfo(
                channels=context.channels,
                duration=wav_duration or min(filter(None, (_track_end(stream, offset), stated)), default=None),
                codec=context.name,
                rate=int(stream.rate or MODEL_RATE),
                offset=offset,
                has_layout=not layout.endswith(" channels"),
                track=number,
                tracks=tracks,
                container=container.format.name,
                wrong_length=wrong_length,
            )
    except VoicekitError:
        raise
    except (av.FFmpegError, ValueError, UnicodeError) as error:
        raise MediaError(
            f"{path.name} is not media that ffmpeg can read ({ffmpeg_reason(error)})",
            "Check that the file plays; for a playlist file, give its URL instead",
        ) from error


def _all_tracks(path: Path, tracks: tuple[AudioTrack, ...]) -> MediaInfo:
    infos = [probe(path, str(track.number)) for track in tracks]
    duration = max((info.duration for info in infos if info.duration), default=None)
    return replace(infos[0], channels=1, duration=duration, track=0)


def find_track(tracks: tuple[AudioTrack, ...], wanted: str, name: str) -> int:
    """Return the number of the wanted track, 0 for all. Raises UsageError if the file `name` has no such track."""
    if wanted == "all":
        return 0 if len(tracks) > 1 else 1
    if wanted == "default":
        return next((track.number for track in tracks if track.is_default), 1)
    for track in tracks:
        if wanted == str(track.number) or (track.language and _same_language(wanted, track.language)):
            return track.number
    raise UsageError(f"{name} has no audio track {wanted!r}", f"It has: {'; '.join(map(str, tracks))}")


def _same_language(wanted: str, stated: str) -> bool:
    """Whether two codes name one language: "en" and "eng", "de" and "ger"."""
    try:
        return parse_tag(wanted).language == parse_tag(stated).language
    except ValueError:
        return wanted.lower() == stated.lower()


def _track(number: int, stream: Any) -> AudioTrack:
    from av.stream import Disposition

    language = stream.metadata.get("language", "")
    context = stream.codec_context
    return AudioTrack(
        number,
        "" if language == "und" else language,
        stream.metadata.get("title", ""),
        context.channels if context else 0,
        bool(stream.disposition & Disposition.default),
    )


def _track_end(stream: Any, offset: float) -> float:
    """Return the seconds from the start of the file to the end of a track; 0 if the file does not say."""
    if stream.duration and stream.time_base:
        return offset + float(stream.duration * stream.time_base)
    stated = re.fullmatch(r"(\d+):(\d+):([\d.]+)", stream.metadata.get("DURATION", ""))  # Matroska
    return int(stated[1]) * 3600 + int(stated[2]) * 60 + float(stated[3]) if stated else 0.0


def _wav_duration(path: Path, size: int) -> tuple[float | None, bool]:
    """Return the seconds of a WAV file if its header states more or less than the file holds, and whether it is less.

    If it states more, they are the stated seconds: ffmpeg reduces them to what is there, and so hides that the file was
    cut off. If it states less and no chunk follows, they are the seconds that are there: ffmpeg would leave out some.
    """
    with path.open("rb") as file:
        header = file.read(12)
        if header[:4] != b"RIFF" or header[8:] != b"WAVE":
            return None, False
        bytes_per_second = 0
        while len(chunk := file.read(8)) == 8:
            length = int.from_bytes(chunk[4:], "little")
            if chunk[:4] == b"data":
                held = size - file.tell()
                cut_off = 0 < held < length < _UNKNOWN_LENGTH
                file.seek(length + length % 2, 1)
                wrong_length = 0 < length < held and not _is_chunk(file.read(12), held - length)
                if not bytes_per_second or not (cut_off or wrong_length):
                    return None, False
                return (length if cut_off else held) / bytes_per_second, wrong_length
            content = file.read(16) if chunk[:4] == b"fmt " else b""
            bytes_per_second = int.from_bytes(content[8:12], "little") or bytes_per_second
            file.seek(length + length % 2 - len(content), 1)
    return None, False


def _is_chunk(header: bytes, room: int) -> bool:
    """Whether a RIFF chunk, another file, padding or nothing follows, and no sound."""
    name, length = header[:4], int.from_bytes(header[4:8], "little")
    if len(header) < 8 or not any(header):
        return True
    return (name.isascii() and name.decode().isprintable() and length <= room) or name in (b"RIFF", b"RF64", b"RIFX")


def _offset(container: Any, stream: Any) -> float:
    """Return the seconds from the start of the file to the first sample of a track.

    The start time in the header is not enough: it can be of the whole file, or of samples that are not played.
    """
    import av

    if len(container.streams) == 1 and stream.codec_context.channels:
        return 0.0
    start = (container.start_time or 0) / 1_000_000
    try:
        for count, packet in enumerate(container.demux(stream)):
            for frame in packet.decode() if packet.size else ():
                return max(0.0, float(frame.time or 0.0) - start)
            if count > _FIRST_PACKETS:
                break
    except av.FFmpegError:  # decoding reports what is wrong
        pass
    return 0.0


@dataclass(frozen=True)
class PacketEnds:
    """Where the packets of a file end, in seconds from its start.

    Attributes:
        track: Those of the audio track.
        file: Those of all tracks.
    """

    track: float
    file: float


def last_packet_end(path: Path, media: MediaInfo) -> PacketEnds:
    """Read all packets of a file, without decoding them, and return where they end."""
    import av

    track = file = 0.0
    with (
        contextlib.suppress(av.FFmpegError),  # what could be read counts
        av.open(input_url(path), options=input_limits(), metadata_errors="replace") as container,
    ):
        start = (container.start_time or 0) / 1_000_000
        stream = container.streams.audio[media.track - 1]
        for packet in container.demux():
            if packet.pts is not None and packet.time_base is not None:
                end = float((packet.pts + (packet.duration or 0)) * packet.time_base) - start
                file = max(file, end)
                track = max(track, end) if packet.stream.index == stream.index else track
    return PacketEnds(track, file)
