"""Results of an evaluation, and their JSON form."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict

from voicekit.config.evaluate import EvalOptions
from voicekit.errors import VoicekitError
from voicekit.evaluation import bootstrap
from voicekit.evaluation.score import Sample, Score
from voicekit.jsonio import json_schema, strict_json

if TYPE_CHECKING:
    import pandas as pd


SCHEMA: Literal["voicekit.eval/1"] = "voicekit.eval/1"

TIME_SCORES = ("start_median", "start_mean", "end_median", "end_mean")

LABELS = {
    "wer": "WER", "cer": "CER", "cpwer": "cpWER", "wder": "WDER", "der": "DER", "jer": "JER", "times": "word times",
    "start_median": "start", "start_mean": "start mean", "end_median": "end", "end_mean": "end mean",
}  # fmt: skip
"""Names of the scores for people."""

UNDEFINED = {
    "wer": "the reference has no words", "cer": "the reference has no words", "cpwer": "the reference has no words",
    "wder": "no words are aligned", "der": "nobody speaks in the reference", "jer": "nobody speaks in the reference",
    **dict.fromkeys(TIME_SCORES, "no word is equal"),
}  # fmt: skip
"""Why a score does not exist although the files have what it needs."""


@dataclass(frozen=True)
class RecordingScores:
    """The scores of one recording.

    Attributes:
        name: The stem that hypothesis and reference share.
        hypothesis, reference: The files.
        language: Language that the words were compared in.
        language_from: "option", "hypothesis", "reference" or "default".
        scores: By name: the metrics, with TIME_SCORES instead of "times".
        notes: What was left out, and why.
        samples: The data of the scores, to compare systems unit by unit.
    """

    name: str
    hypothesis: tuple[str, ...]
    reference: tuple[str, ...]
    language: str
    language_from: str
    scores: dict[str, Score]
    notes: tuple[str, ...]
    samples: dict[str, Sample] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Evaluation:
    """The scores of all recordings, and pooled.

    Attributes:
        recordings: By name.
        total: Scores of all recordings together.
        notes: About all recordings.
        failed: (name, error) of recordings that could not be read.
        options: The options that were used.
    """

    recordings: tuple[RecordingScores, ...]
    total: dict[str, Score]
    notes: tuple[str, ...]
    failed: tuple[tuple[str, VoicekitError], ...]
    options: EvalOptions

    def to_dataframe(self, rows: Literal["recordings", "total"] = "recordings") -> pd.DataFrame:
        """One row per recording and score, or one row per score of the total."""
        import pandas as pd

        columns = ["score", "value", "low", "high", "errors", "total", "unit", "units", "drawn"]
        if rows == "total":
            return pd.DataFrame([_row(name, score) for name, score in self.total.items()], columns=columns)
        return pd.DataFrame(
            [{"recording": each.name, **_row(*item)} for each in self.recordings for item in each.scores.items()],
            columns=["recording", *columns],
        )

    def to_json(self) -> str:
        """JSON of the schema voicekit.eval/1; see docs/eval.md."""
        document = EvaluationDocument(
            SCHEMA,
            self.options,
            bootstrap.LEVEL,
            tuple(
                RecordingRow(**{f.name: getattr(recording, f.name) for f in fields(RecordingRow)})
                for recording in self.recordings
            ),
            self.total,
            self.notes,
            tuple(FailureRow(name, str(error)) for name, error in self.failed),
        )
        return strict_json(document)

    @staticmethod
    def json_schema() -> dict[str, Any]:
        return json_schema(EvaluationDocument, "serialization")


@dataclass(frozen=True)
class RecordingRow:
    """The scores of one recording, by name."""

    name: str
    hypothesis: tuple[str, ...]
    reference: tuple[str, ...]
    language: str
    language_from: Literal["option", "hypothesis", "reference", "default"]
    scores: dict[str, Score]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class FailureRow:
    """A recording that could not be read."""

    name: str
    error: str


@dataclass(frozen=True)
class EvaluationDocument:
    """Content of the JSON form."""

    __pydantic_config__ = ConfigDict(title=SCHEMA)

    schema: Literal["voicekit.eval/1"]
    options: EvalOptions
    level: float
    recordings: tuple[RecordingRow, ...]
    total: dict[str, Score]
    notes: tuple[str, ...]
    failed: tuple[FailureRow, ...]


def _row(name: str, score: Score) -> dict[str, Any]:
    return {"score": name, **{key: value for key, value in score.__dict__.items() if key != "details"}}
