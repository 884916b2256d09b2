"""Run one recording through the stages: channels, clean, voices, diarize, transcribe, attribute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicekit.diarization.channels import VERSION as CHANNELS_VERSION
from voicekit.diarization.channels import CrossTalk, measure_cross_talk, merge_channels
from voicekit.diarization.clustering import VERSION as CLUSTER_VERSION
from voicekit.diarization.clustering import cluster
from voicekit.diarization.labels import VERSION as DIARIZE_VERSION
from voicekit.diarization.labels import relabel_by_first_speech
from voicekit.diarization.windows import VERSION as VOICES_VERSION
from voicekit.diarization.windows import SpeakerWindows
from voicekit.engines.protocols import Dropped, Recognition
from voicekit.errors import UsageError
from voicekit.recording import CleanedAudio, Recording, clean_recording
from voicekit.redact import list_names
from voicekit.runtime.progress import format_duration
from voicekit.stages import Stages
from voicekit.text.chinese import in_written_form, written_form
from voicekit.transcription.attribution import attribute, name_speakers
from voicekit.transcription.engines import TranscriptionEngines
from voicekit.transcription.plan import Plan
from voicekit.transcription.recognize import VERSION as TRANSCRIBE_VERSION
from voicekit.transcription.recognize import transcribe
from voicekit.types import Diarization, Transcript, Unrecognized

_WINDOWS_FILE = "voices.npz"

_MAX_TIMES = 5
"""Stretches of time that a warning names."""


@dataclass(frozen=True)
class TranscriptionResult:
    """A transcript and how it was made.

    Attributes:
        transcript: The result.
        stages: One JSON object per stage, for run.json.
        warnings: For the user.
        dropped: Words that were removed as hallucinations.
    """

    transcript: Transcript
    stages: list[dict[str, Any]]
    warnings: list[str]
    dropped: tuple[Dropped, ...] = ()


def run_pipeline(
    recording: Recording, plan: Plan, engines: TranscriptionEngines, stages: Stages
) -> TranscriptionResult:
    """Transcribe one recording. Engines are loaded only on a cache miss.

    Raises:
        VoicekitError: Of the stage that failed; the results of earlier stages stay in the cache.
    """
    return _Pipeline(recording, plan, engines, stages).run()


def speaker_windows(
    recording: Recording, plan: Plan, engines: TranscriptionEngines, stages: Stages
) -> SpeakerWindows | None:
    """Return the speaker windows of a recording, from the cache if possible; None if the plan's diarizer has none."""
    if plan.options.diarizer == "none" or not plan.uses_speaker_windows:
        return None
    cleaned = clean_recording(recording, plan.preset, stages)
    return _Pipeline(recording, plan, engines, stages).embed_windows(cleaned)[1]


