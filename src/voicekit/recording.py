"""Listen: one recording through the stages, and the run that is kept of it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voicekit.audio.clean import VERSION as CLEAN_VERSION
from voicekit.audio.clean import clean
from voicekit.audio.decode import probe
from voicekit.audio.flac_cache import read_about, read_sound, write_sound
from voicekit.config.clean import CleanPreset
from voicekit.errors import SourceError
from voicekit.redact import without_secrets
from voicekit.stages import Stages
from voicekit.storage.files import file_sha256
from voicekit.types import Audio


@dataclass(frozen=True)
class CleanedAudio:
    """Clean sound in the cache: its key there, its length, and a way to its samples."""

    key: str
    duration: float
    audio: Callable[[], Audio]


def clean_recording(
    recording: Recording, preset: CleanPreset, stages: Stages, channel: int | None = None
) -> CleanedAudio:
    """What the models hear of a recording: all of it, or one channel."""
    length = probe(recording.path).duration or 0.0

    def progress(done: float) -> None:
        stages.progress.stage_progress(min(1.0, done / length) if length else 0.0)

    entry = stages.folder(
        "clean",
        length,
        {
            "input": recording.sha256,
            "channel": channel,
            "preset": preset.model_dump(mode="json"),
            "version": CLEAN_VERSION,
        },
        lambda folder: write_sound(folder, clean(recording.path, preset, progress, channel)),
    )
    duration, notes = read_about(entry.folder)
    stages.warnings += notes
    return CleanedAudio(entry.key, duration, functools.cache(lambda: read_sound(entry.folder)))


@dataclass(frozen=True)
class Recording:
    """One media file to listen to.

    `identity` tells sources apart (a path, or extractor and id); `sha256` its bytes; `about` goes to run.json.
    """

    path: Path
    title: str
    identity: str
    sha256: str
    about: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of_file(cls, path: Path) -> Recording:
        """Raises SourceError where the file cannot be read."""
        try:
            sha256 = file_sha256(path)
            title, place = without_secrets(path.stem), without_secrets(str(path.resolve()))
            return cls(path, title, place, sha256, {"kind": "file", "path": without_secrets(str(path)), "title": title})
        except OSError as error:
            raise SourceError(f"cannot read {path}: {error.strerror}", "Check the name and its rights") from error

    @property
    def source(self) -> str:
        """Canonical URL, or the file's name."""
        return str(self.about.get("url") or without_secrets(self.path.name))
