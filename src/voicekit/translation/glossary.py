"""Glossary: a CSV file of terms and what stands for them in the translation.

    source,target,case
    neural network,red neuronal,
    Apple,,yes

An empty target keeps the term as it is; `case` (yes or no) says whether capitals must agree. The file is untrusted.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from voicekit.errors import SourceError
from voicekit.storage.files import read_limited, utf8

BIGGEST = 4 << 20
"""Bytes of a glossary."""

LONGEST = 200
"""Characters of a term."""

_YES = {"yes", "y", "true", "1", "x"}
_NO = {"", "no", "n", "false", "0"}


@dataclass(frozen=True)
class Term:
    """`source` becomes `target`. `case`: only where its capitals are the same."""

    source: str
    target: str
    case: bool = False


def read_glossary(path: str | Path) -> tuple[Term, ...]:
    """The terms of a CSV file (comma, semicolon or tab), UTF-8 with or without a mark.

    Raises:
        SourceError: it cannot be read, or a fault, with its line.
    """
    path = Path(path)
    data = read_limited(path, BIGGEST, "A glossary is a short list of terms", what="the glossary")
    text = utf8(data, str(path), "Save it as CSV UTF-8")
    return tuple(parse_glossary(text, str(path)))


def parse_glossary(text: str, name: str) -> Iterator[Term]:
    """Terms of a CSV text. `name`: of the file, for messages.

    Raises:
        SourceError: naming the line.
    """
    if "\0" in text:
        raise SourceError(
            f"{name}: line {text[: text.index(chr(0))].count(chr(10)) + 1}: a zero byte", "Save it as CSV"
        )
    head = text.partition("\n")[0]
    comma = max(",;\t", key=head.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=comma, strict=True)
    columns: list[str] = []
    seen: dict[tuple[str, bool], int] = {}
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise SourceError(f"{name}: line {rows.line_num}: {error}", "Mend its quotation marks") from None
        if row is None:
            break
        cells = [" ".join(cell.split()) for cell in row]
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
        term = _term(cells, len(columns), name, rows.line_num)
        key = (term.source if term.case else term.source.casefold(), term.case)
        if key in seen:
            raise SourceError(
                f"{name}: line {rows.line_num}: {term.source!r} stands in line {seen[key]} already", "Remove one"
            )
        seen[key] = rows.line_num
        yield term
    if not columns:
        raise SourceError(f"{name} is empty", "Begin it with the line source,target")


def _term(cells: list[str], columns: int, name: str, line: int) -> Term:
    if len(cells) > columns:
        raise SourceError(f"{name}: line {line}: {len(cells)} columns, not {columns}", 'Put a comma in "quotes"')
    source, target, case = [*cells, "", ""][:3]
    if not source:
        raise SourceError(f"{name}: line {line}: no source term", "Fill it in, or remove the line")
    if max(len(source), len(target)) > LONGEST:
        raise SourceError(f"{name}: line {line}: a term of over {LONGEST} characters", "Terms are a few words")
    if case.lower() not in _YES | _NO:
        raise SourceError(f"{name}: line {line}: case is {case[:40]!r}", "Write yes, no or nothing")
    return Term(source, target or source, case.lower() in _YES)
