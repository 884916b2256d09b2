"""Listen: one recording through the stages, and the run that is kept of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from voicekit.audio import probe
from voicekit.config import CleanPreset
from voicekit.data import Audio, Diarization, Transcript
from voicekit.engines import Dropped, Recognition
from voicekit.errors import UsageError
from voicekit.pipeline.attribute import attribute, name_speakers
from voicekit.pipeline.channels import VERSION as CHANNELS_VERSION
from voicekit.pipeline.channels import CrossTalk, cross_talk, together
from voicekit.pipeline.clean import VERSION as CLEAN_VERSION
from voicekit.pipeline.clean import clean
from voicekit.pipeline.cluster import VERSION as CLUSTER_VERSION
from voicekit.pipeline.cluster import cluster
from voicekit.pipeline.diarize import VERSION as DIARIZE_VERSION
from voicekit.pipeline.diarize import named
from voicekit.pipeline.plan import Plan, Recording
from voicekit.pipeline.stages import Stages, read_about, read_sound, write_sound
from voicekit.pipeline.transcribe import VERSION as TRANSCRIBE_VERSION
from voicekit.pipeline.transcribe import transcribe
from voicekit.pipeline.voices import VERSION as VOICES_VERSION
from voicekit.pipeline.voices import Voices
from voicekit.pipeline.write import ENDINGS, FILE_NAMES, write
from voicekit.workspace import RunFolder, claim_name, claimed_name, find_run

_VOICES = "voices.npz"


@dataclass(frozen=True)
class Heard:
    """What `listen` found, and how: a record a stage, and warnings for the user."""

    transcript: Transcript
    stages: list[dict[str, Any]]
    warnings: list[str]
    dropped: tuple[Dropped, ...] = ()


def listen(recording: Recording, plan: Plan, engine: Callable[[str, Plan], Any], stages: Stages) -> Heard:
    """One recording through the stages. `engine(task, plan)` gives a loaded engine, called only on a cache miss.

    Raises:
        VoicekitError: of the stage that failed; what earlier stages made stays in the cache.
    """
    use = _Use(plan, lambda task, plan=plan: stages.load(lambda: engine(task, plan)), stages)
    split = _split(recording, use)
    channels = (0, 1) if split else (None,)
    sounds = [clean_sound(recording, plan.preset, stages, channel) for channel in channels]
    voices = diarization = None
    if plan.options.diarizer != "none" and not split:
        diarization, voices = _diarize(sounds[0], use)
    heard = [_transcribe(sound, use) for sound in sounds]
    if split:
        segments, turns = together([attribute(one.segments) for one in heard])
    else:
        segments = attribute(heard[0].segments, diarization, voices)
        turns = diarization.turns if diarization else ()
    segments, turns, notes = name_speakers(segments, turns, plan.options.speaker_names)
    dropped = tuple(what for one in heard for what in one.dropped)
    warnings = [*dict.fromkeys(stages.warnings), *notes, *_told(dropped)]
    for text in warnings:
        stages.report.warning(text)
    transcript = Transcript(
        schema="voicekit.transcript/1",
        language=max(heard, key=lambda one: sum(len(s.words) for s in one.segments)).language,
        duration=max(sound.duration for sound in sounds),
        source=recording.source,
        speakers=tuple(dict.fromkeys(turn.speaker for turn in turns)),
        segments=segments,
        turns=turns,
    )
    return Heard(transcript, stages.records, warnings, dropped)


def _told(dropped: tuple[Dropped, ...]) -> list[str]:
    words = sum(len(what.text.split()) for what in dropped)
    return [f"{words} words were dropped as no speech or repetition; run.json lists them"] if words else []


@dataclass(frozen=True)
class _Use:
    """What every stage needs: the plan, a way to its engine, and the wrapper that keeps its result."""

    plan: Plan
    engine: Callable[..., Any]
    stages: Stages

    @property
    def progress(self) -> Callable[[float], None]:
        return self.stages.report.stage_progress


@dataclass(frozen=True)
class Sound:
    """Clean sound in the cache: its key there, its length, and a way to its samples."""

    key: str
    duration: float
    audio: Callable[[], Audio]


def clean_sound(recording: Recording, preset: CleanPreset, stages: Stages, channel: int | None = None) -> Sound:
    """What the models hear of a recording: all of it, or one channel."""
    length = probe(recording.path).duration or 0.0

    def progress(done: float) -> None:
        stages.report.stage_progress(min(1.0, done / length) if length else 0.0)

    entry = stages.folder(
        "clean",
        length,
        {
            "input": recording.sha256,
            "channel": channel,
            "preset": preset.model_dump(mode="json"),
            "version": CLEAN_VERSION,
        },
        lambda folder: write_sound(folder, clean(recording.path, preset, progress, channel)),
    )
    duration, notes = read_about(entry.folder)
    stages.warnings += notes
    return Sound(entry.key, duration, functools.cache(lambda: read_sound(entry.folder)))


def _split(recording: Recording, use: _Use) -> bool:
    """Whether each channel is a speaker: as asked for, or by cross-talk."""
    wanted = use.plan.options.channels
    if wanted == "mix" or use.plan.options.diarizer == "none":
        return False
    channels = probe(recording.path).channels
    if wanted == "split":
        if channels != 2:
            raise UsageError(f"{recording.title} has {channels} channels to split, not 2", "Use --channels auto")
        return True
    if channels != 2:
        return False
    found = use.stages.result(
        "channels", 0.0, {"input": recording.sha256, "version": CHANNELS_VERSION}, CrossTalk,
        lambda: (cross_talk(recording.path), []),
    )  # fmt: skip
    if not found.one_speaker_a_channel:
        return False
    use.stages.report.note(f"one speaker a channel ({found.apart:.0%} of the speech is in one only)")
    return True


def _diarize(sound: Sound, use: _Use) -> tuple[Diarization, Voices | None]:
    plan, options = use.plan, use.plan.options
    counts = options.speakers, options.min_speakers, options.max_speakers
    if plan.keeps_voices:
        key, voices = _voices(sound, use)
        diarization = use.stages.result(
            "diarize",
            sound.duration,
            {"voices": key, "counts": counts, "version": CLUSTER_VERSION},
            Diarization,
            lambda: named(cluster(voices, *counts, use.progress)),
        )
        return diarization, voices
    diarization = use.stages.result(
        "diarize",
        sound.duration,
        {
            "input": sound.key,
            "engine": options.diarizer,
            "counts": counts,
            "models": [weights.record() for weights in plan.voices.values()],
            "device": plan.device.kind,
            "version": DIARIZE_VERSION,
        },
        Diarization,
        lambda: named(use.engine("diarize").diarize(sound.audio(), *counts, use.progress)),
    )
    return diarization, None


def _voices(sound: Sound, use: _Use) -> tuple[str, Voices]:
    """Where voices are in the sound, and their key in the cache."""

    def find_voices(folder: Path) -> None:
        voices, notes = use.engine("voices").find_voices(sound.audio(), use.progress)
        voices.save(folder / _VOICES)
        use.stages.warnings += notes

    found = use.stages.folder(
        "voices",
        sound.duration,
        {
            "input": sound.key,
            "models": [weights.record() for weights in use.plan.voices.values()],
            "device": use.plan.device.kind,
            "version": VOICES_VERSION,
        },
        find_voices,
    )
    return found.key, Voices.load(found.folder / _VOICES)


def voices_of(recording: Recording, plan: Plan, engine: Callable[[str, Plan], Any], stages: Stages) -> Voices | None:
    """What `listen` found of the voices in a recording, from the cache; None where the plan's diarizer keeps none."""
    if plan.options.diarizer == "none" or not plan.keeps_voices:
        return None
    use = _Use(plan, lambda task, plan=plan: stages.load(lambda: engine(task, plan)), stages)
    return _voices(clean_sound(recording, plan.preset, stages), use)[1]


