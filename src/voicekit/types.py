"""What flows through voicekit: audio, turns, words, transcripts. Frozen; times in seconds from the start.

Knows nothing of files, models or the command line. JSON goes through `Transcript.to_json` and
`Transcript.from_json`, and its schema (`voicekit schema transcript`) is derived from these classes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, TypeAdapter

from voicekit.jsonio import from_json, json_schema
from voicekit.notebook import take_html, transcript_html

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


TRANSCRIPT_SCHEMA = "voicekit.transcript/1"
TAKE_SCHEMA = "voicekit.take/1"

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1)]


def _missing(value: object) -> bool:
    return value is None


@dataclass(frozen=True)
class Audio:
    """Decoded sound.

    Attributes:
        samples: float32, shape [channels, n], full scale at 1.0.
        rate: samples per second.
    """

    samples: NDArray[np.float32]
    rate: int

    @property
    def duration(self) -> float:
        """Seconds."""
        return float(self.samples.shape[1] / self.rate)

    @property
    def mono(self) -> NDArray[np.float32]:
        """float32 [n]: the mean of the channels."""
        mixed: NDArray[np.float32] = self.samples[0] if len(self.samples) == 1 else self.samples.mean(axis=0)
        return mixed


@dataclass(frozen=True)
class Turn:
    """One stretch of speech by one speaker."""

    start: Seconds
    end: Seconds
    speaker: str


@dataclass(frozen=True)
class Diarization:
    """Who spoke when.

    Attributes:
        turns: by start; turns of different speakers may overlap. These go to RTTM and are scored.
        exclusive: by start; never more than one speaker at a time. Words are attributed with these.
        centroids: one mean embedding a speaker, float lists of one length; empty where an engine has none.
    """

    turns: tuple[Turn, ...]
    exclusive: tuple[Turn, ...]
    centroids: dict[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Labels in order of first speech."""
        return tuple(dict.fromkeys(turn.speaker for turn in self.turns))


@dataclass(frozen=True)
class Word:
    """One word with the punctuation that clings to it; no spaces around it."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    text: str
    start: Seconds
    end: Seconds
    probability: Annotated[Probability, Field(description="the recogniser's, mean over the word's tokens")]
    speaker: str | None = None
    speaker_confidence: Annotated[
        Probability | None,
        Field(
            description="how sure the speaker is: alone in the word, and nearer in voice than others; null without one"
        ),
    ] = None


@dataclass(frozen=True)
class Segment:
    """A run of words by one speaker, in one language."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: Annotated[int, Field(ge=0)]
    start: Seconds
    end: Seconds
    text: str
    speaker: str | None
    language: Annotated[str, Field(description="BCP-47")]
    words: tuple[Word, ...]
    source_text: Annotated[
        str | None,
        Field(description="what was said, where `text` is its translation", exclude_if=_missing),
    ] = None
    cue: Annotated[
        str | None,
        Field(
            description="the cue as its subtitle file has it, with its lines, tags and speaker's label",
            exclude_if=_missing,
        ),
    ] = None


@dataclass(frozen=True)
class Transcript:
    """Who said what, when: the one currency of the listening half."""

    __pydantic_config__ = ConfigDict(extra="forbid", title=TRANSCRIPT_SCHEMA)

    schema: Literal["voicekit.transcript/1"]
    language: Annotated[str, Field(description="BCP-47, of most of the speech; und where nothing was said")]
    duration: Seconds
    source: Annotated[str, Field(description="canonical URL, or the file's name")]
    speakers: Annotated[tuple[str, ...], Field(description="in order of first speech")]
    segments: tuple[Segment, ...]
    turns: Annotated[
        tuple[Turn, ...],
        Field(description="the diarizer's own turns, which may overlap; what RTTM holds"),
    ] = ()
    translated_from: Annotated[
        str | None, Field(description="BCP-47 of what was said, where this is a translation", exclude_if=_missing)
    ] = None

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for segment in self.segments for word in segment.words)

    @property
    def text(self) -> str:
        """The plain words, one line a segment."""
        return "\n".join(segment.text for segment in self.segments)

    def __iter__(self) -> Iterator[Segment]:
        return iter(self.segments)

    def __len__(self) -> int:
        return len(self.segments)

    def to_json(self) -> str:
        text: str = _adapter().dump_json(self, indent=1).decode()
        return text + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Transcript:
        """Raises SourceError where `text` is not a voicekit transcript, naming the first fault."""
        return from_json(_adapter(), text, TRANSCRIPT_SCHEMA, "`voicekit schema transcript` prints what is expected")

    @staticmethod
    def json_schema() -> dict[str, Any]:
        return json_schema(_adapter(), "serialization")

    def save(self, path: str | Path, style: str = "standard") -> Path:
        """Write in the format that the name ends with: .json .srt .vtt .ass .txt .docx .tsv .rttm; returns the path.

        `style`: of subtitles, a preset of configs/subtitle or a YAML file.
        """
        from voicekit.formats.writers import save

        return save(self, path, style)

    def to_dataframe(self, rows: Literal["segments", "words"] = "segments") -> pd.DataFrame:
        """One row a segment, or one row a word with the id of its segment."""
        import pandas as pd

        if rows == "words":
            return pd.DataFrame(
                [{"segment": s.id, **w.__dict__, "language": s.language} for s in self.segments for w in s.words],
                columns=[
                    "segment", "text", "start", "end", "probability", "speaker", "speaker_confidence", "language",
                ],
            )  # fmt: skip
        columns = ["id", "start", "end", "speaker", "language", "text"]
        return pd.DataFrame([{c: getattr(s, c) for c in columns} for s in self.segments], columns=columns)

    def _repr_html_(self) -> str:
        return transcript_html(self)


