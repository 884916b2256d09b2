"""Blind listening: two takes of a line, not saying whose; and what the votes come to.

Pure but for `blind_sounds`, which makes the sounds of a page, and `count`, which reads votes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from voicekit.audio.decode import decode
from voicekit.errors import SourceError, VoicekitError
from voicekit.evaluation.significance import Preference, first_is_a, preference
from voicekit.jsonio import first_fault
from voicekit.report.load import LoadedRun
from voicekit.report.media import FINE_RATE, PageMedia
from voicekit.storage.files import digest
from voicekit.takes.records import LineRecord, TakeRecord

VOTES: Literal["voicekit.votes/1"] = "voicekit.votes/1"

MOST = 100
"""Pairs on a page; nobody hears more with care."""


@dataclass(frozen=True)
class PairedLine:
    """A line that is in both runs, with the take that each picked, and the file that was kept of it."""

    line: LineRecord
    a: TakeRecord
    b: TakeRecord
    file_a: str
    file_b: str


def paired_lines(a: LoadedRun, b: LoadedRun) -> tuple[list[PairedLine], list[str]]:
    """The lines that both runs have, by id and text, with a take that each kept; and notes on the others.

    Raises:
        SourceError: there is none.
    """
    ours, theirs = _kept(a), _kept(b)
    both = [
        PairedLine(line, take, theirs[key][1], _file(line, take), _file(*theirs[key]))
        for key, (line, take) in ours.items()
        if key in theirs
    ]
    if not both:
        raise SourceError(
            f"no line of {a.name} is in {b.name}, with the same id and text", "Compare two runs of one job's lines"
        )
    notes = [
        f"{lost} of {len(some)} lines of {run.name} are left out: without a take, or not in the other by id and text"
        for run, some in ((a, a.takes.lines), (b, b.takes.lines))
        if (lost := len(some) - len(both))
    ]
    return both, notes


def _kept(run: LoadedRun) -> dict[tuple[str, str], tuple[LineRecord, TakeRecord]]:
    out = {}
    for line in run.takes.lines:
        some = run.takes.of(line.id)
        take = next((take for take in some if take.id == line.picked), some[0] if len(some) == 1 else None)
        if take and take.file:
            out[line.id, line.text] = (line, take)
    return out


def _file(line: LineRecord, take: TakeRecord) -> str:
    """The take as it was kept, mended perhaps; else as it was rendered."""
    return line.file or take.file or ""


@dataclass(frozen=True)
class Vote:
    """Which of the two takes of a line somebody prefers, not knowing whose it is. `first`: which was heard first."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    line: str
    prefers: Literal["a", "b", "same"]
    first: Literal["a", "b"]


@dataclass(frozen=True)
class Votes:
    """What the page of blind listening saves."""

    __pydantic_config__ = ConfigDict(extra="forbid", title=VOTES)

    schema: Literal["voicekit.votes/1"]
    pair: Annotated[str, Field(description="digest of the takes that were heard")]
    a: str
    b: str
    seed: int
    votes: tuple[Vote, ...]


@dataclass(frozen=True)
class ListeningTest:
    """What is heard blind: lines, and whose take comes first. `mark`: what votes must be of."""

    both: tuple[PairedLine, ...]
    a_first: tuple[bool, ...]
    mark: str
    notes: tuple[str, ...] = ()


def make_listening_test(both: Sequence[PairedLine], seed: int) -> ListeningTest:
    """Lines whose two takes differ, in the seed's order; at most MOST."""
    apart = [one for one in both if not (one.a.key and one.a.key == one.b.key)]
    notes = [f"{len(both) - len(apart)} lines have the same take in both"] if len(apart) < len(both) else []
    order = np.random.default_rng(seed).permutation(len(apart))[:MOST]
    if len(apart) > MOST:
        notes.append(f"{MOST} of {len(apart)} lines are heard blind, drawn by the seed")
    some = [apart[i] for i in order]
    mark = digest([[one.line.id, one.line.text, one.a.key or one.a.id, one.b.key or one.b.id] for one in both])
    return ListeningTest(tuple(some), tuple(first_is_a([one.line.id for one in some], seed)), mark, tuple(notes))


def count(files: Sequence[str | Path], runs: Sequence[LoadedRun], both: Sequence[PairedLine]) -> Preference:
    """The votes of all files together."""
    wanted, counts = make_listening_test(both, 0).mark, {"a": 0, "b": 0, "same": 0}
    lines = {one.line.id for one in both}
    for path in map(Path, files):
        try:
            votes = TypeAdapter(Votes).validate_json(path.read_bytes())
        except OSError as error:
            raise SourceError(f"cannot read {path}: {error.strerror}", "Check the name and its rights") from error
        except ValidationError as error:
            raise SourceError(f"{path}: not a {VOTES} file: {first_fault(error)}", "Save the votes again") from None
        if votes.pair != wanted:
            raise SourceError(f"{path} holds votes on other takes than those of {runs[0].name} and {runs[1].name}",
                              "Give the runs that were heard, in the same order")  # fmt: skip
        if len({vote.line for vote in votes.votes}) < len(votes.votes) or any(v.line not in lines for v in votes.votes):
            raise SourceError(f"{path} holds a line twice, or one that was not heard", "Save the votes again")
        for vote in votes.votes:
            counts[vote.prefers] += 1
    return preference(**counts)


def listening_test_audio(
    heard: ListeningTest, a: LoadedRun, b: LoadedRun, shelf: PageMedia, loudness: float
) -> tuple[list[list[Any]], list[str]]:
    """For the script [line, text, address of the first, of the second, whether the first is A's], and notes.

    Their names tell nothing, and both are of one loudness: the louder of two is liked better.
    """
    rows: list[list[Any]] = []
    lost = 0
    for number, (one, a_first) in enumerate(zip(heard.both, heard.a_first, strict=True), 1):
        order = ((a, one.file_a), (b, one.file_b)) if a_first else ((b, one.file_b), (a, one.file_a))
        try:
            sounds = [
                shelf.sound(f"blind-{number:03}-{place}", decode(_inside(run, file), rate=FINE_RATE)[0], loudness)
                for place, (run, file) in enumerate(order, 1)
            ]
        except VoicekitError:
            lost += 1
            continue
        rows.append([one.line.id, one.line.text, *sounds, int(a_first)])
    return rows, [f"{lost} lines cannot be heard: a file is not in its run's folder"] if lost else []


def _inside(run: LoadedRun, file: str) -> Path:
    path = (run.folder / file).resolve()
    if not path.is_relative_to(run.folder.resolve()) or not path.is_file():
        raise SourceError(f"{file} is not in {run.folder}", "")
    return path
