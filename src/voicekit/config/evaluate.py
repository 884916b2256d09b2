"""Options and presets: strict models in which every default lives, with its unit and reason beneath it.

The command line, the Python functions and YAML files are three spellings of these. An unknown key fails and lists
the known ones. Presets are YAML files in configs/, in the working folder first and then the ones that ship.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, field_validator

from voicekit.config.schema import Strict

Metric = Literal["wer", "cer", "cpwer", "wder", "der", "jer", "times"]
METRICS: tuple[Metric, ...] = get_args(Metric)


class EvalOptions(Strict):
    """How `voicekit eval` scores. Field descriptions are the command line's help."""

    language: str | None = Field(
        None, description="Language of the words (en, de, zh ...); the hypothesis's when left out, else en"
    )
    normalize: bool = Field(True, description="Compare words after Whisper's normaliser")
    collar: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = Field(
        0.0,
        description="Seconds before and after each boundary of the reference that DER and JER leave out (NIST: 0.25)",
    )
    skip_overlap: bool = Field(False, description="DER and JER leave out where several people speak at once")
    metrics: tuple[Metric, ...] = Field(
        METRICS, min_length=1, description=f"Score to compute: {', '.join(METRICS)}; repeat for more"
    )
    seed: Annotated[int, Field(ge=0)] = Field(0, description="Of the draws that give the intervals")

    @field_validator("metrics", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        value = [value] if isinstance(value, str) else value
        return tuple(dict.fromkeys(value)) if isinstance(value, list | tuple) else value

    @field_validator("language")
    @classmethod
    def _a_code(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[a-z]{2,3}([-_].*)?", value, re.I):
            raise ValueError("a language is a code such as en, de, zh")
        return value