@functools.cache
def _adapter() -> TypeAdapter[Transcript]:
    return TypeAdapter(Transcript)


@dataclass(frozen=True)
class Voice:
    """Who speaks, as an engine is told.

    Attributes:
        name: As the user calls it.
        engine: That it is meant for.
        speaker: The engine's own name for it; None where a clip says how it sounds.
        clip: Reference sound, for engines that clone; None for an engine's own voice.
        language: BCP-47, of what it speaks when nothing else is said.
    """

    name: str
    engine: str
    speaker: str | None = None
    clip: Path | None = None
    language: str = "en"


@dataclass(frozen=True)
class SynthesizedSpeech:
    """What an engine made of a text. `tokens`: its speech tokens, where it has some; they can be rendered again."""

    audio: Audio
    tokens: tuple[int, ...] = ()


@dataclass(frozen=True)
class Take:
    """One rendering of a text.

    Attributes:
        text: As asked for; `said`: as the engine was given it, part by part.
        voice: Its name.
        engine, params, seed: With what it was made; the same four make the same samples.
        audio: The sound.
        parts: (start, end) of each part of `said` in it, seconds.
        tokens: Speech tokens of each part, where the engine has some.
        made_with: The model's name, revision and checksums, and the clip's checksum.
    """

    text: str
    said: tuple[str, ...]
    voice: str
    engine: str
    params: dict[str, Any]
    seed: int
    audio: Audio
    parts: tuple[tuple[float, float], ...] = ()
    tokens: tuple[tuple[int, ...], ...] = ()
    made_with: dict[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """All but the sound, as JSON has it: with this it can be made again."""
        return {
            "schema": TAKE_SCHEMA,
            **{name: getattr(self, name) for name in ("text", "said", "voice", "engine", "params", "seed")},
            **{name: getattr(self, name) for name in ("parts", "tokens", "made_with")},
            "seconds": round(self.audio.duration, 3),
            "rate": self.audio.rate,
        }

    def save(self, path: str | Path) -> Path:
        """Write in the format that the name ends with: .wav .flac .mp3 .m4a .ogg; returns the path."""
        from voicekit.audio.encode import write

        return write(self.audio, path)

    def _repr_html_(self) -> str:
        return take_html(self)


@dataclass(frozen=True)
class Artifact:
    """A fault that was heard in sound.

    Attributes:
        kind: One of `judge.artifacts.KINDS`.
        start, end: Where, seconds.
        value, limit: How much of it in `unit`, and how much is let pass.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    kind: str
    start: Seconds
    end: Seconds
    value: float
    limit: float
    unit: str


@dataclass(frozen=True)
class Measures:
    """What the judge heard of a take; None where a measure does not apply or could not be taken."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    seconds: Seconds
    heard: Annotated[str, Field(description="what the recogniser understood")] = ""
    wer: Annotated[float | None, Field(description="word errors of it against the text, over the text's words")] = None
    words: Annotated[tuple[Word, ...], Field(description="as heard, with their times in the take")] = ()
    similarity: Annotated[float | None, Field(description="cosine of CAM++ voice prints, take and reference")] = None
    mos: Annotated[float | None, Field(description="DNSMOS P.835 overall, 1 to 5")] = None
    mos_signal: Annotated[float | None, Field(description="DNSMOS P.835 of the speech")] = None
    mos_background: Annotated[float | None, Field(description="DNSMOS P.835 of what is behind it")] = None
    mos_p808: Annotated[float | None, Field(description="DNSMOS P.808")] = None
    pace: Annotated[float | None, Field(description="words a minute, from the first word to the last")] = None
    pitch: Annotated[float | None, Field(description="median F0, Hz")] = None
    pitch_range: Annotated[float | None, Field(description="F0 from 10th to 90th percentile, semitones")] = None
    energy_range: Annotated[float | None, Field(description="level of speech, 10th to 90th percentile, dB")] = None
    artifacts: tuple[Artifact, ...] = ()


Samples = NDArray[np.float32]
