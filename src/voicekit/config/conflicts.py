"""Find options that have no effect beside others, so that none is ignored silently."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from pydantic import BaseModel


class Requirement(NamedTuple):
    """An option that has an effect only under a condition.

    Attributes:
        option: Name of the field.
        needs: The condition, for the error.
        holds: Whether a model fulfils it.
    """

    option: str
    needs: str
    holds: Callable[[Any], bool]


def check_requirements(model: BaseModel, requirements: Iterable[Requirement]) -> None:
    """Raise ValueError for the first option that differs from its default and has no effect."""
    for option, needs, holds in requirements:
        default = type(model).model_fields[option].get_default(call_default_factory=True)
        if getattr(model, option) != default and not holds(model):
            raise ValueError(f"{option} has no effect without {needs}")
