"""Write the ONNX graphs of voicekit's own networks: their structure without weights.

    python -m tools.export_graphs

Needs PyTorch and onnx. `tests/engines/test_networks.py` compares the graphs with the PyTorch networks.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import onnx
import torch
from torch import nn

from voicekit.engines.networks import pyannet
from voicekit.engines.networks.campplus import BANDS, CamPlusPlusNetwork
from voicekit.engines.networks.pyannet import PyanNet

FOLDER = Path("src/voicekit/engines/networks")


class SincFilters(nn.Module):  # type: ignore[misc]
    """The first layer of PyanNet: filters that `engines.diarization.segmentation` computes."""

    def __init__(self) -> None:
        super().__init__()
        self.filters = nn.Parameter(torch.zeros(pyannet.FILTERS, 1, 251))

    def forward(self, span: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.conv1d(span, self.filters, stride=10)


GRAPHS = {
    "sinc_filters": (SincFilters, (1, 1, 20_000), {2: "samples"}, {2: "frames"}),
    "pyannet": (PyanNet, (2, pyannet.FILTERS, 15_975), {0: "windows"}, {0: "windows"}),
    "campplus": (CamPlusPlusNetwork, (2, 250, BANDS), {0: "batch", 1: "frames"}, {0: "batch"}),
}
"""For each graph: network, example input shape, variable axes of the input and of the output."""


def export(name: str) -> onnx.ModelProto:
    """Return the graph of a network; its initializers have names and shapes, but no values."""
    build, shape, input_axes, output_axes = GRAPHS[name]
    network = build().eval()
    torch.manual_seed(0)
    with torch.no_grad():  # the exporter merges equal tensors
        for tensor in (*network.parameters(), *network.buffers()):
            if tensor.is_floating_point():
                tensor.uniform_(0.5, 1)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter without dynamo is deprecated, but keeps the names
        path = Path(folder, "graph.onnx")
        torch.onnx.export(
            network, (torch.zeros(shape),), path, dynamo=False, do_constant_folding=False,
            training=torch.onnx.TrainingMode.PRESERVE, input_names=["input"], output_names=["output"],
            dynamic_axes={"input": input_axes, "output": output_axes},
        )  # fmt: skip
        graph = onnx.load(path)
    for tensor in graph.graph.initializer:
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        del tensor.external_data[:]
        tensor.external_data.add(key="location", value="checkpoint")
    _shorten(graph.graph)
    return graph


def _shorten(graph: onnx.GraphProto) -> None:
    """Replace the names of intermediate values by numbers, and drop those of nodes: two thirds of the size."""
    kept = {value.name for value in (*graph.initializer, *graph.input, *graph.output)}
    numbers: dict[str, str] = {}
    for node in graph.node:
        node.ClearField("name")
        node.ClearField("doc_string")
        for names in (node.input, node.output):
            names[:] = [n if n in kept or not n else numbers.setdefault(n, str(len(numbers))) for n in names]
    graph.ClearField("value_info")


if __name__ == "__main__":
    for name in GRAPHS:
        onnx.save(export(name), FOLDER / f"{name}.onnx")
