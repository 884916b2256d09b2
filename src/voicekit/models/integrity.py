"""Compare the checksums of weights with the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from voicekit.errors import ModelCorrupt
from voicekit.models.catalogue import Weights, find_model
from voicekit.storage.files import file_sha256, hash_file


def verify(weights: Weights) -> None:
    """Hash every file again and compare with the catalogue.

    Raises:
        ModelCorrupt: A file is missing or damaged; the message names it.
    """
    model = find_model(weights.name)
    expected = dict(weights.sha256)
    if model and weights.origin == "package" and model.package:
        expected |= model.package.sha256
    elif model and weights.origin in ("cache", "hub") and model.hub:
        expected |= model.hub.sha256
    check_weights(weights.name, {name: weights.path / name for name in expected}, expected, hash_file)


def check_weights(
    name: str, files: dict[str, Path], expected: dict[str, str], hasher: Callable[[Path], str] = file_sha256
) -> dict[str, str]:
    """Hash files and compare them with the expected checksums.

    Args:
        name: Of the model, for the message.
        files: Path by file name.
        expected: SHA-256 by file name, for some or all of the files.
        hasher: Returns the SHA-256 of a file.

    Returns:
        SHA-256 by file name.

    Raises:
        ModelCorrupt: A file is missing or has another checksum.
    """
    hashes = {}
    for file, path in files.items():
        if not path.exists():
            raise ModelCorrupt(f"model {name}: {path} is missing", f"Delete {path.parent} and download it again")
        hashes[file] = hasher(path)
        if file in expected and hashes[file] != expected[file]:
            hashes[file] = hash_file(path)  # the checksum may have been remembered wrongly
        if file in expected and hashes[file] != expected[file]:
            raise ModelCorrupt(
                f"model {name}: {path} is damaged (sha256 {hashes[file][:12]}, expected {expected[file][:12]})",
                f"Delete that file and run `voicekit models pull {name}`, or reinstall its package",
            )
    return hashes
