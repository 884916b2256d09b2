"""Options and presets: strict models in which every default lives, with its unit and reason beneath it.

The command line, the Python functions and YAML files are three spellings of these. An unknown key fails and lists
the known ones. Presets are YAML files in configs/, in the working folder first and then the ones that ship.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from voicekit.config.formats import FORMATS, USUAL_FORMATS, Format
from voicekit.config.schema import Positive, Strict, build
from voicekit.config.translate import TranslateOptions, TranslatorName
from voicekit.config.yaml_file import load_yaml
from voicekit.text.languages import LANGUAGES


class TranscribeOptions(Strict):
    """How `voicekit transcribe` works. Field descriptions are the command line's help."""

    clean: str = Field("light", description="Cleaning preset: off, light, speech, noisy, or a YAML file")
    diarizer: Literal["pyannote", "senko", "none"] = Field(
        "pyannote", description="Who speaks when: pyannote, senko (faster, less exact), none"
    )
    diarizer_model: str = Field(
        "auto",
        description="auto (community-1 where a hub token is set, else starter), community-1, starter, or a folder",
    )
    speakers: Positive | None = Field(None, description="How many people speak, if you know")
    min_speakers: Positive | None = Field(None, description="At least so many")
    max_speakers: Positive | None = Field(None, description="At most so many")
    speaker_names: tuple[str, ...] = Field(
        (), description="Names for the speakers in order of first speech, separated by commas"
    )
    model: str = Field(
        "auto",
        description="Whisper model: name, folder or hub id. auto: base on a CPU, the best one present on a GPU",
    )
    language: str | None = Field(None, description="Language spoken (en, de, pt ...); detected when left out")
    hotwords: str | None = Field(None, description="Words to expect, such as names")
    prompt: str | None = Field(None, description="Text before the first word, to set style and spelling")
    channels: Literal["auto", "mix", "split"] = Field(
        "auto",
        description="Stereo: split takes each channel for a speaker (calls), mix hears both as one, auto decides",
    )
    beam_size: Positive = Field(5, description="Hypotheses kept while decoding; 1 is faster and less exact")
    batch_size: Positive | None = Field(None, description="Clips decoded at once; 8 on a CPU, 16 on a GPU")
    compute_type: str = Field("auto", description="Arithmetic of Whisper: int8, float16, ...; auto fits the device")
    device: str = Field("auto", description="auto, cpu, cuda or cuda:1")
    format: tuple[Format, ...] = Field(
        default=USUAL_FORMATS, description=f"Files to write, separated by commas: {', '.join(FORMATS)}"
    )
    subtitles: str = Field(
        "standard",
        description="Style of the subtitles: standard, netflix, bbc, youtube, shorts, raw, or a YAML file",
    )

    translate: tuple[str, ...] = Field(
        (), description="Languages to translate the transcript to, separated by commas: es, pt-BR"
    )
    translate_engine: TranslatorName = Field(
        "auto", description="What translates: bergamot, nllb, openai, whisper; see `voicekit translate --help`"
    )
    translate_model: str = Field("auto", description="Its model")
    base_url: str | None = Field(None, description="Server for translate-engine openai, as http://localhost:8000/v1")
    glossary: str | None = Field(None, description="CSV file of terms for the translation: source,target[,case]")

    @field_validator("speaker_names", "format", "translate", mode="before")
    @classmethod
    def _comma_separated(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        return tuple(value) if isinstance(value, list) else value

    @field_validator("language")
    @classmethod
    def _known_language(cls, value: str | None) -> str | None:
        code = value.strip().lower() if value else None
        if code is not None and code not in LANGUAGES:
            raise ValueError(f"Whisper does not know {code!r}; known: {', '.join(sorted(LANGUAGES))}")
        return code

    @model_validator(mode="after")
    def _counts_agree(self) -> TranscribeOptions:
        low, high = self.min_speakers, self.max_speakers
        if self.speakers and (low or high):
            raise ValueError("speakers is a fixed count: leave out min_speakers and max_speakers")
        if low and high and low > high:
            raise ValueError(f"min_speakers {low} is more than max_speakers {high}")
        if (self.speakers or low or high) and self.diarizer != "pyannote":
            raise ValueError(f"the {self.diarizer} diarizer takes no speaker count: use the pyannote diarizer")
        if len(set(self.speaker_names)) < len(self.speaker_names):
            raise ValueError("speaker_names holds a name twice: two people would become one")
        if not self.format:
            raise ValueError("format names no file to write")
        return self

    @property
    def translation(self) -> TranslateOptions | None:
        """How the transcript is translated; None where it is not. Raises UsageError for languages that are none."""
        if not self.translate:
            return None
        values = {
            "to": self.translate, "engine": self.translate_engine, "model": self.translate_model,
            "base_url": self.base_url, "glossary": self.glossary, "device": self.device,
        }  # fmt: skip
        return build(TranslateOptions, values, "options")


def transcribe_options(config: Path | None = None, **given: Any) -> TranscribeOptions:
    """Options from a YAML file, overridden by those given (None means not given).

    Raises:
        UsageError: naming the field and what is wrong with it.
    """
    values = load_yaml(config) if config else {}
    given = {name: value for name, value in given.items() if value is not None}
    if (
        "speakers" in given or given.get("diarizer", "pyannote") != "pyannote"
    ):  # these leave no room for a file's counts
        values = {name: value for name, value in values.items() if not name.endswith("speakers")}
    values |= given
    return build(TranscribeOptions, values, str(config) if config else "options")
