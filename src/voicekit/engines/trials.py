"""Try an engine in a process of its own, and keep the result for this processor and these packages.

A native library that is built for another processor ends the process with an illegal instruction, without a message.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
import platform
import re
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from voicekit.redact import one_line
from voicekit.runtime.children import start_child
from voicekit.storage.files import digest, write_json
from voicekit.storage.paths import cache_dir

TIMEOUT = 300.0
"""Seconds after which an engine is ended."""

MISSING_STATUS = 3
"""Exit status of the child process if packages or weights are not installed."""


@dataclass(frozen=True)
class Trial:
    """One run of an engine in a process of its own.

    Attributes:
        engine: Its name.
        outcome: ok; missing: packages or weights are not installed; failed: an error; crashed: the process ended.
        text: What happened.
        seconds: How long it took.
    """

    engine: str
    outcome: Literal["ok", "missing", "failed", "crashed"]
    text: str = ""
    seconds: float = 0.0


def processor() -> str:
    """Return the processor's architecture and its instruction sets."""
    flags = ""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        if match := re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.M):
            flags = " ".join(sorted(set(match[1].split())))
    except OSError:
        pass
    return f"{platform.machine()} {flags or platform.processor()}"


@functools.cache
def _installed_versions() -> str:
    packages = {f"{d.metadata['Name']} {d.version}" for d in importlib.metadata.distributions() if d.metadata["Name"]}
    return digest([platform.python_version(), sorted(packages)])


def _file(engine: str) -> Path:
    key = digest({"engine": engine, "processor": processor(), "packages": _installed_versions()})
    return cache_dir() / "trials" / f"{key[:40]}.json"


def save_trial(trial: Trial) -> None:
    """Keep a result; a missing package or missing weights say nothing about the processor."""
    if trial.outcome != "missing":
        write_json(_file(trial.engine), asdict(trial))


def load_trial(engine: str) -> Trial | None:
    """Return the result of an engine on this processor with the installed packages; None if it was not tried."""
    try:
        return Trial(**json.loads(_file(engine).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def try_engine(name: str, timeout: float = TIMEOUT) -> Trial:
    """Run an engine in a child process, keep the result, and return it."""
    trial = _run_engine(name, timeout)
    save_trial(trial)
    return trial


def _run_engine(name: str, timeout: float) -> Trial:
    started = time.monotonic()
    command = [sys.executable, "-m", "voicekit.engine_trials", name]
    with start_child(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        try:
            _, output = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            return Trial(name, "failed", f"it did not finish within {timeout:g} s", timeout)
    seconds = round(time.monotonic() - started, 1)
    lines = output.decode(errors="replace").strip().splitlines()
    text = one_line(lines[-1]) if lines else ""
    if child.returncode == 0:
        return Trial(name, "ok", "", seconds)
    if child.returncode == MISSING_STATUS:
        return Trial(name, "missing", text, seconds)
    if child.returncode < 0:
        return Trial(name, "crashed", f"it ended the process: {_signal_name(-child.returncode)}", seconds)
    return Trial(name, "failed", text or f"exit status {child.returncode}", seconds)


def _signal_name(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return f"{name}, an instruction that this processor does not have" if name == "SIGILL" else name


def trial_of(name: str) -> Trial:
    """Return the known result of an engine; try it if there is none."""
    return load_trial(name) or try_engine(name)
