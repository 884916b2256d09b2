"""Find a JavaScript runtime for yt-dlp, which needs one to read YouTube's player, and limit how long it may run.

The package `deno` brings one along. deno runs the player script without access to files and network, node without
access to files; yt-dlp also knows runtimes that restrict nothing, which are not used.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

UPDATE = 'pip install -U "yt-dlp[default,deno]"'
"""Installs the newest yt-dlp, its solver scripts and a JavaScript runtime."""

PROBE_SECONDS = 10.0
"""Time for a runtime to print its version."""

SOLVE_SECONDS = 60.0
"""Time for a runtime to solve a player's challenges. It takes less than 5 s on a slow machine."""

TIMED_OUT = "did not finish within"
"""In the message about a runtime that exceeds `SOLVE_SECONDS`."""

_OLDEST = {"deno": (2, 3), "node": (22, 0)}
"""Oldest version that yt-dlp supports: MIN_SUPPORTED_VERSION in its `utils/_jsruntime.py`."""


@dataclass(frozen=True)
class JsRuntime:
    """An installed JavaScript runtime.

    Attributes:
        name: deno or node.
        path: Of the program.
        version: As it prints it; "" if it prints none.
        problem: Why it cannot be used; "" if it can.
    """

    name: str
    path: str
    version: str = ""
    problem: str = ""


def find_js_runtime() -> JsRuntime | None:
    """Return the first usable runtime: the packaged deno, deno on PATH, node on PATH; None without one."""
    return next((runtime for runtime in _installed() if not runtime.problem), None)


def runtime_problem() -> tuple[str, str] | None:
    """Return why there is no usable runtime, and the remedy; None if there is one."""
    problems = []
    for runtime in _installed():
        if not runtime.problem:
            return None
        problems.append(runtime.problem)
    reason = "; ".join(problems) or "none is installed"
    return f"YouTube needs a JavaScript runtime: {reason}", f"Run {UPDATE}, or install deno (>= 2.3) or node (>= 22)"


def _installed() -> Iterator[JsRuntime]:
    """Yield the installed runtimes, checked one after the other."""
    seen = set()
    for name, path in (("deno", _packaged_deno()), ("deno", shutil.which("deno")), ("node", shutil.which("node"))):
        if path and path not in seen:
            seen.add(path)
            yield _check(name, path, PROBE_SECONDS)


def _packaged_deno() -> str | None:
    with contextlib.suppress(ImportError, AttributeError, OSError):
        return str(importlib.import_module("deno").find_deno_bin())
    return None


@functools.cache
def _check(name: str, path: str, seconds: float) -> JsRuntime:
    """Run `<path> --version`."""
    try:
        shown = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=seconds, check=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return JsRuntime(name, path, problem=f"{path} does not print its version within {seconds:g} s")
    except (OSError, subprocess.CalledProcessError) as error:
        return JsRuntime(name, path, problem=f"{path} does not run ({getattr(error, 'strerror', None) or error})")
    match = re.search(r"^(?:deno |v)(\d+)\.(\d+)\S*", shown.stdout, re.MULTILINE)
    if match is None:
        return JsRuntime(name, path, problem=f"{path} prints no version")
    version = match[0].removeprefix("deno ").removeprefix("v")
    if (int(match[1]), int(match[2])) < _OLDEST[name]:
        oldest = ".".join(map(str, _OLDEST[name]))
        return JsRuntime(name, path, version, f"{name} {version} at {path} is too old, {oldest} is needed")
    return JsRuntime(name, path, version)


@functools.cache
def limit_solving_time() -> None:
    """Make yt-dlp end a runtime that runs for more than `SOLVE_SECONDS`; it would wait without end."""
    from yt_dlp.extractor.youtube.jsc._builtin import deno, node
    from yt_dlp.extractor.youtube.jsc.provider import JsChallengeProviderError
    from yt_dlp.utils import Popen

    class LimitedPopen(Popen):  # type: ignore[misc]
        def communicate_or_kill(self, *args: Any, **options: Any) -> Any:
            try:
                return super().communicate_or_kill(*args, timeout=SOLVE_SECONDS, **options)
            except subprocess.TimeoutExpired as error:
                reason = f"{self.args[0]} {TIMED_OUT} {SOLVE_SECONDS:g} s"
                raise JsChallengeProviderError(reason, expected=True) from error

    deno.Popen = node.Popen = LimitedPopen
