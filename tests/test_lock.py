from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tools import lock


def test_the_lock_is_in_step_and_holds_no_address() -> None:
    assert lock.faults() == []
    for name in (
        "torch",
        "chatterbox-tts",
        "pyannote-audio",
        "faster-whisper",
        "yt-dlp",
        "ffmpeg-python",
        "pysrt",
        "typer",
    ):
        assert re.search(rf"^{name}==", lock.LOCK.read_text(), re.M)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"pydantic>=2.12"', '"pydantic>=99"', "run `make lock`"),
        ('"rich>=13.7",', '"rich>=13.7",\n    "not-locked",', "not locked: not-locked"),
        ('"torch==2.10.*"', '"torch==2.9.*"', "torch 2.10"),
    ],
)
def test_a_change_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, says: str) -> None:
    text = (ROOT / "pyproject.toml").read_text()
    assert old in text
    (tmp_path / "pyproject.toml").write_text(text.replace(old, new))
    monkeypatch.setattr(lock, "ROOT", tmp_path)
    assert any(says in fault for fault in lock.faults())


def test_an_address_and_a_missing_hash_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements.lock").write_text(lock.LOCK.read_text() + "--index-url https://x\nfoo==1.0\n")
    monkeypatch.setattr(lock, "LOCK", tmp_path / "requirements.lock")
    faults = lock.faults()
    assert "the lock holds an address" in faults
    assert any(fault.startswith("no hash: foo") for fault in faults)


@pytest.mark.network
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_the_lock_installs_on_every_python(version: str, tmp_path: Path) -> None:
    """With uv, as far as choosing the files: every locked package has one for this Python."""
    options = f"pip install --dry-run --system --no-deps --require-hashes --python-version {version}".split()
    command = [str(Path(sys.executable).with_name("uv")), *options, "--target", str(tmp_path), "-r", str(lock.LOCK)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.network
def test_plain_pip_resolves_without_the_lock() -> None:
    """`pip install voicekit[starter]`, as far as resolving. (chatterbox cannot: see docs/install.md.)"""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--ignore-installed", f"{ROOT}[starter]"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
