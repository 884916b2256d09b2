"""The page of takes, of a clone job or a dialogue: all takes of every line, with audio, spectrogram and scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicekit.audio.decode import decode
from voicekit.config.report import ReportOptions
from voicekit.dialogues.timeline import Timeline
from voicekit.errors import MediaError, SourceError, VoicekitError
from voicekit.report.load import LoadedRun
from voicekit.report.media import PageMedia
from voicekit.report.metrics import TAKE_METRICS, TakeMetric, describe_artifact
from voicekit.report.page import render_page
from voicekit.report.spectrogram import spectrogram
from voicekit.report.transcript_page import run_settings
from voicekit.storage.files import read_regular
from voicekit.takes.records import TakeRecord
from voicekit.takes.tags import Tag, read_tags

DECODERS = 4
"""ffmpeg processes that decode takes in parallel."""

_MORE_MEASURES = {
    "mos_signal": "DNSMOS, speech", "mos_background": "DNSMOS, background", "mos_p808": "DNSMOS P.808",
    "energy_range": "level range, dB",
}  # fmt: skip


@dataclass(frozen=True)
class Card:
    """A take as pages show it.

    Attributes:
        take: Its record.
        audio, picture: Addresses; None if the audio file is missing.
        scores: Label, text and shade of each measure.
        artifacts: (start in seconds, description).
        tag: Its tag.
        settings: Name and value.
        picked: Whether it was picked for its line.
        run: The run's name, on pages of several runs.
    """

    take: TakeRecord
    audio: str | None
    picture: str | None
    scores: tuple[tuple[str, str, float | None], ...]
    artifacts: tuple[tuple[float, str], ...]
    tag: Tag | None
    settings: tuple[tuple[str, str], ...]
    picked: bool
    run: str = ""


def takes_page(run: LoadedRun, out: Path, options: ReportOptions) -> tuple[str, list[str]]:
    """Render the page of takes and write its pictures.

    Args:
        run: The takes.
        out: File of the page.
        options: Whether to embed media.

    Returns:
        The HTML, and notes on what is missing.

    Raises:
        OutputError: A picture cannot be written.
    """
    takes = run.takes
    media = PageMedia(out, options.embed)
    tags, tag_notes = load_tags(run)
    cards = make_cards(run, list(takes.takes), tags, media)
    notes = [*run.notes, *tag_notes]
    missing = sum(card.audio is None and card.take.file is not None for card in cards)
    if missing:
        notes.append(f"{missing} of {len(cards)} takes cannot be played: their files are missing, or not audio")
    by_line: dict[str, list[Card]] = {}
    for card in cards:
        by_line.setdefault(card.take.line, []).append(card)
    lines = [(line, by_line.get(line.id, [])) for line in takes.lines]
    metrics = {
        name: metric
        for name, metric in TAKE_METRICS.items()
        if any(metric.value_of(take) is not None for take in takes.takes)
    }
    mix, mix_notes = _mix_data(run, media)
    notes += mix_notes
    data = {
        "measures": {name: metric.label for name, metric in metrics.items()},
        "lines": [
            {"id": line.id, "takes": [_heat_map_row(card, metrics.values()) for card in line_cards]}
            for line, line_cards in lines
        ],
        "mix": mix,
    }
    kinds = {artifact.kind for take in takes.takes if take.measures for artifact in take.measures.artifacts}
    html = render_page(
        "takes", run.name, data,
        lines=lines, notes=notes, settings=run_settings(run), mix=mix, kinds=sorted(kinds),
        picked=sum(card.picked for card in cards), flagged=sum(line.flagged for line in takes.lines),
        seconds=sum(card.take.seconds for card in cards if card.picked), count=len(cards), metrics=metrics,
        judged=any(metric.format.better for metric in metrics.values()),
    )  # fmt: skip
    return html, notes


def load_tags(run: LoadedRun) -> tuple[dict[str, Tag], list[str]]:
    """Tags of a run's takes; {} and a note if they cannot be read."""
    try:
        return read_tags(run.folder), []
    except SourceError as error:
        return {}, [f"Tags are left out: {error.message}"]


