"""Interfaces of the engines, and the data that they exchange with the rest of voicekit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from voicekit.types import Audio, Diarization, Segment, SynthesizedSpeech, Unrecognized, Voice

if TYPE_CHECKING:
    from voicekit.diarization.windows import SpeakerWindows
    from voicekit.seeds import RandomStreams

ProgressCallback = Callable[[float], None]
"""Called with the share done, 0 to 1."""

NOT_SPEECH = "not speech: the recogniser heard none and was unsure of every word"  # in run.json
REPETITION = "a phrase repeated over and over"  # in run.json


@dataclass(frozen=True)
class Dropped:
    """Words that an ASR engine removed from its result.

    Attributes:
        start, end: Seconds.
        text: The words.
        reason: NOT_SPEECH or REPETITION.
    """

    start: float
    end: float
    text: str
    reason: str


@dataclass(frozen=True)
class Recognition:
    """The result of an ASR model.

    Attributes:
        segments: In order of time, without speakers.
        language: BCP-47; "und" if nothing was spoken.
        language_probability: 0 to 1.
        dropped: Words removed as hallucinations.
        unrecognized: Speech without words.
    """

    segments: tuple[Segment, ...]
    language: str
    language_probability: float
    dropped: tuple[Dropped, ...] = ()
    unrecognized: tuple[Unrecognized, ...] = ()


class AsrModel(Protocol):
    def transcribe(
        self,
        audio: Audio,
        *,
        language: str | None,
        hotwords: str | None,
        prompt: str | None,
        beam_size: int,
        batch_size: int,
        progress: ProgressCallback,
    ) -> tuple[Recognition, list[str]]:
        """Transcribe 16 kHz audio; returns the recognition and warnings."""


class Diarizer(Protocol):
    def diarize(
        self, audio: Audio, speakers: int | None, low: int | None, high: int | None, progress: ProgressCallback
    ) -> tuple[Diarization, list[str]]:
        """Find who speaks when.

        Args:
            audio: 16 kHz.
            speakers: Exact number of speakers, if known.
            low, high: Smallest and largest number of speakers, if known.
            progress: Called with the share done.

        Returns:
            Turns with the engine's labels, and warnings.
        """


class WindowEmbedder(Protocol):
    def embed_windows(self, audio: Audio, progress: ProgressCallback) -> tuple[SpeakerWindows, list[str]]:
        """Segment 16 kHz audio and embed its voices for `diarization.clustering.cluster`; also returns warnings."""


@dataclass(frozen=True)
class Line:
    """A line to translate.

    Attributes:
        text: The line.
        before: Preceding lines, for engines that use context.
    """

    text: str
    before: tuple[str, ...] = ()


class TranslationModel(Protocol):
    """A text translator. Its language pairs are in `engines.mt.language_codes`, so that it need not be loaded for them.

    Attributes:
        batch_size: Number of lines per call that fit in memory.
        uses_context: Whether it uses `Line.before`; if so, the lines of a call are consecutive.
    """

    batch_size: int
    uses_context: bool

    def translate(self, lines: Sequence[Line], source: str, target: str, progress: ProgressCallback) -> list[str]:
        """Translate each line from one BCP-47 language to another."""


class SpeechTranslationModel(Protocol):
    def translate_speech(
        self, audio: Audio, clips: Sequence[tuple[float, float, str]], batch_size: int, progress: ProgressCallback
    ) -> list[str]:
        """Translate the speech of each clip (start and end in seconds, BCP-47 language) to English."""


class SpeechModel(Protocol):
    """A loaded TTS model. It is stateless: the voice is an argument of each call.

    Attributes:
        rate: Sample rate of its audio, Hz.
    """

    rate: int

    def synthesize(self, text: str, voice: Voice, params: Any, random: RandomStreams) -> SynthesizedSpeech:
        """Speak one or a few sentences.

        Args:
            text: The sentences.
            voice: Whose voice.
            params: An instance of the engine's parameter model.
            random: The source of every random number.
        """
