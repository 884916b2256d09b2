"""Tags: what people say of takes, kept in the run as tags.json; and how far the judge agrees with them."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from voicekit.errors import SourceError, UsageError
from voicekit.jsonio import parse_json
from voicekit.storage.files import now, write_json
from voicekit.takes.records import TakeRecord

SCHEMA: Literal["voicekit.tags/1"] = "voicekit.tags/1"
FILE = "tags.json"
TAGS = ("good", "bad", "weird")

RANK = {"good": 0, None: 1, "weird": 2, "bad": 3}
"""Of a take in picking, by its tag, before anything that the judge says."""


@dataclass(frozen=True)
class Tag:
    """What somebody said of a take, and when (ISO 8601, UTC)."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    tag: Literal["good", "bad", "weird"]
    note: Annotated[str, Field(max_length=2000)] = ""
    when: str = ""


@dataclass(frozen=True)
class _File:
    __pydantic_config__ = ConfigDict(extra="forbid", title=SCHEMA)

    schema: Literal["voicekit.tags/1"]
    tags: dict[str, Tag]


@functools.cache
def _adapter() -> TypeAdapter[_File]:
    return TypeAdapter(_File)


def read_tags(run: Path) -> dict[str, Tag]:
    """By take; empty where nobody said anything. Raises SourceError where the file is none of ours."""
    path = run / FILE
    try:
        return _adapter().validate_json(path.read_bytes()).tags
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.strerror
        raise SourceError(f"{path} cannot be read: {reason}", "Mend or remove it") from None


def write_tags(run: Path, tags: Mapping[str, Tag]) -> None:
    """Atomically. Raises OutputError where the run cannot be written."""
    file = _File(SCHEMA, dict(sorted(tags.items())))
    write_json(run / FILE, parse_json(_adapter().dump_json(file).decode()))


def new_tag(tag: str, note: str = "") -> Tag:
    """Raises UsageError for a word that is no tag."""
    if tag not in TAGS:
        raise UsageError(f"{tag!r} is no tag", f"Say one of {', '.join(TAGS)}")
    return Tag(tag, note, now())  # type: ignore[arg-type]


@dataclass(frozen=True)
class Agreement:
    """How far the judge agrees with people.

    Attributes:
        takes: Tagged and judged.
        agree: Of them, good ones that went through the gates, and others that did not.
        kappa: Cohen's, beyond chance; None where all tags, or all verdicts, are the same.
        pairs, ordered: Pairs of one line, of which one is tagged good and the other not; and those of them in which the
            good one has the higher score.
    """

    takes: int
    agree: int
    kappa: float | None
    pairs: int
    ordered: int

    def __str__(self) -> str:
        if not self.takes:
            return "no tagged take was judged"
        beyond = f", kappa {self.kappa:.2f}" if self.kappa is not None else ""
        order = f"; the good one scores higher in {self.ordered} of {self.pairs} pairs" if self.pairs else ""
        return f"judge and people agree on {self.agree} of {self.takes} takes{beyond}{order}"


def agreement(takes: Iterable[TakeRecord], tags: Mapping[str, Tag]) -> Agreement:
    """Of the gates and scores with the tags."""
    judged = [(take, tags[take.id].tag == "good") for take in takes if take.id in tags and take.passed is not None]
    count = len(judged)
    agree = sum(take.passed == good for take, good in judged)
    passed, good = sum(bool(take.passed) for take, _ in judged), sum(good for _, good in judged)
    kappa = None
    if count:
        chance = (passed * good + (count - passed) * (count - good)) / count**2
        kappa = (agree / count - chance) / (1 - chance) if chance < 1 else None
    pairs = [
        (one.score > other.score)
        for one, is_good in judged
        for other, is_other in judged
        if is_good and not is_other and one.line == other.line and one.score is not None and other.score is not None
    ]
    return Agreement(count, agree, kappa, len(pairs), sum(pairs))
