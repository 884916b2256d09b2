"""Choose the ASR model and its compute type for a device."""

from __future__ import annotations

from collections.abc import Callable

from voicekit import models
from voicekit.errors import UsageError
from voicekit.models.catalogue import Weights
from voicekit.models.resolve import resolve
from voicekit.runtime.device import Device

_GPU_MODELS = ("large-v3-turbo", "large-v3", "medium", "small")
"""Whisper models for `auto` on a GPU, best first; only installed ones are used, as large downloads need a request."""


def select_whisper(name: str, device: Device, note: Callable[[str], None]) -> Weights:
    """Return a Whisper model by name; `auto` means base on a CPU and the best installed one on a GPU.

    Args:
        name: Catalogue name, folder, hub id or `auto`.
        device: What it will run on.
        note: Called with information for the user.

    Raises:
        UsageError: Unknown model.
        ModelNotFound: It is not installed and cannot be downloaded.
    """
    if name != "auto":
        return resolve(name, "transcribe", progress=note)
    if device.kind == "cuda":
        for candidate in _GPU_MODELS:
            model = models.find_model(candidate, "transcribe")
            if model and (weights := models.find_local(model)):
                return weights
        note("large-v3-turbo has a lower word error rate on this GPU: `voicekit models pull recommended`")
    return resolve("base", "transcribe", progress=note)


def select_compute_type(compute_type: str, device: Device) -> str:
    """Return a CTranslate2 compute type; `auto` means the fastest one of the device that does not raise the WER."""
    if compute_type != "auto":
        return compute_type
    if device.kind == "cpu":
        return "int8"
    import ctranslate2

    supported = ctranslate2.get_supported_compute_types("cuda", device.index)
    return next(kind for kind in ("float16", "bfloat16", "int8_float32", "float32") if kind in supported)


def check_language(whisper: Weights, language: str | None) -> Weights:
    """Return the weights. Raises UsageError for an English-only model and another language."""
    if whisper.name.endswith(".en") and language not in (None, "en"):
        raise UsageError(f"model {whisper.name} knows English only", "Use a model without .en in its name")
    return whisper
