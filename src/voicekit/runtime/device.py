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
from typing import Any

from voicekit.errors import UsageError

# Let OpenMP threads spin only briefly before they sleep: otherwise two processes on one machine starve each other, with
# no gain for a single one (benchmarks/RESULTS.md). Must be set before PyTorch is first imported.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

MIN_CUDA = (12, 0)
"""Version of CUDA that the driver must support: drivers for 12.0 run the libraries of 12.8."""

DRIVER_REMEDY = "install NVIDIA driver 570 or newer"
GPU_REMEDY = "run `make setup`, or install the extra `gpu`"

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
    if kind == "cpu":
        return Device("cpu", name=cpu_name())
    devices = cuda_devices()
    if kind == "auto" and not (devices and has_cuda_packages()):
        return Device("cpu", name=cpu_name())
    index = int(number or 0)
    if index >= len(devices):
        raise UsageError(
            f"no device {wanted}: {len(devices)} CUDA devices found",
            why_no_gpu() or "`voicekit doctor` shows what is missing; --device cpu works everywhere",
        )
    if not has_cuda_packages():
        raise UsageError(f"--device {wanted} needs PyTorch and its CUDA packages", f"For a GPU, {GPU_REMEDY}")
    return devices[index]


def cuda_devices() -> list[Device]:
    """Return the GPUs that CUDA_VISIBLE_DEVICES leaves, in CUDA's order; empty without a driver that can run CUDA 12.

    The driver itself is asked: importing PyTorch for this would take seconds.
    Source: https://docs.nvidia.com/cuda/cuda-driver-api/group__CUDA__DEVICE.html
    """
    driver = open_driver()
    count = ctypes.c_int()
    if driver is None or driver_version(driver) < MIN_CUDA or driver.cuInit(0):
        return []
    if driver.cuDeviceGetCount(ctypes.byref(count)):
        return []
    devices = []
    for index in range(count.value):
        handle, name, memory = ctypes.c_int(), ctypes.create_string_buffer(256), ctypes.c_size_t()
        if (
            driver.cuDeviceGet(ctypes.byref(handle), index)
            or driver.cuDeviceGetName(name, len(name), handle)
            or driver.cuDeviceTotalMem_v2(ctypes.byref(memory), handle)
        ):
            break
        devices.append(Device("cuda", index, name.value.decode(errors="replace"), memory.value))
    return devices


def open_driver() -> Any:
    """Return NVIDIA's driver library; None if it is not installed."""
    try:
        return ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return None


def driver_version(driver: Any) -> tuple[int, int]:
    """Return the newest version of CUDA that a driver supports."""
    version = ctypes.c_int()
    if driver.cuDriverGetVersion(ctypes.byref(version)):
        return 0, 0
    return version.value // 1000, version.value % 1000 // 10


def has_cuda_packages() -> bool:
    """Whether PyTorch and the CUDA libraries that it shares with CTranslate2 are installed (extra `gpu`)."""
    return all(importlib.util.find_spec(name) is not None for name in ("torch", "nvidia"))


def why_no_gpu() -> str:
    """Return why `auto` does not use the GPU of this machine; empty if it does, or if there is no driver."""
    driver = open_driver()
    if driver is None:
        return ""
    if (version := driver_version(driver)) < MIN_CUDA:
        return f"the GPU is not used: its driver supports CUDA {version[0]}.{version[1]}; {DRIVER_REMEDY}"
    if not (devices := cuda_devices()):
        return ""
    return "" if has_cuda_packages() else f"the GPU ({devices[0].name}) is not used: {GPU_REMEDY}"


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
