"""Blind listening tests: the lines to listen to, their audio, and the votes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import ConfigDict, Field

from voicekit.audio.decode import decode
from voicekit.errors import SourceError, VoicekitError
from voicekit.evaluation.significance import Preference, assess_preference, first_is_a
from voicekit.jsonio import from_json
from voicekit.report.load import LoadedRun
from voicekit.report.media import FINE_RATE, PageMedia
from voicekit.storage.files import digest, read_regular
from voicekit.takes.records import LineRecord, TakeRecord

VOTES: Literal["voicekit.votes/1"] = "voicekit.votes/1"

MAX_LINES = 100
"""Lines of a test; listeners lose concentration with more."""


@dataclass(frozen=True)
class PairedLine:
    """A line that is in both runs, with the take of either run and the take's file in the run's folder."""

    line: LineRecord
    a: TakeRecord
    b: TakeRecord
    file_a: str
    file_b: str


def paired_lines(a: LoadedRun, b: LoadedRun) -> tuple[list[PairedLine], list[str]]:
    """Pair the lines of two runs by id and text.

    Returns:
        The lines for which both runs have a take; and notes on the others.

    Raises:
        SourceError: There is no such line.
    """
    takes_a, takes_b = _picked_takes(a), _picked_takes(b)
    lines = [
        PairedLine(line, take, takes_b[key][1], _file(line, take), _file(*takes_b[key]))
        for key, (line, take) in takes_a.items()
        if key in takes_b
    ]
    if not lines:
        raise SourceError(
            f"no line of {a.name} is in {b.name}, with the same id and text", "Compare two runs of one job's lines"
        )
    notes = [
        f"{missing} of {len(all_lines)} lines of {run.name} are left out: without a take, or not in the other run by "
        "id and text"
        for run, all_lines in ((a, a.takes.lines), (b, b.takes.lines))
        if (missing := len(all_lines) - len(lines))
    ]
    return lines, notes


def _picked_takes(run: LoadedRun) -> dict[tuple[str, str], tuple[LineRecord, TakeRecord]]:
    """Lines with their picked take, or their only take, by id and text."""
    picked = {}
    for line in run.takes.lines:
        takes = run.takes.of_line(line.id)
        take = next((take for take in takes if take.id == line.picked), takes[0] if len(takes) == 1 else None)
        if take and take.file:
            picked[line.id, line.text] = (line, take)
    return picked


def _file(line: LineRecord, take: TakeRecord) -> str:
    """The file of the pick, which may be repaired; else that of the take."""
    return line.file or take.file or ""


@dataclass(frozen=True)
class Vote:
    """The vote on a line: which take was preferred, and which was played first."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    line: str
    prefers: Literal["a", "b", "same"]
    first: Literal["a", "b"]


@dataclass(frozen=True)
class Votes:
    """The file that the page of a listening test saves."""

    __pydantic_config__ = ConfigDict(extra="forbid", title=VOTES)

    schema: Literal["voicekit.votes/1"]
    pair: Annotated[str, Field(description="digest of the takes that were compared")]
    a: str
    b: str
    seed: int
    votes: tuple[Vote, ...]


@dataclass(frozen=True)
class ListeningTest:
    """A blind listening test.

    Attributes:
        lines: In the order of the test.
        a_first: For each line, whether the take of run A is played first.
        digest: Identifies the takes that votes belong to.
        notes: Lines that were left out.
    """

    lines: tuple[PairedLine, ...]
    a_first: tuple[bool, ...]
    digest: str
    notes: tuple[str, ...] = ()


def make_listening_test(lines: Sequence[PairedLine], seed: int) -> ListeningTest:
    """Choose at most MAX_LINES lines whose takes differ, in a random order."""
    different = [line for line in lines if not (line.a.key and line.a.key == line.b.key)]
    notes = []
    if len(different) < len(lines):
        notes.append(f"{len(lines) - len(different)} lines have the same take in both")
    if len(different) > MAX_LINES:
        notes.append(f"the listening test has {MAX_LINES} of {len(different)} lines, chosen at random")
    order = np.random.default_rng(seed).permutation(len(different))[:MAX_LINES]
    chosen = [different[index] for index in order]
    identity = [[each.line.id, each.line.text, each.a.key or each.a.id, each.b.key or each.b.id] for each in lines]
    a_first = first_is_a([each.line.id for each in chosen], seed)
    return ListeningTest(tuple(chosen), tuple(a_first), digest(identity), tuple(notes))


def count_votes(files: Sequence[str | Path], runs: Sequence[LoadedRun], lines: Sequence[PairedLine]) -> Preference:
    """Count the votes of all files. Raises SourceError if one is invalid or belongs to other takes."""
    expected, counts = make_listening_test(lines, 0).digest, {"a": 0, "b": 0, "same": 0}
    line_ids = {each.line.id for each in lines}
    for path in map(Path, files):
        votes = _read_votes(path)
        if votes.pair != expected:
            raise SourceError(
                f"{path} has votes on other takes than those of {runs[0].name} and {runs[1].name}",
                "Give the runs that were compared, in the same order",
            )
        voted = {vote.line for vote in votes.votes}
        if len(voted) < len(votes.votes) or not voted <= line_ids:
            raise SourceError(f"{path} has a line twice, or an unknown line", "Save the votes again")
        for vote in votes.votes:
            counts[vote.prefers] += 1
    return assess_preference(**counts)


def _read_votes(path: Path) -> Votes:
    try:
        return from_json(Votes, read_regular(path), VOTES, "Save the votes again")
    except SourceError as error:
        raise SourceError(f"{path}: {error.message}", error.remedy) from None
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}", "Check the name and its permissions") from error


def listening_test_rows(
    test: ListeningTest, a: LoadedRun, b: LoadedRun, media: PageMedia, loudness: float
) -> tuple[list[list[Any]], list[str]]:
    """Write the audio of a test, with neutral names and the same loudness, because listeners prefer the louder take.

    Returns:
        For the page's script: [line id, text, address of the first take, of the second, 1 if the first is A's]; and
        notes on lines without audio.
    """
    rows: list[list[Any]] = []
    missing = 0
    for number, (each, a_first) in enumerate(zip(test.lines, test.a_first, strict=True), 1):
        order = [(a, each.file_a), (b, each.file_b)]
        try:
            addresses = [
                media.add_audio(
                    f"blind-{number:03}-{position}", decode(_file_in_run(run, file), rate=FINE_RATE)[0], loudness
                )
                for position, (run, file) in enumerate(order if a_first else reversed(order), 1)
            ]
        except VoicekitError:
            missing += 1
            continue
        rows.append([each.line.id, each.line.text, *addresses, int(a_first)])
    return rows, [f"{missing} lines have no audio: a file is not in its run's folder"] if missing else []


def _file_in_run(run: LoadedRun, file: str) -> Path:
    path = (run.folder / file).resolve()
    if not path.is_relative_to(run.folder.resolve()) or not path.is_file():
        raise SourceError(f"{file} is not in {run.folder}", "")
    return path
