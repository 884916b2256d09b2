"""Options and presets: strict models in which every default lives, with its unit and reason beneath it.

The command line, the Python functions and YAML files are three spellings of these. An unknown key fails and lists
the known ones. Presets are YAML files in configs/, in the working folder first and then the ones that ship.
"""

from __future__ import annotations

from pathlib import Path

from voicekit.errors import UsageError


def preset(kind: str, name: str, ending: str = ".yaml") -> Path:
    """The file of a preset: a path to a YAML file, or a name in configs/<kind>/, where files end in `ending`.

    Raises:
        UsageError: no such preset; lists those there are.
    """
    if name.endswith((".yaml", ".yml")):
        if Path(name).is_file():
            return Path(name)
        raise UsageError(f"no preset file {name}", "Give an existing YAML file or the name of a preset")
    for folder in _folders(kind):
        if (path := folder / f"{name}{ending}").is_file() and path.parent == folder:
            return path
    known = ", ".join(presets(kind, ending))
    raise UsageError(f"unknown {kind} preset {name!r}", f"Known: {known}; or give a {ending} file")


def presets(kind: str, ending: str = ".yaml") -> list[str]:
    """Names of the presets in configs/<kind>/."""
    return sorted({path.stem for folder in _folders(kind) for path in folder.glob(f"*{ending}")})


def _folders(kind: str) -> list[Path]:
    return [Path("configs", kind), _shipped() / kind]


def _shipped() -> Path:
    """configs/ inside an installed package, or at the top of a checkout."""
    installed = Path(__file__).parents[1] / "configs"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "configs"
