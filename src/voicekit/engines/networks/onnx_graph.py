"""Run a network in ONNX Runtime: a graph without weights, and weights from a checkpoint.

The graphs are part of voicekit and are written by `tools.export_graphs`. Their initializers have the names of the
checkpoint's tensors, so that neither PyTorch nor a conversion is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from voicekit.errors import ModelCorrupt


class OnnxGraph:
    """A loaded network. Each call runs on one thread; calls from several threads run in parallel.

    Args:
        name: Of the graph: `<name>.onnx` beside this file.
        tensors: Its weights by name.
        source: Of the tensors, for the error.

    Raises:
        ModelCorrupt: A tensor is missing or has another shape.
    """

    def __init__(self, name: str, tensors: Mapping[str, NDArray[Any]], source: Path) -> None:
        path = Path(__file__).with_name(f"{name}.onnx")
        floats = {key: value for key, value in tensors.items() if value.dtype.kind == "f"}
        self._weights = {key: np.ascontiguousarray(value, np.float32) for key, value in floats.items()}
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in self._weights.values()]
        options.add_external_initializers(list(self._weights), values)
        try:
            self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's errors have no common class but Exception
            raise ModelCorrupt(f"{source} does not fit {name}: {error}", "Download it again") from error
        (self._input,) = (node.name for node in self._session.get_inputs())

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the network's output."""
        output: NDArray[np.float32] = self._session.run(None, {self._input: values})[0]
        return output
