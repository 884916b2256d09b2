"""Options and presets: strict models in which every default lives, with its unit and reason beneath it.

The command line, the Python functions and YAML files are three spellings of these. An unknown key fails and lists
the known ones. Presets are YAML files in configs/, in the working folder first and then the ones that ship.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from voicekit.config.formats import FORMATS, Format
from voicekit.config.schema import Positive, Strict
from voicekit.text.languages import UNKNOWN, tag

TranslatorName = Literal["auto", "bergamot", "nllb", "openai", "whisper"]


class TranslateOptions(Strict):
    """How `voicekit translate` works. Field descriptions are the command line's help."""

    to: tuple[str, ...] = Field((), description="Languages to translate to, separated by commas: es, pt-BR, zh-Hant")
    source: str | None = Field(None, description="Language to translate from; the transcript's own when left out")
    engine: TranslatorName = Field(
        "auto",
        description="bergamot (en and pt), nllb (200 languages), openai (a server), whisper (speech to en); auto: the "
        "first that is here and can",
    )
    model: str = Field(
        "auto", description="nllb: name, folder or hub id; openai: the server's name for it; whisper: as in transcribe"
    )
    base_url: str | None = Field(
        None, description="Address of a server that speaks OpenAI's protocol, as http://localhost:8000/v1"
    )
    glossary: str | None = Field(None, description="CSV file of terms: source,target[,case]")
    context: Annotated[int, Field(ge=0, le=50)] = Field(
        3, description="Sentences before, told to engines that use them (openai)"
    )
    beam_size: Positive = Field(4, description="Hypotheses nllb keeps; 1 is faster and less exact")
    timeout: Annotated[float, Field(gt=0, le=86_400)] = Field(120.0, description="Seconds a server may be silent")
    device: str = Field("auto", description="auto, cpu, cuda or cuda:1")
    format: tuple[Format, ...] = Field(
        (),
        description=f"Files to write, separated by commas: {', '.join(FORMATS)}; when left out json, and what the "
        "source is, or srt, vtt and txt",
    )
    subtitles: str = Field(
        "standard",
        description="Style of the subtitles: standard, netflix, bbc, youtube, shorts, raw, or a YAML file",
    )

    @field_validator("to", "format", mode="before")
    @classmethod
    def _comma_separated(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        return tuple(value) if isinstance(value, list) else value

    @field_validator("to")
    @classmethod
    def _usual_tags(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(tag(code) for code in value))

    @field_validator("source")
    @classmethod
    def _usual_tag(cls, value: str | None) -> str | None:
        if value is None or (code := tag(value)) == UNKNOWN:
            return None
        return code

    @model_validator(mode="after")
    def _has_a_server(self) -> TranslateOptions:
        if self.engine == "openai" and not self.base_url:
            raise ValueError("engine openai needs a server: give base_url, as http://localhost:8000/v1")
        if self.base_url and self.engine not in ("auto", "openai"):
            raise ValueError(f"base_url is for the engine openai, not for {self.engine}")
        return self
