"""Options and presets: strict models in which every default lives, with its unit and reason beneath it.

The command line, the Python functions and YAML files are three spellings of these. An unknown key fails and lists
the known ones. Presets are YAML files in configs/, in the working folder first and then the ones that ship.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, field_validator, model_validator

from voicekit.config.schema import Share, Strict

ArtifactKind = Literal[
    "clipping", "silence", "tail", "repetition", "unheard", "truncated", "click", "tone", "dc", "hum"
]
ARTIFACT_KINDS: tuple[ArtifactKind, ...] = get_args(ArtifactKind)


class Gates(Strict):
    """What a take must pass to be kept. A measure that there is none of fails nothing; null opens a gate."""

    max_wer: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        0.2, description="Word errors over the text's words, at most: one in five, so that a short line may be misheard"
    )
    min_similarity: Annotated[float, Field(ge=-1, le=1)] | None = Field(
        0.5, description="Cosine to the reference's voice print, at least: other people seldom reach it"
    )
    min_mos: Annotated[float, Field(ge=1, le=5)] | None = Field(
        2.2, description="DNSMOS P.835 overall, at least: clean speech, recorded at home, is above it"
    )
    max_pace: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        0.5, description="Share by which the pace may be off the voice's own: sentences differ by a third"
    )
    max_pitch: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        4.0, description="Semitones by which the pitch may be off the voice's own: sentences differ by one or two"
    )
    spreads: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        3.0, description="Spreads of the voice's own takes that are always let pass, of pace and pitch"
    )
    artifacts: tuple[ArtifactKind, ...] = Field(
        ARTIFACT_KINDS, description=f"Kinds of artifacts that fail a take: {', '.join(ARTIFACT_KINDS)}"
    )

    @field_validator("artifacts", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        return tuple(dict.fromkeys(value)) if isinstance(value, list | tuple) else value


class Weights(Strict):
    """What counts how much in a take's score, the mean of the parts it has; 0 leaves one out."""

    words: Share = Field(0.35, description="Right words: what is not said right is of no use")
    similarity: Share = Field(0.2, description="The reference's voice")
    quality: Share = Field(0.2, description="DNSMOS, overall")
    artifacts: Share = Field(0.15, description="None of the kinds of artifacts")
    pace: Share = Field(0.05, description="The voice's own pace")
    pitch: Share = Field(0.05, description="The voice's own pitch")

    @model_validator(mode="after")
    def _some(self) -> Weights:
        if not any(self.model_dump().values()):
            raise ValueError("every weight is 0: nothing would be scored")
        return self
