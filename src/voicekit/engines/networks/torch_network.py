"""Load the weights of a checkpoint into a PyTorch network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from voicekit.errors import ModelCorrupt


def load_network(network: torch.nn.Module, tensors: Mapping[str, NDArray[Any]], source: Path) -> torch.nn.Module:
    """Return the network with its weights, ready for inference; tensors that it does not have are ignored.

    Raises:
        ModelCorrupt: A tensor is missing or has another shape.
    """
    names = network.state_dict()
    try:
        network.load_state_dict({name: torch.from_numpy(tensors[name]) for name in names if name in tensors})
    except RuntimeError as error:
        raise ModelCorrupt(f"{source} is of another model: {error}", "Download it again") from error
    return network.eval()
