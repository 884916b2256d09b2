"""Score a mix: transcribe and diarize it, and compare the result with the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import ConfigDict, Field

from voicekit.config.schema import build
from voicekit.config.transcribe import TranscribeOptions
from voicekit.dialogues.timeline import Timeline, TimelineEntry
from voicekit.diarization.oracle import oracle_turns
from voicekit.evaluation.der import diarization_errors
from voicekit.evaluation.evaluate import evaluate
from voicekit.evaluation.normalization import normalizer
from voicekit.evaluation.wer import align
from voicekit.jsonio import type_adapter
from voicekit.recording import Recording
from voicekit.runtime.progress import Progress
from voicekit.stages import Stages
from voicekit.storage.cache import StageCache
from voicekit.text.languages import base_language
from voicekit.transcription.pipeline import speaker_windows
from voicekit.types import Transcript, Word

if TYPE_CHECKING:
    from voicekit.transcription.session import Session

WORD_TOLERANCE = 0.5
"""Seconds before and after an utterance within which its words are searched."""


@dataclass(frozen=True)
class DialogueScores:
    """Scores of a mix.

    Attributes:
        wer: Word error rate against the script.
        cpwer: Concatenated minimum-permutation WER, which also counts words of the wrong speaker.
        der: Diarization error rate, without a collar, with overlaps.
        oracle_der: DER if every speaker window were clustered correctly; None if the diarizer gives no windows.
        speakers: Number of speakers found.
        lines: Share of words that were not recognized, by utterance id; worst first.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    wer: float | None
    cpwer: float | None
    der: float | None
    oracle_der: Annotated[float | None, Field(description="with all windows of the segmentation clustered correctly")]
    speakers: int
    lines: dict[str, float]

    def to_json(self) -> str:
        return type_adapter(DialogueScores).dump_json(self, indent=1).decode() + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> DialogueScores:
        """Parse the result of `to_json`. Raises ValueError for anything else."""
        return type_adapter(DialogueScores).validate_json(text)


def score_dialogue(
    session: Session, mix: Path, timeline: Timeline, device: str = "auto"
) -> tuple[DialogueScores, Transcript]:
    """Transcribe a mix, with the number of speakers and the language given, and score the transcript.

    Returns:
        The scores and the transcript.

    Raises:
        VoicekitError: Transcription failed.
    """
    language = base_language(timeline.transcript.language)
    given: dict[str, Any] = {
        "speakers": len(timeline.speakers), "channels": "mix", "device": device, "language": language,
    }  # fmt: skip
    transcript = session.transcribe(mix, **given)
    totals = evaluate(transcript, timeline.transcript, language=language, metrics=("wer", "cpwer", "der")).total
    values = {name: score.value for name, score in totals.items()}
    plan = session.plan(build(TranscribeOptions, given, "options"))
    windows = speaker_windows(Recording.of_file(mix), plan, session.engines, Stages(StageCache(), Progress()))
    oracle_der = None
    if windows is not None:
        errors, _ = diarization_errors(timeline.spoken, oracle_turns(windows, timeline.spoken), timeline.duration)
        oracle_der = float(errors[:, :3].sum() / errors[:, 3].sum())
    scores = DialogueScores(
        _rounded(values.get("wer")),
        _rounded(values.get("cpwer")),
        _rounded(values.get("der")),
        _rounded(oracle_der),
        len(transcript.speakers),
        error_rate_by_line(timeline.entries, transcript.words, language),
    )
    return scores, transcript


def error_rate_by_line(entries: Sequence[TimelineEntry], words: Sequence[Word], language: str) -> dict[str, float]:
    """Share of each turn's words that were not recognized around its time, by utterance id, worst first."""
    normalize = normalizer(language)
    rates = {}
    for entry in entries:
        expected = normalize(entry.text).split()
        if entry.kind != "turn" or entry.error or not expected:
            continue
        first, last = entry.start - WORD_TOLERANCE, entry.end + WORD_TOLERANCE
        nearby = [word.text for word in words if word.end > first and word.start < last]
        recognized = normalize(" ".join(nearby)).split()
        # Insertions do not count: they may be words of neighbouring utterances.
        equal = sum(
            chunk.ref_end_idx - chunk.ref_start_idx for chunk in align(expected, recognized) if chunk.type == "equal"
        )
        rates[entry.id] = round(1 - equal / len(expected), 4)
    return dict(sorted(rates.items(), key=lambda row: (-row[1], row[0])))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
