"""Where weights come from: a path, a packaged starter, the Hugging Face cache, the Hugging Face hub; in this order.

One table, `CATALOGUE`, holds every model voicekit knows by name, with pinned revisions and checksums. `resolve` turns
a name into files on disk whose checksums were compared; it is the only place that reaches for the hub. Formats that
can run code when loaded (pickle) are not accepted: CTranslate2, safetensors, ONNX, and `torch.load(weights_only=True)`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
from pathlib import Path

from filelock import FileLock

from voicekit.errors import MissingPackage, OutputError
from voicekit.models.catalogue import Model, Package, Weights
from voicekit.models.integrity import check_weights
from voicekit.storage.files import digest, writing
from voicekit.storage.paths import cache_dir

# --- packaged weights -----------------------------------------------------------------------------------------------


def from_package(model: Model, package: Package) -> Weights | None:
    places = {name: [_place(part) for part in parts] for name, parts in package.files.items()}
    if any(place is None for parts in places.values() for place in parts):
        return None
    sound = {name: [p for p in parts if p is not None] for name, parts in places.items()}
    folders = {parts[0].parent for parts in sound.values()}
    if len(folders) == 1 and all(len(parts) == 1 and parts[0].name == name for name, parts in sound.items()):
        folder = folders.pop()
    else:
        folder = _join(model, package, sound)
    hashes = check_weights(model.name, {name: folder / name for name in package.files}, package.sha256)
    return Weights(model.name, folder, "package", package.revision, hashes)


def _place(part: str) -> Path | None:
    """Where `module/relative/path` lies, without importing the module; None if it is not installed."""
    module, _, relative = part.partition("/")
    spec = importlib.util.find_spec(module)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(folder, relative)).is_file():
            return path
    return None


def _join(model: Model, package: Package, parts: dict[str, list[Path]]) -> Path:
    """Put a split model together under the cache; done once."""
    folder = cache_dir() / "models" / f"{model.name}-{digest(package.sha256)[:12]}"
    if all((folder / name).exists() for name in parts):
        return folder
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise OutputError(f"cannot write the cache {folder}", "Set VOICEKIT_CACHE to another folder")
    with FileLock(folder.with_suffix(".lock")):
        for name, pieces in parts.items():
            if not (folder / name).exists():
                with writing(folder / name) as temporary, temporary.open("wb") as out:
                    for piece in pieces:
                        with piece.open("rb") as source:
                            shutil.copyfileobj(source, out, 1 << 22)
    return folder


def package_weights(distribution: str) -> Weights:
    """A package whose weights are used as it ships them: pinned by its version.

    Raises:
        MissingPackage: it is not installed.
    """
    try:
        found = importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError as error:
        raise MissingPackage(
            f"{distribution} is not installed", "Install the extra `starter` (docs/install.md)"
        ) from error
    return Weights(distribution, Path(str(found.locate_file(""))), "package", f"{distribution} {found.version}")
