"""Render: one take that is wanted becomes sound, once; what the judge hears of it, likewise.

Both lie in the stage cache under the digest of all that determines them, so that a job that was killed renders only
what is missing, and two processes on one job share its work. Knows nothing of jobs, dialogues or which take is best.
"""

from __future__ import annotations

import functools
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
from voicekit.errors import EngineError, VoicekitError, interrupted
from voicekit.jsonio import parse_json
from voicekit.quality.judge import from_json, to_json
from voicekit.seeds import derive_seed
from voicekit.storage.cache import Entry, StageCache
from voicekit.storage.files import file_sha256, write_json, write_text, writing
from voicekit.storage.locks import Busy
from voicekit.takes.records import TakeRecord
from voicekit.tts.voices import KnownVoice
from voicekit.types import Audio, Measures, Take, Voice

if TYPE_CHECKING:
    from voicekit.quality.judge import Judge
    from voicekit.tts.synthesizer import Synthesizer

SOUND = "take.flac"
ABOUT = "take.json"
MEASURES = "measures.json"

REFERENCE_RATE = 24_000
"""Hz at which a clip is listened to: what is above it no engine here hears."""

VERSION = 1


@dataclass(frozen=True)
class TakeRequest:
    """One take that is wanted, with all that decides how it sounds.

    Attributes:
        line: Id of its line; `number`: which take of the line, from 1. Neither decides anything.
        preset: The name that the parameters came from, for the record.
        model: Folder or hub id of weights other than the engine's own.
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
        """What its voice is to be like: the clip it is cloned from; None for an engine's own voice."""
        return self.voice.voice.clip

    def record(self) -> TakeRecord:
        """As takes.json has it before it is rendered."""
        voice = self.voice.voice
        return TakeRecord(
            id=self.id, line=self.line, number=self.number, text=self.text, voice=voice.name, engine=voice.engine,
            language=voice.language, params=self.params.model_dump(mode="json"), seed=self.seed, speaker=voice.speaker,
            reference=str(voice.clip) if voice.clip else None, preset=self.preset, model=self.model,
            normalize=self.normalize, watermark=self.watermark,
        )  # fmt: skip

    @classmethod
    def of(cls, record: TakeRecord) -> TakeRequest:
        """What a take was made from, by its record. Raises UsageError where its engine is not here any more."""
        spec = speech_engine(record.engine)
        clip = Path(record.reference) if record.reference else None
        voice = Voice(record.voice, record.engine, record.speaker, clip, record.language)
        return cls(
            record.line, record.number, record.text, KnownVoice(voice), build(spec.params, record.params, record.id),
            record.seed, record.preset, record.model, record.normalize, record.watermark,
        )  # fmt: skip


def take_seed(seed: int, *item: str | int) -> int:
    """The seed of a take, from a job's seed and what the take is of (speaker, text, which of its like, number).

    31 bits, so that it can be given to `voicekit say --seed`, which then says the same.
    """
    return derive_seed(seed, "take", *item) % 2**31


@dataclass(frozen=True)
class StoredTake:
    """A rendered take in the cache. `about`: `Take.record()`. The folder is held until the renderer's `release`."""

    order: TakeRequest
    key: str
    folder: Path
    about: dict[str, Any]
    cached: bool

    @property
    def path(self) -> Path:
        """Lossless, mono, 24 bits."""
        return self.folder / SOUND

    @functools.cached_property
    def sound(self) -> Audio:
        return read_take(self.path)

    def record(self, file: str | None) -> TakeRecord:
        """As takes.json has it, rendered. `file`: where its sound is, in the run's folder."""
        about = self.about
        return replace(
            self.order.record(), said=tuple(about["said"]), parts=tuple((a, b) for a, b in about["parts"]),
            seconds=about["seconds"], rate=about["rate"], file=file, key=self.key, made_with=about["made_with"],
        )  # fmt: skip


@dataclass(frozen=True)
class Timing:
    """How long it took, in seconds, to make (`what` is the engine) or judge (JUDGE) so many seconds of sound."""

    what: str
    sound: float
    took: float


JUDGE = "judge"


