"""tags.json: what people say about takes (good, bad, weird), and how well the judge agrees with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from voicekit.errors import SourceError, UsageError
from voicekit.jsonio import JsonDocument, parse_json
from voicekit.storage.files import read_regular, utc_now, write_json
from voicekit.takes.records import TakeRecord

SCHEMA: Literal["voicekit.tags/1"] = "voicekit.tags/1"
FILE = "tags.json"
TAGS = ("good", "bad", "weird")

RANK = {"good": 0, None: 1, "weird": 2, "bad": 3}
"""Rank of a take by its tag: the lowest is picked."""


@dataclass(frozen=True)
class Tag:
    """A person's opinion of a take, with a note and the time (ISO 8601, UTC)."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    tag: Literal["good", "bad", "weird"]
    note: Annotated[str, Field(max_length=2000)] = ""
    when: str = ""


@dataclass(frozen=True)
class TagsDocument(JsonDocument):
    """Content of tags.json: tags by take id."""

    __pydantic_config__ = ConfigDict(extra="forbid", title=SCHEMA)
    REMEDY = "Correct or remove it"

    schema: Literal["voicekit.tags/1"]
    tags: dict[str, Tag]


def read_tags(run: Path) -> dict[str, Tag]:
    """Read the tags of a run, by take id; empty without a file. Raises SourceError if the file is invalid."""
    path = run / FILE
    try:
        return TagsDocument.from_json(read_regular(path)).tags
    except FileNotFoundError:
        return {}
    except SourceError as error:
        raise SourceError(f"cannot read {path}: {error.message}", error.remedy) from None
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}", TagsDocument.REMEDY) from None


def write_tags(run: Path, tags: Mapping[str, Tag]) -> None:
    """Write the tags of a run. Raises OutputError if its folder cannot be written."""
    write_json(run / FILE, parse_json(TagsDocument(SCHEMA, dict(sorted(tags.items()))).to_json()))


def new_tag(tag: str, note: str = "") -> Tag:
    """Create a tag with the current time. Raises UsageError for an unknown tag."""
    if tag not in TAGS:
        raise UsageError(f"unknown tag {tag!r}", f"Use one of {', '.join(TAGS)}")
    return Tag(tag, note, utc_now())  # type: ignore[arg-type]


@dataclass(frozen=True)
class Agreement:
    """Agreement of the judge with people.

    Attributes:
        takes: Takes that are both tagged and judged.
        agree: Good takes that passed the gates, plus other tagged takes that failed them.
        kappa: Cohen's kappa; None if all tags, or all verdicts, are the same.
        pairs: Pairs of takes of one line, of which one is tagged good and the other is not.
        ordered: Of them, those in which the good take has the higher score.
    """

    takes: int
    agree: int
    kappa: float | None
    pairs: int
    ordered: int

    def __str__(self) -> str:
        if not self.takes:
            return "no tagged take was judged"
        kappa = f", kappa {self.kappa:.2f}" if self.kappa is not None else ""
        order = f"; the good one scores higher in {self.ordered} of {self.pairs} pairs" if self.pairs else ""
        return f"judge and people agree on {self.agree} of {self.takes} takes{kappa}{order}"


def agreement(takes: Iterable[TakeRecord], tags: Mapping[str, Tag]) -> Agreement:
    """Compare verdicts and scores of takes with their tags."""
    judged = [(take, tags[take.id].tag == "good") for take in takes if take.id in tags and take.passed is not None]
    count = len(judged)
    agree = sum(take.passed == good for take, good in judged)
    passed_count, good_count = sum(bool(take.passed) for take, _ in judged), sum(good for _, good in judged)
    kappa = None
    if count:
        chance = (passed_count * good_count + (count - passed_count) * (count - good_count)) / count**2
        kappa = (agree / count - chance) / (1 - chance) if chance < 1 else None
    ordered = [
        good_take.score > other_take.score
        for good_take, is_good in judged
        for other_take, other_is_good in judged
        if is_good and not other_is_good and good_take.line == other_take.line
        and good_take.score is not None and other_take.score is not None
    ]  # fmt: skip
    return Agreement(count, agree, kappa, len(ordered), sum(ordered))
