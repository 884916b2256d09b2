"""Turn what CTranslate2 raises while it loads a model into our errors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from voicekit.errors import EngineError, ModelCorrupt, UsageError
from voicekit.models.catalogue import Weights
from voicekit.runtime.device import Device
from voicekit.runtime.memory import is_out_of_memory


@contextlib.contextmanager
def loading(model: str, weights: Weights, device: Device, compute_type: str) -> Iterator[None]:
    """Load a model of CTranslate2 inside it. `model`: its kind, for messages: "Whisper".

    Raises:
        UsageError: The device does not support the compute type.
        EngineError: CUDA does not work.
        ModelCorrupt: The weights cannot be loaded.
        RuntimeError: Memory ran out (`is_out_of_memory`).
    """
    try:
        yield
    except ValueError as error:  # "Requested float16 compute type, but ..."
        raise UsageError(
            f"{model} cannot run as {compute_type} on {device}: {error}", "Use --compute-type auto, or --device cpu"
        ) from error
    except (RuntimeError, OSError) as error:
        if is_out_of_memory(error):
            raise
        if "libcu" in str(error) or "CUDA" in str(error):
            raise EngineError(
                f"CUDA does not work on this machine: {error}", "Run `voicekit doctor`, or use --device cpu"
            ) from error
        raise ModelCorrupt(
            f"model {weights.name} cannot be loaded: {error}", f"Run `voicekit models verify {weights.name}`"
        ) from error
