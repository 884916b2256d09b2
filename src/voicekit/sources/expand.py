"""Sources: what the user names (files, folders, globs, URLs) as single recordings."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from voicekit.errors import SourceError, UsageError, VoicekitError

MEDIA_SUFFIXES = frozenset(
    ".aac .ac3 .aif .aiff .amr .ape .asf .au .avi .caf .flac .flv .m4a .m4b .m4v .mka .mkv .mov .mp2 .mp3 .mp4 .mpeg "
    ".mpg .oga .ogg .ogv .opus .ra .spx .ts .tta .w64 .wav .weba .webm .wma .wmv .wv .3gp".split()
)


def is_url(source: str) -> bool:
    """Whether yt-dlp gets it.

    Raises:
        UsageError: a scheme other than http and https.
        SourceError: an address that is none.
    """
    if "://" not in source or os.path.exists(source):
        return False
    try:
        scheme = urlsplit(source).scheme.lower()
    except ValueError as error:
        raise SourceError(f"{source} is no address: {error}", "Check it; a path must exist") from error
    if scheme and scheme not in ("http", "https"):
        raise UsageError(f"{scheme}: addresses are not fetched", "Give an http or https URL, or a path")
    return bool(scheme)


def expand(source: str) -> Iterator[str | Path | SourceError]:
    """The recordings a source names: a URL as it is, files as paths, folders and globs as their media files, sorted.

    A folder below that cannot be read, and what is neither file nor folder, comes as its error.

    Raises:
        SourceError: nothing there, or no media in it.
        UsageError: a URL that is neither http nor https.
    """
    if is_url(source):
        yield source
        return
    there = _named(source)
    if not there:
        raise SourceError(f"no such file: {source}", "Check the name; quote it if it holds spaces or ? and &")
    count = 0
    for each in there:
        for found in media_below(each) if each.is_dir() else [each]:
            count += 1
            yield _checked(found)
    if count == 0:
        raise SourceError(f"no media files in {source}", "Name files, or convert them to a common format")


def expand_all(sources: Iterable[str]) -> Iterator[str | Path | VoicekitError]:
    """`expand` for each; a source that cannot be used comes as its error, in its place."""
    for source in sources:
        try:
            yield from expand(source)
        except VoicekitError as error:
            yield error
        except (OSError, ValueError, RuntimeError) as error:
            yield SourceError(f"cannot read {source}: {error}", "Check the name and its rights")


def _named(source: str) -> list[Path]:
    """What there is of this name, or what the glob matches. A link that leads nowhere is there, too."""
    if not source:
        return []
    try:
        path = Path(source).expanduser()
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.lstat()
            return [path]
        return [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]
    except OSError as error:
        raise SourceError(f"cannot read {source}: {error.strerror}", "Check the name and its rights") from error


def _checked(found: Path | SourceError) -> Path | SourceError:
    """`found`, or an error for a pipe or a device, which may never end."""
    if isinstance(found, Path) and found.exists() and not found.is_file():
        return SourceError(f"{found} is a pipe or a device", "Save the sound to a file first")
    return found


def media_below(folder: Path) -> Iterator[Path | SourceError]:
    """Media files in the folder and below, by name; links to folders and hidden ones are not followed."""
    faults: list[OSError] = []
    for root, folders, files in os.walk(folder, onerror=faults.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if Path(name).suffix.lower() in MEDIA_SUFFIXES and not name.startswith("."):
                yield Path(root, name)
    for fault in faults:
        yield SourceError(f"cannot read {fault.filename}: {fault.strerror}", "Check its rights")
