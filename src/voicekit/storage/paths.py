"""Locate the cache, protect sources, turn titles into safe folder names, read numeric limits from the environment."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
from collections.abc import Iterable
from pathlib import Path, PurePath

from voicekit.errors import SourceError, UsageError


def cache_dir() -> Path:
    """Return $VOICEKIT_CACHE, or voicekit's folder in the platform's cache folder."""
    if custom := os.environ.get("VOICEKIT_CACHE"):
        return Path(custom).expanduser()
    import platformdirs

    return platformdirs.user_cache_path("voicekit", appauthor=False)


def refuse_overwrite(target: Path, *sources: str | Path | None) -> None:
    """Raise UsageError if a file that is to be written is one of those that are read, under whatever name."""
    for source in (each for each in sources if each is not None):
        is_same = False
        with contextlib.suppress(OSError, ValueError):  # a source may be a URL, a text or the name of a voice
            is_same = target.samefile(source)
        if is_same:
            raise UsageError(f"{target} would overwrite the file that is read", "Give another name or folder")


def env_limit(name: str, default: float) -> float:
    """Return a positive number from an environment variable, or `default` if it is not set.

    Raises:
        UsageError: The variable is set to something else.
    """
    text = os.environ.get(name, "")
    with contextlib.suppress(ValueError):
        if 0 < float(text or default) < math.inf:
            return float(text or default)
    raise UsageError(f"{name} is {text!r}", f"Set it to a number above 0, or unset it for {default:g}")


def is_inside(path: Path, folder: Path) -> bool:
    """Whether a path is a folder or lies below it, with links resolved."""
    return path.resolve().is_relative_to(folder.resolve())


def path_inside(folder: Path, name: str) -> Path:
    """Return `folder / name`, for a name that comes from a file.

    Raises:
        SourceError: It is absolute, has `..`, or lies outside the folder once links are resolved.
    """
    path = folder / name
    relative = PurePath(name)
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # RuntimeError: a loop of links
        if name and is_inside(path, folder) and not relative.is_absolute() and ".." not in relative.parts:
            return path
    raise SourceError(f"{folder}: {name!r} lies outside the folder", "Do not use this folder: it was changed or forged")


def refuse_links_outside(folder: Path) -> None:
    """Raise SourceError if a folder has a link to something outside it, into which a command might write."""
    try:
        links = [path for path in folder.iterdir() if path.is_symlink()]
    except OSError:
        return
    for path in links:
        path_inside(folder, path.name)


def distinct_names(titles: Iterable[str]) -> dict[str, str]:
    """Return a safe file name for each title, distinct also where case does not count: the second `a` is `a-2`."""
    names: dict[str, str] = {}
    used: set[str] = set()
    for title in titles:
        if title not in names:
            names[title] = distinct_name(safe_name(title), used)
    return names


def distinct_name(name: str, used: set[str]) -> str:
    """Return the name, with a number if it is one of the `used` ones, and add it to them."""
    candidates = (name if number == 1 else f"{name}-{number}" for number in itertools.count(1))
    chosen = next(candidate for candidate in candidates if candidate.casefold() not in used)
    used.add(chosen.casefold())
    return chosen


def refuse_collisions(targets: Iterable[tuple[Path, str | Path]]) -> None:
    """Raise UsageError if two sources would be written to one file.

    Args:
        targets: Each file that is to be written, and the source that it is made from.
    """
    sources: dict[str, str | Path] = {}
    for target, source in targets:
        other = sources.setdefault(str(target.absolute()).casefold(), source)
        if str(other) != str(source):
            raise UsageError(
                f"{other} and {source} would both be written to {target}",
                "Give them one by one, with another -o for each",
            )


def safe_name(title: str) -> str:
    """Turn a title into a folder name: printable, no separators, no leading dash or dot, at most 80 bytes of UTF-8."""
    printable = "".join(c if c.isprintable() and c not in '<>:"/\\|?*' else " " for c in title)
    name = "-".join(printable.split()).strip("-. ")
    name = name.encode()[:80].decode(errors="ignore").strip("-. ")
    return name if name and name.lower() != "latest" else "untitled"
