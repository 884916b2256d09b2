"""All exceptions that voicekit raises on purpose.

    VoicekitError                      base class: a message and a remedy
    ├── UsageError        ValueError   wrong option, unknown name, bad config file   (exit status 2)
    ├── SourceError       OSError      a file, folder or URL that cannot be used
    │   ├── DownloadError              the network, the site or yt-dlp refused
    │   └── MediaError                 the bytes are not audio that ffmpeg can decode
    ├── ModelError        OSError      model weights
    │   ├── ModelNotFound              not on this machine and cannot be downloaded
    │   └── ModelCorrupt               present, but damaged or of the wrong format
    ├── MissingPackage    ImportError  an optional package is not installed
    ├── EngineError       RuntimeError an engine failed on this input
    └── OutputError       OSError      a result cannot be written or found

Each error prints as one line: what happened, then what to do about it. Exceptions of other libraries are converted by
`runtime.failures.as_voicekit_error`.
"""

from __future__ import annotations

import errno

from voicekit.redact import one_line

WRITE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""Error numbers that only writing can cause."""


class VoicekitError(Exception):
    """Base class of all voicekit errors.

    Args:
        message: What failed and why, in one line, with the name of the file, option or model.
        remedy: What the user can do about it; empty only if nothing can be done.
    """

    exit_status = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = one_line(message).removesuffix(".")
        self.remedy = one_line(remedy)

    def __str__(self) -> str:
        stop = "" if self.message.endswith(("?", "!", ":")) else "."
        return f"{self.message}{stop} {self.remedy}" if self.remedy else self.message


class UsageError(VoicekitError, ValueError):
    exit_status = 2


class SourceError(VoicekitError, OSError):
    pass


class DownloadError(SourceError):
    pass


class MediaError(SourceError):
    pass


class ModelError(VoicekitError, OSError):
    pass


class ModelNotFound(ModelError):
    pass


class ModelCorrupt(ModelError):
    pass


class MissingPackage(VoicekitError, ImportError):
    pass


class EngineError(VoicekitError, RuntimeError):
    pass


class OutputError(VoicekitError, OSError):
    pass


def interrupted(error: BaseException | None) -> bool:
    """Whether a KeyboardInterrupt is in the error's chain of causes.

    Libraries turn Ctrl-C into exceptions of their own, for example an ImportError while they are being imported.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, KeyboardInterrupt):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False
