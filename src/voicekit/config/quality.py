"""Gates that a take must pass, and weights of its score."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from voicekit.config.schema import Share, Strict, UniqueCommaSeparated

ArtifactKind = Literal[
    "clipping", "silence", "tail", "repetition", "unheard", "truncated", "click", "tone", "dc", "hum"
]
ARTIFACT_KINDS: tuple[ArtifactKind, ...] = get_args(ArtifactKind)


class Gates(Strict):
    """Limits that a take must meet. A score that could not be computed fails no gate; null disables a gate."""

    max_wer: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] | None = Field(
        0.2,
        description="Highest word error rate; one in five, so that one misrecognized word in a short line passes",
    )
    min_similarity: Annotated[float, Field(ge=-1, le=1)] | None = Field(
        0.5, description="Lowest cosine similarity to the reference's speaker embedding; other speakers are below it"
    )
    min_mos: Annotated[float, Field(ge=1, le=5)] | None = Field(
        2.2, description="Lowest DNSMOS P.835 overall score; clean home recordings are above it"
    )
    max_pace: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)] | None = Field(
        0.5, description="Largest relative deviation from the voice's pace; sentences vary by a third"
    )
    max_pitch: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)] | None = Field(
        4.0, description="Largest deviation from the voice's pitch in semitones; sentences vary by one or two"
    )
    spreads: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] = Field(
        3.0, description="Deviations in pace and pitch that always pass, in spreads of the voice's takes"
    )
    artifacts: Annotated[tuple[ArtifactKind, ...], UniqueCommaSeparated] = Field(
        ARTIFACT_KINDS, description=f"Artifacts that fail a take: {', '.join(ARTIFACT_KINDS)}"
    )


class Weights(Strict):
    """Weight of each part in a take's score, the weighted mean of the parts that could be computed."""

    words: Share = Field(0.35, description="Correct words; the largest, since wrong words make a take useless")
    similarity: Share = Field(0.2, description="Similarity to the reference's voice")
    quality: Share = Field(0.2, description="DNSMOS overall score")
    artifacts: Share = Field(0.15, description="Absence of artifacts")
    pace: Share = Field(0.05, description="The voice's usual pace")
    pitch: Share = Field(0.05, description="The voice's usual pitch")

    @model_validator(mode="after")
    def _has_a_weight(self) -> Weights:
        if not any(self.model_dump().values()):
            raise ValueError("every weight is 0: nothing would be scored")
        return self
