"""Gallery: takes of many runs to learn from: those that people tagged, and the worst of each kind of fault."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from voicekit.config.report import GalleryOptions
from voicekit.errors import SourceError, VoicekitError
from voicekit.quality.artifacts.kinds import KINDS
from voicekit.report import page
from voicekit.report.load import LoadedRun, load_run
from voicekit.report.media import PageMedia
from voicekit.report.report import Written, html_file
from voicekit.report.takes_page import Card, cards, tags_of
from voicekit.takes.records import TakeRecord
from voicekit.takes.tags import TAGS, Tag


@dataclass(frozen=True)
class Shown:
    """A take and where it is from. `tag`: what somebody said of it."""

    run: LoadedRun
    take: TakeRecord
    tag: Tag | None


@dataclass(frozen=True)
class Group:
    """Takes of one kind, and how many there are of it."""

    key: str
    title: str
    what: str
    takes: tuple[Shown, ...]
    of: int


def write_gallery(
    runs: Sequence[str | Path],
    out: str | Path = "gallery.html",
    options: GalleryOptions = GalleryOptions(),  # noqa: B008 - frozen
) -> Written:
    """The page of good, bad and weird takes of runs.

    Raises:
        SourceError: a run cannot be read, or none of its kind holds takes.
        OutputError: the page or a picture cannot be written.
    """
    place = html_file(out)
    some, notes = _all(runs)
    shelf = PageMedia(place, options.embed)
    found = groups(some, options.most)
    if not found:
        raise SourceError("no take is tagged or was judged", "Tag some with `voicekit take tag`, or judge them")
    shown = [(group, _cards(group, shelf)) for group in found]
    html = page.render(
        "gallery", "Gallery", {}, groups=shown, notes=notes, runs=len({id(each.run) for each in some}), count=len(some)
    )
    return Written(page.write(place, html), tuple(notes))


def _all(runs: Sequence[str | Path]) -> tuple[list[Shown], list[str]]:
    """Every take of the runs that can be read; of several, one that cannot is told of and left out."""
    out: list[Shown] = []
    notes: list[str] = []
    for path in runs:
        try:
            run = load_run(path)
            takes = run.takes.takes
        except VoicekitError as error:
            if len(runs) == 1:
                raise
            notes.append(f"Left out: {error.message}")
            continue
        tags, more = tags_of(run)
        notes += [f"{run.name}: {note}" for note in (*run.notes, *more)]
        out += [Shown(run, take, tags.get(take.id)) for take in takes if take.file]
    if not out:
        raise SourceError("there are no takes in these runs", "Give runs of clone jobs or dialogues")
    return out, notes


def groups(takes: Sequence[Shown], most: int) -> list[Group]:
    """By tag; by kind of fault, the worst first; with wrong words; and those without a fault, the best first."""

    def group(key: str, title: str, what: str, some: list[Shown], order: Callable[[Shown], float]) -> Group:
        return Group(key, title, what, tuple(sorted(some, key=order)[:most]), len(some))

    out = [
        group(
            tag,
            f"{tag.capitalize()}",
            "as people tagged them",
            [s for s in takes if s.tag and s.tag.tag == tag],
            _by_score,
        )
        for tag in TAGS
    ]
    kinds = dict.fromkeys([*KINDS, *(a.kind for s in takes if s.take.measures for a in s.take.measures.artifacts)])
    for kind in kinds:
        what = KINDS[kind].what if kind in KINDS else "a fault"
        order = functools.partial(_worst_first, kind)
        out.append(group(kind, kind.replace("_", " ").capitalize(), what, [s for s in takes if order(s)], order))
    wrong = [s for s in takes if s.take.measures and s.take.measures.wer]
    out.append(group("words", "Wrong words", "the recogniser understood something else", wrong, _by_words))
    sound = [s for s in takes if s.take.passed and s.take.measures and not s.take.measures.artifacts]
    out.append(group("clean", "Without a fault", "the judge's best", [s for s in sound if s.take.score], _by_score))
    return [each for each in out if each.of]


def _by_score(shown: Shown) -> float:
    return -(shown.take.score or 0.0)


def _by_words(shown: Shown) -> float:
    return -((shown.take.measures.wer or 0.0) if shown.take.measures else 0.0)


def _worst_first(kind: str, shown: Shown) -> float:
    """Below 0 by how far the take's worst artifact of a kind is above what is let pass; 0 without one."""
    found = shown.take.measures.artifacts if shown.take.measures else ()
    return -max((max(1e-9, each.value - each.limit) for each in found if each.kind == kind), default=0.0)


def _cards(group: Group, shelf: PageMedia) -> list[Card]:
    out = []
    for shown in group.takes:
        tags = {shown.take.id: shown.tag} if shown.tag else {}
        out += cards(shown.run, [shown.take], tags, shelf, shown.run.name)
    return out
