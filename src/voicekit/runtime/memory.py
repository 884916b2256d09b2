"""What to do when the GPU is full: less at a time, and say so."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def out_of_memory(error: BaseException) -> bool:
    """PyTorch, CTranslate2 and ONNX Runtime each raise an error of their own, with these words in it."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "cublas_status_alloc_failed" in text


def halving(batch: int, run: Callable[[int], T], say: Callable[[str], None]) -> T:
    """`run(batch)`; out of memory, `run(batch / 2)`, and so on down to one at a time.

    Raises:
        Exception: what `run` raised, where it was not for memory, or not even one at a time fits.
    """
    while True:
        try:
            return run(batch)
        except Exception as error:
            if not out_of_memory(error) or batch == 1:
                raise
            batch //= 2
            say(f"out of memory: going on with batches of {batch}")
        free()


def free() -> None:
    """Give back what PyTorch keeps for itself."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