class Renderer:
    """Renders orders with a speaker, through a cache. `timings`: of what was not in it, in order."""

    def __init__(self, speaker: Synthesizer, cache: StageCache) -> None:
        self.speaker = speaker
        self.cache = cache
        self.timings: list[Timing] = []
        self._known: dict[Any, dict[str, Any]] = {}

    def release(self) -> None:
        """The takes handed out so far are read no more; to be called now and then, as each holds a file open."""
        self.cache.release()

    def parts(self, order: TakeRequest) -> dict[str, Any]:
        """JSON: all that determines the sound of a take."""
        voice = order.voice.voice
        of_voice = (voice, order.model, order.watermark)
        if of_voice not in self._known:
            made = self.speaker.made_with(order.voice, order.model, order.watermark)
            made["device"] = made["device"].partition(":")[0]
            self._known[of_voice] = {"engine": voice.engine, "speaker": voice.speaker, **made}
        return {
            "text": order.text,
            "normalize": order.normalize,
            "voice": self._known[of_voice],
            "params": order.params.model_dump(mode="json"),
            "seed": order.seed,
            "version": VERSION,
        }

    def render(self, order: TakeRequest, wait: bool = True) -> StoredTake:
        """The take, from the cache if it is there.

        Raises:
            Busy: another process is making it, and `wait` is false.
            VoicekitError: it cannot be said, or not be written.
        """

        def make(folder: Path) -> None:
            take = self.speaker.synthesize(
                order.text, order.voice, order.params, order.seed, model=order.model, normalize=order.normalize,
                watermark=order.watermark,
            )  # fmt: skip
            write_take(take, folder)

        entry = self.cache.entry("take", self.parts(order), make, wait)
        stored = StoredTake(order, entry.key, entry.folder, _about(entry), entry.cached)
        if not entry.cached:
            self.timings.append(Timing(order.voice.voice.engine, stored.about["seconds"], entry.seconds))
        return stored

    def there(self, order: TakeRequest) -> bool:
        """Whether a take is in the cache, as far as can be told without reading it."""
        return self.cache.has("take", self.parts(order))

    def each(
        self, orders: Iterable[TakeRequest], judge: Judge | None, failed: Callable[[TakeRequest, VoicekitError], None]
    ) -> Iterator[tuple[StoredTake, Measures | None]]:
        """Every order as it is rendered and judged, engine by engine; what another process is busy with comes last.

        Args:
            judge: None where nobody listens.
            failed: Told of those that cannot be rendered or judged; they do not come.
        """
        waiting: list[TakeRequest] = []
        by_engine = sorted(orders, key=lambda order: (order.voice.voice.engine, order.model or ""))
        for orders_now, wait in ((by_engine, False), (waiting, True)):
            for order in orders_now:
                try:
                    stored = self.render(order, wait)
                    measures = self.measure(stored, judge, wait) if judge else None
                except Busy:
                    waiting.append(order)
                except Exception as error:
                    failed(order, _as_ours(error, order))
                else:
                    yield stored, measures

    def measure(self, stored: StoredTake, judge: Judge, wait: bool = True) -> Measures:
        """What the judge hears of a take, from the cache if it listened before.

        Raises:
            Busy: another process is listening to it, and `wait` is false.
        """
        order = stored.order
        measures, took = self._heard(stored.key, lambda: stored.sound, order.text, order, order.reference, judge, wait)
        if took is not None:
            self.timings.append(Timing(JUDGE, measures.seconds, took))
        return measures

    def measure_reference(self, order: TakeRequest, judge: Judge) -> Measures | None:
        """What the judge hears of the clip that a voice is cloned from; None where there is none."""
        if order.reference is None:
            return None
        clip = order.reference
        return self._heard(file_sha256(clip), lambda: decode(clip, rate=REFERENCE_RATE)[0], "", order, None, judge)[0]

    def _heard(
        self, key: str, sound: Callable[[], Audio], text: str, order: TakeRequest, reference: Path | None, judge: Judge,
        wait: bool = True,
    ) -> tuple[Measures, float | None]:  # fmt: skip
        """What was heard, and in how many seconds; None for the time where it was heard before."""
        language = order.voice.voice.language
        parts = {
            "sound": key,
            "text": text,
            "language": language,
            "reference": file_sha256(reference) if reference else None,
            "judge": judge.parts(),
        }

        def make(folder: Path) -> None:
            write_text(folder / MEASURES, to_json(judge.measure(sound(), text, language, reference)))

        entry = self.cache.entry("judge", parts, make, wait)
        return from_json((entry.folder / MEASURES).read_bytes()), None if entry.cached else entry.seconds


def _as_ours(error: Exception, order: TakeRequest) -> VoicekitError:
    """A library's own error costs its take alone; an interrupt goes on."""
    if interrupted(error):
        raise KeyboardInterrupt from error
    if isinstance(error, VoicekitError):
        return error
    ours = EngineError(f"{order.id}: {type(error).__name__}: {error}", "--debug shows where; please report it")
    ours.__cause__ = error
    return ours


def write_take(take: Take, folder: Path) -> None:
    """The sound as lossless FLAC of 24 bits, and beside it with what it was made.

    Raises:
        OutputError: the folder cannot be written.
    """
    with writing(folder / SOUND) as path:
        samples = np.clip(take.audio.mono, -1.0, 1.0)
        soundfile.write(path, samples, take.audio.rate, "PCM_24", format="FLAC")
    write_json(folder / ABOUT, take.record())


def read_take(path: Path) -> Audio:
    """The sound that `write_take` wrote."""
    samples, rate = soundfile.read(path, dtype="float32")
    return Audio(samples[None, :], rate)


def copy_into(stored: StoredTake, run: Path, file: str) -> None:
    """Put a take's sound into a run's folder, under a name in it."""
    place = run / file
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(stored.path, place)


def _about(entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = parse_json((entry.folder / ABOUT).read_text(encoding="utf-8"))
    return found
