"""Read the tensors of a PyTorch checkpoint without PyTorch and without running code from it.

`torch.save` writes a ZIP archive: `data.pkl` holds the structure, `data/<key>` the values of a storage, uncompressed.
The pickle is read with a fixed list of names; anything else in it is an error.
Source of the format: https://github.com/pytorch/pytorch/blob/v2.10.0/torch/serialization.py
"""

from __future__ import annotations

import math
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicekit.errors import ModelCorrupt

MAX_STRUCTURE = 16 * 2**20
"""Bytes of `data.pkl`; the largest known here has 60 kB."""

_DTYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "BoolStorage": "?",
}

_UNREADABLE = (
    pickle.UnpicklingError, zipfile.BadZipFile, OSError, LookupError, TypeError, ValueError, AttributeError, EOFError,
    RecursionError, MemoryError, OverflowError, NotImplementedError, ImportError,
)  # fmt: skip
"""What reading a damaged archive or pickle can raise."""

_SOURCE = "Download it again from the page of the model"


def read_tensors(checkpoint: Path) -> dict[str, NDArray[Any]]:
    """Return the tensors of a state dict by name.

    Args:
        checkpoint: Written by `torch.save`: a state dict, or a dict that has one as `state_dict`.

    Raises:
        ModelCorrupt: It is damaged, or contains anything but tensors and plain values.
    """
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            contents = _Reader(archive).contents()
        state = contents.get("state_dict", contents)
        tensors = {str(name): value for name, value in state.items() if isinstance(value, np.ndarray)}
    except _UNREADABLE as error:
        raise ModelCorrupt(f"{checkpoint} is not a plain PyTorch checkpoint: {error}", _SOURCE) from error
    if not tensors:
        raise ModelCorrupt(f"{checkpoint} has no tensors", _SOURCE)
    return tensors


class _Placeholder:
    """Stands for an object whose value is not needed, such as the task description of pyannote.audio."""

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass


class _Reader:
    """Reads one archive; every storage is read once."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        (structure,) = [name for name in archive.namelist() if name.endswith("/data.pkl") and name.count("/") == 1]
        self._prefix = structure.removesuffix("data.pkl")
        self._storages: dict[str, NDArray[Any]] = {}

    def contents(self) -> Mapping[str, Any]:
        info = self._archive.getinfo(self._prefix + "data.pkl")
        if info.file_size > MAX_STRUCTURE:
            raise ValueError("data.pkl is too large")
        with self._archive.open(info) as file:
            contents = _Unpickler(file, self._storage).load()
        if not isinstance(contents, Mapping):
            raise TypeError("no dict of tensors")
        return contents

    def _storage(self, key: str, dtype: str) -> NDArray[Any]:
        if key not in self._storages:
            info = self._archive.getinfo(f"{self._prefix}data/{key}")
            if info.compress_type != zipfile.ZIP_STORED:  # torch never compresses; a ZIP bomb would
                raise ValueError(f"storage {key} is compressed")
            self._storages[key] = np.frombuffer(self._archive.read(info), dtype)
        return self._storages[key]


class _Unpickler(pickle.Unpickler):
    """Creates tensors, plain containers and placeholders only."""

    def __init__(self, file: Any, storage: Any) -> None:
        super().__init__(file)
        self._storage = storage

    def persistent_load(self, saved_id: Any) -> NDArray[Any]:
        kind, storage_type, key, _device, _length = saved_id
        if kind != "storage":
            raise pickle.UnpicklingError(f"unknown reference {kind!r}")
        array: NDArray[Any] = self._storage(str(key), storage_type.dtype)
        return array

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch" and name in _DTYPES:
            return type(name, (), {"dtype": _DTYPES[name]})
        if module == "pyannote.audio.core.task" or (module, name) == ("torch.torch_version", "TorchVersion"):
            return _Placeholder
        raise pickle.UnpicklingError(f"it contains {module}.{name}")


def _rebuild_tensor(
    storage: NDArray[Any], offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> NDArray[Any]:
    """Return a tensor as an array of its own. Raises ValueError if it reaches outside its storage."""
    numbers = (offset, *shape, *strides)
    if len(shape) != len(strides) or any(not isinstance(number, int) or number < 0 for number in numbers):
        raise ValueError("a tensor with an invalid shape")
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    count: int = math.prod([int(size) for size in shape])
    if count > len(storage) - offset or (count and last >= len(storage)):
        raise ValueError("a tensor reaches outside its storage")
    view = np.lib.stride_tricks.as_strided(
        storage[offset:], shape, [stride * storage.itemsize for stride in strides], writeable=False
    )
    return view.copy()
