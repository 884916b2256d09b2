"""Documents: the files that voicekit reads and writes for itself and for scripts, strictly.

JSON with a schema, through pydantic's adapters; and text files of users, which are untrusted: of a limited size,
in UTF-8.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from voicekit.errors import SourceError

T = TypeVar("T")

NEW_LINE = b"\n"

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def strict_json(adapter: TypeAdapter[T], value: T) -> str:
    """Indented JSON with a new line at its end. Raises ValueError for a number that JSON does not have."""
    plain = adapter.dump_python(value, mode="json")
    return json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(adapter: TypeAdapter[T], text: str | bytes, schema: str, remedy: str) -> T:
    """Raises SourceError where `text` is not of the schema, naming the first fault."""
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        raise SourceError(f"not a {schema} file: {first_fault(error)}", remedy) from None


def first_fault(error: ValidationError) -> str:
    """Where in a document something is wrong first, and what."""
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'the file'}: {first['msg']}"


def json_schema(adapter: TypeAdapter[Any], mode: Literal["serialization", "validation"]) -> dict[str, Any]:
    """JSON Schema of what is written (serialization), or of what is taken (validation)."""
    return {"$schema": DIALECT, **adapter.json_schema(mode=mode)}


def read_limited(
    path: Path, most: int, smaller: str, *, what: str = "", check: str = "Check the name and its rights"
) -> bytes:
    """A file's bytes.

    Args:
        most: Bytes; `smaller` is the remedy where there are more.
        what: It is, for the error: "the glossary".
        check: The remedy where it cannot be read.

    Raises:
        SourceError: it cannot be read, or is too big.
    """
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except (OSError, ValueError) as error:  # of a name with a zero byte
        reason = "no such file" if isinstance(error, FileNotFoundError) else getattr(error, "strerror", None) or error
        raise SourceError(f"cannot read {f'{what} ' if what else ''}{path}: {reason}", check) from error
    check_size(data, most, str(path), smaller)
    return data


def check_size(data: bytes, most: int, name: str, smaller: str) -> None:
    """Raises SourceError where there are more than `most` bytes."""
    if len(data) > most:
        raise SourceError(f"{name} is over {most >> 20} MiB", smaller)


def utf8(data: bytes, name: str, remedy: str = "Save it as UTF-8", column: bool = False) -> str:
    """The text, with or without a byte order mark. Raises SourceError with the line, and the `column` if asked for."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = f"line {data[: error.start].count(NEW_LINE) + 1}"
        if column:
            place += f", column {error.start - data.rfind(NEW_LINE, 0, error.start)}"
        raise SourceError(f"{name}: {place}: not UTF-8", remedy) from error
