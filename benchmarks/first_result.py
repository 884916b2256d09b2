"""Time from a fresh clone to the first subtitles: `make demo` with an empty HOME and empty caches.

    python -m benchmarks.first_result [PYTHON]

Clones this repository, installs twice (the second time from uv's cache, so that the download can be told apart from the
installation), and transcribes the demo's recording. PYTHON is the interpreter to install with (default: this one). The
download is also counted at 50 MB/s, as networks differ. Linux only: received bytes are those of the machine's network
interfaces, so nothing else may download at the same time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

MEGABYTES_PER_SECOND = 50.0


def received_bytes() -> int:
    """Bytes that all network interfaces but loopback have received."""
    lines = Path("/proc/net/dev").read_text().splitlines()[2:]
    return sum(int(line.partition(":")[2].split()[0]) for line in lines if not line.strip().startswith("lo:"))


def timed(name: str, action: Callable[[], object]) -> float:
    started = time.monotonic()
    action()
    seconds = time.monotonic() - started
    print(f"{name:<44} {seconds:6.1f} s", flush=True)
    return seconds


def folder_megabytes(folder: Path) -> float:
    shown = subprocess.run(["du", "-sm", str(folder)], capture_output=True, text=True, check=True)
    return float(shown.stdout.split()[0])


def main(python: str) -> None:
    root = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as scratch:
        clone, home = Path(scratch, "voicekit"), Path(scratch, "home")
        home.mkdir()
        dropped = ("XDG_CACHE_HOME", "XDG_DATA_HOME", "UV_CACHE_DIR", "VOICEKIT_CACHE", "VIRTUAL_ENV")
        environment = {key: value for key, value in os.environ.items() if key not in dropped}
        environment |= {"HOME": str(home), "PYTHON": python}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)

        def run(*command: str) -> None:
            subprocess.run(command, cwd=clone, env=environment, check=True, stdout=subprocess.DEVNULL)

        cloned = timed("git clone", lambda: subprocess.run(["git", "clone", "-q", str(root), str(clone)], check=True))
        before = received_bytes()
        cold = timed("install, with the download", lambda: run("tools/setup.sh", "core"))
        megabytes = (received_bytes() - before) / 1e6
        size = folder_megabytes(clone / ".venv")
        (clone / ".venv").rename(clone / ".first")
        warm = timed("install again, from uv's cache", lambda: run("tools/setup.sh", "core"))
        voicekit, demo = str(clone / ".venv" / "bin" / "voicekit"), "outputs/telephone.wav"
        copy = (
            "import shutil; from benchmarks.recordings import sample_recording; "
            "shutil.copy(sample_recording(), 'outputs/telephone.wav')"
        )
        run(str(clone / ".venv" / "bin" / "python"), "-c", copy)
        first = timed("transcribe 30 s, first run", lambda: run(voicekit, "transcribe", demo, "--speakers", "2"))
        again = timed("transcribe, second run", lambda: run(voicekit, "transcribe", demo, "--speakers", "2", "--fresh"))
        assert (clone / "outputs" / "telephone" / "latest" / "transcript.srt").stat().st_size > 0
        counted = megabytes / MEGABYTES_PER_SECOND
        print(f"\ndownloaded {megabytes:.0f} MB, installed {size:.0f} MiB; second run {again:.1f} s")
        print(f"clone to first subtitles, as it was: {cloned + cold + first:.1f} s")
        print(f"with the download at {MEGABYTES_PER_SECOND:.0f} MB/s: {cloned + counted + warm + first:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else getattr(sys, "_base_executable", sys.executable))
