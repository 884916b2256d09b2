"""The data that flows through voicekit: audio, turns, words, transcripts, takes. Immutable; times are in seconds.

These classes know nothing of files, models or the command line. Their JSON schemas (`voicekit schema transcript`) are
derived from the fields.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from voicekit.jsonio import from_json, json_schema, type_adapter
from voicekit.notebook import take_html, transcript_html
from voicekit.redact import escape_controls
from voicekit.transcript_check import MAX_SECONDS, check_transcript

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

Samples = NDArray[np.float32]
"""Audio samples, float32, full scale at 1.0."""

TRANSCRIPT_SCHEMA = "voicekit.transcript/1"
TAKE_SCHEMA = "voicekit.take/1"
Seconds = Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1)]


def _is_absent(value: object) -> bool:
    return value in (None, (), 0)


@dataclass(frozen=True, eq=False)
class Audio:
    """Decoded audio.

    Attributes:
        samples: float32, shape [channels, n], full scale at 1.0.
        rate: Sample rate in Hz.
    """

    samples: NDArray[np.float32]
    rate: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Audio) and self.rate == other.rate and np.array_equal(self.samples, other.samples)

    @property
    def duration(self) -> float:
        """Duration in seconds."""
        return float(self.samples.shape[1] / self.rate)

    @property
    def mono(self) -> NDArray[np.float32]:
        """Mean of the channels, float32, shape [n]."""
        mean: NDArray[np.float32] = self.samples[0] if len(self.samples) == 1 else self.samples.mean(axis=0)
        return mean


@dataclass(frozen=True)
class Turn:
    """A stretch of speech by one speaker."""

    start: Seconds
    end: Seconds
    speaker: str


@dataclass(frozen=True)
class Diarization:
    """Who spoke when.

    Attributes:
        turns: Turns by start; those of different speakers may overlap. Written to RTTM and scored.
        exclusive: Turns by start, never more than one speaker at a time. Used to attribute words.
        centroids: Mean speaker embedding of each speaker, all of one length; empty if the engine gives none.
    """

    turns: tuple[Turn, ...]
    exclusive: tuple[Turn, ...]
    centroids: dict[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Speaker labels in order of first speech."""
        return tuple(dict.fromkeys(turn.speaker for turn in self.turns))


@dataclass(frozen=True)
class Word:
    """A word with its punctuation, without spaces around it."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    text: str
    start: Seconds
    end: Seconds
    probability: Annotated[Probability, Field(description="of the ASR model, mean over the word's tokens")]
    speaker: str | None = None
    speaker_confidence: Annotated[
        Probability | None,
        Field(
            description="confidence in the speaker: share of the word that is theirs alone, and similarity of voice "
            "compared with the other speakers; null without a speaker"
        ),
    ] = None


def spread(text: str, start: float, end: float, speaker: str | None = None) -> tuple[Word, ...]:
    """Split a text at spaces and share out the seconds from start to end by length.

    For text whose words have no times of their own. Their probability is 1.
    """
    parts = text.split()
    if not parts:
        return ()
    ends = list(itertools.accumulate(len(part) + 1 for part in parts))
    times = [start, *(round(start + (end - start) * at / ends[-1], 3) for at in ends[:-1]), end]
    return tuple(Word(part, times[i], times[i + 1], probability=1.0, speaker=speaker) for i, part in enumerate(parts))


@dataclass(frozen=True)
class Segment:
    """Consecutive words of one speaker in one language."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: Annotated[int, Field(ge=0)]
    start: Seconds
    end: Seconds
    text: str
    speaker: str | None
    language: Annotated[str, Field(description="BCP-47 tag")]
    words: tuple[Word, ...]
    source_text: Annotated[
        str | None,
        Field(description="the source text, if `text` is a translation", exclude_if=_is_absent),
    ] = None
    cue: Annotated[
        str | None,
        Field(
            description="the cue as in its subtitle file, with line breaks, tags and speaker label",
            exclude_if=_is_absent,
        ),
    ] = None
    layer: Annotated[
        int, Field(ge=0, description="1 and more for cues shown at the same time as others", exclude_if=_is_absent)
    ] = 0

    def with_text(self, text: str) -> Segment:
        """Return the segment with another text, and words to match.

        Words that stay keep their times; new ones share the time of those that they replace, or of the word before.
        """
        old, new = self.words, text.split()
        words: list[Word] = []
        matcher = difflib.SequenceMatcher(None, [word.text for word in old], new, autojunk=False)
        for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
            if kind == "equal":
                words += old[old_from:old_to]
            elif kind != "delete":
                replaced, added = list(old[old_from:old_to]), " ".join(new[new_from:new_to])
                if not replaced and words:
                    replaced = [words.pop()]
                    added = f"{replaced[0].text} {added}"
                elif not replaced and old:
                    words += spread(added, self.start, old[0].start, old[0].speaker)
                    continue
                start, end = (replaced[0].start, replaced[-1].end) if replaced else (self.start, self.end)
                words += spread(added, start, end, replaced[0].speaker if replaced else self.speaker)
        return replace(self, text=" ".join(new), words=tuple(words), cue=None)


