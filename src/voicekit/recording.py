"""A recording (one media file) and its cleaned audio."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voicekit.audio.clean import VERSION as CLEAN_VERSION
from voicekit.audio.clean import clean
from voicekit.audio.flac_cache import read_flac, read_flac_info, write_flac
from voicekit.audio.probe import MediaInfo, probe
from voicekit.config.clean import CleanPreset
from voicekit.errors import SourceError
from voicekit.redact import redact_urls
from voicekit.stages import Stages
from voicekit.storage.files import file_sha256
from voicekit.storage.locks import PathLock
from voicekit.types import Audio


@dataclass(frozen=True)
class Recording:
    """One media file.

    Attributes:
        path: The file.
        title: Its name for the user and for the output folder.
        identity: Tells sources apart: the absolute path, or `<extractor>:<id>` of a download.
        sha256: Of its bytes.
        about: What run.json keeps of the source.
        track: The audio track that is used: a number from 1, a language, "default" or "all".
        url: Where it was downloaded from, as it was given, with secrets: for further requests only. "" for files.
        lock: While it lives, `voicekit cache clear` does not remove the file; None for files outside the cache.
    """

    path: Path
    title: str
    identity: str
    sha256: str
    about: dict[str, Any] = field(default_factory=dict)
    track: str = "default"
    url: str = field(default="", compare=False, repr=False)
    lock: PathLock | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of_file(cls, path: Path) -> Recording:
        """Open a local file. Raises SourceError if it cannot be read."""
        try:
            sha256 = file_sha256(path)
            title, identity = redact_urls(path.stem), redact_urls(str(path.resolve()))
            about = {"kind": "file", "path": redact_urls(str(path)), "title": title}
            return cls(path, title, identity, sha256, about)
        except OSError as error:
            raise SourceError(f"cannot read {path}: {error.strerror}", "Check the name and the permissions") from error

    @property
    def source(self) -> str:
        """The URL, or the file's name."""
        return str(self.about.get("url") or redact_urls(self.path.name))

    @functools.cached_property
    def media(self) -> MediaInfo:
        """Tracks, channels, duration and codec, read once.

        Raises:
            MediaError: The file is not audio.
            UsageError: It has no such track.
        """
        return probe(self.path, self.track)


@dataclass(frozen=True)
class CleanedAudio:
    """The cleaned audio of a recording in the stage cache.

    Attributes:
        key: Its cache key.
        duration: Seconds.
        audio: Reads the samples (once): mono, 16 kHz.
    """

    key: str
    duration: float
    audio: Callable[[], Audio]


def clean_recording(
    recording: Recording, preset: CleanPreset, stages: Stages, channel: int | None = None
) -> CleanedAudio:
    """Clean a recording, or one channel of it (from 0), for the models; the result comes from the cache if possible."""
    duration = recording.media.duration or 0.0

    def report(seconds_done: float) -> None:
        stages.progress.stage_progress(min(1.0, seconds_done / duration) if duration else 0.0)

    entry = stages.folder(
        "clean",
        duration,
        {
            "input": recording.sha256,
            "track": recording.media.track,
            "channel": channel,
            "preset": preset.model_dump(mode="json"),
            "version": CLEAN_VERSION,
        },
        lambda folder: write_flac(folder, *clean(recording.path, preset, report, channel, recording.media)),
    )
    cleaned_duration, warnings = read_flac_info(entry.folder)
    stages.warnings += warnings
    return CleanedAudio(entry.key, cleaned_duration, functools.cache(lambda: read_flac(entry.folder)))
