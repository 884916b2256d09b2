"""Sources: what the user names (files, folders, globs, URLs) as single recordings."""

from __future__ import annotations

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
    """Whether yt-dlp gets it. Raises UsageError for a scheme other than http and https."""
    scheme = urlsplit(source).scheme.lower() if "://" in source else ""
    if not scheme or Path(source).exists():
        return False
    if scheme not in ("http", "https"):
        raise UsageError(f"{scheme}: addresses are not fetched", "Give an http or https URL, or a path")
    return True


def expand(source: str) -> Iterator[str | Path | SourceError]:
    """The recordings a source names: a URL as it is, files as paths, folders and globs as their media files, sorted.

    A folder below that cannot be read comes as its error.

    Raises:
        SourceError: nothing there, or no media in it.
        UsageError: a URL that is neither http nor https.
    """
    if is_url(source):
        yield source
        return
    path = Path(source).expanduser()
    try:
        there = [path] if path.exists() else [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot read {source}: {error}", "Check the name and its rights") from error
    if not there and not path.is_symlink():
        raise SourceError(f"no such file: {source}", "Check the name; quote it if it holds spaces or ? and &")
    count = 0
    for each in there or [path]:
        for found in media_below(each) if each.is_dir() else [each]:
            count += 1
            yield found
    if count == 0:
        raise SourceError(f"no media files in {source}", "Name files, or convert them to a common format")


def expand_all(sources: Iterable[str]) -> Iterator[str | Path | VoicekitError]:
    """`expand` for each; a source that cannot be used comes as its error, in its place."""
    for source in sources:
        try:
            yield from expand(source)
        except VoicekitError as error:
            yield error


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
