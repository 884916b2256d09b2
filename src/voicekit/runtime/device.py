"""Choose the device that models run on, and preload the CUDA libraries that they share.

PyTorch's wheels bring CUDA in separate packages (`nvidia-*`). CTranslate2 opens `libcublas.so.12` by name and does not
search those packages, so faster-whisper fails on machines where PyTorch works (whisperX#1027). Opening the libraries by
path first makes them available under their names to the whole process.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from voicekit.errors import UsageError

# Let OpenMP threads spin only briefly before they sleep: otherwise two processes on one machine starve each other, with
# no gain for a single one (benchmarks/RESULTS.md). Must be set before PyTorch is first imported.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

CUDA_LIBRARIES = (
    "cuda_runtime/lib/libcudart.so.12",
    "cuda_nvrtc/lib/libnvrtc.so.12",
    "cublas/lib/libcublasLt.so.12",
    "cublas/lib/libcublas.so.12",
    "cudnn/lib/libcudnn.so.9",
)
"""In loading order: each needs the ones before it."""


@dataclass(frozen=True)
class Device:
    """A CPU or GPU.

    Attributes:
        kind: "cpu" or "cuda".
        index: Number of the CUDA device.
        name: Product name.
        memory: Bytes of GPU memory; 0 for a CPU.
    """

    kind: str
    index: int = 0
    name: str = ""
    memory: int = 0

    def __str__(self) -> str:
        return self.kind if self.kind == "cpu" else f"{self.kind}:{self.index}"


def choose_device(wanted: str = "auto") -> Device:
    """Return the device for `auto`, `cpu`, `cuda` or `cuda:N`.

    Raises:
        UsageError: The name is none of these, or that GPU does not exist.
    """
    kind, _, number = wanted.partition(":")
    if kind not in ("auto", "cpu", "cuda") or (number and (kind != "cuda" or not number.isdecimal())):
        raise UsageError(f"unknown device {wanted!r}", "Use auto, cpu, cuda or cuda:1")
    if kind == "cpu" or (kind == "auto" and not _has_nvidia_driver()):
        return Device("cpu", name=cpu_name())
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if kind == "auto" and count == 0:
        return Device("cpu", name=cpu_name())
    index = int(number or 0)
    if index >= count:
        raise UsageError(
            f"no device {wanted}: {count} CUDA devices found",
            "`voicekit doctor` shows what is missing; --device cpu works everywhere",
        )
    properties = torch.cuda.get_device_properties(index)
    return Device("cuda", index, properties.name, properties.total_memory)


def _has_nvidia_driver() -> bool:
    """Whether NVIDIA's driver is installed. Without it there is no need to import PyTorch, which takes seconds."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def cpu_name() -> str:
    """Return the CPU's model name from /proc/cpuinfo, else what Python's `platform` knows."""
    import platform

    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def preload_cuda_libraries() -> list[Path]:
    """Open the CUDA libraries in PyTorch's packages and return their paths. Only Linux needs it."""
    spec = importlib.util.find_spec("nvidia") if sys.platform == "linux" else None
    opened = []
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for name in CUDA_LIBRARIES:
            path = Path(folder, name)
            if path.exists():
                try:
                    ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
                except OSError:
                    continue  # a broken CUDA package must not stop a run on the CPU; `voicekit doctor` reports it
                opened.append(path)
    return opened
