"""The page of takes: lines and their takes, to hear beside their scores; a clone job's or a dialogue's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicekit.audio.decode import decode
from voicekit.config.report import ReportOptions
from voicekit.dialogues.timeline import Timeline
from voicekit.errors import MediaError, SourceError, VoicekitError
from voicekit.report import page
from voicekit.report.load import LoadedRun
from voicekit.report.media import PageMedia
from voicekit.report.metrics import MEASURES, fault
from voicekit.report.spectrogram import spectrogram
from voicekit.report.transcript_page import made
from voicekit.takes.records import TakeRecord
from voicekit.takes.tags import Tag, read_tags

AT_ONCE = 4
"""Takes that are decoded side by side, by as many ffmpegs."""


@dataclass(frozen=True)
class Card:
    """A take as pages show it.

    Attributes:
        take: Its record.
        sound, picture: Their addresses; None where the file is not there.
        chips: Label, figure and shade of each measure there is.
        faults: (where it begins, in words).
        tag: What somebody said of it.
        settings: With what it was made: name and value.
        picked: Whether it was kept for its line.
        run: The run's name, where a page shows several.
    """

    take: TakeRecord
    sound: str | None
    picture: str | None
    chips: tuple[tuple[str, str, float | None], ...]
    faults: tuple[tuple[float, str], ...]
    tag: Tag | None
    settings: tuple[tuple[str, str], ...]
    picked: bool
    run: str = ""


def takes_page(run: LoadedRun, out: Path, options: ReportOptions) -> tuple[str, list[str]]:
    """The page's HTML, its pictures made; and notes on what is missing.

    Raises:
        OutputError: a picture cannot be written.
    """
    takes = run.takes
    shelf = PageMedia(out, options.embed)
    tags, notes = tags_of(run)
    made_cards = cards(run, list(takes.takes), tags, shelf)
    lost = [card for card in made_cards if card.sound is None and card.take.file]
    if lost:
        count = f"{len(lost)} of {len(made_cards)} takes cannot be heard"
        notes.append(f"{count}: their files are not in the run's folder, or no sound")
    by_line: dict[str, list[Card]] = {}
    for card in made_cards:
        by_line.setdefault(card.take.line, []).append(card)
    lines = [(line, by_line.get(line.id, [])) for line in takes.lines]
    shown = {
        name: measure
        for name, measure in MEASURES.items()
        if any(measure.of(take) is not None for take in takes.takes)
    }  # fmt: skip
    mix, more = _mix(run, shelf)
    data = {
        "measures": {name: measure.label for name, measure in shown.items()},
        "lines": [
            {
                "id": line.id,
                "takes": [
                    [card.take.id, card.take.number, card.picked, *_figures(card.take, shown)] for card in some
                ],
            }
            for line, some in lines
        ],
        "mix": mix,
    }  # fmt: skip
    notes = [*run.notes, *notes, *more]
    html = page.render(
        "takes", run.name, data,
        run=run, lines=lines, notes=notes, made=made(run), mix=mix, kinds=_kinds(takes.takes),
        picked=sum(card.picked for card in made_cards), flagged=sum(line.flagged for line in takes.lines),
        seconds=sum(card.take.seconds for card in made_cards if card.picked), count=len(made_cards), shown=shown,
        judged=any(measure.better for measure in shown.values()),
    )  # fmt: skip
    return html, notes


def tags_of(run: LoadedRun) -> tuple[dict[str, Tag], list[str]]:
    """What people said of its takes; and, in words, why that cannot be read."""
    try:
        return read_tags(run.folder), []
    except SourceError as error:
        return {}, [f"Tags are left out: {error.message}"]


def cards(
    run: LoadedRun, takes: list[TakeRecord], tags: Mapping[str, Tag], shelf: PageMedia, name: str = ""
) -> list[Card]:
    """Takes with their media. `name`: of the run, where a page shows several; pictures are kept apart by it."""
    picked = {line.picked for line in run.takes.lines}

    def card(take: TakeRecord) -> Card:
        sound = _sound(run, take.file, shelf) if take.file else None
        picture = _picture(run, take, shelf, name) if sound else None
        return Card(
            take, sound, picture, tuple(_chips(take)), tuple(_faults(take)), tags.get(take.id), tuple(settings(take)),
            take.id in picked, name,
        )  # fmt: skip

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(card, takes))


def settings(take: TakeRecord) -> Iterator[tuple[str, str]]:
    """All that a take was made with, name and value, the seed first."""
    yield "seed", str(take.seed)
    yield "engine", take.engine + (f" ({take.model})" if take.model else "")
    yield "voice", take.voice + (f" ({take.speaker})" if take.speaker and take.speaker != take.voice else "")
    if take.reference:
        yield "reference", take.reference
    yield "language", take.language
    if take.preset:
        yield "preset", take.preset
    for name, value in take.params.items():
        yield name.replace("_", " "), f"{value:g}" if isinstance(value, float) else str(value)
    if take.said and " ".join(take.said) != take.text:
        yield "as said", " / ".join(take.said)
    model = take.made_with.get("model")
    if isinstance(model, dict):
        yield "weights", f"{model.get('name')} ({model.get('revision')})"
    if take.repaired:
        yield "mended", "; ".join(take.repaired)
    heard = take.measures
    for name, label in _MORE.items():
        value = getattr(heard, name) if heard else None
        if value is not None:
            yield label, f"{value:.1f}"
    for name, value in take.parts_of_score.items():
        yield f"score: {name}", f"{value:.2f}"
    if take.key:
        yield "key", take.key[:16]


_MORE = {
    "mos_signal": "DNSMOS, speech", "mos_background": "DNSMOS, background", "mos_p808": "DNSMOS P.808",
    "energy_range": "level range, dB",
}  # fmt: skip


def _chips(take: TakeRecord) -> Iterator[tuple[str, str, float | None]]:
    for measure in MEASURES.values():
        value = measure.of(take)
        if value is not None:
            yield measure.label, measure.written(value), measure.shade(value)


def _figures(take: TakeRecord, shown: Mapping[str, Any]) -> list[Any]:
    """Figure and shade of each measure, for the script."""
    return [[measure.written(measure.of(take)), measure.shade(measure.of(take))] for measure in shown.values()]


def _faults(take: TakeRecord) -> Iterator[tuple[float, str]]:
    for artifact in take.measures.artifacts if take.measures else ():
        yield artifact.start, fault(artifact)


def _sound(run: LoadedRun, file: str, shelf: PageMedia) -> str | None:
    """The address of a file of the run; None where it is not there, or no sound."""
    try:
        return shelf.file(run.folder / file, run.folder)
    except MediaError:
        return None


def _picture(run: LoadedRun, take: TakeRecord, shelf: PageMedia, name: str) -> str | None:
    try:
        audio, _ = decode(run.folder / (take.file or ""))
    except VoicekitError:
        return None
    return shelf.picture(f"{name} {take.id}" if name else take.id, spectrogram(audio))


def _kinds(takes: tuple[TakeRecord, ...]) -> list[str]:
    found = {artifact.kind for take in takes if take.measures for artifact in take.measures.artifacts}
    return sorted(found)


def _mix(run: LoadedRun, shelf: PageMedia) -> tuple[dict[str, Any] | None, list[str]]:
    """A dialogue's mix and who speaks when in it; and notes. None for what is no dialogue."""
    if run.get("kind") != "dialogue" and not (run.folder / "timeline.json").is_file():
        return None, []
    notes = []
    sound = _sound(run, "mix.wav", shelf)
    if sound is None:
        notes.append("mix.wav is not in the run's folder")
    try:
        timeline = Timeline.from_json((run.folder / "timeline.json").read_bytes())
    except OSError as error:
        return {"audio": sound, "duration": 0, "speakers": [], "entries": []}, [
            *notes, f"timeline.json cannot be read ({error.strerror}): who speaks when is not shown",
        ]  # fmt: skip
    except SourceError as error:
        return {"audio": sound, "duration": 0, "speakers": [], "entries": []}, [*notes, error.message]
    numbers = {name: i for i, name in enumerate(timeline.speakers)}
    entries = [
        [round(one.start, 3), round(one.end, 3), numbers.get(one.speaker, 0), one.text, one.take]
        for one in timeline.entries
    ]
    return {
        "audio": sound, "duration": timeline.duration, "speakers": list(timeline.speakers), "entries": entries,
    }, notes  # fmt: skip
