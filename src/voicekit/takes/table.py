"""Takes as tables: scores.csv, scores.parquet, DataFrames, and one line of text for the terminal."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicekit.quality.artifacts.kinds import KINDS
from voicekit.storage.files import atomic_write
from voicekit.takes.records import TakeRecord, Takes
from voicekit.takes.tags import Tag
from voicekit.text.controls import without_controls
from voicekit.text.spreadsheet_cells import protect_cell

if TYPE_CHECKING:
    import pandas as pd

CSV_FILE, PARQUET_FILE = "scores.csv", "scores.parquet"

_TAKE_COLUMNS = (
    "id", "line", "number", "text", "voice", "engine", "language", "preset", "seed", "reference", "seconds", "passed",
    "score",
)  # fmt: skip
_MEASURE_COLUMNS = (
    "wer", "similarity", "mos", "mos_signal", "mos_background", "mos_p808", "pace", "pitch", "pitch_range",
    "energy_range", "heard",
)  # fmt: skip


def to_dataframe(takes: Takes, tags: Mapping[str, Tag]) -> pd.DataFrame:
    """One row per take, in order.

    Columns: what it was rendered from (parameters as `param.NAME`), its measures, the number of artifacts of each kind
    (`artifacts.KIND`), verdict, tag and note, whether it is picked, and its file.
    """
    import pandas as pd

    picked = {line.picked for line in takes.lines}
    params = sorted({name for take in takes.takes for name in take.params})
    rows = [_row(take, params, tags.get(take.id), take.id in picked) for take in takes.takes]
    columns = [
        *_TAKE_COLUMNS, *(f"param.{name}" for name in params), *_MEASURE_COLUMNS,
        *(f"artifacts.{kind}" for kind in KINDS),
        "reasons", "tag", "note", "picked", "repaired", "file", "error", "key",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _row(take: TakeRecord, params: list[str], tag: Tag | None, picked: bool) -> dict[str, Any]:
    measures = take.measures
    kinds = [artifact.kind for artifact in measures.artifacts] if measures else []
    return {
        **{name: getattr(take, name) for name in _TAKE_COLUMNS},
        **{f"param.{name}": take.params.get(name) for name in params},
        **{name: getattr(measures, name) if measures else None for name in _MEASURE_COLUMNS},
        **{f"artifacts.{kind}": kinds.count(kind) if measures else None for kind in KINDS},
        "reasons": "; ".join(take.reasons),
        "tag": tag.tag if tag else None,
        "note": tag.note if tag else None,
        "picked": picked,
        "repaired": "; ".join(take.repaired),
        "file": take.file,
        "error": take.error,
        "key": take.key,
    }


def writes_parquet() -> bool:
    """Whether scores.parquet can be written: pyarrow is installed (extra `parquet`)."""
    return importlib.util.find_spec("pyarrow") is not None


def write_scores(folder: Path, takes: Takes, tags: Mapping[str, Tag]) -> None:
    """Write scores.csv, and scores.parquet where it can be. Raises OutputError if they cannot be written."""
    table = to_dataframe(takes, tags)
    with atomic_write(folder / CSV_FILE) as path:
        table.map(_csv_cell).to_csv(path, index=False)
    if writes_parquet():
        with atomic_write(folder / PARQUET_FILE) as path:
            table.to_parquet(path, index=False)


def _csv_cell(value: Any) -> Any:
    return protect_cell(without_controls(value)) if isinstance(value, str) else value


def describe_take(take: TakeRecord) -> str:
    """One line of text about a take, for the terminal."""
    parts = [f"{take.id:<10} {take.voice:<14} {take.seconds:5.1f} s"]
    if measures := take.measures:
        parts += [f"WER {measures.wer:4.0%}"] if measures.wer is not None else []
        parts += [f"similarity {measures.similarity:.2f}"] if measures.similarity is not None else []
        parts += [f"MOS {measures.mos:.2f}"] if measures.mos is not None else []
        parts += [", ".join(sorted({artifact.kind for artifact in measures.artifacts}))]
    return "  ".join(parts).rstrip()
