"""Options and presets: strict models in which every default lives, with its unit and reason beneath it.

The command line, the Python functions and YAML files are three spellings of these. An unknown key fails and lists
the known ones. Presets are YAML files in configs/, in the working folder first and then the ones that ship.
"""

from __future__ import annotations

import difflib
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from voicekit.config.yaml_file import line_of
from voicekit.errors import UsageError

T = TypeVar("T", bound=BaseModel)
Positive = Annotated[int, Field(ge=1)]
Probability = Annotated[float, Field(ge=0, le=1)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


Share = Annotated[float, Field(ge=0, le=1)]


def build(model: type[T], values: Any, where: str) -> T:
    """`values` as `model`; one line for the first fault, with the line of the file where `values` was loaded from one,
    and the known keys where a key is unknown."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        # A key that is misspelt may be missing under its right name, too: the former tells more.
        first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
        place = ".".join(str(part) for part in first["loc"])
        if line := line_of(values, first["loc"]):
            where = f"{where}: line {line}"
        if first["type"] == "extra_forbidden":
            known = _keys_at(model, first["loc"][:-1])
            if not known:
                raise UsageError(f"{where}: unknown key {place!r}", "Mend or remove it") from None
            close = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
            hint = f"Did you mean {close[0]}? " if close else ""
            raise UsageError(f"{where}: unknown key {place!r}", f"{hint}Known: {', '.join(known)}") from None
        message = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"{where}: {place}: {message}" if place else f"{where}: {message}", _seen(first)) from None


def _seen(error: Any) -> str:
    value = error.get("input")
    return f"Given: {value!r}" if isinstance(value, str | int | float) else ""


def _keys_at(model: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    """The keys that the model has at a place in it: fields, through lists, mappings and what may be left out."""
    at: Any = model
    for part in place:
        if isinstance(at, type) and issubclass(at, BaseModel):
            found = at.model_fields.get(str(part))
            at = found.annotation if found else None
        else:
            inner = [arg for arg in get_args(at) if arg is not type(None)]
            at = inner[-1 if get_origin(at) is dict else 0] if inner else None
        while isinstance(at, UnionType) or get_origin(at) in (Union, Annotated):
            at = next((arg for arg in get_args(at) if arg is not type(None)), None)
    return list(at.model_fields) if isinstance(at, type) and issubclass(at, BaseModel) else []
