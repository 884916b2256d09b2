"""Run many small model calls in parallel on a CPU: one worker per core, each with one thread.

For networks this small, splitting each matrix over the cores wastes half of them: on 2 cores, two workers with one
thread each took 0.6 to 0.75 of the time of one worker with two threads (benchmarks/RESULTS.md).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def parallel_map(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield `function(item)` in order. The function should spend its time in ONNX Runtime or NumPy, not in Python."""
    pool = ThreadPoolExecutor(usable_cores())
    try:
        yield from pool.map(function, items)
    finally:
        pool.shutdown(cancel_futures=True)


def usable_cores() -> int:
    """Return OMP_NUM_THREADS if it is set, else the number of cores that this process may use."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
