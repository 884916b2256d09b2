"""Listen: one recording through the stages, and the run that is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from voicekit.audio.decode import probe
from voicekit.diarization.channels import VERSION as CHANNELS_VERSION
from voicekit.diarization.channels import CrossTalk, cross_talk, together
from voicekit.diarization.clustering import VERSION as CLUSTER_VERSION
from voicekit.diarization.clustering import cluster
from voicekit.diarization.labels import VERSION as DIARIZE_VERSION
from voicekit.diarization.labels import named
from voicekit.diarization.windows import VERSION as VOICES_VERSION
from voicekit.diarization.windows import SpeakerWindows
from voicekit.engines.protocols import Dropped, Recognition
from voicekit.errors import UsageError
from voicekit.recording import CleanedAudio, Recording, clean_recording
from voicekit.stages import Stages
from voicekit.transcription.attribution import attribute, name_speakers
from voicekit.transcription.plan import Plan
from voicekit.transcription.recognize import VERSION as TRANSCRIBE_VERSION
from voicekit.transcription.recognize import transcribe
from voicekit.types import Diarization, Transcript

_VOICES = "voices.npz"


@dataclass(frozen=True)
class TranscriptionResult:
    """What `listen` found, and how: a record a stage, and warnings for the user."""

    transcript: Transcript
    stages: list[dict[str, Any]]
    warnings: list[str]
    dropped: tuple[Dropped, ...] = ()


def run_pipeline(
    recording: Recording, plan: Plan, engine: Callable[[str, Plan], Any], stages: Stages
) -> TranscriptionResult:
    """One recording through the stages. `engine(task, plan)` gives a loaded engine, called only on a cache miss.

    Raises:
        VoicekitError: of the stage that failed; what earlier stages made stays in the cache.
    """
    use = _StageContext(plan, lambda task, plan=plan: stages.load(lambda: engine(task, plan)), stages)
    split = _split(recording, use)
    channels = (0, 1) if split else (None,)
    sounds = [clean_recording(recording, plan.preset, stages, channel) for channel in channels]
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
        stages.progress.warning(text)
    transcript = Transcript(
        schema="voicekit.transcript/1",
        language=max(heard, key=lambda one: sum(len(s.words) for s in one.segments)).language,
        duration=max(sound.duration for sound in sounds),
        source=recording.source,
        speakers=tuple(dict.fromkeys(turn.speaker for turn in turns)),
        segments=segments,
        turns=turns,
    )
    return TranscriptionResult(transcript, stages.records, warnings, dropped)


def _told(dropped: tuple[Dropped, ...]) -> list[str]:
    words = sum(len(what.text.split()) for what in dropped)
    return [f"{words} words were dropped as no speech or repetition; run.json lists them"] if words else []


@dataclass(frozen=True)
class _StageContext:
    """What every stage needs: the plan, a way to its engine, and the wrapper that keeps its result."""

    plan: Plan
    engine: Callable[..., Any]
    stages: Stages

    @property
    def progress(self) -> Callable[[float], None]:
        return self.stages.progress.stage_progress


def _split(recording: Recording, use: _StageContext) -> bool:
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
    use.stages.progress.note(f"one speaker a channel ({found.apart:.0%} of the speech is in one only)")
    return True


def _diarize(sound: CleanedAudio, use: _StageContext) -> tuple[Diarization, SpeakerWindows | None]:
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


def _voices(sound: CleanedAudio, use: _StageContext) -> tuple[str, SpeakerWindows]:
    """Where voices are in the sound, and their key in the cache."""

    def embed_windows(folder: Path) -> None:
        voices, notes = use.engine("voices").embed_windows(sound.audio(), use.progress)
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
        embed_windows,
    )
    return found.key, SpeakerWindows.load(found.folder / _VOICES)


def voices_of(
    recording: Recording, plan: Plan, engine: Callable[[str, Plan], Any], stages: Stages
) -> SpeakerWindows | None:
    """What `listen` found of the voices in a recording, from the cache; None where the plan's diarizer keeps none."""
    if plan.options.diarizer == "none" or not plan.keeps_voices:
        return None
    use = _StageContext(plan, lambda task, plan=plan: stages.load(lambda: engine(task, plan)), stages)
    return _voices(clean_recording(recording, plan.preset, stages), use)[1]


def _transcribe(sound: CleanedAudio, use: _StageContext) -> Recognition:
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
