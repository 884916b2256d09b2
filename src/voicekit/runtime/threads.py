"""Many small pieces of work on a CPU: a worker a core, each on one thread.

One worker whose matrices are split over the cores wastes half of them on networks as small as these: on 2 cores, two
workers of one thread took 0.6 to 0.75 of the time of one worker of two (benchmarks/RESULTS.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")


def in_parallel(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """`function` of each item, in order. It should spend its time outside Python: in PyTorch or ONNX Runtime."""
    cores = torch.get_num_threads()
    pool = ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield from pool.map(function, items)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(cores)  # the workers' choice reaches the libraries below PyTorch too
