"""Start child processes that do not outlive this one, even if it is killed.

On Linux the kernel kills a child when the *thread* that started it ends, so all are started by one thread that lives as
long as the process. On other systems a child whose output is read ends when its pipe breaks.
"""

from __future__ import annotations

import concurrent.futures
import ctypes
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

_PR_SET_PDEATHSIG = 1
"""Operation of prctl(2)."""

_tasks: queue.SimpleQueue[tuple[concurrent.futures.Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
_starter_lock = threading.Lock()
_starter_pid = 0
"""Process that the starting thread belongs to; a forked process needs a thread of its own."""


def start_child(command: Sequence[Any], **options: Any) -> subprocess.Popen[bytes]:
    """Start a process as subprocess.Popen does. Raises OSError if that fails."""
    if not sys.platform.startswith("linux"):
        return subprocess.Popen(command, **options)
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def die_with_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended in between
            os._exit(1)

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, preexec_fn=die_with_parent, **options)

    future: concurrent.futures.Future[subprocess.Popen[bytes]] = concurrent.futures.Future()
    _ensure_starter()
    _tasks.put((future, start))
    return future.result()


def _ensure_starter() -> None:
    global _starter_pid
    with _starter_lock:
        if _starter_pid != os.getpid():
            threading.Thread(target=_start_children, name="voicekit-children", daemon=True).start()
            _starter_pid = os.getpid()


def _start_children() -> None:
    while True:
        future, start = _tasks.get()
        try:
            future.set_result(start())
        except BaseException as error:
            future.set_exception(error)
