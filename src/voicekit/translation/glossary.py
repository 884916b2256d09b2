"""Read a glossary: a CSV file of terms and their translations.

    source,target,case
    neural network,red neuronal,
    Apple,,yes

An empty target keeps the term unchanged; `case` (yes or no) says whether capitals must match. The file is untrusted.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from voicekit.errors import SourceError
from voicekit.storage.files import decode_utf8, read_limited
from voicekit.text.spreadsheet_cells import unprotect_cell

MAX_BYTES = 4 << 20
"""Largest glossary file."""

MAX_TERM = 200
"""Longest term in characters."""

_YES = {"yes", "y", "true", "1", "x"}
_NO = {"", "no", "n", "false", "0"}


@dataclass(frozen=True)
class Term:
    """A term and its translation. `case`: whether capitals must match."""

    source: str
    target: str
    case: bool = False


def read_glossary(path: str | Path) -> tuple[Term, ...]:
    """Read the terms of a CSV file (comma, semicolon or tab; UTF-8 with or without a byte order mark).

    Raises:
        SourceError: The file cannot be read, or a line is invalid; names the line.
    """
    path = Path(path)
    data = read_limited(path, MAX_BYTES, "A glossary is a short list of terms", what="the glossary")
    text = decode_utf8(data, str(path), "Save it as CSV UTF-8")
    return tuple(parse_glossary(text, str(path)))


def parse_glossary(text: str, name: str) -> Iterator[Term]:
    """Parse a CSV text.

    Args:
        text: The contents.
        name: Name of the file, for errors.

    Raises:
        SourceError: A line is invalid; names the line.
    """
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise SourceError(f"{name}: line {line}: a zero byte", "Save it as CSV")
    first_line = text.partition("\n")[0]
    delimiter = max(",;\t", key=first_line.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] = []
    line_of_term: dict[tuple[str, bool], int] = {}
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise SourceError(f"{name}: line {rows.line_num}: {error}", "Correct its quotation marks") from None
        if row is None:
            break
        cells = [unprotect_cell(" ".join(cell.split())) for cell in row]
        if not any(cells):
            continue
        if not columns:
            columns = [cell.lower() for cell in cells]
            if columns[:2] != ["source", "target"] or columns[2:] not in ([], ["case"]):
                raise SourceError(
                    f"{name}: line {rows.line_num}: the columns are {', '.join(cells)[:80]}",
                    "Begin it with the line source,target or source,target,case",
                )
            continue
        term = _parse_term(cells, len(columns), name, rows.line_num)
        key = (term.source if term.case else term.source.casefold(), term.case)
        if key in line_of_term:
            raise SourceError(
                f"{name}: line {rows.line_num}: {term.source!r} is already in line {line_of_term[key]}", "Remove one"
            )
        line_of_term[key] = rows.line_num
        yield term
    if not columns:
        raise SourceError(f"{name} is empty", "Begin it with the line source,target")


def _parse_term(cells: list[str], columns: int, name: str, line: int) -> Term:
    if len(cells) > columns:
        raise SourceError(f"{name}: line {line}: {len(cells)} columns, not {columns}", 'Put a comma in "quotes"')
    source, target, case = [*cells, "", ""][:3]
    if not source:
        raise SourceError(f"{name}: line {line}: no source term", "Fill it in, or remove the line")
    if max(len(source), len(target)) > MAX_TERM:
        raise SourceError(f"{name}: line {line}: a term of over {MAX_TERM} characters", "Terms are a few words")
    if case.lower() not in _YES | _NO:
        raise SourceError(f"{name}: line {line}: case is {case[:40]!r}", "Write yes, no or nothing")
    return Term(source, target or source, case.lower() in _YES)
