"""A transcription plan: options with every automatic choice made (device, weights, batch size)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from voicekit.audio.clean import VERSION as CLEAN_VERSION
from voicekit.config.clean import CleanPreset
from voicekit.config.subtitles import SubtitleStyle
from voicekit.config.transcribe import TranscribeOptions
from voicekit.diarization.channels import VERSION as CHANNELS_VERSION
from voicekit.diarization.clustering import VERSION as CLUSTER_VERSION
from voicekit.diarization.labels import VERSION as DIARIZE_VERSION
from voicekit.diarization.windows import VERSION as VOICES_VERSION
from voicekit.formats.writers import VERSION as WRITE_VERSION
from voicekit.models.catalogue import Weights
from voicekit.recording import Recording
from voicekit.runtime.device import Device
from voicekit.storage.files import digest
from voicekit.subtitles.layout import VERSION as LAYOUT_VERSION
from voicekit.subtitles.render import VERSION as FORMATS_VERSION
from voicekit.transcription.attribution import VERSION as ATTRIBUTE_VERSION
from voicekit.transcription.recognize import VERSION as TRANSCRIBE_VERSION

# Options that the digest replaces by what was chosen for them.
_RESOLVED = {"model", "diarizer_model", "device", "batch_size", "compute_type", "clean", "subtitles"}

# Options that the digest names only if they are given: runs of earlier versions, which had none, keep their digests.
_IF_GIVEN = {"site_subtitles"}

_TRANSLATION = {"translate", "translate_engine", "translate_model", "base_url", "glossary"}


@dataclass(frozen=True)
class Plan:
    """Options with every automatic choice made; one plan serves many recordings.

    Attributes:
        options: As given by the user.
        device: What the models run on.
        whisper: Weights of the ASR model.
        voices: Weights of the diarizer by name; empty without one.
        batch_size: Clips decoded at a time.
        compute_type: CTranslate2's.
        preset: How audio is cleaned.
        style: Of subtitles.
        translation: What determines the translations, as JSON; None without any.
    """

    options: TranscribeOptions
    device: Device
    whisper: Weights
    voices: dict[str, Weights]
    batch_size: int
    compute_type: str
    preset: CleanPreset
    style: SubtitleStyle
    translation: dict[str, Any] | None = None

    @property
    def uses_speaker_windows(self) -> bool:
        """Whether diarization has two stages, as with the starter's models: embedding windows, then clustering them.

        The first does not depend on the number of speakers and is cached on its own.
        """
        return {"segmentation-3.0", "campplus"} <= set(self.voices)

    @property
    def weights(self) -> list[Weights]:
        return [*self.voices.values(), self.whisper]

    def digest(self, recording: Recording) -> str:
        """Return the digest of everything that determines the files of a run of this recording."""
        return digest(
            {
                "input": recording.sha256,
                "source": recording.source,
                "options": self.options.model_dump(mode="json", exclude=_RESOLVED | _TRANSLATION | _IF_GIVEN),
                **({"site_subtitles": True} if self.options.site_subtitles else {}),
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
