"""Weights by path, package, cache and hub. The hub is a server on loopback that the real client talks to."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import python
from voicekit import models
from voicekit.errors import ModelCorrupt, ModelNotFound, UsageError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {"config.json": b"{}", "model.bin": b"weights" * 1000, "evil.py": b"raise SystemExit", "evil.pkl": b"\x80\x04."}


class Hub(BaseHTTPRequestHandler):
    """As much of the hub's interface as the client asks for; misbehaves for repositories named after a fault."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = urlsplit(self.path).path  # through a proxy, self.path is the whole URL
        if "gated" in path:
            return self.say(403, {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted"})
        if "missing" in path:
            return self.say(404, {"X-Error-Code": "RepoNotFound"})
        if "broken" in path:
            return self.say(500, {})
        if "/tree/" in path:
            tree = [{"type": "file", "path": n, "size": len(c), "oid": "0" * 40} for n, c in FILES.items()]
            return self.say(200, {"Content-Type": "application/json"}, json.dumps(tree).encode())
        if path.startswith("/api/models/"):
            listing = {"id": "me/good", "sha": COMMIT, "siblings": [{"rfilename": name} for name in FILES]}
            return self.say(200, {"Content-Type": "application/json"}, json.dumps(listing).encode())
        content = FILES.get(path.rpartition("/")[2])
        if content is None:
            return self.say(404, {})
        self.say(200, {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": COMMIT}, content)

    def say(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own_cache: Path) -> Iterator[str]:
    from huggingface_hub import constants

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    yield address
    server.shutdown()


def test_packaged_weights_are_joined_once_and_checked(own_cache: Path) -> None:
    weights = models.resolve("base", "transcribe")
    assert weights.origin == "package"
    assert (weights.path / "model.bin").stat().st_size == 145_217_607
    assert weights.sha256["model.bin"].startswith("905e5bf8")
    inode = (weights.path / "model.bin").stat().st_ino
    assert (models.resolve("base", "transcribe").path / "model.bin").stat().st_ino == inode
    models.verify(weights)


def test_a_damaged_file_is_said_with_the_remedy(own_cache: Path) -> None:
    weights = models.resolve("base", "transcribe")
    with (weights.path / "model.bin").open("r+b") as file:
        file.seek(1000)
        file.write(b"\0\0\0\0damaged")
    with pytest.raises(ModelCorrupt, match=r"model\.bin is damaged.*Delete that file"):
        models.resolve("base", "transcribe")
    (weights.path / "model.bin").unlink()
    assert models.resolve("base", "transcribe").sha256 == weights.sha256


def test_a_folder_is_a_model(tmp_path: Path) -> None:
    folder = models.resolve("tiny.en", "transcribe").path
    shutil.copytree(folder, tmp_path / "mine")
    weights = models.resolve(str(tmp_path / "mine"), "transcribe")
    assert weights.origin == "path"
    assert weights.record()["sha256"]["model.bin"].startswith("1a5afae0")


@pytest.mark.parametrize("name", ["bass", "/no/such/folder", "./x", "a/b/c", ""])
def test_unknown_names_are_wrong_usage(name: str) -> None:
    if name == "":
        name = "no-such"
    with pytest.raises(UsageError, match=r"tiny, tiny\.en, base"):
        models.resolve(name, "transcribe")


def test_offline_says_what_is_missing_and_how_to_get_it() -> None:
    with pytest.raises(ModelNotFound, match=r"large-v3.*offline is set.*models pull large-v3"):
        models.resolve("large-v3", "transcribe")
    with pytest.raises(ModelNotFound, match=r"HF_TOKEN"):
        models.resolve("community-1", "diarize")


def test_offline_asks_no_network() -> None:
    """In a new process whose sockets cannot connect anywhere."""
    done = python(
        "import socket\n"
        "def refuse(*a): raise AssertionError('network')\n"
        "socket.socket.connect = refuse; socket.getaddrinfo = refuse\n"
        "from voicekit import errors, models\n"
        "try: models.resolve('large-v3', 'transcribe')\n"
        "except errors.ModelNotFound as e: print('said', e)\n",
        HF_HUB_OFFLINE="1",
    )
    assert done.stdout.startswith("said"), done.stderr


def test_hub_id_is_fetched_pinned_and_found_again(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    weights = models.resolve("me/good", "transcribe", progress=told.append)
    assert (weights.origin, weights.revision) == ("hub", COMMIT)
    assert told
    assert sorted(path.name for path in weights.path.iterdir()) == ["config.json", "model.bin"]  # and no code
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    again = models.resolve("me/good", "transcribe")
    assert (again.origin, again.revision, again.sha256) == ("cache", COMMIT, weights.sha256)


def test_the_hub_is_reached_through_a_proxy(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub's name has no address; only the proxy, which is the server of these tests, knows it."""
    from huggingface_hub import constants
    from huggingface_hub.utils import close_session

    away = "http://hub.invalid"
    monkeypatch.setattr(constants, "ENDPOINT", away)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", away + "/{repo_id}/resolve/{revision}/{filename}")
    for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ModelNotFound, match="the hub cannot be reached"):
        models.resolve("me/good", "transcribe")
    close_session()
    monkeypatch.setenv("http_proxy", hub)
    assert (models.resolve("me/good", "transcribe").path / "model.bin").read_bytes() == FILES["model.bin"]
    close_session()


def test_wrong_checksum_from_the_hub_is_refused(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    large = models.find_model("large-v3")
    assert large is not None
    assert large.hub is not None
    row = replace(large, hub=replace(large.hub, repo="me/good", revision=COMMIT))
    monkeypatch.setattr(models.catalogue, "CATALOGUE", (row,))
    with pytest.raises(ModelCorrupt, match=r"model\.bin is damaged"):
        models.resolve("large-v3", "transcribe")


@pytest.mark.parametrize(
    ("repo", "says"), [("me/gated", "gated"), ("me/missing", "no repository"), ("me/broken", "could not be downloaded")]
)
def test_a_hub_that_refuses(hub: str, repo: str, says: str) -> None:
    with pytest.raises(ModelNotFound, match=says) as caught:
        models.resolve(repo, "transcribe")
    assert "\n" not in str(caught.value)


def test_a_hub_that_is_not_there_is_said_in_one_line(
    hub: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
    with pytest.raises(ModelNotFound, match=r"could not be downloaded \(the hub cannot be reached\)"):
        models.resolve("me/tiny", "transcribe")
    assert capfd.readouterr().err == ""


def test_where_weights_came_from_is_no_part_of_what_they_are(hub: str) -> None:
    """Else the run that fetched a model and the next one would have different cache keys."""
    first = models.resolve("me/good", "transcribe")
    second = models.resolve("me/good", "transcribe")
    assert (first.origin, second.origin) == ("hub", "cache")
    assert first.record() == second.record()


def test_a_folder_where_we_stand_is_not_taken_for_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "base").mkdir()
    monkeypatch.chdir(tmp_path)
    assert models.resolve("base", "transcribe").origin == "package"


def test_every_file_of_a_folder_counts(tmp_path: Path) -> None:
    (tmp_path / "m" / "sub").mkdir(parents=True)
    (tmp_path / "m" / "sub" / "weights.bin").write_bytes(b"1")
    one = models.resolve(str(tmp_path / "m"), "diarize").record()
    (tmp_path / "m" / "sub" / "weights.bin").write_bytes(b"22")
    assert models.resolve(str(tmp_path / "m"), "diarize").record() != one


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("code ran",)


@pytest.mark.parametrize("kind", ["pickle", "architecture", "pipeline", "preprocessors"])
def test_models_that_could_run_code_are_refused(tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    from voicekit.engines.diarization.pyannote import Pyannote

    folder = tmp_path / "mine"
    folder.mkdir()
    checkpoint: object = {"pyannote.audio": {"architecture": {"module": "pyannote.audio.models.segmentation"}}}
    config = "pipeline: {name: pyannote.audio.pipelines.SpeakerDiarization}\n"
    if kind == "pickle":
        checkpoint = Evil()
    elif kind == "architecture":
        checkpoint = {"pyannote.audio": {"architecture": {"module": "this"}}}
    elif kind == "pipeline":
        config = "pipeline: {name: os.system}\n"
    else:
        config += "preprocessors: {audio: {name: os.system}}\n"
    torch.save(checkpoint, folder / "pytorch_model.bin")
    (folder / "config.yaml").write_text(config)
    weights = models.Weights("community-1", folder, "path", "x", {})
    with pytest.raises(ModelCorrupt, match="Download it from pyannote"):
        Pyannote({"community-1": weights}, "cpu")
    assert "code ran" not in capsys.readouterr().out


def test_licences_of_packages_are_known() -> None:
    table = {name.lower(): licence for name, _, licence in models.package_licences()}
    assert "GPL" in table["pysrt"]
    assert table["voicekit"] == "MIT"
