"""Evaluate: files and folders to scores with intervals. What `voicekit eval` and `voicekit.evaluate` call.

Each score is computed where reference and hypothesis both hold what it needs, from the file that holds it best: words
from the one that also names speakers, turns from the one that has turns of its own. What is left out is said in a note.

Intervals (95 %, `bootstrap`): within a recording, utterances of the reference are drawn for the scores of words, and
stretches of 5 to 30 s for DER and JER. For the total recordings are drawn where there are five or more, else the units
of all of them together. Speakers stay assigned as they are over the whole recording. The total is errors of all
recordings over their total, for JER the mean over all speakers.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict, TypeAdapter

from voicekit.config.evaluate import EvalOptions
from voicekit.errors import VoicekitError
from voicekit.evaluation import bootstrap
from voicekit.evaluation.score import Sample, Score
from voicekit.jsonio import json_schema, strict_json

if TYPE_CHECKING:
    import pandas as pd


SCHEMA: Literal["voicekit.eval/1"] = "voicekit.eval/1"

TIMES = ("start_median", "start_mean", "end_median", "end_mean")

LABELS = {
    "wer": "WER", "cer": "CER", "cpwer": "cpWER", "wder": "WDER", "der": "DER", "jer": "JER", "times": "word times",
    "start_median": "start", "start_mean": "start mean", "end_median": "end", "end_mean": "end mean",
}  # fmt: skip

UNDEFINED = {
    "wer": "the reference has no words", "cer": "the reference has no words", "cpwer": "the reference has no words",
    "wder": "no words are aligned", "der": "nobody speaks in the reference", "jer": "nobody speaks in the reference",
    **dict.fromkeys(TIMES, "no word is equal"),
}  # fmt: skip


@dataclass(frozen=True)
class Scored:
    """The scores of one recording.

    Attributes:
        name: The stem that hypothesis and reference share.
        hypothesis, reference: The files they were read from.
        language: The words were compared as this; `language_from` is the option, a side, or "default".
        scores: By name: those of METRICS, with `TIMES` for times.
        notes: What was left out, and the like.
        samples: What the scores were computed from, to compare systems unit by unit.
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
    """The scores of all recordings, and of them together.

    `notes` concern no single recording; `failed` holds (name, error) of recordings that could not be read.
    """

    recordings: tuple[Scored, ...]
    total: dict[str, Score]
    notes: tuple[str, ...]
    failed: tuple[tuple[str, VoicekitError], ...]
    options: EvalOptions

    def to_dataframe(self, rows: Literal["recordings", "total"] = "recordings") -> pd.DataFrame:
        """One row a recording and score, or one row a score of the total."""
        import pandas as pd

        columns = ["score", "value", "low", "high", "errors", "total", "unit", "units", "drawn"]
        if rows == "total":
            return pd.DataFrame([_row(name, score) for name, score in self.total.items()], columns=columns)
        return pd.DataFrame(
            [{"recording": each.name, **_row(*item)} for each in self.recordings for item in each.scores.items()],
            columns=["recording", *columns],
        )

    def to_json(self) -> str:
        """Strict JSON, as `voicekit schema eval` and docs/eval.md describe it."""
        told = EvaluationDocument(
            SCHEMA,
            self.options,
            bootstrap.LEVEL,
            tuple(
                RecordingRow(**{f.name: getattr(each, f.name) for f in fields(RecordingRow)})
                for each in self.recordings
            ),
            self.total,
            self.notes,
            tuple(FailureRow(name, str(error)) for name, error in self.failed),
        )
        return strict_json(TypeAdapter(EvaluationDocument), told)

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """JSON Schema of what `to_json` gives."""
        return json_schema(TypeAdapter(EvaluationDocument), "serialization")


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
    """What `to_json` gives."""

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
