"""The gallery: takes of several runs, by tag, by artifact, with wrong words, and the best."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from voicekit.config.keywords import GalleryKeywords
from voicekit.config.report import GalleryOptions
from voicekit.config.schema import build
from voicekit.errors import SourceError, VoicekitError
from voicekit.quality.artifacts.kinds import KINDS
from voicekit.report.load import LoadedRun, load_run
from voicekit.report.media import PageMedia
from voicekit.report.page import render_page, write_page
from voicekit.report.report import Written, page_path
from voicekit.report.takes_page import Card, load_tags, make_cards
from voicekit.takes.records import TakeRecord
from voicekit.takes.tags import TAGS, Tag
from voicekit.types import Artifact


@dataclass(frozen=True)
class GalleryTake:
    """A take with its run and tag."""

    run: LoadedRun
    take: TakeRecord
    tag: Tag | None

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        return self.take.measures.artifacts if self.take.measures else ()


@dataclass(frozen=True)
class Group:
    """A section of the gallery.

    Attributes:
        key: Anchor on the page.
        title: Heading.
        description: Below the heading.
        takes: The takes that are shown.
        total: Number of takes that belong to the group.
    """

    key: str
    title: str
    description: str
    takes: tuple[GalleryTake, ...]
    total: int


def write_gallery(
    runs: Sequence[str | Path],
    out: str | Path = "gallery.html",
    **options: Unpack[GalleryKeywords],
) -> Written:
    """Write the gallery of runs.

    Args:
        runs: Folders of runs of takes.
        out: The page.
        **options: Fields of GalleryOptions: embed=True, most=20.

    Raises:
        UsageError: An invalid option.
        SourceError: A run cannot be read, none has takes, or no take is tagged or judged.
        OutputError: The page or a picture cannot be written.
    """
    gallery_options = build(GalleryOptions, options, "options")
    path = page_path(out)
    takes, notes = _load_takes(runs)
    media = PageMedia(path, gallery_options.embed)
    groups = group_takes(takes, gallery_options.most)
    if not groups:
        raise SourceError("no take is tagged or judged", "Tag some with `voicekit take tag`, or judge them")
    sections = [(group, _make_cards(group, media)) for group in groups]
    html = render_page(
        "gallery", "Gallery", {}, groups=sections, notes=notes, runs=len({id(each.run) for each in takes}),
        count=len(takes),
    )  # fmt: skip
    return Written(write_page(path, html), tuple(notes))


def _load_takes(runs: Sequence[str | Path]) -> tuple[list[GalleryTake], list[str]]:
    """All takes with audio, and notes; of several runs, one that cannot be read is left out."""
    loaded: list[GalleryTake] = []
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
        tags, tag_notes = load_tags(run)
        notes += [f"{run.name}: {note}" for note in (*run.notes, *tag_notes)]
        loaded += [GalleryTake(run, take, tags.get(take.id)) for take in takes if take.file]
    if not loaded:
        raise SourceError("these runs have no takes", "Give runs of clone jobs or dialogues")
    return loaded, notes


def group_takes(takes: Sequence[GalleryTake], limit: int) -> list[Group]:
    """Group takes by tag, by kind of artifact, with wrong words, and without artifacts; at most `limit` of each."""
    groups: list[Group] = []

    def add(
        key: str, title: str, description: str, members: list[GalleryTake], order: Callable[[GalleryTake], float]
    ) -> None:
        if members:
            groups.append(Group(key, title, description, tuple(sorted(members, key=order)[:limit]), len(members)))

    for tag in TAGS:
        tagged = [each for each in takes if each.tag and each.tag.tag == tag]
        add(tag, tag.capitalize(), "as tagged by people", tagged, _best_score_first)
    for kind in dict.fromkeys([*KINDS, *(artifact.kind for each in takes for artifact in each.artifacts)]):
        description = KINDS[kind].description if kind in KINDS else "an artifact"
        with_kind = [each for each in takes if any(artifact.kind == kind for artifact in each.artifacts)]
        add(kind, kind.replace("_", " ").capitalize(), description, with_kind, functools.partial(_worst_first, kind))
    wrong = [each for each in takes if each.take.measures and each.take.measures.wer]
    add("words", "Wrong words", "the recognized text differs", wrong, _highest_wer_first)
    clean = [
        each for each in takes if each.take.passed and each.take.measures and not each.artifacts and each.take.score
    ]
    add("clean", "Without artifacts", "with the best scores", clean, _best_score_first)
    return groups


def _best_score_first(each: GalleryTake) -> float:
    return -(each.take.score or 0.0)


def _highest_wer_first(each: GalleryTake) -> float:
    return -((each.take.measures.wer or 0.0) if each.take.measures else 0.0)


def _worst_first(kind: str, each: GalleryTake) -> float:
    """Order by how far the worst artifact of a kind exceeds its limit."""
    excesses = [max(1e-9, artifact.value - artifact.limit) for artifact in each.artifacts if artifact.kind == kind]
    return -max(excesses, default=0.0)


def _make_cards(group: Group, media: PageMedia) -> list[Card]:
    cards = []
    for each in group.takes:
        tags = {each.take.id: each.tag} if each.tag else {}
        cards += make_cards(each.run, [each.take], tags, media, each.run.name)
    return cards
