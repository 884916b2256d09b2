"""Out-of-memory handling: detect it, retry with smaller batches, free cached GPU memory."""

from __future__ import annotations

import errno
import gc
import sys
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_WORDINGS = (
    "out of memory", "cublas_status_alloc_failed", "cannot allocate memory", "bad_alloc", "bad allocation",
    "failed to map segment", "failed to allocate memory", "unable to allocate", "can't start new thread",
    "mmap failed", "cannot create thread",
)  # fmt: skip
"""In lower case: PyTorch, CTranslate2, ONNX Runtime, NumPy, the dynamic linker."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out; libraries that raise their own errors only share its wording."""
    seen: BaseException | None = error
    for _ in range(10):  # a library may have wrapped it
        if seen is None:
            return False
        if isinstance(seen, MemoryError) or getattr(seen, "errno", None) == errno.ENOMEM:
            return True
        if any(wording in str(seen).lower() for wording in _WORDINGS):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def retry_with_smaller_batches(batch: int, run: Callable[[int], T], warn: Callable[[str], None]) -> T:
    """Return `run(batch)`; whenever memory runs out, halve the batch and try again, down to a batch of 1.

    Args:
        batch: Batch size of the first try.
        run: Called with the batch size.
        warn: Called with a message when the batch size is reduced.

    Raises:
        Exception: What `run` raised, if it was not out of memory or the batch size was 1.
    """
    while True:
        try:
            return run(batch)
        except Exception as error:
            if not is_out_of_memory(error) or batch == 1:
                raise
            batch //= 2
            warn(f"out of memory: continuing with batches of {batch}")
        free_memory()


def free_memory() -> None:
    """Run the garbage collector and return PyTorch's cached GPU memory to the driver."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
