"""Listen: one recording through the stages, and the run that is kept of it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicekit.audio import probe
from voicekit.data import Diarization, Transcript
from voicekit.engines import Recognition
from voicekit.pipeline.attribute import attribute, name_speakers
from voicekit.pipeline.clean import VERSION as CLEAN_VERSION
from voicekit.pipeline.clean import clean
from voicekit.pipeline.diarize import VERSION as DIARIZE_VERSION
from voicekit.pipeline.diarize import diarize
from voicekit.pipeline.plan import Plan, Recording
from voicekit.pipeline.stages import Stages, read_about, read_sound, write_sound
from voicekit.pipeline.transcribe import VERSION as TRANSCRIBE_VERSION
from voicekit.pipeline.transcribe import transcribe
from voicekit.pipeline.write import FILE_NAMES, RENDERERS
from voicekit.workspace import RunFolder, claim_name, claimed_name, find_run, write_text


@dataclass(frozen=True)
class Heard:
    """What `listen` found, and how: a record a stage, and warnings for the user."""

    transcript: Transcript
    stages: list[dict[str, Any]]
    warnings: list[str]


def listen(recording: Recording, plan: Plan, engine: Callable[[str, Plan], Any], stages: Stages) -> Heard:
    """One recording through the stages. `engine(task, plan)` gives a loaded engine, called only on a cache miss.

    Raises:
        VoicekitError: of the stage that failed; what earlier stages made stays in the cache.
    """
    options, report = plan.options, stages.report
    length = probe(recording.path).duration or 0.0

    cleaned = stages.folder(
        "clean",
        length,
        {"input": recording.sha256, "preset": plan.preset.model_dump(mode="json"), "version": CLEAN_VERSION},
        lambda folder: write_sound(
            folder,
            clean(recording.path, plan.preset, lambda s: report.stage_progress(min(1.0, s / length) if length else 0)),
        ),
    )
    duration, notes = read_about(cleaned.folder)
    stages.warnings += notes
    sound = functools.cache(lambda: read_sound(cleaned.folder))

    diarization: Diarization | None = None
    if options.diarizer != "none":
        diarization = stages.result(
            "diarize",
            duration,
            {
                "input": cleaned.key,
                "engine": options.diarizer,
                "counts": [options.speakers, options.min_speakers, options.max_speakers],
                "models": [weights.record() for weights in plan.voices.values()],
                "device": plan.device.kind,
                "version": DIARIZE_VERSION,
            },
            Diarization,
            lambda: diarize(sound(), stages.load(lambda: engine("diarize", plan)), options, report.stage_progress),
        )

    recognition = stages.result(
        "transcribe",
        duration,
        {
            "input": cleaned.key,
            "engine": "faster-whisper",
            "model": plan.whisper.record(),
            **{name: getattr(options, name) for name in ("language", "hotwords", "prompt", "beam_size")},
            "compute_type": plan.compute_type,
            "batch_size": plan.batch_size,
            "device": plan.device.kind,
            "version": TRANSCRIBE_VERSION,
        },
        Recognition,
        lambda: transcribe(
            sound(), stages.load(lambda: engine("transcribe", plan)), options, plan.batch_size, report.stage_progress
        ),
    )

    segments = attribute(recognition.segments, diarization)
    turns = diarization.turns if diarization else ()
    segments, turns, notes = name_speakers(segments, turns, options.speaker_names)
    warnings = [*stages.warnings, *notes]
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
    return Heard(transcript, stages.records, warnings)


def write_run(recording: Recording, plan: Plan, out: Path, manifest: dict[str, Any], transcript: Transcript) -> Path:
    """Keep a transcript as a run: the files of `--format`, and run.json last. Returns the run's folder."""
    with RunFolder(claim_name(out, recording.title, recording.identity), plan.digest(recording)) as run:
        for name in plan.options.format:
            write_text(run.folder / FILE_NAMES[name], RENDERERS[name](transcript))
        return run.commit(manifest)


def earlier_run(recording: Recording, plan: Plan, out: Path) -> Path | None:
    """A run that has all this plan would write, untouched; None without one."""
    home = claimed_name(out, recording.title, recording.identity)
    return find_run(home, plan.digest(recording)) if home else None


def read_run(folder: Path) -> Transcript | None:
    """The transcript of a run; None where it was written without JSON."""
    path = folder / FILE_NAMES["json"]
    return Transcript.from_json(path.read_text(encoding="utf-8")) if path.exists() else None
