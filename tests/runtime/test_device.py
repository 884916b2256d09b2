from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import python
from voicekit.errors import UsageError
from voicekit.runtime import device
from voicekit.runtime.device import Device, choose_device, preload_cuda_libraries, why_no_gpu


def test_auto_is_a_device_that_is_there() -> None:
    import torch

    assert choose_device("auto").kind == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu").name


class Driver:
    """NVIDIA's driver library with two GPUs. `fails`: the name of a function that returns an error."""

    def __init__(self, version: int = 12_080, fails: str = "") -> None:
        self.version = version
        self.fails = fails

    def __getattr__(self, name: str) -> Callable[..., int]:
        def function(*arguments: Any) -> int:
            if name == self.fails:
                return 100
            if name == "cuDeviceGetName":
                arguments[0].value = b"NVIDIA Example %d" % arguments[2].value
            elif name != "cuInit":
                value = {"cuDriverGetVersion": self.version, "cuDeviceGetCount": 2, "cuDeviceTotalMem_v2": 24 << 30}
                arguments[0]._obj.value = value.get(name, arguments[-1])
            return 0

        return function


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Install a driver, with or without the CUDA packages."""

    def install(driver: Driver | None, packages: bool = True) -> None:
        monkeypatch.setattr(device, "open_driver", lambda: driver)
        monkeypatch.setattr(device, "has_cuda_packages", lambda: packages)

    return install


def test_the_driver_names_the_gpus(driver: Callable[..., None]) -> None:
    driver(Driver())
    assert choose_device("auto") == Device("cuda", 0, "NVIDIA Example 0", 24 << 30)
    assert choose_device("cuda:1") == Device("cuda", 1, "NVIDIA Example 1", 24 << 30)
    assert choose_device("cpu").kind == "cpu"
    assert why_no_gpu() == ""
    with pytest.raises(UsageError, match="2 CUDA devices"):
        choose_device("cuda:2")


@pytest.mark.parametrize(
    ("found", "packages", "reason"),
    [
        (None, True, ""),
        (Driver(11_040), True, "supports CUDA 11.4; install NVIDIA driver 570"),
        (Driver(fails="cuInit"), True, ""),
        (Driver(fails="cuDeviceGetCount"), True, ""),
        (Driver(fails="cuDriverGetVersion"), True, "supports CUDA 0.0"),
        (Driver(), False, r"the GPU \(NVIDIA Example 0\) is not used: run `make setup`"),
    ],
)
def test_auto_without_a_usable_gpu_is_the_cpu(
    found: Driver | None, packages: bool, reason: str, driver: Callable[..., None]
) -> None:
    driver(found, packages)
    assert choose_device("auto").kind == "cpu"
    assert re.search(reason, why_no_gpu())
    assert bool(why_no_gpu()) == bool(reason)
    with pytest.raises(UsageError):
        choose_device("cuda")


@pytest.mark.parametrize("name", ["gpu", "cpu:1", "cuda:x", "cuda:99", ""])
def test_other_devices_are_wrong_usage(name: str) -> None:
    with pytest.raises(UsageError, match=r"--device cpu|auto, cpu, cuda"):
        choose_device(name)


def test_ctranslate2_finds_cublas_without_ld_library_path() -> None:
    """By the name it asks for, in a new process, from PyTorch's packages alone."""
    if not preload_cuda_libraries():
        pytest.skip("PyTorch here carries no CUDA libraries")
    code = "import ctypes; {}; ctypes.CDLL('libcublas.so.12'); ctypes.CDLL('libcudnn.so.9'); print('found')"
    env = {"LD_LIBRARY_PATH": ""}
    assert python(code.format("pass"), **env).returncode != 0, "the machine has its own: this shows nothing"
    assert python(code.format("import voicekit.engines.asr.faster_whisper"), **env).stdout == "found\n"
