"""What is to be listened to, and with what: a recording, and options in which everything is chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voicekit.config import CleanPreset, SubtitleStyle, TranscribeOptions
from voicekit.device import Device
from voicekit.errors import SourceError, without_secrets
from voicekit.models import Weights
from voicekit.pipeline.attribute import VERSION as ATTRIBUTE_VERSION
from voicekit.pipeline.channels import VERSION as CHANNELS_VERSION
from voicekit.pipeline.clean import VERSION as CLEAN_VERSION
from voicekit.pipeline.cluster import VERSION as CLUSTER_VERSION
from voicekit.pipeline.diarize import VERSION as DIARIZE_VERSION
from voicekit.pipeline.transcribe import VERSION as TRANSCRIBE_VERSION
from voicekit.pipeline.voices import VERSION as VOICES_VERSION
from voicekit.pipeline.write import VERSION as WRITE_VERSION
from voicekit.subtitles.formats import VERSION as FORMATS_VERSION
from voicekit.subtitles.layout import VERSION as LAYOUT_VERSION
from voicekit.workspace import digest, file_sha256

# Options that a plan replaces by what was chosen for them.
_CHOSEN = {"model", "diarizer_model", "device", "batch_size", "compute_type", "clean", "subtitles"}

_OF_TRANSLATION = {"translate", "translate_engine", "translate_model", "base_url", "glossary"}


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


@dataclass(frozen=True)
class Plan:
    """Options with everything chosen: device, weights, batch size. Made once for many recordings."""

    options: TranscribeOptions
    device: Device
    whisper: Weights
    voices: dict[str, Weights]
    batch_size: int
    compute_type: str
    preset: CleanPreset
    style: SubtitleStyle
    translation: dict[str, Any] | None = None
    """What determines the translations, where there are any."""

    @property
    def keeps_voices(self) -> bool:
        """Whether voices are found once and told apart anew for every number of speakers: with the starter's models."""
        return {"segmentation-3.0", "campplus"} <= set(self.voices)

    @property
    def weights(self) -> list[Weights]:
        return [*self.voices.values(), self.whisper]

    def digest(self, recording: Recording) -> str:
        """Of all that determines the files of a run; the same plan for the same bytes gives the same files."""
        return digest(
            {
                "input": recording.sha256,
                "source": recording.source,
                "options": self.options.model_dump(mode="json", exclude=_CHOSEN | _OF_TRANSLATION),
                **({"translation": self.translation} if self.translation else {}),
                "preset": self.preset.model_dump(mode="json"),
                "style": self.style.model_dump(mode="json"),
                "device": self.device.kind,
                "compute_type": self.compute_type,
                "batch_size": self.batch_size,
                "models": [weights.record() for weights in self.weights],
                "versions": [
                    CHANNELS_VERSION,
                    CLEAN_VERSION,
                    VOICES_VERSION,
                    CLUSTER_VERSION,
                    DIARIZE_VERSION,
                    TRANSCRIBE_VERSION,
                    ATTRIBUTE_VERSION,
                    WRITE_VERSION,
                    FORMATS_VERSION,
                    LAYOUT_VERSION,
                ],
            }
        )
