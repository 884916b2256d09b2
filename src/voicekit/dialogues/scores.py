"""Heard: what voicekit's listening half makes of a mix, against what is known to be in it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter

from voicekit.config.schema import build
from voicekit.config.transcribe import TranscribeOptions
from voicekit.dialogues.timeline import Entry, Timeline
from voicekit.diarization.oracle import oracle
from voicekit.evaluation.der import diarization_errors
from voicekit.evaluation.evaluate import evaluate
from voicekit.evaluation.wer import align, base_language, normalizer
from voicekit.recording import Recording
from voicekit.runtime.progress import Progress
from voicekit.stages import Stages
from voicekit.storage.cache import StageCache
from voicekit.transcription.pipeline import voices_of
from voicekit.types import Transcript, Word

if TYPE_CHECKING:
    from voicekit.transcription.session import Session

NEAR = 0.5
"""Seconds before and after a line within which its words are looked for."""


@dataclass(frozen=True)
class DialogueScores:
    """Scores of a mix.

    Attributes:
        wer, cpwer: Of its words, and of its words by speaker, against the script.
        der: Of who speaks when, without a collar, overlaps counted.
        oracle_der: The same if the diarizer told every voice in every window right; None where it keeps no windows.
        speakers: How many were heard.
        lines: Share of its words that were not understood, by utterance; worst first.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    wer: float | None
    cpwer: float | None
    der: float | None
    oracle_der: Annotated[float | None, Field(description="with the segmentation's windows told apart rightly")]
    speakers: int
    lines: dict[str, float]

    def to_json(self) -> str:
        """Strict JSON."""
        return _adapter().dump_json(self, indent=1).decode() + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> DialogueScores:
        """Raises ValueError where it is none."""
        return _adapter().validate_json(text)


@functools.cache
def _adapter() -> TypeAdapter[DialogueScores]:
    return TypeAdapter(DialogueScores)


def score_dialogue(
    session: Session, mix: Path, timeline: Timeline, device: str = "auto"
) -> tuple[DialogueScores, Transcript]:
    """Transcribe and diarize a mix, told how many speak and in which language, and score it.

    Raises:
        VoicekitError: of the listening half.
    """
    told: dict[str, Any] = {"speakers": len(timeline.speakers), "channels": "mix", "device": device}
    language = base_language(timeline.transcript.language)
    options = build(TranscribeOptions, {**told, "language": language}, "options")
    found = session.transcribe(mix, **{**told, "language": language})
    scores = evaluate(found, timeline.transcript, language=language, metrics=("wer", "cpwer", "der")).total
    recording, plan = Recording.of_file(mix), session.plan(options)
    voices = voices_of(recording, plan, session._engine, Stages(StageCache(), Progress()))
    best = None
    if voices is not None:
        errors, _ = diarization_errors(timeline.spoken, oracle(voices, timeline.spoken), timeline.duration)
        best = float(errors[:, :3].sum() / errors[:, 3].sum())
    values = {name: score.value for name, score in scores.items()}
    return (
        DialogueScores(
            _rounded(values.get("wer")), _rounded(values.get("cpwer")), _rounded(values.get("der")), _rounded(best),
            len(found.speakers), by_line(timeline.entries, found.words, language),
        ),
        found,
    )  # fmt: skip


def by_line(entries: Sequence[Entry], words: Sequence[Word], language: str) -> dict[str, float]:
    """Share of each turn's words that were not heard about its time, worst first."""
    normal = normalizer(language)
    found = {}
    for one in entries:
        said = normal(one.text).split()
        if one.kind != "turn" or one.error or not said:
            continue
        near = [word.text for word in words if word.end > one.start - NEAR and word.start < one.end + NEAR]
        heard = normal(" ".join(near)).split()
        equal = sum(
            chunk.ref_end_idx - chunk.ref_start_idx for chunk in align(said, heard) if chunk.type == "equal"
        )  # words of the neighbours count for nothing
        found[one.id] = round(1 - equal / len(said), 4)
    return dict(sorted(found.items(), key=lambda row: (-row[1], row[0])))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