def _transcribe(sound: Sound, use: _Use) -> Recognition:
    plan, options = use.plan, use.plan.options
    return use.stages.result(
        "transcribe",
        sound.duration,
        {
            "input": sound.key,
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
            sound.audio(),
            lambda kind: use.engine("transcribe", replace(plan, compute_type=kind)),
            options,
            plan.batch_size,
            plan.compute_type,
            use.progress,
        ),
    )


def write_run(
    recording: Recording,
    plan: Plan,
    out: Path,
    manifest: dict[str, Any],
    transcript: Transcript,
    translations: Sequence[Transcript] = (),
) -> Path:
    """Keep a transcript as a run: the files of `--format`, in each language, and run.json last. Returns its folder."""
    with RunFolder(claim_name(out, recording.title, recording.identity), plan.digest(recording)) as run:
        for name in plan.options.format:
            write(transcript, run.folder / FILE_NAMES[name], name, plan.style)
            for other in translations if name != "rttm" else ():  # which holds no words
                write(other, run.folder / f"transcript.{other.language}{ENDINGS[name]}", name, plan.style)
        return run.commit(manifest)


def earlier_run(recording: Recording, plan: Plan, out: Path) -> Path | None:
    """A run that has all this plan would write, untouched; None without one."""
    home = claimed_name(out, recording.title, recording.identity)
    return find_run(home, plan.digest(recording)) if home else None


def read_run(folder: Path) -> Transcript | None:
    """The transcript of a run; None where it was written without JSON."""
    path = folder / FILE_NAMES["json"]
    return Transcript.from_json(path.read_text(encoding="utf-8")) if path.exists() else None
