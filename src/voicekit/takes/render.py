"""Render takes and measure them, both through the stage cache.

The cache key covers everything that determines the result. An interrupted job therefore renders only what is missing,
and two processes that work on the same job share their results.
"""

from __future__ import annotations

import functools
import io
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from pydantic import BaseModel

from voicekit.audio.decode import decode
from voicekit.config.schema import build
from voicekit.engines.registry import speech_engine
from voicekit.errors import OutputError, SourceError, VoicekitError
from voicekit.jsonio import parse_json
from voicekit.quality.judge import measures_from_json, measures_to_json
from voicekit.runtime.failures import as_voicekit_error
from voicekit.seeds import derive_seed
from voicekit.storage.cache import StageCache
from voicekit.storage.files import atomic_write, file_sha256, read_regular, write_json, write_text
from voicekit.storage.locks import Busy
from voicekit.storage.write_errors import cannot_write
from voicekit.takes.records import TakeRecord
from voicekit.tts.voices import KnownVoice
from voicekit.types import Audio, Measures, Take, Voice

if TYPE_CHECKING:
    from voicekit.quality.judge import Judge
    from voicekit.tts.synthesizer import Synthesizer

AUDIO_FILE = "take.flac"
RECORD_FILE = "take.json"
MEASURES_FILE = "measures.json"

REFERENCE_RATE = 24_000
"""Sample rate in Hz at which reference clips are measured; no engine here uses what is above it."""

VERSION = 1
"""Part of the cache key of takes."""

JUDGE = "judge"
"""`Timing.component` of measuring."""


@dataclass(frozen=True)
class TakeRequest:
    """A take to render.

    Attributes:
        line: Id of its line; not part of the cache key.
        number: Which take of the line, from 1; not part of the cache key.
        text: The text to speak.
        voice: The voice.
        params: Sampling parameters of the engine.
        seed: Seed of the random streams.
        preset: The preset that `params` came from, for the record.
        model: Folder or hub id of weights, if not the engine's default.
        normalize: Spell out numbers, dates and units.
        watermark: Watermark the audio, for engines that support it.
    """

    line: str
    number: int
    text: str
    voice: KnownVoice
    params: BaseModel
    seed: int
    preset: str | None = None
    model: str | None = None
    normalize: bool = True
    watermark: bool = True

    @property
    def id(self) -> str:
        return f"{self.line}-{self.number}"

    @property
    def reference(self) -> Path | None:
        """The clip that the voice is cloned from; None for a bundled voice."""
        return self.voice.voice.clip

    def to_record(self) -> TakeRecord:
        """The record of the take before it is rendered."""
        voice = self.voice.voice
        return TakeRecord(
            id=self.id, line=self.line, number=self.number, text=self.text, voice=voice.name, engine=voice.engine,
            language=voice.language, params=self.params.model_dump(mode="json"), seed=self.seed, speaker=voice.speaker,
            reference=str(voice.clip) if voice.clip else None, preset=self.preset, model=self.model,
            normalize=self.normalize, watermark=self.watermark,
        )  # fmt: skip

    @classmethod
    def from_record(cls, record: TakeRecord) -> TakeRequest:
        """The request that a take was rendered from. Raises UsageError if its engine is not installed."""
        spec = speech_engine(record.engine)
        clip = Path(record.reference) if record.reference else None
        voice = Voice(record.voice, record.engine, record.speaker, clip, record.language)
        return cls(
            record.line, record.number, record.text, KnownVoice(voice), build(spec.params, record.params, record.id),
            record.seed, record.preset, record.model, record.normalize, record.watermark,
        )  # fmt: skip


def take_seed(seed: int, *item: str | int) -> int:
    """Derive the seed of a take from a job's seed and what identifies the take (voice, text, occurrence, number).

    It has 31 bits, so that `voicekit say --seed` takes it and gives the same audio.
    """
    return derive_seed(seed, "take", *item) % 2**31


