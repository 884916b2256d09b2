"""Find preset files in configs/."""

from __future__ import annotations

from pathlib import Path

from voicekit.errors import UsageError


def preset(kind: str, name: str, extension: str = ".yaml") -> Path:
    """Find a preset file.

    Args:
        kind: Folder below configs/: clean, clone, dialogue, sampling/ENGINE, subtitle, transcribe.
        name: Name of a preset in that folder, or the path of a YAML file.
        extension: Extension of the preset files.

    Raises:
        UsageError: There is no such preset; the message lists those that exist.
    """
    if name.endswith((".yaml", ".yml")):
        if Path(name).is_file():
            return Path(name)
        raise UsageError(f"preset file {name} does not exist", "Give an existing YAML file or the name of a preset")
    for folder in _folders(kind):
        if (path := folder / f"{name}{extension}").is_file() and path.parent == folder:
            return path
    known = ", ".join(presets(kind, extension))
    raise UsageError(f"unknown {kind} preset {name!r}", f"Known: {known}; or give a {extension} file")


def presets(kind: str, extension: str = ".yaml") -> list[str]:
    """List the names of the presets in configs/<kind>/."""
    return sorted({path.stem for folder in _folders(kind) for path in folder.glob(f"*{extension}")})


def _folders(kind: str) -> list[Path]:
    return [Path("configs", kind), _shipped_configs() / kind]


def _shipped_configs() -> Path:
    """configs/ inside an installed package, or at the top of a checkout."""
    package = Path(__file__).parents[1]
    return package / "configs" if (package / "configs").is_dir() else package.parents[1] / "configs"
