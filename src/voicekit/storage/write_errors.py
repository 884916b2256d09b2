"""Turn errors of writing into OutputError with a remedy."""

from __future__ import annotations

import errno
from pathlib import Path

from voicekit.errors import OutputError
from voicekit.storage.paths import cache_dir

WRITE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def cannot_write(path: Path, error: OSError) -> OutputError:
    """What failed to be written, why, and what to do about it."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = "The disk is full: free some space, or `voicekit cache prune`"
    elif error.errno == errno.EFBIG:
        remedy = "Files may not grow so large here: see `ulimit -f`"
    elif path.is_relative_to(cache_dir()):
        remedy = "Give that folder write permission, or set VOICEKIT_CACHE to another"
    else:
        remedy = "Choose another folder with -o, or give this one write permission"
    return OutputError(f"cannot write {path}: {error.strerror or error}", remedy)
