"""Expand files, folders, globs and URLs into single sources."""

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
"""Extensions of the files that are taken from folders."""

_CHECK = "Check the name and the permissions"


def is_url(source: str) -> bool:
    """Whether a source is an http or https URL.

    Raises:
        UsageError: It has another scheme.
        SourceError: It is not a valid URL.
    """
    if "://" not in source or os.path.exists(source):
        return False
    try:
        scheme = urlsplit(source).scheme.lower()
    except ValueError as error:
        raise SourceError(f"{source} is not a valid URL: {error}", "Correct it; a path must exist") from error
    if scheme and scheme not in ("http", "https"):
        raise UsageError(f"{scheme}: URLs are not supported", "Give an http or https URL, or a path")
    return bool(scheme)


def expand(source: str) -> Iterator[str | Path | SourceError]:
    """Yield the recordings of a source: a URL as it is, a file's path, the sorted media files of a folder or glob.

    Folders that cannot be read, pipes and devices are yielded as errors.

    Raises:
        SourceError: The source does not exist or holds no media files.
        UsageError: A URL that is neither http nor https.
    """
    if is_url(source):
        yield source
        return
    paths = _matching_paths(source)
    if not paths:
        raise SourceError(f"no such file: {source}", "Check the name; quote it if it contains spaces or ? and &")
    is_empty = True
    for path in paths:
        for item in media_below(path) if path.is_dir() else [path]:
            is_empty = False
            yield _refuse_pipe(item)
    if is_empty:
        raise SourceError(f"no media files in {source}", "Name files, or convert them to a common format")


def expand_all(sources: Iterable[str]) -> Iterator[str | Path | VoicekitError]:
    """Expand several sources; one that cannot be used is yielded as its error, in its place."""
    for source in sources:
        try:
            yield from expand(source)
        except VoicekitError as error:
            yield error
        except (OSError, ValueError, RuntimeError) as error:
            yield SourceError(f"cannot read {source}: {error}", _CHECK)


def _matching_paths(source: str) -> list[Path]:
    """The path itself if it exists (broken links do), else the matches of the glob."""
    if not source:
        return []
    try:
        path = Path(source).expanduser()
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.lstat()
            return [path]
        return [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]
    except OSError as error:
        raise SourceError(f"cannot read {source}: {error.strerror}", _CHECK) from error


def _refuse_pipe(item: Path | SourceError) -> Path | SourceError:
    """Replace pipes and devices, which may never end, by an error."""
    if isinstance(item, Path) and item.exists() and not item.is_file():
        return SourceError(f"{item} is a pipe or a device", "Save the audio to a file first")
    return item


def media_below(folder: Path) -> Iterator[Path | SourceError]:
    """Yield the media files in a folder and its subfolders, sorted; hidden files and linked folders are skipped."""
    errors: list[OSError] = []
    for root, folders, files in os.walk(folder, onerror=errors.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if Path(name).suffix.lower() in MEDIA_SUFFIXES and not name.startswith("."):
                yield Path(root, name)
    for error in errors:
        yield SourceError(f"cannot read {error.filename}: {error.strerror}", "Check its permissions")