@dataclass(frozen=True)
class StoredTake:
    """A rendered take in the cache.

    Attributes:
        request: What it was rendered from.
        key: Its cache key.
        folder: Its cache folder, which stays locked until `Renderer.release`.
        info: `Take.record()`.
        cached: Whether it was in the cache already.
    """

    request: TakeRequest
    key: str
    folder: Path
    info: dict[str, Any]
    cached: bool

    @property
    def path(self) -> Path:
        """The audio: FLAC, mono, 24 bits."""
        return self.folder / AUDIO_FILE

    @functools.cached_property
    def audio(self) -> Audio:
        return read_take_audio(self.path)

    def to_record(self, file: str | None) -> TakeRecord:
        """The record of the rendered take; `file` is where its audio is in the run's folder."""
        info = self.info
        return replace(
            self.request.to_record(), said=tuple(info["said"]), parts=tuple((a, b) for a, b in info["parts"]),
            seconds=info["seconds"], rate=info["rate"], file=file, key=self.key, made_with=info["made_with"],
        )  # fmt: skip

    def copy_audio(self, run: Path, file: str) -> None:
        """Copy the audio into a run's folder. Raises OutputError if it cannot be written."""
        target = run / file
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.path, target)
        except OSError as error:
            raise cannot_write(target, error) from error


@dataclass(frozen=True)
class Timing:
    """Processing time and audio duration of a component: an engine's name, or JUDGE."""

    component: str
    audio_seconds: float
    work_seconds: float


