"""Scores: takes as a table, one row a take: for pandas, scores.csv and scores.parquet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicekit.quality.artifacts.kinds import KINDS
from voicekit.storage.files import writing
from voicekit.takes.records import TakeRecord, Takes
from voicekit.takes.tags import Tag

if TYPE_CHECKING:
    import pandas as pd

CSV, PARQUET = "scores.csv", "scores.parquet"

_OF_TAKE = (
    "id", "line", "number", "text", "voice", "engine", "language", "preset", "seed", "reference", "seconds", "passed",
    "score",
)  # fmt: skip
_OF_MEASURES = (
    "wer", "similarity", "mos", "mos_signal", "mos_background", "mos_p808", "pace", "pitch", "pitch_range",
    "energy_range", "heard",
)  # fmt: skip


def to_dataframe(takes: Takes, tags: Mapping[str, Tag]) -> pd.DataFrame:
    """One row a take, in order: what it was made from (parameters as `param.NAME`), how it was heard, artifacts by kind
    (how many), the verdict, tag and note, whether it is picked, its file."""
    import pandas as pd

    picked = {line.picked for line in takes.lines}
    params = sorted({name for take in takes.takes for name in take.params})
    rows = [_row(take, params, tags.get(take.id), take.id in picked) for take in takes.takes]
    return pd.DataFrame(rows, columns=_columns(params))


def _columns(params: list[str]) -> list[str]:
    return [
        *_OF_TAKE, *(f"param.{name}" for name in params), *_OF_MEASURES, *(f"artifacts.{kind}" for kind in KINDS),
        "reasons", "tag", "note", "picked", "repaired", "file", "error", "key",
    ]  # fmt: skip


def _row(take: TakeRecord, params: list[str], tag: Tag | None, picked: bool) -> dict[str, Any]:
    heard = take.measures
    kinds = [artifact.kind for artifact in heard.artifacts] if heard else []
    return {
        **{name: getattr(take, name) for name in _OF_TAKE},
        **{f"param.{name}": take.params.get(name) for name in params},
        **{name: getattr(heard, name) if heard else None for name in _OF_MEASURES},
        **{f"artifacts.{kind}": kinds.count(kind) if heard else None for kind in KINDS},
        "reasons": "; ".join(take.reasons),
        "tag": tag.tag if tag else None,
        "note": tag.note if tag else None,
        "picked": picked,
        "repaired": "; ".join(take.repaired),
        "file": take.file,
        "error": take.error,
        "key": take.key,
    }


def write_scores(folder: Path, takes: Takes, tags: Mapping[str, Tag]) -> None:
    """scores.csv and scores.parquet. Raises OutputError where they cannot be written."""
    table = to_dataframe(takes, tags)
    with writing(folder / CSV) as path:
        table.to_csv(path, index=False)
    with writing(folder / PARQUET) as path:
        table.to_parquet(path, index=False)
