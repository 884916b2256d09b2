"""The listening half, as a sentence: download -> clean -> diarize -> transcribe -> attribute -> write.

`fetch` and `expand` give recordings; `listen` takes one through the stages; `write_run` keeps the result. Each stage
is a function of data to data; here they are joined, cached by all that determines their results, and timed.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import TypeAdapter

from voicekit import audio as audio_file
from voicekit.config import CleanPreset, TranscribeOptions
from voicekit.data import Audio, Diarization, Segment, Transcript, Turn, parse_json
from voicekit.device import Device
from voicekit.engines import Recognition
from voicekit.errors import OutputError, SourceError
from voicekit.models import Weights
from voicekit.pipeline import attribute as attribution
from voicekit.pipeline import clean as cleaning
from voicekit.pipeline.write import FILE_NAMES, RENDERERS
from voicekit.progress import Reporter
from voicekit.workspace import (
    Entry,
    RunFolder,
    StageCache,
    claim_name,
    claimed_name,
    digest,
    file_sha256,
    find_run,
    write_json,
    write_text,
)

DIARIZE_VERSION = 1
TRANSCRIBE_VERSION = 1

# Options that a plan replaces by what was chosen for them.
_CHOSEN = ("model", "diarizer_model", "device", "batch_size", "compute_type", "clean")

T = TypeVar("T")


@dataclass(frozen=True)
class Recording:
    """One media file to listen to.

    `identity` tells sources apart (a path, or extractor and id); `sha256` its bytes; `about` goes to run.json.
    """

    path: Path
    title: str
    identity: str
    sha256: str
    about: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of_file(cls, path: Path) -> Recording:
        """Raises SourceError where the file cannot be read."""
        try:
            sha256 = file_sha256(path)
            about = {"kind": "file", "path": str(path), "title": path.stem}
            return cls(path, path.stem, str(path.resolve()), sha256, about)
        except OSError as error:
            raise SourceError(f"cannot read {path}: {error.strerror}", "Check the name and its rights") from error

    @property
    def source(self) -> str:
        """Canonical URL, or the file's name."""
        return str(self.about.get("url") or self.path.name)


@dataclass(frozen=True)
class Plan:
    """Options with everything chosen: device, weights, batch size. Made once for many recordings."""

    options: TranscribeOptions
    device: Device
    whisper: Weights
    voices: dict[str, Weights]
    batch_size: int
    compute_type: str
    preset: CleanPreset

    def digest(self, recording: Recording) -> str:
        """Of all that determines the files of a run; the same plan for the same bytes gives the same files."""
        return digest(
            {
                "input": recording.sha256,
                "source": recording.source,
                "options": self.options.model_dump(mode="json", exclude=set(_CHOSEN)),
                "preset": self.preset.model_dump(mode="json"),
                "device": self.device.kind,
                "compute_type": self.compute_type,
                "batch_size": self.batch_size,
                "models": [weights.record() for weights in self.weights],
                "versions": [cleaning.VERSION, DIARIZE_VERSION, TRANSCRIBE_VERSION, attribution.VERSION],
            }
        )

    @property
    def weights(self) -> list[Weights]:
        return [*self.voices.values(), self.whisper]


@dataclass
class Heard:
    """What `listen` found, and how: a record a stage, and warnings for the user."""

    transcript: Transcript
    stages: list[dict[str, Any]]
    warnings: list[str]


def listen(
    recording: Recording, plan: Plan, engine: Callable[[str, Plan], Any], cache: StageCache, report: Reporter
) -> Heard:
    """One recording through the stages. `engine(task, plan)` gives a loaded engine, called only on a cache miss.

    Raises:
        VoicekitError: of the stage that failed; what earlier stages made stays in the cache.
    """
    options = plan.options
    stages: list[dict[str, Any]] = []
    warnings: list[str] = []
    loading: dict[str, float] = {}

    def loaded(task: str) -> Any:
        started = time.monotonic()
        found = engine(task, plan)
        loading[task] = time.monotonic() - started
        return found

    def stage(name: str, seconds: float, parts: dict[str, Any], make: Callable[[Path], None]) -> Entry:
        report.stage_started(name, seconds)
        entry = cache.entry(name, parts, make)
        took = entry.seconds - loading.get(name, 0.0)
        report.stage_done(name, took, entry.cached)
        record = {"name": name, "key": entry.key, "cached": entry.cached, "seconds": round(took, 3)}
        stages.append(record | ({"loading": round(loading[name], 3)} if name in loading else {}))
        return entry

    # clean
    length = audio_file.probe(recording.path).duration or 0.0

    def make_clean(folder: Path) -> None:
        sound = cleaning.clean(
            recording.path, plan.preset, lambda s: report.stage_progress(min(1.0, s / length) if length else 0.0)
        )
        _write_flac(folder / "audio.flac", sound)
        write_json(folder / "audio.json", {"duration": round(sound.duration, 3), "rate": sound.rate})

    parts = {"input": recording.sha256, "preset": plan.preset.model_dump(mode="json"), "version": cleaning.VERSION}
    cleaned = stage("clean", length, parts, make_clean)
    duration = float(parse_json((cleaned.folder / "audio.json").read_text())["duration"])
    sound = functools.cache(lambda: _read_flac(cleaned.folder / "audio.flac"))

    # diarize
    diarization: Diarization | None = None
    if options.diarizer != "none":

        def make_turns(folder: Path) -> None:
            found, notes = loaded("diarize").diarize(
                sound(), options.speakers, options.min_speakers, options.max_speakers, report.stage_progress
            )
            _write_result(folder, _in_order_of_speech(found), notes)

        parts = {
            "input": cleaned.key,
            "engine": options.diarizer,
            "counts": [options.speakers, options.min_speakers, options.max_speakers],
            "models": [weights.record() for weights in plan.voices.values()],
            "device": plan.device.kind,
            "version": DIARIZE_VERSION,
        }
        entry = stage("diarize", duration, parts, make_turns)
        diarization, notes = _read_result(entry.folder, Diarization)
        warnings += notes

    # transcribe
    def make_words(folder: Path) -> None:
        found, notes = loaded("transcribe").transcribe(
            sound(),
            language=options.language,
            hotwords=options.hotwords,
            prompt=options.prompt,
            beam_size=options.beam_size,
            batch_size=plan.batch_size,
            progress=report.stage_progress,
        )
        _write_result(folder, found, notes)

    parts = {
        "input": cleaned.key,
        "engine": "faster-whisper",
        "model": plan.whisper.record(),
        **{name: getattr(options, name) for name in ("language", "hotwords", "prompt", "beam_size")},
        "compute_type": plan.compute_type,
        "batch_size": plan.batch_size,
        "device": plan.device.kind,
        "version": TRANSCRIBE_VERSION,
    }
    entry = stage("transcribe", duration, parts, make_words)
    recognition, notes = _read_result(entry.folder, Recognition)
    warnings += notes

    # attribute
    segments = attribution.attribute(recognition.segments, diarization)
    turns = diarization.turns if diarization else ()
    segments, turns, notes = name_speakers(segments, turns, options.speaker_names)
    warnings += notes
    for text in warnings:
        report.warning(text)
    transcript = Transcript(
        schema="voicekit.transcript/1",
        language=recognition.language,
        duration=duration,
        source=recording.source,
        speakers=tuple(dict.fromkeys(turn.speaker for turn in turns)),
        segments=segments,
        turns=turns,
    )
    return Heard(transcript, stages, warnings)


