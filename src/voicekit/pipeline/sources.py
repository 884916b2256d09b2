"""Sources: what the user names (files, folders, globs, URLs) as single recordings."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from voicekit.errors import SourceError, UsageError

MEDIA_SUFFIXES = frozenset(
    ".aac .ac3 .aif .aiff .amr .ape .asf .au .avi .caf .flac .flv .m4a .m4b .m4v .mka .mkv .mov .mp2 .mp3 .mp4 .mpeg "
    ".mpg .oga .ogg .ogv .opus .ra .spx .ts .tta .w64 .wav .weba .webm .wma .wmv .wv .3gp".split()
)


def is_url(source: str) -> bool:
    """Whether yt-dlp gets it. Raises UsageError for a scheme other than http and https."""
    scheme = urlsplit(source).scheme.lower() if "://" in source else ""
    if not scheme or Path(source).exists():
        return False
    if scheme not in ("http", "https"):
        raise UsageError(f"{scheme}: addresses are not fetched", "Give an http or https URL, or a path")
    return True


def expand(source: str) -> Iterator[str | Path]:
    """The recordings a source names: a URL as it is, files as paths, folders and globs as their media files, sorted.

    Raises:
        SourceError: nothing there, or no media in it.
        UsageError: a URL that is neither http nor https.
    """
    if is_url(source):
        yield source
        return
    path = Path(source).expanduser()
    try:
        if path.is_dir():
            found = list(_media_below(path))
            if not found:
                raise SourceError(f"no media files in {path}", "Name files, or convert them to a common format")
            yield from found
        elif path.exists():
            yield path
        elif matches := sorted(glob.glob(str(path), recursive=True)):
            for match in matches:
                yield from _media_below(Path(match)) if Path(match).is_dir() else [Path(match)]
        else:
            raise SourceError(f"no such file: {source}", "Check the name; quote it if it holds spaces or ? and &")
    except (OSError, ValueError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(
            f"cannot read {source}: {getattr(error, 'strerror', None) or error}", "Check its rights"
        ) from error


def expand_all(sources: Iterable[str]) -> Iterator[str | Path | SourceError]:
    """`expand` for each; a source that cannot be used comes as its error, in its place."""
    for source in sources:
        try:
            yield from expand(source)
        except SourceError as error:
            yield error


def _media_below(folder: Path) -> Iterator[Path]:
    """Media files in the folder and below, by name; links to folders and hidden ones are not followed."""
    for root, folders, files in os.walk(folder, onerror=_raise):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if Path(name).suffix.lower() in MEDIA_SUFFIXES and not name.startswith("."):
                yield Path(root, name)


def _raise(error: OSError) -> None:
    raise error
