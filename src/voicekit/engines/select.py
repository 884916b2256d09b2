"""A session: models loaded once, used for many recordings, freed together. What the CLI and notebooks call."""

from __future__ import annotations

from collections.abc import Callable

from voicekit import models
from voicekit.errors import UsageError
from voicekit.models.catalogue import Weights
from voicekit.models.resolve import resolve
from voicekit.runtime.device import Device

# Whisper models that `auto` takes on a GPU, best first, if they are on this machine: nothing large is fetched unasked.
_GPU_MODELS = ("large-v3-turbo", "large-v3", "medium", "small")


def select_whisper(name: str, device: Device, note: Callable[[str], None]) -> Weights:
    """A Whisper by name; for `auto` base on a CPU, and on a GPU the best one that is here.

    Raises:
        UsageError: no such model.
        ModelNotFound: it is nowhere to be had.
    """
    if name != "auto":
        return resolve(name, "transcribe", progress=note)
    if device.kind == "cuda":
        for candidate in _GPU_MODELS:
            model = models.find(candidate, "transcribe")
            if model and (weights := models.local(model)):
                return weights
        note("for better words on this GPU: `voicekit models pull large-v3-turbo`")
    return resolve("base", "transcribe", progress=note)


def select_compute_type(wanted: str, device: Device) -> str:
    """`auto`: what the device does fastest without harm to the words."""
    if wanted != "auto":
        return wanted
    if device.kind == "cpu":
        return "int8"
    import ctranslate2

    able = ctranslate2.get_supported_compute_types("cuda", device.index)
    return next(kind for kind in ("float16", "bfloat16", "int8_float32", "float32") if kind in able)


def check_language(select_whisper: Weights, language: str | None) -> Weights:
    if select_whisper.name.endswith(".en") and language not in (None, "en"):
        raise UsageError(f"model {select_whisper.name} knows English only", "Use a model without .en in its name")
    return select_whisper
