"""Convert errors of writing into OutputErrors that say what to do."""

from __future__ import annotations

import errno
from pathlib import Path

from voicekit.errors import OutputError
from voicekit.storage.paths import cache_dir


def cannot_write(path: Path, error: OSError) -> OutputError:
    """Return the OutputError for a file or folder that could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = "The disk is full: free some space, or run `voicekit cache prune`"
    elif error.errno == errno.EFBIG:
        remedy = "The system limits the size of files here: see `ulimit -f`"
    elif error.errno == errno.ENAMETOOLONG:
        remedy = "Give a shorter name with -o, or rename the file that is read"
    elif path.is_relative_to(cache_dir()):
        remedy = "Make that folder writable, or set VOICEKIT_CACHE to another one"
    else:
        remedy = "Choose another folder with -o, or make this one writable"
    return OutputError(f"cannot write {path}: {error.strerror or error}", remedy)
