"""Options of `voicekit translate`. The field descriptions are the command line's help."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, PrivateAttr, field_validator, model_validator

from voicekit.config.conflicts import Requirement, check_requirements
from voicekit.config.formats import FORMATS, Format
from voicekit.config.schema import CommaSeparated, Positive, Strict
from voicekit.text.languages import UNKNOWN, normalize_tag

TranslatorName = Literal["auto", "bergamot", "nllb", "openai", "whisper"]


class ServerOptions(Strict):
    """Options that may name a server with an API key.

    Attributes:
        may_send_key: Whether the server gets the API key. It does not if a file names it: whoever wrote the file would
            get the key.
    """

    _may_send_key: bool = PrivateAttr(default=True)

    @property
    def may_send_key(self) -> bool:
        return self._may_send_key

    def without_key(self) -> Self:
        """Return the same options with `may_send_key` false."""
        copy = self.model_copy()
        copy._may_send_key = False
        return copy


class TranslateOptions(ServerOptions):
    """How transcripts and subtitles are translated."""

    to: Annotated[tuple[str, ...], CommaSeparated] = Field(
        (), description="Languages to translate to, separated by commas: es, pt-BR, zh-Hant"
    )
    source: str | None = Field(None, description="Language to translate from (default: the transcript's)")
    encoding: str | None = Field(
        None, description="Encoding of subtitle files: cp1251, gb18030 ... (default: it is detected)"
    )
    engine: TranslatorName = Field(
        "auto",
        description="bergamot (English and Portuguese), nllb (200 languages), openai (a server), whisper (speech to "
        "English); auto uses the first that is installed and knows the languages",
    )
    model: str = Field(
        "auto",
        description="nllb: name, folder or hub id; openai: the server's model name; whisper: as in transcribe",
    )
    base_url: str | None = Field(
        None, description="Address of an OpenAI-compatible server, such as http://localhost:8000/v1"
    )
    glossary: str | None = Field(None, description="CSV file of terms: source,target[,case]")
    context: Annotated[int, Field(ge=0, le=50)] = Field(
        3, description="Preceding sentences to send to engines that use them (openai)"
    )
    beam_size: Positive = Field(4, description="Beam size of nllb; 1 is faster and less accurate")
    timeout: Annotated[float, Field(gt=0, le=86_400)] = Field(
        120.0, description="Seconds to wait for a server that sends nothing"
    )
    device: str = Field("auto", description="auto, cpu, cuda or cuda:1")
    format: Annotated[tuple[Format, ...], CommaSeparated] = Field(
        (),
        description=f"Files to write, separated by commas: {', '.join(FORMATS)} (default: json and the source's own "
        "format, or json, srt, vtt and txt)",
    )
    subtitles: str = Field(
        "standard",
        description="Subtitle style: standard, netflix, bbc, youtube, shorts, raw, or a YAML file",
    )

    @field_validator("to")
    @classmethod
    def _normalize_targets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(normalize_tag(code) for code in value))

    @field_validator("source")
    @classmethod
    def _normalize_source(cls, value: str | None) -> str | None:
        if value is None or (code := normalize_tag(value)) == UNKNOWN:
            return None
        return code

    @model_validator(mode="after")
    def _has_server(self) -> TranslateOptions:
        if self.engine == "openai" and not self.base_url:
            raise ValueError("engine openai needs a server: give base_url, such as http://localhost:8000/v1")
        if self.base_url and self.engine not in ("auto", "openai"):
            raise ValueError(f"base_url is for the engine openai, not for {self.engine}")
        check_requirements(self, _REQUIREMENTS)
        return self


_REQUIREMENTS = (
    Requirement("context", "the engine openai", lambda options: options.engine in ("auto", "openai")),
    Requirement("timeout", "the engine openai", lambda options: options.engine in ("auto", "openai")),
    Requirement("beam_size", "the engine nllb", lambda options: options.engine in ("auto", "nllb")),
    Requirement("model", "an engine with several models", lambda options: options.engine != "bergamot"),
)
