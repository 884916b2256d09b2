"""Model weights: what exists, where it is on this machine, how to download it, and whether it is intact."""

from voicekit.models.catalogue import CATALOGUE, Hub, Model, Origin, Package, Task, Weights, find_model
from voicekit.models.hub import go_offline, hub_token, offline
from voicekit.models.integrity import verify
from voicekit.models.licences import package_licences
from voicekit.models.resolve import find_local, resolve

__all__ = [
    "CATALOGUE",
    "Hub",
    "Model",
    "Origin",
    "Package",
    "Task",
    "Weights",
    "find_local",
    "find_model",
    "go_offline",
    "hub_token",
    "offline",
    "package_licences",
    "resolve",
    "verify",
]
