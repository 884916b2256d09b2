"""Where weights come from: a path, a packaged starter, the Hugging Face cache, the Hugging Face hub; in this order.

One table, `CATALOGUE`, holds every model voicekit knows by name, with pinned revisions and checksums. `resolve` turns
a name into files on disk whose checksums were compared; it is the only place that reaches for the hub. Formats that
can run code when loaded (pickle) are not accepted: CTranslate2, safetensors, ONNX, and `torch.load(weights_only=True)`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from voicekit.errors import ModelCorrupt, ModelNotFound, OutputError, UsageError
from voicekit.models.catalogue import CATALOGUE, Hub, Model, Task, Weights, find
from voicekit.models.hub import from_hub, from_hub_cache, how_to_get, offline
from voicekit.models.packaged import from_package
from voicekit.storage.files import digest, file_sha256


def resolve(
    name: str,
    task: Task,
    *,
    download: bool = True,
    refresh: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Weights:
    """Files for a model, by catalogue name, path or hub id (`owner/name`, with `@revision` to pin it).

    Args:
        name: As given by the user.
        task: What it is for; a path or hub id is trusted to fit.
        download: Whether the hub may be asked for what is not here.
        refresh: Ask the hub even for what is here, and pin an unpinned id to its newest commit.
        progress: Told, in words, of a download that is about to start.

    Raises:
        UsageError: no such name, folder or hub id.
        ModelNotFound: it is nowhere to be had; the error names the ways to get it.
        ModelCorrupt: the files are not what the catalogue says.
    """
    path = Path(name).expanduser()
    model = find(name, task)  # first, so that a folder of that name where we happen to stand is not taken for it
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
    if model.hub:
        if not refresh and (weights := from_hub_cache(model, model.hub)):
            return weights
        if download and not offline():
            if progress:
                progress(f"downloading {model.name} ({model.bytes / 1e6:.0f} MB) from {model.hub.repo}")
            return from_hub(model, model.hub, refresh)
    raise ModelNotFound(f"model {model.name} is not on this machine", how_to_get(model))


def local(model: Model) -> Weights | None:
    """The model's files if they are here already and sound; None if not. Asks no network."""
    with contextlib.suppress(ModelNotFound, ModelCorrupt, OutputError, UsageError):
        return resolve(model.name, model.task, download=False)
    return None
