"""Documents: the files that voicekit reads and writes for itself and for scripts, strictly.

JSON with a schema, through pydantic's adapters; and text files of users, which are untrusted: of a limited size,
in UTF-8.
"""

from __future__ import annotations

import json
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from voicekit.errors import SourceError
from voicekit.storage.files import DIALECT

T = TypeVar("T")


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


def parse_json(text: str) -> Any:
    """Plain JSON; NaN and Infinity, which are not JSON, are refused."""

    def refuse(token: str) -> Any:
        raise ValueError(f"{token} is not JSON")

    return json.loads(text, parse_constant=refuse)