@dataclass(frozen=True)
class _Pipeline:
    """The stages of one recording."""

    recording: Recording
    plan: Plan
    engines: TranscriptionEngines
    stages: Stages

    def run(self) -> TranscriptionResult:
        plan, stages = self.plan, self.stages
        is_split = self._is_split()
        channels: Sequence[int | None] = range(self.recording.media.channels) if is_split else (None,)
        cleaned = [clean_recording(self.recording, plan.preset, stages, channel) for channel in channels]
        windows = diarization = None
        if plan.options.diarizer != "none" and not is_split:
            diarization, windows = self._diarize(cleaned[0])
        recognitions = [self._transcribe(audio) for audio in cleaned]
        if is_split:
            segments, turns = merge_channels([attribute(recognition.segments) for recognition in recognitions])
        else:
            segments = attribute(recognitions[0].segments, diarization, windows)
            turns = diarization.turns if diarization else ()
        segments, turns, notes = name_speakers(segments, turns, plan.options.speaker_names)
        language = max(recognitions, key=_word_count).language
        if plan.options.language and (form := written_form(plan.options.language)):
            language, segments = form, in_written_form(segments, form)
        dropped = tuple(words for recognition in recognitions for words in recognition.dropped)
        unrecognized = tuple(sorted((u for r in recognitions for u in r.unrecognized), key=lambda u: u.start))
        warnings = [*_describe_track(self.recording), *stages.warnings, *notes]
        warnings += [*_describe_dropped(dropped), *_describe_unrecognized(unrecognized)]
        warnings = list(dict.fromkeys(warnings))
        for warning in warnings:
            stages.progress.warning(warning)
        transcript = Transcript(
            schema="voicekit.transcript/1",
            language=language,
            duration=max(audio.duration for audio in cleaned),
            source=self.recording.source,
            speakers=tuple(dict.fromkeys(turn.speaker for turn in turns)),
            segments=segments,
            turns=turns,
            unrecognized=unrecognized,
        )
        return TranscriptionResult(transcript, stages.records, warnings, dropped)

    @property
    def _report(self) -> Callable[[float], None]:
        return self.stages.progress.stage_progress

    def _is_split(self) -> bool:
        """Whether each channel is transcribed as one speaker: on request, or detected by cross-talk."""
        mode = self.plan.options.channels
        channels = self.recording.media.channels
        if mode == "split":
            if channels < 2:
                raise UsageError(f"{self.recording.title} has one channel, so none to split", "Use --channels auto")
            return True
        if mode == "mix" or self.plan.options.diarizer == "none" or channels != 2:
            return False
        cross_talk = self.stages.result(
            "channels", 0.0, {"input": self.recording.sha256, "version": CHANNELS_VERSION}, CrossTalk,
            lambda: (measure_cross_talk(self.recording.path, self.recording.media), []),
        )  # fmt: skip
        if cross_talk.one_speaker_per_channel:
            self.stages.progress.note(
                f"one speaker per channel ({cross_talk.apart:.0%} of the speech is in one channel only)"
            )
        return cross_talk.one_speaker_per_channel

    def _diarize(self, audio: CleanedAudio) -> tuple[Diarization, SpeakerWindows | None]:
        plan, options = self.plan, self.plan.options
        counts = options.speakers, options.min_speakers, options.max_speakers
        windows: SpeakerWindows | None = None
        if plan.uses_speaker_windows:
            key, windows = self.embed_windows(audio)
            parts: dict[str, Any] = {"voices": key, "counts": counts, "version": CLUSTER_VERSION}
        else:
            parts = {
                "input": audio.key,
                "engine": options.diarizer,
                "counts": counts,
                "models": [weights.record() for weights in plan.voices.values()],
                "device": plan.device.kind,
                "version": DIARIZE_VERSION,
            }

        def diarize() -> tuple[Diarization, list[str]]:
            if windows is not None:
                diarization, warnings = cluster(windows, *counts, self._report)
            else:
                diarizer = self.stages.load(lambda: self.engines.diarizer(plan))
                diarization, warnings = diarizer.diarize(audio.audio(), *counts, self._report)
            return relabel_by_first_speech(diarization), warnings

        return self.stages.result("diarize", audio.duration, parts, Diarization, diarize), windows

    def embed_windows(self, audio: CleanedAudio) -> tuple[str, SpeakerWindows]:
        """Return the speaker windows and their cache key, which does not depend on the number of speakers."""

        def embed(folder: Path) -> None:
            embedder = self.stages.load(lambda: self.engines.window_embedder(self.plan))
            windows, warnings = embedder.embed_windows(audio.audio(), self._report)
            windows.save(folder / _WINDOWS_FILE)
            self.stages.warnings += warnings

        entry = self.stages.folder(
            "voices",
            audio.duration,
            {
                "input": audio.key,
                "models": [weights.record() for weights in self.plan.voices.values()],
                "device": self.plan.device.kind,
                "version": VOICES_VERSION,
            },
            embed,
        )
        return entry.key, SpeakerWindows.load(entry.folder / _WINDOWS_FILE)

    def _transcribe(self, audio: CleanedAudio) -> Recognition:
        plan, options = self.plan, self.plan.options
        return self.stages.result(
            "transcribe",
            audio.duration,
            {
                "input": audio.key,
                "engine": "faster-whisper",
                "model": plan.whisper.record(),
                "language": options.whisper_language,
                **{name: getattr(options, name) for name in ("hotwords", "prompt", "beam_size")},
                "compute_type": plan.compute_type,
                "batch_size": plan.batch_size,
                "device": plan.device.kind,
                "version": TRANSCRIBE_VERSION,
            },
            Recognition,
            lambda: transcribe(
                audio.audio(),
                lambda compute_type: self.stages.load(lambda: self.engines.asr(plan, compute_type)),
                options,
                plan.batch_size,
                plan.compute_type,
                self._report,
            ),
        )


def _describe_track(recording: Recording) -> list[str]:
    """Return a warning if the file has several tracks and the user chose none."""
    media = recording.media
    if len(media.tracks) < 2 or recording.track != "default":
        return []
    tracks = "; ".join(map(str, media.tracks))
    return [f"{recording.title} has {len(media.tracks)} audio tracks; track {media.track} is used: {tracks}"]


def _word_count(recognition: Recognition) -> int:
    return sum(len(segment.words) for segment in recognition.segments)


def _describe_dropped(dropped: Sequence[Dropped]) -> list[str]:
    words = sum(len(part.text.split()) for part in dropped)
    if not words:
        return []
    return [f"{words} words were dropped as hallucinations or repetitions, at {_times(dropped)}; run.json lists them"]


def _describe_unrecognized(unrecognized: Sequence[Unrecognized]) -> list[str]:
    if not unrecognized:
        return []
    seconds = sum(part.end - part.start for part in unrecognized)
    return [
        f"{seconds:.1f} s of speech have no words, at {_times(unrecognized)}: a larger --model may recognize them; "
        "transcript.json lists them"
    ]


def _times(parts: Sequence[Dropped | Unrecognized]) -> str:
    """Return the first stretches of time as 0:03-0:07, 1:02-1:05, and the number of others."""
    return list_names([f"{format_duration(part.start)}-{format_duration(part.end)}" for part in parts], _MAX_TIMES)
