"""Options of `voicekit eval`. The field descriptions are the command line's help."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, field_validator

from voicekit.config.schema import Seed, Strict

Metric = Literal["wer", "cer", "cpwer", "wder", "der", "jer", "times"]
METRICS: tuple[Metric, ...] = get_args(Metric)


class EvalOptions(Strict):
    """How transcripts are scored against references."""

    language: str | None = Field(
        None, description="Language of the words (en, de, zh ...; default: the hypothesis's, else en)"
    )
    encoding: str | None = Field(
        None, description="Encoding of subtitles and texts: cp1251, gb18030 ... (default: it is detected)"
    )
    normalize: bool = Field(True, description="Normalize words with Whisper's normalizer before comparing them")
    collar: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = Field(
        0.0,
        description="Seconds around each reference boundary that DER and JER ignore (NIST: 0.25)",
    )
    skip_overlap: bool = Field(False, description="Leave overlapping speech out of DER and JER")
    metrics: tuple[Metric, ...] = Field(
        METRICS, min_length=1, description=f"Metric to compute: {', '.join(METRICS)}; repeat for more"
    )
    seed: Seed = Field(0, description="Seed of the bootstrap intervals")

    @field_validator("metrics", mode="before")
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        value = [value] if isinstance(value, str) else value
        return tuple(dict.fromkeys(value)) if isinstance(value, list | tuple) else value

    @field_validator("language")
    @classmethod
    def _is_language_code(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[a-z]{2,3}([-_].*)?", value, re.I):
            raise ValueError("a language is a code such as en, de, zh")
        return value