@dataclass(frozen=True)
class Unrecognized:
    """A stretch of speech without words."""

    start: Seconds
    end: Seconds
    reason: str


@dataclass(frozen=True)
class Transcript:
    """Who said what, and when: the result of transcription, and the input of everything that follows."""

    __pydantic_config__ = ConfigDict(extra="forbid", title=TRANSCRIPT_SCHEMA)

    schema: Literal["voicekit.transcript/1"]
    language: Annotated[str, Field(description="BCP-47 tag of most of the speech; und without speech")]
    duration: Seconds
    source: Annotated[str, Field(description="canonical URL or file name")]
    speakers: Annotated[tuple[str, ...], Field(description="in order of first speech")]
    segments: tuple[Segment, ...]
    turns: Annotated[
        tuple[Turn, ...],
        Field(description="turns of the diarizer, which may overlap; written to RTTM"),
    ] = ()
    unrecognized: Annotated[
        tuple[Unrecognized, ...],
        Field(description="speech in which no words were recognized", exclude_if=_is_absent),
    ] = ()
    translated_from: Annotated[
        str | None, Field(description="BCP-47 tag of the source language of a translation", exclude_if=_is_absent)
    ] = None

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for segment in self.segments for word in segment.words)

    @property
    def text(self) -> str:
        """Plain text, one line per segment."""
        return "\n".join(segment.text for segment in self.segments)

    def __iter__(self) -> Iterator[Segment]:
        return iter(self.segments)

    def __len__(self) -> int:
        return len(self.segments)

    def to_json(self) -> str:
        return escape_controls(type_adapter(Transcript).dump_json(self, indent=1).decode()) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Transcript:
        """Parse a transcript. Raises SourceError, which names the first error, if `text` is not a valid one."""
        remedy = "`voicekit schema transcript` prints the format"
        return check_transcript(from_json(cls, text, TRANSCRIPT_SCHEMA, remedy), remedy)

    @staticmethod
    def json_schema() -> dict[str, Any]:
        return json_schema(Transcript, "serialization")

    def save(self, path: str | Path, style: str = "standard") -> Path:
        """Write a file in the format of its extension: .json .srt .vtt .ass .txt .docx .tsv .rttm.

        Args:
            path: File to write.
            style: Subtitle style: a preset of configs/subtitle or a YAML file.

        Returns:
            The path.
        """
        from voicekit.formats.writers import save

        return save(self, path, style)

    def to_dataframe(self, rows: Literal["segments", "words"] = "segments") -> pd.DataFrame:
        """Return one row per segment, or one row per word with the id of its segment."""
        import pandas as pd

        if rows == "words":
            return pd.DataFrame(
                [{"segment": s.id, **w.__dict__, "language": s.language} for s in self.segments for w in s.words],
                columns="segment text start end probability speaker speaker_confidence language".split(),
            )
        columns = ["id", "start", "end", "speaker", "language", "text"]
        return pd.DataFrame([{c: getattr(s, c) for c in columns} for s in self.segments], columns=columns)

    def _repr_html_(self) -> str:
        return transcript_html(self)


