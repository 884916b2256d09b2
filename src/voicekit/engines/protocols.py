"""The engines, by name, and the one place that imports them.

An engine file imports its library at its top; nobody else imports an engine file. So the library is loaded only when
the engine is used, and a missing one is said with the extra that installs it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from voicekit.types import Audio, Diarization, Segment, SynthesizedSpeech, Voice

if TYPE_CHECKING:
    from voicekit.diarization.windows import SpeakerWindows
    from voicekit.seeds import RandomStreams


OnProgress = Callable[[float], None]
"""Called with the share done, 0 to 1."""


NO_VOICE = "not speech: the recogniser heard none and was unsure of every word"
A_LOOP = "a phrase repeated over and over"


@dataclass(frozen=True)
class Dropped:
    """Words that a recogniser gave and that were taken out, with the reason: NO_VOICE or A_LOOP."""

    start: float
    end: float
    text: str
    reason: str


@dataclass(frozen=True)
class Recognition:
    """What a recogniser heard: segments without speakers, in order; language as BCP-47, und for none."""

    segments: tuple[Segment, ...]
    language: str
    language_probability: float
    dropped: tuple[Dropped, ...] = ()


class Diarizer(Protocol):
    def diarize(
        self, audio: Audio, speakers: int | None, low: int | None, high: int | None, progress: OnProgress
    ) -> tuple[Diarization, list[str]]:
        """Who speaks when, and warnings. Counts of speakers: exact, at least, at most."""


class WindowEmbedder(Protocol):
    def embed_windows(self, audio: Audio, progress: OnProgress) -> tuple[SpeakerWindows, list[str]]:
        """Where voices are and how they sound, for `pipeline.cluster` to tell apart; and warnings."""


class Transcriber(Protocol):
    def transcribe(
        self,
        audio: Audio,
        *,
        language: str | None,
        hotwords: str | None,
        prompt: str | None,
        beam_size: int,
        batch_size: int,
        progress: OnProgress,
    ) -> tuple[Recognition, list[str]]:
        """What is said, and warnings."""


@dataclass(frozen=True)
class Line:
    """What is translated as one, and what was said before it, for engines that use that."""

    text: str
    before: tuple[str, ...] = ()


class TranslationModel(Protocol):
    """Which languages it can do is in `pipeline.languages`, told without loading it.

    Attributes:
        batch_size: Lines that it takes at once, for its memory.
        uses_context: Whether it looks at `Line.before`; if so, it is given lines that follow one another.
    """

    batch_size: int
    uses_context: bool

    def translate(self, lines: Sequence[Line], source: str, target: str, progress: OnProgress) -> list[str]:
        """The translation of each line, from one BCP-47 language to another."""


class SpeechTranslationModel(Protocol):
    def translate_speech(
        self, audio: Audio, clips: Sequence[tuple[float, float, str]], batch_size: int, progress: OnProgress
    ) -> list[str]:
        """What is said in each clip (start and end in seconds, BCP-47), in English."""


class SpeechModel(Protocol):
    """One loaded model. It keeps nothing between calls that changes a result: the voice is an argument."""

    rate: int

    def synthesize(self, text: str, voice: Voice, params: Any, draws: RandomStreams) -> SynthesizedSpeech:
        """What `text`, a sentence or a few, sounds like. Every random number comes from `draws`."""
