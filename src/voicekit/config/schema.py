"""Base class of all option models, and validation with one-line errors."""

from __future__ import annotations

import datetime
import difflib
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from voicekit.config.yaml_file import line_of
from voicekit.errors import UsageError

Model = TypeVar("Model", bound=BaseModel)

Positive = Annotated[int, Field(ge=1, le=10_000)]
MAX_SEED = 2**63 - 1
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Probability = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(ge=0, le=1)]


def check_seed(seed: object) -> None:
    """Raise UsageError for anything but a whole number from 0 to MAX_SEED."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise UsageError(f"seed {seed!r} is not a whole number from 0 to {MAX_SEED}", "Give one such as 7")


class Strict(BaseModel):
    """Immutable options that reject unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _is_no_boolean_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse `takes: yes`, which YAML reads as true and pydantic as 1."""
        field = cls.model_fields.get(info.field_name or "")
        kinds = _kinds(field.annotation) if field else set()
        if isinstance(value, bool) and bool not in kinds and kinds & {int, float}:
            raise ValueError(f"a number is needed, and YAML reads this as {str(value).lower()}")
        if isinstance(value, int | float) and not isinstance(value, bool) and kinds == {bool}:
            raise ValueError("true or false is needed")
        return value


def _kinds(annotation: Any) -> set[Any]:
    """The types that an annotation accepts, without None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kinds(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return {kind for part in get_args(annotation) for kind in _kinds(part)} - {type(None)}
    return {annotation}


def split_commas(value: Any) -> Any:
    """Turn "a, b" or a list into a tuple; leave everything else to pydantic."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    return tuple(value) if isinstance(value, list | tuple) else value


def drop_duplicates(value: Any) -> Any:
    """Remove repeated items of a tuple and keep their order."""
    return tuple(dict.fromkeys(value)) if isinstance(value, tuple) else value


CommaSeparated = BeforeValidator(split_commas)
UniqueCommaSeparated = BeforeValidator(lambda value: drop_duplicates(split_commas(value)))


def build(model: type[Model], values: Any, where: str) -> Model:
    """Validate `values` as a model.

    Args:
        model: The pydantic model.
        values: A mapping; one from `load_yaml` adds line numbers to errors.
        where: What the values come from, for errors: a file name or "options".

    Raises:
        UsageError: For the first invalid field, with its name and line; an unknown key comes with the known ones.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        # A misspelt required key gives two errors: "missing" and "extra_forbidden". The latter helps more.
        first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
        field = ".".join(str(part) for part in first["loc"])
        if line := line_of(values, first["loc"]):
            where = f"{where}: line {line}"
        if first["type"] == "extra_forbidden":
            raise UsageError(f"{where}: unknown key {field!r}", _suggestion(model, first["loc"])) from None
        message = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"{where}: {field}: {message}" if field else f"{where}: {message}", _given(first)) from None


def _suggestion(model: type[BaseModel], location: tuple[str | int, ...]) -> str:
    known = _keys_at(model, location[:-1])
    if not known:
        return "Remove it"
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f"{f'Did you mean {close[0]}? ' if close else ''}Known: {', '.join(known)}"


def _given(error: Any) -> str:
    value = error.get("input")
    if isinstance(value, bool | int | float | datetime.date) and "string" in str(error.get("msg")):
        return f'YAML reads this as {_kind_of_value(value)}: put it in quotes, as "{value}"'
    return f"Given: {value!r}" if isinstance(value, str | int | float) else ""


def _kind_of_value(value: Any) -> str:
    if isinstance(value, bool):
        return f"{str(value).lower()} (yes and no are true and false)"
    if isinstance(value, datetime.date):
        return f"the date {value}"
    return f"the number {value}"


def _keys_at(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """List the keys that a model accepts at a location inside it, looking through lists, mappings and unions."""
    current: Any = model
    for part in location:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = current.model_fields.get(str(part))
            current = field.annotation if field else None
        else:
            inner = [arg for arg in get_args(current) if arg is not type(None)]
            current = inner[-1 if get_origin(current) is dict else 0] if inner else None
        while isinstance(current, UnionType) or get_origin(current) in (Union, Annotated):
            current = next((arg for arg in get_args(current) if arg is not type(None)), None)
    return list(current.model_fields) if isinstance(current, type) and issubclass(current, BaseModel) else []
