"""Expand files, folders, globs and URLs into single sources."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from voicekit.errors import SourceError, UsageError, VoicekitError
from voicekit.redact import list_names

MEDIA_SUFFIXES = frozenset(
    ".aac .ac3 .aif .aifc .aiff .amr .ape .asf .au .avi .awb .caf .dff .divx .dsf .dts .dv .eac3 .ec3 .f4a .f4b .f4v "
    ".flac .flv .gsm .m1a .m2a .m2t .m2ts .m2v .m4a .m4b .m4p .m4r .m4v .mka .mkv .mod .mov .mp2 .mp3 .mp4 .mpa .mpe "
    ".mpeg .mpg .mpga .mts .mxf .nsv .oga .ogg .ogm .ogv .opus .qt .qta .ra .ram .rf64 .rm .rmvb .snd .spx .tod .trp "
    ".ts .tta .vob .voc .w64 .wav .wave .weba .webm .wma .wmv .wtv .wv .3g2 .3ga .3gp .3gpp".split()
)
"""Extensions of the files that are taken from folders."""

Note = Callable[[str], None]

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


def expand(source: str, note: Note = lambda text: None) -> Iterator[str | Path | SourceError]:
    """Yield the recordings of a source: a URL as it is, a file's path, the sorted media files of a folder or glob.

    Folders that cannot be read, pipes and devices are yielded as errors.

    Args:
        source: What the user named.
        note: Receives a line that names the files of a folder that are left out.

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
        for item in media_below(path, note) if path.is_dir() else [path]:
            is_empty = False
            yield _refuse_pipe(item)
    if is_empty:
        raise SourceError(f"no media files in {source}", "Name files, or convert them to a common format")


def expand_all(sources: Iterable[str], note: Note = lambda text: None) -> Iterator[str | Path | VoicekitError]:
    """Expand several sources; one that cannot be used is yielded as its error, in its place."""
    for source in sources:
        try:
            yield from expand(source, note)
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


def media_below(folder: Path, note: Note = lambda text: None) -> Iterator[Path | SourceError]:
    """Yield the media files in a folder and its subfolders, sorted; hidden files and linked folders are skipped.

    `note` receives a line that names the files left out, once all others have been yielded.
    """
    errors: list[OSError] = []
    left_out: list[str] = []
    for root, folders, files in os.walk(folder, onerror=errors.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.startswith("."):
                continue
            if Path(name).suffix.lower() in MEDIA_SUFFIXES:
                yield Path(root, name)
            else:
                left_out.append(name)
    if left_out:
        note(f"{folder}: {len(left_out)} files without a media extension were left out: {list_names(left_out, 3)}")
    for error in errors:
        yield SourceError(f"cannot read {error.filename}: {error.strerror}", "Check its permissions")
