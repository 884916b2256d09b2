from __future__ import annotations

import pytest

from tests.conftest import python
from voicekit.errors import UsageError
from voicekit.runtime.device import choose_device, preload_cuda_libraries


def test_auto_is_a_device_that_is_there() -> None:
    import torch

    assert choose_device("auto").kind == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu").name


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
