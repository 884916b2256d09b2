"""Synthesizer: the Python API of text to speech, used by the command line and notebooks.

It resolves a voice name, loads the voice's engine once, and keeps it for further texts.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

from pydantic import BaseModel

from voicekit.audio.decode import decode
from voicekit.audio.probe import probe
from voicekit.config.engines import sampling
from voicekit.config.keywords import EngineKeywords
from voicekit.config.schema import check_seed
from voicekit.diarization.clustering import cluster
from voicekit.diarization.labels import relabel_by_first_speech
from voicekit.engines.pool import EnginePool
from voicekit.engines.protocols import SpeechModel
from voicekit.engines.registry import load_engine, require_packages, speech_engine
from voicekit.errors import EngineError, MissingPackage, ModelNotFound, UsageError
from voicekit.models.catalogue import Weights
from voicekit.models.resolve import resolve
from voicekit.provenance import package_versions
from voicekit.runtime.device import choose_device
from voicekit.runtime.memory import is_out_of_memory
from voicekit.runtime.progress import Progress
from voicekit.storage.files import file_sha256
from voicekit.text.plain_text import tags_without_effect
from voicekit.tts.convert import convert
from voicekit.tts.readable import check_readable
from voicekit.tts.reference import Reference, check_reference, prepare_reference
from voicekit.tts.resynthesize import read_take_tokens, resynthesize
from voicekit.tts.synthesize import VERSION as SYNTHESIZE_VERSION
from voicekit.tts.synthesize import synthesize
from voicekit.tts.voices import KnownVoice, find_voice, first_voice, hidden_voice
from voicekit.types import Audio, Take, Turn


@functools.cache
def default_synthesizer() -> Synthesizer:
    """The synthesizer that `voicekit.say` uses; `default_synthesizer().close()` frees its models."""
    return Synthesizer()


class Synthesizer:
    """Text to speech with loaded models.

        with Synthesizer() as synthesizer:
            take = synthesizer.say("Hello.", voice="joe", seed=7)

    Leaving the block, or `close`, frees the models and GPU memory.
    """

    def __init__(self, progress: Progress | None = None, device: str = "auto") -> None:
        self.progress = progress or Progress()
        self.device = device
        self._pool = EnginePool()
        self._checked_clips: set[str] = set()

    def __enter__(self) -> Synthesizer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free every loaded model. The synthesizer can be used again."""
        self._pool.close()

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
        **params: Unpack[EngineKeywords],
    ) -> Take:
        """Synthesize a text.

        Args:
            text: Text as written; `[pause 0.7]` is a pause in seconds.
            voice: A name in refs/, a bundled voice, or the path of a clip to clone (default: the engine's first).
            engine: kokoro, piper, chatterbox ... (default: the engine of the voice).
            seed: The same seed gives the same samples.
            preset: A name in configs/sampling/ENGINE (default: the voice's).
            language: BCP-47 (default: the voice's).
            model: Folder or hub id of weights to use instead of the engine's default.
            normalize: Spell out numbers, dates and units first.
            watermark: Watermark the audio, for engines that support it.
            **params: Sampling parameters of the engine, such as speed=1.1.

        Raises:
            UsageError: Unknown voice, engine or parameter, or nothing to speak.
            VoicekitError: See voicekit.errors.
        """
        check_seed(seed)
        resolved = find_voice(voice or first_voice(engine), engine, language)
        preset = preset or (resolved.config.preset if resolved.config else None)
        spec = speech_engine(resolved.voice.engine)
        checked = sampling(spec.name, spec.params, preset, **params)
        for note in filter(None, (hidden_voice(resolved), *tags_without_effect({"": text}))):
            self.progress.note(note)
        self.progress.stage_started("say", 0.0)
        return self.synthesize(text, resolved, checked, seed, model=model, normalize=normalize, watermark=watermark)

    def synthesize(
        self,
        text: str,
        voice: KnownVoice,
        params: BaseModel,
        seed: int,
        *,
        model: str | None = None,
        normalize: bool = True,
        watermark: bool = True,
    ) -> Take:
        """Synthesize a text with a resolved voice and validated parameters; see `say`."""
        check_readable(text, voice, normalize)
        self._check_clip(voice)
        loaded = self._load_model(voice, model, watermark)
        with self._report_out_of_memory():
            take = synthesize(
                text, voice.voice, loaded, params, seed, normalize=normalize, progress=self.progress.stage_progress,
                note=self.progress.note,
            )  # fmt: skip
        return replace(take, made_with=self.made_with(voice, model, watermark))

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
        """Convert a recording to another voice; its words, pauses and manner stay.

        Args:
            path: The recording.
            voice: The target: a voice of refs/ with a clip, or the path of a clip.
            engine: As for `say`.
            seed: As for `say`.
            model: As for `say`.
            watermark: As for `say`.
            progress: Called with the share done, 0 to 1.

        Raises:
            UsageError: Unknown voice, or an engine that does not clone.
            SourceError: The recording cannot be read.
        """
        target = find_voice(voice, engine)
        loaded = self._load_cloning_model(target, model, watermark)
        audio, warnings = decode(path)
        for warning in warnings:
            self.progress.warning(warning)
        take = convert(audio, target.voice, loaded, seed, progress, self.progress.note)
        return replace(take, made_with={**self.made_with(target, model, watermark), "recording": file_sha256(path)})

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
        """Render a saved take again from its speech tokens, without the language model.

        Args:
            path: The FILE.json that `voicekit say` writes beside the audio.
            voice: A voice of refs/ with a clip, or a clip: the take's own, or another.
            engine: As for `say`.
            seed: (default: the take's.)
            tail: Seconds to cut from the end.
            model: As for `say`.
            watermark: As for `say`.

        Raises:
            UsageError: Unknown voice, or an engine without speech tokens.
            SourceError: The file is not a take, or has no speech tokens.
        """
        tokens = read_take_tokens(path)
        target = find_voice(voice, engine)
        loaded = self._load_cloning_model(target, model, watermark)
        with self._report_out_of_memory():
            take = resynthesize(tokens, target.voice, loaded, tokens.seed if seed is None else seed, tail)
        return replace(take, made_with={**self.made_with(target, model, watermark), "tokens_of": file_sha256(path)})

    def reference(self, path: Path, start: float | None = None, one_speaker: bool = False) -> Reference:
        """Cut a reference clip for cloning from a recording.

        Args:
            path: The recording.
            start: Seconds where the wanted part begins (default: the part with the most speech).
            one_speaker: Assume a single speaker; skips diarization.

        Raises:
            SourceError: The recording cannot be read.
            UsageError: The recording is not usable.
        """
        audio, warnings = _decode_at_own_rate(path)
        diarize = None if one_speaker else _diarize
        reference = prepare_reference(audio, load_engine("listen.speech"), diarize, start)
        return replace(reference, warnings=(*warnings, *reference.warnings))

    def made_with(self, voice: KnownVoice, model: str | None = None, watermark: bool = True) -> dict[str, Any]:
        """Everything beside text, parameters and seed that determines the audio: model, clip, device, versions.

        Loads no model. Raises ModelNotFound if the weights cannot be found.
        """
        spec = speech_engine(voice.voice.engine)
        weights = self.weights(voice, model)
        clip = voice.voice.clip
        return {
            "model": weights.record() if weights else None,
            "language": voice.voice.language,
            "device": str(choose_device(self.device)),
            "versions": {"say": SYNTHESIZE_VERSION, **package_versions(spec.packages)},
            **({"clip": file_sha256(clip)} if clip else {}),
            **({"watermark": watermark} if spec.watermarks else {}),
        }

    def weights(self, voice: KnownVoice, model: str | None = None) -> Weights | None:
        """The weights that a voice is synthesized with; None where its engine finds its own.

        Raises MissingPackage before anything is downloaded, and ModelNotFound.
        """
        require_packages(f"speak.{voice.voice.engine}")
        name = model or speech_engine(voice.voice.engine).weights
        return resolve(name, "speak", progress=self.progress.note) if name else None

    def _load_model(self, voice: KnownVoice, model: str | None, watermark: bool) -> SpeechModel:
        spec = speech_engine(voice.voice.engine)
        device = str(choose_device(self.device))
        weights = self.weights(voice, model)
        options = {"watermark": False} if not watermark and spec.watermarks else {}
        key = ("speak", spec.name, weights and weights.path, device, watermark)

        loaded: SpeechModel = self._pool.get(
            key,
            lambda: load_engine(f"speak.{spec.name}")(weights, device, **options),
            lambda: self.progress.loading(spec.name),
        )
        return loaded

    def _load_cloning_model(self, voice: KnownVoice, model: str | None, watermark: bool) -> Any:
        """Load a model that has `convert` and `vocode`."""
        spec = speech_engine(voice.voice.engine)
        if not spec.clones:
            raise UsageError(f"{spec.name} does not clone", "Give a clip, or a voice of refs/ that has one")
        self._check_clip(voice)
        loaded = self._load_model(voice, model, watermark)
        if not hasattr(loaded, "vocode"):
            raise UsageError(f"{spec.name} has no speech tokens", "Give --engine chatterbox")
        return loaded

    @contextlib.contextmanager
    def _report_out_of_memory(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            self.close()
            raise EngineError("out of memory during synthesis", "Close other programs, or give --device cpu") from error

    def _check_clip(self, voice: KnownVoice) -> None:
        """Check a clip that is not from refs/, once for its content, and report its problems as a note."""
        clip = voice.voice.clip
        if clip is None or voice.config is not None or (digest := file_sha256(clip)) in self._checked_clips:
            return
        audio, warnings = _decode_at_own_rate(clip)
        warnings += check_reference(clip.name, audio, load_engine("listen.speech"), _diarize)
        if warnings:
            self.progress.note(
                f"{clip.name}: {'; '.join(warnings)}. `voicekit voice prepare` cuts a better reference clip"
            )
        self._checked_clips.add(digest)


def _diarize(audio: Audio) -> tuple[Turn, ...]:
    """Speaker turns; none where the packages or weights of local diarization are missing."""
    try:
        weights = {"segmentation-3.0": resolve("segmentation-3.0", "segment"), "campplus": resolve("campplus", "embed")}
        engine = load_engine("diarize.starter")
    except (ModelNotFound, MissingPackage):
        return ()
    windows, _ = engine(weights, "cpu").embed_windows(audio, lambda share: None)
    diarization, _ = cluster(windows, None, None, None, lambda share: None)
    return relabel_by_first_speech(diarization).turns


def _decode_at_own_rate(path: Path) -> tuple[Audio, list[str]]:
    """Decode at the recording's rate, limited to 8 to 48 kHz; return it with warnings about the file."""
    return decode(path, rate=max(8000, min(48_000, probe(path).rate)))
