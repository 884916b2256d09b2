"""A full disk, a folder that cannot be written, a wrong memory, too little memory: one line that says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.hostile import small_disk
from voicekit.cli import run
from voicekit.errors import EngineError
from voicekit.models.resolve import resolve
from voicekit.runtime.failures import as_voicekit_error
from voicekit.storage.files import file_sha256
from voicekit.storage.paths import cache_dir

SCRIPT = "Ana: Hello there, how are you?\nBen: Fine, thank you very much.\nAna: Good.\nBen: Goodbye.\n"
JOB = "voices: [joe]\ntakes: 2\nlines: [Hello there., What a day this is., Good bye then.]\n"


def test_a_wrong_memory_of_a_checksum_accuses_nobody(own_cache: Path) -> None:
    weights = resolve("tiny.en", "transcribe")
    for path in weights.path.iterdir():
        file_sha256(path)
    for memo in (cache_dir() / "hashes").iterdir():
        memo.write_text("0" * 64)
    assert resolve("tiny.en", "transcribe").path == weights.path


@pytest.mark.parametrize("command", ["clone", "dialogue"])
def test_a_full_cache_stops_at_the_first(
    tmp_path: Path, own_cache: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    source = tmp_path / ("job.yaml" if command == "clone" else "talk.txt")
    source.write_text(JOB if command == "clone" else SCRIPT)
    (own_cache / "stages").mkdir(parents=True)
    with small_disk(own_cache / "stages", "60k") as mounted:
        if not mounted:
            pytest.skip("no file system may be mounted here")
        assert run([command, str(source), "-o", str(tmp_path / "out")]) == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    assert "The disk is full" in line


@pytest.mark.parametrize("command", ["say", "clone", "dialogue"])
def test_a_full_disk_of_results_stops_at_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (tmp_path / "job.yaml").write_text(JOB)
    (tmp_path / "talk.txt").write_text(SCRIPT)
    with small_disk(tmp_path / "disk", "40k") as mounted:
        if not mounted:
            pytest.skip("no file system may be mounted here")
        arguments = {
            "say": ["Hello there, this is a long sentence.", "-o", str(tmp_path / "disk" / "a.wav")],
            "clone": [str(tmp_path / "job.yaml"), "-o", str(tmp_path / "disk")],
            "dialogue": [str(tmp_path / "talk.txt"), "-o", str(tmp_path / "disk")],
        }
        assert run([command, *arguments[command]]) == 1
        left = [path.name for path in (tmp_path / "disk").rglob("*") if path.is_file()]
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    assert "The disk is full" in line
    assert not [name for name in left if name.startswith((".tmp", ".partial")) or name.endswith(".wav")]


@pytest.mark.skipif(sys.platform != "linux", reason="limits of the address space are Linux's")
def test_too_little_memory_is_said_to_be_that(talk: Path, tmp_path: Path) -> None:
    """torch then fails with an ImportError, which was taken for a package that is not installed."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (900 << 20,) * 2)\n"
        "from voicekit.cli import run; sys.exit(run(sys.argv[1:]))\n"
    )
    command = ["transcribe", str(talk), "-o", str(tmp_path / "out"), "--model", "tiny.en", "--speakers", "2"]
    environment = {**os.environ, "VOICEKIT_CACHE": str(tmp_path / "cache")}
    found = subprocess.run(
        [sys.executable, "-c", code, *command], env=environment, capture_output=True, text=True, check=False
    )
    assert found.returncode == 1
    assert "out of memory" in found.stderr
    assert "install" not in found.stderr.lower()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(12, "Cannot allocate memory"),
        RuntimeError("std::bad_alloc"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
        RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : bad allocation"),
    ],
)
def test_wordings_of_too_little_memory(error: Exception) -> None:
    failure = as_voicekit_error(error, "talk.wav")
    assert isinstance(failure, EngineError)
    assert str(failure).startswith("talk.wav: out of memory")


def test_nothing_to_do_in_a_folder_that_cannot_be_written(
    talk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with small_disk(tmp_path / "out", "10m") as mounted:
        if not mounted:
            pytest.skip("no file system may be mounted here")
        command = ["transcribe", str(talk), "-o", str(tmp_path / "out"), "--diarizer", "none", "--model", "tiny.en"]
        assert run(command) == 0
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "out")], check=True)
        capsys.readouterr()
        assert run(command) == 0
        printed = capsys.readouterr()
        assert ("nothing to do" in printed.out, printed.err) == (True, "")
        assert run([*command, "--language", "en", "--beam-size", "2"]) == 1
        assert "Read-only file system" in capsys.readouterr().err
