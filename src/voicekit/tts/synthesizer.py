"""Translation, chosen and kept: which engine does a pair, its weights, the cache of sentences, and files in and out.

What `voicekit translate`, `voicekit transcribe --translate` and notebooks call; the work is `pipeline.translate`'s.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from voicekit.audio.decode import decode, probe
from voicekit.config.engines import sampling
from voicekit.diarization.clustering import cluster
from voicekit.diarization.labels import named
from voicekit.engines.protocols import SpeechModel
from voicekit.engines.registry import load_engine, speech_engine
from voicekit.errors import EngineError, MissingPackage, ModelNotFound, UsageError
from voicekit.models.catalogue import Weights
from voicekit.models.resolve import resolve
from voicekit.provenance import package_versions
from voicekit.runtime.device import choose_device
from voicekit.runtime.memory import free, out_of_memory
from voicekit.runtime.progress import Progress
from voicekit.seeds import RandomStreams
from voicekit.storage.files import file_sha256
from voicekit.tts.convert import PIECE
from voicekit.tts.reference import Reference, prepare
from voicekit.tts.resynthesize import read_take_tokens, resynthesize
from voicekit.tts.synthesize import VERSION as SYNTHESIZE_VERSION
from voicekit.tts.synthesize import synthesize
from voicekit.tts.voices import KnownVoice, find, first_voice
from voicekit.types import Audio, SynthesizedSpeech, Take, Turn, Voice


@functools.cache
def default_synthesizer() -> Synthesizer:
    """The speaker that `voicekit.say` uses; `default_speaker().close()` frees its models."""
    return Synthesizer()


LEAST, LONGEST_CLIP, LISTENED = 1.0, 10.0, 30.0
"""Seconds of a clip that nobody has prepared: of speech in it, at least; that chatterbox's sound is made of; that are
checked."""


class Synthesizer:
    """Loaded engines.

        with Speaker() as speaker:
            take = speaker.say("Hello.", voice="joe", seed=7)

    Leaving the block, or `close`, frees them and the GPU's memory.
    """

    def __init__(self, progress: Progress | None = None, device: str = "auto") -> None:
        self.progress = progress or Progress()
        self.device = device
        self._engines: dict[tuple[Any, ...], SpeechModel] = {}
        self._checked: set[str] = set()

    def __enter__(self) -> Synthesizer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget every loaded engine and give its memory back. The speaker can be used again."""
        self._engines.clear()
        free()

    def say(
        self,
        text: str,
        *,
        voice: str | None = None,
        engine: str | None = None,
        seed: int = 0,
        preset: str | None = None,
        language: str | None = None,
        model: str | None = None,
        normalize: bool = True,
        watermark: bool = True,
        **params: Any,
    ) -> Take:
        """Speak a text.

        Args:
            text: As people write it; `[pause 0.7]` is a pause.
            voice: A name in refs/, an engine's own voice, or a clip to clone; when left out the engine's first.
            engine: kokoro, piper, chatterbox ...; what the voice is made for when left out.
            seed: The same one gives the same samples, where the engine draws random numbers at all.
            preset: A name in configs/sampling/ENGINE; the voice's own when left out.
            language: BCP-47; the voice's own when left out.
            model: Folder or hub id of weights other than the engine's own.
            normalize: Whether numbers, dates and units are turned into words first.
            watermark: Whether an engine that marks its sound does.
            **params: Those that the engine heeds, such as speed=1.1.

        Raises:
            UsageError: no such voice, engine or parameter, or nothing to say.
            VoicekitError: see voicekit.errors.
        """
        known = find(voice or first_voice(engine), engine, language)
        chosen = preset or (known.about.preset if known.about else None)
        spec = speech_engine(known.voice.engine)
        own = sampling(spec.name, spec.params, chosen, **params)
        self.progress.stage_started("say", 0.0)
        return self.synthesize(text, known, own, seed, model=model, normalize=normalize, watermark=watermark)

    def synthesize(
        self,
        text: str,
        known: KnownVoice,
        params: BaseModel,
        seed: int,
        *,
        model: str | None = None,
        normalize: bool = True,
        watermark: bool = True,
    ) -> Take:
        """`say` with a voice that was found and parameters that were checked."""
        self._check(known)
        loaded = self._engine(known, model, watermark)
        with self._within_memory():
            take = synthesize(
                text, known.voice, loaded, params, seed, normalize=normalize, progress=self.progress.stage_progress,
                note=self.progress.note,
            )  # fmt: skip
        return replace(take, made_with=self.made_with(known, model, watermark))

    @contextlib.contextmanager
    def _within_memory(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not out_of_memory(error):
                raise
            self.close()
            raise EngineError("out of memory while speaking", "Close other programs, or give --device cpu") from error

    def convert(
        self,
        path: Path,
        *,
        voice: str,
        engine: str | None = None,
        seed: int = 0,
        model: str | None = None,
        watermark: bool = True,
        progress: Callable[[float], None] = lambda share: None,
    ) -> Take:
        """What is said in a recording, in another voice; pauses and manner stay. In pieces of at most half a minute.

        Raises:
            UsageError: no such voice, or an engine that does not clone.
            SourceError: the recording cannot be read.
        """
        known = find(voice, engine)
        loaded = self._cloner(known, model, watermark)
        sound, _ = decode(path)
        draws = RandomStreams(seed, ("convert",))
        size = PIECE * sound.rate
        starts = range(0, max(1, sound.samples.shape[1]), size)
        pieces: list[SynthesizedSpeech] = []
        for number, start in enumerate(starts):
            piece = Audio(sound.samples[:, start : start + size], sound.rate)
            pieces += self._converted(piece, known.voice, loaded, draws.of(number))
            progress((number + 1) / len(starts))
        samples = np.concatenate([one.audio.samples for one in pieces], axis=1)
        return Take(
            "", (), known.voice.name, known.voice.engine, {}, seed, Audio(samples, loaded.rate),
            tokens=tuple(one.tokens for one in pieces),
            made_with={**self.made_with(known, model, watermark), "recording": file_sha256(path)},
        )  # fmt: skip

    def resynthesize(
        self,
        path: Path,
        *,
        voice: str,
        engine: str | None = None,
        seed: int | None = None,
        tail: float = 0.0,
        model: str | None = None,
        watermark: bool = True,
    ) -> Take:
        """A kept take made again of its speech tokens, without the language model; see `speech.revoice`.

        Args:
            path: FILE.json, as `save` writes it beside the sound.
            voice: A voice of refs/ with a clip, or a clip: the take's own, or another.
            engine: As for `say`.
            seed: The take's own when left out.
            tail: Seconds of the end that are left out.
            model: As for `say`.
            watermark: As for `say`.

        Raises:
            UsageError: no such voice, or an engine without speech tokens.
            SourceError: the file holds no take, or one without speech tokens.
        """
        kept = read_take_tokens(path)
        known = find(voice, engine)
        loaded = self._cloner(known, model, watermark)
        with self._within_memory():
            take = resynthesize(kept, known.voice, loaded, kept.seed if seed is None else seed, tail)
        return replace(take, made_with={**self.made_with(known, model, watermark), "tokens_of": file_sha256(path)})

    def _cloner(self, known: KnownVoice, model: str | None, watermark: bool) -> Any:
        """The loaded engine of a cloned voice, which can make sound of speech tokens."""
        spec = speech_engine(known.voice.engine)
        if not spec.clones:
            raise UsageError(f"{spec.name} does not clone", "Give a clip, or a voice of refs/ that has one")
        self._check(known)
        loaded = self._engine(known, model, watermark)
        if not hasattr(loaded, "vocode"):
            raise UsageError(f"{spec.name} has no speech tokens", "Give --engine chatterbox")
        return loaded

    def _converted(self, piece: Audio, voice: Voice, loaded: Any, draws: RandomStreams) -> list[SynthesizedSpeech]:
        """In halves, and so on, where memory does not do for it; not below two seconds."""
        try:
            return [loaded.convert(piece, voice, draws)]
        except Exception as error:
            if not out_of_memory(error):
                raise
            if piece.duration < 4:
                raise EngineError("out of memory", "Close other programs, or give --device cpu") from error
        free()
        self.progress.note(f"out of memory: converting {piece.duration / 2:.0f} s at once")
        middle = piece.samples.shape[1] // 2
        halves = (piece.samples[:, :middle], piece.samples[:, middle:])
        return [
            one
            for number, half in enumerate(halves)
            for one in self._converted(Audio(half, piece.rate), voice, loaded, draws.of("half", number))
        ]

    def _engine(self, known: KnownVoice, model: str | None, watermark: bool) -> SpeechModel:
        spec = speech_engine(known.voice.engine)
        device = str(choose_device(self.device))
        weights = self._weights(model or spec.weights)
        marks = {"watermark": False} if not watermark and spec.watermarks else {}
        key = (spec.name, weights and weights.path, device, watermark)
        if key not in self._engines:
            self._engines.clear()  # one at a time: memory is short on GPUs
            free()
            self.progress.loading(spec.name)
            self._engines[key] = load_engine(f"speak.{spec.name}")(weights, device, **marks)
        return self._engines[key]

    def made_with(self, known: KnownVoice, model: str | None = None, watermark: bool = True) -> dict[str, Any]:
        """What, beside text, parameters and seed, decides how a voice sounds: model, clip, device, versions.

        Loads nothing. Raises ModelNotFound where the model is not to be had.
        """
        spec = speech_engine(known.voice.engine)
        weights = self._weights(model or spec.weights)
        clip = known.voice.clip
        return {
            "model": weights.record() if weights else None,
            "language": known.voice.language,
            "device": str(choose_device(self.device)),
            "versions": {"say": SYNTHESIZE_VERSION, **package_versions(spec.packages)},
            **({"clip": file_sha256(clip)} if clip else {}),
            **({"watermark": watermark} if spec.watermarks else {}),
        }

    def weights(self, known: KnownVoice, model: str | None = None) -> Weights | None:
        """The model that a voice is said with; None where its engine finds its own."""
        return self._weights(model or speech_engine(known.voice.engine).weights)

    def _weights(self, name: str | None) -> Weights | None:
        return resolve(name, "speak", progress=self.progress.note) if name else None

    def reference(self, path: Path, start: float | None = None, one_speaker: bool = False) -> Reference:
        """A recording cut to a clip to clone from. `one_speaker`: take it for granted, without the diarizer.

        Raises:
            SourceError: it cannot be read.
            UsageError: nothing can be made of it.
        """
        sound, notes = _decoded(path)
        found = prepare(sound, load_engine("listen.speech"), None if one_speaker else self._turns, start)
        return replace(found, faults=(*notes, *found.faults))

    def _check(self, known: KnownVoice) -> None:
        """Say what is wrong with a clip that nobody prepared; once for its bytes. Raises UsageError for no speech."""
        clip = known.voice.clip
        if clip is None or known.about is not None or (digest := file_sha256(clip)) in self._checked:
            return
        sound, faults = _decoded(clip)
        heard = Audio(sound.samples[:, : round(LISTENED * sound.rate)], sound.rate)
        try:
            faults += prepare(heard, load_engine("listen.speech"), self._turns, shortest=LEAST).faults
        except UsageError as error:
            raise UsageError(f"{clip.name} is no clip to speak like: {error.message}", error.remedy) from error
        if sound.duration > LONGEST_CLIP:
            faults.append(f"{sound.duration:.0f} s long: the voice is mostly made of the first {LONGEST_CLIP:g}")
        if faults:
            self.progress.note(f"{clip.name}: {'; '.join(faults)}. `voicekit voice prepare` cuts a clip that fits")
        self._checked.add(digest)

    def _turns(self, audio: Audio) -> tuple[Turn, ...]:
        """Who speaks when; nobody where the starter's diarizer is not installed."""
        try:
            weights = {name: resolve(name, task) for name, task in _VOICES}
            engine = load_engine("diarize.starter")
        except (ModelNotFound, MissingPackage):
            return ()
        voices, _ = engine(weights, "cpu").embed_windows(audio, lambda share: None)
        found, _ = named(cluster(voices, None, None, None, lambda share: None))
        return tuple(found.turns)


def _decoded(path: Path) -> tuple[Audio, list[str]]:
    """A recording at its own rate, within reason; and what is wrong with the file."""
    return decode(path, rate=max(8000, min(48_000, probe(path).rate)))


_VOICES: tuple[tuple[str, Any], ...] = (("segmentation-3.0", "segment"), ("campplus", "embed"))