@dataclass(frozen=True)
class Voice:
    """A voice of a speech engine.

    Attributes:
        name: Name that the user gave it.
        engine: Name of the engine.
        speaker: The engine's name for one of its own voices; None for a cloned voice.
        clip: Reference clip of a cloned voice; None for one of the engine's own.
        language: BCP-47 tag of the language it speaks by default.
    """

    name: str
    engine: str
    speaker: str | None = None
    clip: Path | None = None
    language: str = "en"


@dataclass(frozen=True)
class SynthesizedSpeech:
    """Speech that an engine made from a text.

    Attributes:
        audio: The speech.
        tokens: Its speech tokens, if the engine uses some; audio can be made from them again.
    """

    audio: Audio
    tokens: tuple[int, ...] = ()


@dataclass(frozen=True)
class Take:
    """One rendering of a text. The same voice, engine, parameters and seed give the same samples.

    Attributes:
        text: The text as requested.
        said: The text as the engine received it, part by part.
        voice: Name of the voice.
        engine, params, seed: What it was made with.
        audio: The speech.
        parts: (start, end) in seconds of each part of `said`.
        tokens: Speech tokens of each part, if the engine uses some.
        made_with: Name, revision and checksums of the model, and the checksum of the reference clip.
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
        """Return everything but the audio as JSON data: enough to make the take again."""
        return {
            "schema": TAKE_SCHEMA,
            **{name: getattr(self, name) for name in ("text", "said", "voice", "engine", "params", "seed")},
            **{name: getattr(self, name) for name in ("parts", "tokens", "made_with")},
            "seconds": round(self.audio.duration, 3),
            "rate": self.audio.rate,
        }

    def save(self, path: str | Path) -> Path:
        """Write the audio in the format of the file's extension: .wav .flac .mp3 .m4a .ogg. Returns the path."""
        from voicekit.audio.encode import write_audio

        return write_audio(self.audio, path)

    def _repr_html_(self) -> str:
        return take_html(self)


@dataclass(frozen=True)
class Artifact:
    """An artifact in speech audio.

    Attributes:
        kind: One of `quality.artifacts.kinds.KINDS`.
        start, end: Where it is, in seconds.
        value: Its strength in `unit`.
        limit: The strength that is still accepted.
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
    """Scores of a take. None if a score does not apply or could not be computed."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    seconds: Seconds
    heard: Annotated[str, Field(description="transcript by the ASR model")] = ""
    wer: Annotated[float | None, Field(description="word error rate of the transcript against the text")] = None
    words: Annotated[tuple[Word, ...], Field(description="recognized words with their times in the take")] = ()
    similarity: Annotated[
        float | None, Field(description="cosine similarity of the CAM++ speaker embeddings of take and reference")
    ] = None
    mos: Annotated[float | None, Field(description="DNSMOS P.835 overall, 1 to 5")] = None
    mos_signal: Annotated[float | None, Field(description="DNSMOS P.835 speech quality")] = None
    mos_background: Annotated[float | None, Field(description="DNSMOS P.835 background quality")] = None
    mos_p808: Annotated[float | None, Field(description="DNSMOS P.808")] = None
    pace: Annotated[float | None, Field(description="words per minute, from the first word to the last")] = None
    pitch: Annotated[float | None, Field(description="median F0 in Hz")] = None
    pitch_range: Annotated[
        float | None, Field(description="F0 range from the 10th to the 90th percentile in semitones")
    ] = None
    energy_range: Annotated[
        float | None, Field(description="speech level range from the 10th to the 90th percentile in dB")
    ] = None
    artifacts: tuple[Artifact, ...] = ()
