"""The networks that voicekit runs itself: the same results in ONNX Runtime and PyTorch, and safe to load."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchaudio.compliance.kaldi as kaldi

from tools.export_graphs import FOLDER, GRAPHS, export
from voicekit.engines.diarization.segmentation import OnnxPyanNet, Segmentation, TorchPyanNet
from voicekit.engines.embedding.campplus import CamPlusPlus, OnnxCamPlusPlus, TorchCamPlusPlus
from voicekit.engines.embedding.filterbank import filterbank
from voicekit.errors import ModelCorrupt
from voicekit.models.resolve import resolve
from voicekit.models.torch_checkpoint import read_tensors


@pytest.fixture(scope="module")
def speech(sample: Path) -> np.ndarray:
    from voicekit.audio.clean import clean
    from voicekit.config.clean import clean_preset

    return clean(sample, clean_preset("off"))[0].mono


@pytest.fixture(scope="module")
def campplus() -> Path:
    return resolve("campplus", "embed").path / "campplus_cn_en_common.pt"


@pytest.fixture(scope="module")
def segmentation() -> Path:
    return resolve("segmentation-3.0", "segment").path / "pytorch_model.bin"


@pytest.mark.parametrize("name", GRAPHS)
def test_the_graphs_are_those_of_the_networks(name: str) -> None:
    written = (Path(__file__).parents[2] / FOLDER / f"{name}.onnx").read_bytes()
    assert export(name).SerializeToString(deterministic=True) == written, "run `python -m tools.export_graphs`"


@pytest.mark.parametrize(("begin", "end"), [(0, 480_000), (7_001, 10_334), (0, 400)], ids=["all", "short", "a frame"])
def test_the_filterbank_is_kaldis(speech: np.ndarray, begin: int, end: int) -> None:
    part = speech[begin:end]
    expected = kaldi.fbank(torch.from_numpy(part.copy())[None], num_mel_bins=80, sample_frequency=16_000, dither=0.0)
    ours = filterbank(part, 80)
    assert ours.shape == expected.shape
    assert np.allclose(ours, expected.numpy(), atol=1e-3)
    assert filterbank(part[:399], 80).shape == (0, 80)


def test_embeddings_are_the_same_in_both_runtimes(speech: np.ndarray, campplus: Path) -> None:
    mask = np.arange(589) % 3 > 0
    inputs = [(speech[:160_000], None), (speech[:160_000], mask), (speech[5_000:11_000], None), (speech[:900], None)]
    tensors = read_tensors(campplus)
    onnx = dict(OnnxCamPlusPlus(tensors, campplus)(inputs, 2))
    torched = dict(TorchCamPlusPlus(tensors, campplus, "cpu")(inputs, 2))
    assert onnx.keys() == torched.keys() == {0, 1, 2, 3}
    assert onnx[3] is torched[3] is None
    for number in range(3):
        assert np.abs(onnx[number] - torched[number]).max() < 1e-4
    assert np.isnan(CamPlusPlus(campplus, "cpu").embed(inputs)[3]).all()


def test_segmentations_are_the_same_in_both_runtimes(speech: np.ndarray, segmentation: Path) -> None:
    tensors, hop = read_tensors(segmentation), 59 * 270
    span = speech[: 160_000 + 3 * hop]
    onnx = OnnxPyanNet(tensors, segmentation).scores(span, hop)
    torched = TorchPyanNet(tensors, segmentation, "cpu").scores(span, hop)
    assert onnx.shape == (4, 589, 7)
    assert np.abs(onnx - torched).max() < 1e-4 * np.abs(torched).max()


def without_a_tensor(tensors: dict[str, Any]) -> None:
    tensors.popitem()


def with_another_shape(tensors: dict[str, Any]) -> None:
    name, value = tensors.popitem()
    tensors[name] = torch.zeros(value.shape[0] + 1)


def of_nothing(tensors: dict[str, Any]) -> None:
    tensors.clear()


@pytest.mark.parametrize("change", [without_a_tensor, with_another_shape, of_nothing])
@pytest.mark.parametrize("name", ["campplus", "segmentation"])
def test_checkpoints_of_another_model_are_an_error(
    change: Callable[[dict[str, Any]], None], name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    tensors = {
        key: torch.from_numpy(value)
        for key, value in read_tensors(request.getfixturevalue(name)).items()
        if value.dtype == np.float32
    }
    change(tensors)
    torch.save({"state_dict": tensors}, tmp_path / "model.pt")
    with pytest.raises(ModelCorrupt, match=r"model\.pt"):
        (CamPlusPlus if name == "campplus" else Segmentation)(tmp_path / "model.pt", "cpu")


def test_every_kind_of_tensor_is_read_as_torch_reads_it(tmp_path: Path) -> None:
    base = torch.arange(24, dtype=torch.float32)
    tensors = {
        "plain": base, "shaped": base.reshape(2, 3, 4), "transposed": base.reshape(4, 6).T, "part": base[3:9:2],
        "scalar": torch.tensor(3.5), "empty": torch.zeros(0, 5), "half": base.half(), "double": base.double(),
        "whole": torch.arange(3), "repeated": torch.ones(1).expand(1),
    }  # fmt: skip
    torch.save(tensors, tmp_path / "model.pt")
    found = read_tensors(tmp_path / "model.pt")
    assert found.keys() == tensors.keys()
    for name, value in tensors.items():
        assert np.array_equal(found[name], value.numpy()), name
        assert found[name].shape == tuple(value.shape)


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


class Tensor:
    """Pickled as torch pickles a tensor of the only storage, of 4 floats."""

    def __init__(self, offset: Any, shape: Any, strides: Any) -> None:
        self.args = offset, shape, strides

    def __reduce__(self) -> tuple[Any, ...]:
        return torch._utils._rebuild_tensor_v2, (Storage(), *self.args, False, {})


class Storage:
    pass


class Pickler(pickle.Pickler):
    def persistent_id(self, value: Any) -> Any:
        return ("storage", torch.FloatStorage, "0", "cpu", 4) if isinstance(value, Storage) else None


def archive(path: Path, contents: Any, compression: int = zipfile.ZIP_STORED) -> Path:
    """A checkpoint with one storage of 4 floats."""
    with zipfile.ZipFile(path, "w", compression) as file:
        with file.open("model/data.pkl", "w") as structure:
            Pickler(structure, 2).dump(contents)
        file.writestr("model/data/0", np.arange(4, dtype="<f4").tobytes())
    return path


BAD_TENSORS = {
    "too long": (0, (5,), (1,)),
    "too far": (3, (2,), (1,)),
    "a large stride": (0, (2,), (4,)),
    "repeated to terabytes": (0, (1 << 40,), (0,)),
    "negative": (-1, (1,), (1,)),
    "a negative size": (0, (-1,), (1,)),
    "other dimensions": (0, (2, 2), (1,)),
    "not numbers": (0, ("a",), (1,)),
}


@pytest.mark.parametrize("name", BAD_TENSORS)
def test_tensors_outside_their_storage_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelCorrupt, match=r"model\.pt is not a plain PyTorch checkpoint"):
        read_tensors(archive(tmp_path / "model.pt", {"x": Tensor(*BAD_TENSORS[name])}))


def test_a_good_archive_is_read(tmp_path: Path) -> None:
    found = read_tensors(archive(tmp_path / "model.pt", {"x": Tensor(1, (3,), (1,)), "name": "anything"}))
    assert {key: value.tolist() for key, value in found.items()} == {"x": [1, 2, 3]}


@pytest.mark.parametrize("kind", ["code", "code beside tensors", "compressed", "truncated", "text", "empty", "missing"])
def test_files_that_are_no_plain_checkpoints_are_refused(kind: str, tmp_path: Path) -> None:
    path, mark = tmp_path / "model.pt", tmp_path / "ran"
    good = {"x": Tensor(0, (4,), (1,))}
    if kind == "code":
        path.write_bytes(pickle.dumps(Bomb(mark)))
    elif kind == "code beside tensors":
        archive(path, {**good, "y": Bomb(mark)})
    elif kind == "compressed":
        archive(path, good, zipfile.ZIP_DEFLATED)
    elif kind == "truncated":
        path.write_bytes(archive(path, good).read_bytes()[:-100])
    elif kind != "missing":
        path.write_text("not a model" if kind == "text" else "")
    with pytest.raises(ModelCorrupt, match=r"model\.pt"):
        read_tensors(path)
    assert not mark.exists()
