"""Strict JSON for voicekit's own documents: typed writing, validated reading, JSON Schema."""

from __future__ import annotations

import functools
import json
from typing import Any, ClassVar, Literal, Self, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from voicekit.errors import SourceError
from voicekit.storage.files import JSON_SCHEMA_DIALECT, json_text

T = TypeVar("T")


def type_adapter(cls: type[T]) -> TypeAdapter[T]:
    """Return pydantic's TypeAdapter of a class; it is built once per class, since building is slow."""
    key: Any = cls  # mypy does not accept type[T] as hashable
    return _cached_adapter(key)


@functools.cache
def _cached_adapter(cls: Any) -> TypeAdapter[Any]:
    return TypeAdapter(cls)


def strict_json(value: Any) -> str:
    """Return a dataclass or model as indented JSON with a final newline.

    Raises:
        ValueError: It contains NaN or an infinite number, which JSON does not have.
    """
    plain = type_adapter(type(value)).dump_python(value, mode="json")
    return json_text(plain)


def from_json(cls: type[T], text: str | bytes, schema: str, remedy: str) -> T:
    """Parse and validate JSON as an instance of `cls`.

    Args:
        cls: A dataclass or pydantic model.
        text: JSON.
        schema: Name of the file format, for the error message.
        remedy: What to do if the text is invalid.

    Raises:
        SourceError: `text` does not match the schema; the message names the first error.
    """
    try:
        return type_adapter(cls).validate_json(text)
    except ValidationError as error:
        raise SourceError(f"not a {schema} file: {first_error(error)}", remedy) from None


def first_error(error: ValidationError) -> str:
    """Return the place and message of the first validation error, such as `segments.0.start: Input should be ...`."""
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'the file'}: {first['msg']}"


def json_schema(cls: type[Any], mode: Literal["serialization", "validation"]) -> dict[str, Any]:
    """Return the JSON Schema of what is written (serialization) or accepted (validation)."""
    return {"$schema": JSON_SCHEMA_DIALECT, **type_adapter(cls).json_schema(mode=mode)}


def parse_json(text: str) -> Any:
    """Parse JSON without a schema. Raises ValueError for NaN and Infinity, which are not JSON."""

    def refuse(token: str) -> Any:
        raise ValueError(f"{token} is not JSON")

    return json.loads(text, parse_constant=refuse)


class JsonDocument:
    """Base of frozen dataclasses that are JSON files of their own.

    Subclasses set `__pydantic_config__`, whose title names the file format.

    Attributes:
        REMEDY: What to do about an invalid file.
        SCHEMA_MODE: "validation" for files that voicekit only reads.
    """

    __pydantic_config__: ClassVar[ConfigDict]
    REMEDY: ClassVar[str] = ""
    SCHEMA_MODE: ClassVar[Literal["serialization", "validation"]] = "serialization"

    def to_json(self) -> str:
        return strict_json(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Parse the document. Raises SourceError, naming the first invalid field, if `text` does not match."""
        return from_json(cls, text, str(cls.__pydantic_config__["title"]), cls.REMEDY)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        return json_schema(cls, cls.SCHEMA_MODE)
