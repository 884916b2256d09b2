"""Signals that end a command, and children that end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.support.hostile import untidy
from voicekit.runtime.children import start_child

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the parent-death signal is Linux's")


def heed_signals() -> None:
    """Undo what a child inherits if the tests run in the background or under nohup."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def start(sample: Path, home: Path, *before: str) -> subprocess.Popen[str]:
    """`voicekit transcribe` with a cache, results and temporary files of its own, after its first stage began."""
    (home / "tmp").mkdir(parents=True)
    environment = {**os.environ, "VOICEKIT_CACHE": str(home / "cache"), "TMPDIR": str(home / "tmp")}
    command = [sys.executable, "-m", "voicekit", "transcribe", str(sample), "-o", str(home / "out")]
    command += ["--diarizer", "none", "--model", "base", "--json"]
    process = subprocess.Popen(
        [*before, *command],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed_signals,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if '"event": "stage"' in line and "transcribe" in line:
            break
    time.sleep(0.5)
    return process


@pytest.mark.parametrize(
    ("number", "status", "says"),
    [
        (signal.SIGTERM, 143, "error: terminated. Run the same command again to resume\n"),
        (signal.SIGHUP, 129, "error: the terminal was closed. Run the same command again to resume\n"),
        (signal.SIGINT, 130, "error: interrupted. Run the same command again to resume\n"),
    ],
)
def test_a_signal_ends_the_work_in_good_order(
    sample: Path, tmp_path: Path, number: signal.Signals, status: int, says: str
) -> None:
    process = start(sample, tmp_path)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (status, says)
    assert untidy(tmp_path / "out", tmp_path / "cache") == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_hangup_that_nohup_ignores_stays_ignored(sample: Path, tmp_path: Path) -> None:
    process = start(sample, tmp_path, "nohup")
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=120)
    assert process.returncode == 0
    assert (tmp_path / "out" / "sample" / "latest" / "run.json").exists()


def test_the_library_sets_no_handlers() -> None:
    code = (
        "import signal, voicekit, voicekit.api, voicekit.cli\n"
        "assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL\n"
        "assert signal.getsignal(signal.SIGINT) == signal.default_int_handler\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, preexec_fn=heed_signals)


def is_running(pid: int) -> bool:
    try:
        return "(zombie)" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def assert_ends(pid: int) -> None:
    """Wait for a process to end; fail after ten seconds."""
    deadline = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(pid)


@LINUX
def test_children_end_with_a_killed_process() -> None:
    code = (
        "import sys, time\n"
        "from voicekit.runtime.children import start_child\n"
        "print(start_child([sys.executable, '-c', 'import time; time.sleep(600)']).pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert is_running(child)
    parent.kill()
    parent.wait()
    assert_ends(child)


@LINUX
def test_children_outlive_the_thread_that_asked_for_them() -> None:
    """The kernel sends the signal when the thread that started the child ends, not the process."""
    children: list[subprocess.Popen[bytes]] = []
    thread = threading.Thread(
        target=lambda: children.append(start_child([sys.executable, "-c", "import time; time.sleep(600)"]))
    )
    thread.start()
    thread.join()
    time.sleep(0.3)
    (child,) = children
    try:
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


@LINUX
def test_ffmpeg_ends_with_a_killed_voicekit(sample: Path, tmp_path: Path) -> None:
    """A long decoding, through a filter that takes its time."""
    code = (
        "import sys; from pathlib import Path\n"
        "from voicekit.audio.ffmpeg import ffmpeg_path, running_ffmpeg\n"
        "command = [ffmpeg_path(), '-nostdin', '-f', 'lavfi', '-i', 'anoisesrc=d=36000', '-f', 'null', '-']\n"
        "with running_ffmpeg(command) as (process, log): print(process.pid, flush=True)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    assert_ends(child)


def test_a_command_that_cannot_be_started_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        start_child(["/no/such/program"])


def test_copies_of_espeak_do_not_stay(tmp_path: Path) -> None:
    """phonemizer copies the library to a temporary folder; a killed process left it there for good."""
    (tmp_path / "tmp").mkdir()
    environment = {**os.environ, "VOICEKIT_CACHE": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "tmp")}
    code = (
        "import os, signal; from voicekit.tts.synthesizer import Synthesizer\n"
        "Synthesizer().say('Hello there.', voice='jf_alpha'); {end}\n"
    )
    for end in ("os.kill(os.getpid(), signal.SIGKILL)", "None"):
        subprocess.run([sys.executable, "-c", code.replace("{end}", end)], env=environment, check=end == "None")
        assert [path for path in (tmp_path / "tmp").iterdir() if path.name != ".ses"] == []  # of onnxruntime
    assert list((tmp_path / "cache" / "espeak").iterdir()) == []


def test_three_equal_commands_at_once_make_one_run(talk: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "VOICEKIT_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "voicekit", "transcribe", str(talk), "-o", str(tmp_path / "out")]
    command += ["--diarizer", "none", "--model", "tiny.en", "--quiet"]
    processes = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(process.communicate()[1], process.returncode) for process in processes] == [("", 0)] * 3
    assert len(list((tmp_path / "out").glob("*/2*/run.json"))) == 1