class Renderer:
    """Renders and measures takes through a cache.

    Attributes:
        timings: Of everything that was not in the cache, in order.
    """

    def __init__(self, synthesizer: Synthesizer, cache: StageCache) -> None:
        self.synthesizer = synthesizer
        self.cache = cache
        self.timings: list[Timing] = []
        self._voice_keys: dict[Any, dict[str, Any]] = {}

    def release(self) -> None:
        """Unlock the takes returned so far; each one keeps a file open."""
        self.cache.release()

    def cache_parts(self, request: TakeRequest) -> dict[str, Any]:
        """JSON of everything that determines the audio of a take."""
        voice = request.voice.voice
        variant = (voice, request.model, request.watermark)
        if variant not in self._voice_keys:
            made_with = self.synthesizer.made_with(request.voice, request.model, request.watermark)
            made_with["device"] = made_with["device"].partition(":")[0]
            self._voice_keys[variant] = {"engine": voice.engine, "speaker": voice.speaker, **made_with}
        return {
            "text": request.text,
            "normalize": request.normalize,
            "voice": self._voice_keys[variant],
            "params": request.params.model_dump(mode="json"),
            "seed": request.seed,
            "version": VERSION,
        }

    def is_cached(self, request: TakeRequest) -> bool:
        """Whether a take is in the cache; does not check its files."""
        return self.cache.has("take", self.cache_parts(request))

    def render(self, request: TakeRequest, wait: bool = True) -> StoredTake:
        """Render a take, or get it from the cache.

        Raises:
            Busy: Another process is rendering it, and `wait` is false.
            VoicekitError: It cannot be synthesized or written.
        """

        def render_into(folder: Path) -> None:
            write_take(synthesize_request(self.synthesizer, request), folder)

        entry = self.cache.entry("take", self.cache_parts(request), render_into, wait)
        info: dict[str, Any] = parse_json((entry.folder / RECORD_FILE).read_text(encoding="utf-8"))
        if not entry.cached:
            self.timings.append(Timing(request.voice.voice.engine, info["seconds"], entry.seconds))
        return StoredTake(request, entry.key, entry.folder, info, entry.cached)

    def render_all(
        self,
        requests: Iterable[TakeRequest],
        judge: Judge | None,
        on_error: Callable[[TakeRequest, VoicekitError], None],
    ) -> Iterator[tuple[StoredTake, Measures | None]]:
        """Render and measure takes, grouped by engine; those that another process is working on come last.

        Args:
            requests: The takes.
            judge: Measures the takes; None renders only.
            on_error: Called for each take that cannot be rendered or measured; it is not yielded.

        Raises:
            OutputError: The cache cannot be written.
        """
        waiting: list[TakeRequest] = []
        by_engine = sorted(requests, key=lambda request: (request.voice.voice.engine, request.model or ""))
        for batch, wait in ((by_engine, False), (waiting, True)):
            for request in batch:
                try:
                    stored = self.render(request, wait)
                    measures = self.measure(stored, judge, wait) if judge else None
                except Busy:
                    waiting.append(request)
                except Exception as error:
                    failure = as_voicekit_error(error, request.id)
                    if isinstance(failure, OutputError):  # the cache cannot be written: all others would fail too
                        raise failure from error
                    on_error(request, failure)
                else:
                    yield stored, measures

    def measure(self, stored: StoredTake, judge: Judge, wait: bool = True) -> Measures:
        """Measure a take, or get its measures from the cache.

        Raises:
            Busy: Another process is measuring it, and `wait` is false.
        """
        request = stored.request
        measures, seconds = self._measure(
            stored.key, lambda: stored.audio, request.text, request, request.reference, judge, wait
        )
        if seconds is not None:
            self.timings.append(Timing(JUDGE, measures.seconds, seconds))
        return measures

    def measure_reference(self, request: TakeRequest, judge: Judge) -> Measures | None:
        """Measure the clip that a voice is cloned from; None for a bundled voice."""
        clip = request.reference
        if clip is None:
            return None
        return self._measure(file_sha256(clip), lambda: decode(clip, rate=REFERENCE_RATE)[0], "", request, None, judge)[
            0
        ]

    def _measure(
        self, audio_key: str, load_audio: Callable[[], Audio], text: str, request: TakeRequest,
        reference: Path | None, judge: Judge, wait: bool = True,
    ) -> tuple[Measures, float | None]:  # fmt: skip
        """Measure audio through the cache; returns the seconds it took, None if it was in the cache."""
        language = request.voice.voice.language
        parts = {
            "sound": audio_key,
            "text": text,
            "language": language,
            "reference": file_sha256(reference) if reference else None,
            "judge": judge.cache_parts(),
        }

        def measure_into(folder: Path) -> None:
            measures = judge.measure(load_audio(), text, language, reference)
            write_text(folder / MEASURES_FILE, measures_to_json(measures))

        entry = self.cache.entry("judge", parts, measure_into, wait)
        measures = measures_from_json((entry.folder / MEASURES_FILE).read_bytes())
        return measures, None if entry.cached else entry.seconds


def synthesize_request(synthesizer: Synthesizer, request: TakeRequest) -> Take:
    """Synthesize a take without the cache."""
    return synthesizer.synthesize(
        request.text, request.voice, request.params, request.seed, model=request.model, normalize=request.normalize,
        watermark=request.watermark,
    )  # fmt: skip


def write_take(take: Take, folder: Path) -> None:
    """Write a take as 24-bit FLAC and its record as JSON. Raises OutputError if the folder cannot be written."""
    encoded = io.BytesIO()  # soundfile's own error for a full disk does not say so
    soundfile.write(encoded, np.clip(take.audio.mono, -1.0, 1.0), take.audio.rate, "PCM_24", format="FLAC")
    with atomic_write(folder / AUDIO_FILE) as path:
        path.write_bytes(encoded.getvalue())
    write_json(folder / RECORD_FILE, take.record())


def read_take_audio(path: Path) -> Audio:
    """Read audio that `write_take` wrote. Raises SourceError if it cannot be read."""
    try:
        samples, rate = soundfile.read(io.BytesIO(read_regular(path)), dtype="float32")
    except (OSError, soundfile.LibsndfileError) as error:
        raise SourceError(f"cannot read {path}: {error}", "Restore it, or run the job again") from error
    return Audio(samples[None, :], rate)