def write_run(recording: Recording, plan: Plan, out: Path, manifest: dict[str, Any], transcript: Transcript) -> Path:
    """Keep a transcript as a run: the files of `--format`, and run.json last. Returns the run's folder."""
    with RunFolder(claim_name(out, recording.title, recording.identity), plan.digest(recording)) as run:
        for name in plan.options.format:
            write_text(run.folder / FILE_NAMES[name], RENDERERS[name](transcript))
        return run.commit(manifest)


def earlier_run(recording: Recording, plan: Plan, out: Path) -> Path | None:
    """A run that has all this plan would write, untouched; None without one."""
    home = claimed_name(out, recording.title, recording.identity)
    if home is None or "json" not in plan.options.format:
        return None  # without its JSON the transcript could not be read back; the cache makes a new run cheap
    return find_run(home, plan.digest(recording))


def read_run(folder: Path) -> Transcript:
    """The transcript of a run. Raises OutputError where it has none."""
    try:
        return Transcript.from_json((folder / FILE_NAMES["json"]).read_text(encoding="utf-8"))
    except OSError as error:
        raise OutputError(f"{folder} holds no transcript", "Transcribe it again with --format json") from error


def name_speakers(
    segments: tuple[Segment, ...], turns: tuple[Turn, ...], names: tuple[str, ...]
) -> tuple[tuple[Segment, ...], tuple[Turn, ...], list[str]]:
    """Give the speakers names, in order of first speech; those beyond the names keep their labels."""
    labels = tuple(dict.fromkeys(turn.speaker for turn in turns))
    if not names:
        return segments, turns, []
    notes = []
    if len(names) != len(labels):
        notes.append(f"{len(names)} speaker names for {len(labels)} speakers found: set --speakers {len(names)}?")
    naming = dict(zip(labels, names, strict=False))
    renamed = tuple(
        replace(
            segment,
            speaker=naming.get(segment.speaker or "", segment.speaker),
            words=tuple(replace(w, speaker=naming.get(w.speaker or "", w.speaker)) for w in segment.words),
        )
        for segment in segments
    )
    return renamed, tuple(replace(t, speaker=naming.get(t.speaker, t.speaker)) for t in turns), notes


def _in_order_of_speech(found: Diarization) -> Diarization:
    """Labels SPEAKER_00, SPEAKER_01 ... in order of first speech, whatever the engine called them."""
    new = {old: f"SPEAKER_{n:02d}" for n, old in enumerate(found.speakers)}

    def named(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
        return tuple(replace(t, speaker=new[t.speaker]) for t in turns if t.speaker in new)

    centroids = {new[old]: found.centroids[old] for old in new if old in found.centroids}
    return Diarization(named(found.turns), named(found.exclusive), centroids)


def _write_flac(path: Path, sound: Audio) -> None:
    import soundfile

    soundfile.write(path, np.clip(sound.mono, -1.0, 1.0), sound.rate, format="FLAC", subtype="PCM_16")


def _read_flac(path: Path) -> Audio:
    import soundfile

    samples, rate = soundfile.read(path, dtype="float32")
    return Audio(samples[None, :], rate)


def _write_result(folder: Path, result: Any, notes: list[str]) -> None:
    text = _result_adapter(type(result)).dump_json(result).decode()
    write_json(folder / "result.json", {"result": parse_json(text), "warnings": notes})


def _read_result(folder: Path, kind: type[T]) -> tuple[T, list[str]]:
    kept = parse_json((folder / "result.json").read_text(encoding="utf-8"))
    return _result_adapter(kind).validate_python(kept["result"]), kept["warnings"]


def _result_adapter(kind: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(kind)
