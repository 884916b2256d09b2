"""Convert any exception into a VoicekitError."""

from __future__ import annotations

from voicekit.errors import WRITE_ERRORS, EngineError, OutputError, VoicekitError, interrupted
from voicekit.runtime.memory import is_out_of_memory


def as_voicekit_error(
    error: BaseException, name: str, memory_remedy: str = "Close other programs, or use --device cpu"
) -> VoicekitError:
    """Return `error` as a VoicekitError; errors that are one already are returned unchanged.

    Args:
        error: Any exception.
        name: The file, take or command that failed, for the message.
        memory_remedy: What to do if memory ran out.

    Raises:
        KeyboardInterrupt: `error` was caused by Ctrl-C.
    """
    if interrupted(error):
        raise KeyboardInterrupt from error
    if isinstance(error, VoicekitError):
        return error
    failure: VoicekitError
    if is_out_of_memory(error):
        failure = EngineError(f"{name}: out of memory", memory_remedy)
    elif isinstance(error, OSError) and error.errno in WRITE_ERRORS:
        where = error.filename or "the output"
        failure = OutputError(f"{name}: cannot write {where}: {error.strerror}", "Free some space, or write elsewhere")
    else:
        failure = EngineError(f"{name}: {type(error).__name__}: {error}", "--debug shows where; please report it")
    failure.__cause__ = error
    return failure