def make_cards(
    run: LoadedRun, takes: list[TakeRecord], tags: Mapping[str, Tag], media: PageMedia, run_name: str = ""
) -> list[Card]:
    """Make the cards of takes, with their pictures.

    Args:
        run: Their run.
        takes: The takes.
        tags: By take id.
        media: Stores the pictures.
        run_name: On pages of several runs: is shown, and keeps their pictures apart.
    """
    picked = {line.picked for line in run.takes.lines}

    def make_card(take: TakeRecord) -> Card:
        audio = _audio_address(run, take.file, media) if take.file else None
        picture = _add_spectrogram(run, take, media, run_name) if audio else None
        artifacts = take.measures.artifacts if take.measures else ()
        return Card(
            take, audio, picture, tuple(_scores(take)),
            tuple((artifact.start, describe_artifact(artifact)) for artifact in artifacts),
            tags.get(take.id), tuple(take_settings(take)), take.id in picked, run_name,
        )  # fmt: skip

    with ThreadPoolExecutor(DECODERS) as pool:
        return list(pool.map(make_card, takes))


def take_settings(take: TakeRecord) -> Iterator[tuple[str, str]]:
    """Name and value of everything that a take was rendered with, the seed first, and of its minor measures."""
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
        yield "as spoken", " / ".join(take.said)
    model = take.made_with.get("model")
    if isinstance(model, dict):
        yield "weights", f"{model.get('name')} ({model.get('revision')})"
    if take.repaired:
        yield "repaired", "; ".join(take.repaired)
    for name, label in _MORE_MEASURES.items():
        measure = getattr(take.measures, name) if take.measures else None
        if measure is not None:
            yield label, f"{measure:.1f}"
    for name, part in take.parts_of_score.items():
        yield f"score: {name}", f"{part:.2f}"
    if take.key:
        yield "key", take.key[:16]


def _scores(take: TakeRecord) -> Iterator[tuple[str, str, float | None]]:
    for metric in TAKE_METRICS.values():
        value = metric.value_of(take)
        if value is not None:
            yield metric.label, metric.text(value), metric.shade(value)


def _heat_map_row(card: Card, metrics: Iterable[TakeMetric]) -> list[Any]:
    """For the script: id, number, picked, and text and shade of each measure."""
    values = [(metric, metric.value_of(card.take)) for metric in metrics]
    cells = [[metric.text(value), metric.shade(value)] for metric, value in values]
    return [card.take.id, card.take.number, card.picked, *cells]


def _audio_address(run: LoadedRun, file: str, media: PageMedia) -> str | None:
    """Address of an audio file of the run; None if it is missing, or not audio."""
    try:
        return media.add_file(run.folder / file, run.folder)
    except MediaError:
        return None


def _add_spectrogram(run: LoadedRun, take: TakeRecord, media: PageMedia, run_name: str) -> str | None:
    try:
        audio, _ = decode(run.folder / (take.file or ""))
    except VoicekitError:
        return None
    return media.add_picture(f"{run_name} {take.id}" if run_name else take.id, spectrogram(audio))


def _mix_data(run: LoadedRun, media: PageMedia) -> tuple[dict[str, Any] | None, list[str]]:
    """For the script: audio and timeline of a dialogue's mix, None for other runs; and notes on what is missing."""
    if run.get("kind") != "dialogue" and not (run.folder / "timeline.json").is_file():
        return None, []
    notes = []
    audio = _audio_address(run, "mix.wav", media)
    if audio is None:
        notes.append("mix.wav is not in the run's folder")
    try:
        timeline = Timeline.from_json(read_regular(run.folder / "timeline.json"))
    except SourceError as error:
        notes.append(error.message)
    except OSError as error:
        notes.append(f"cannot read timeline.json ({error.strerror}): the timeline is not shown")
    else:
        speakers = {name: index for index, name in enumerate(timeline.speakers)}
        entries = [
            [round(entry.start, 3), round(entry.end, 3), speakers.get(entry.speaker, 0), entry.text, entry.take]
            for entry in timeline.entries
        ]
        mix = {
            "audio": audio, "duration": timeline.duration, "speakers": list(timeline.speakers), "entries": entries,
        }  # fmt: skip
        return mix, notes
    return {"audio": audio, "duration": 0, "speakers": [], "entries": []}, notes
