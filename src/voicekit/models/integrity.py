"""Where weights come from: a path, a packaged starter, the Hugging Face cache, the Hugging Face hub; in this order.

One table, `CATALOGUE`, holds every model voicekit knows by name, with pinned revisions and checksums. `resolve` turns
a name into files on disk whose checksums were compared; it is the only place that reaches for the hub. Formats that
can run code when loaded (pickle) are not accepted: CTranslate2, safetensors, ONNX, and `torch.load(weights_only=True)`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from voicekit.errors import ModelCorrupt
from voicekit.models.catalogue import Weights, find
from voicekit.storage.files import file_sha256, hash_file


def verify(weights: Weights) -> None:
    """Hash every file again and compare with what the catalogue says.

    Raises:
        ModelCorrupt: naming the file.
    """
    model = find(weights.name)
    expected = dict(weights.sha256)
    if model and weights.origin == "package" and model.package:
        expected |= model.package.sha256
    elif model and weights.origin in ("cache", "hub") and model.hub:
        expected |= model.hub.sha256
    check_weights(weights.name, {name: weights.path / name for name in expected}, expected, hash_file)


def check_weights(
    name: str, files: dict[str, Path], expected: dict[str, str], hasher: Callable[[Path], str] = file_sha256
) -> dict[str, str]:
    """Hash `files`; raise where one is missing or not as expected; return all hashes."""
    hashes = {}
    for file, path in files.items():
        if not path.exists():
            raise ModelCorrupt(f"model {name}: {path} is missing", f"Remove {path.parent} and get it again")
        hashes[file] = hasher(path)
        if file in expected and hashes[file] != expected[file]:
            raise ModelCorrupt(
                f"model {name}: {path} is damaged (sha256 {hashes[file][:12]}, expected {expected[file][:12]})",
                f"Remove that file and run `voicekit models pull {name}`, or reinstall the package it came in",
            )
    return hashes
