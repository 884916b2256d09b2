"""Run many small model calls in parallel on a CPU: one worker per core, each with one PyTorch thread.

For networks this small, splitting each matrix over the cores wastes half of them: on 2 cores, two workers with one
thread each took 0.6 to 0.75 of the time of one worker with two threads (benchmarks/RESULTS.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")


def parallel_map(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Yield `function(item)` in order. The function should spend its time in PyTorch or ONNX Runtime, not in Python."""
    cores = torch.get_num_threads()
    pool = ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield from pool.map(function, items)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(cores)  # the workers' setting also changes the libraries below PyTorch
