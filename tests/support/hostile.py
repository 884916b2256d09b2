"""What tests of abuse share: a server that means ill, a watch on files that must not be opened, and what a tidy folder
holds."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import struct
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from voicekit.audio.ffmpeg import ffmpeg_path

WORDS = "originally from Chicago"
"""What is said in `speech`."""


def ffmpeg(*arguments: object) -> None:
    subprocess.run([ffmpeg_path(), "-loglevel", "error", "-y", *map(str, arguments)], check=True)


def speech(sample: Path, to: Path, *options: object) -> Path:
    """2.5 s of the sample in which WORDS are said, in the format that the name and ffmpeg's `options` choose."""
    ffmpeg("-ss", "17.7", "-t", "2.5", "-i", sample, *options, f"file:{to}")
    return to


class Hostile:
    """A server on loopback whose paths each misbehave in their own way. `log`: the paths asked for."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.stopped = threading.Event()
        hostile = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hostile.log.append(self.path)
                with contextlib.suppress(OSError):
                    getattr(self, self.path[1:].partition(".")[0].replace("-", "_"))()

            do_HEAD = do_GET

            def start(self, kind: str, length: int | None = None) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                if length is not None:
                    self.send_header("Content-Length", str(length))
                self.end_headers()

            def silent(self) -> None:
                hostile.stopped.wait()

            def silent_body(self) -> None:
                self.start("audio/mpeg", 100_000)
                self.wfile.write(b"\xff\xfb" * 500)
                hostile.stopped.wait()

            def slow_body(self) -> None:
                self.start("audio/mpeg", 100_000)
                self.drip()

            def slow_head(self) -> None:
                self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: ")
                self.drip()

            def drip(self) -> None:
                while not hostile.stopped.wait(0.2):
                    self.wfile.write(b"x")

            def endless(self) -> None:
                self.start("audio/mpeg")
                while True:
                    self.wfile.write(b"\0" * 65_536)

            def endless_page(self) -> None:
                self.start("text/html")
                while True:
                    self.wfile.write(b"<p>more</p>" * 6000)

            def terabyte(self) -> None:
                self.start("audio/mpeg", 10**12)
                while True:
                    self.wfile.write(b"\0" * 65_536)

            def page(self) -> None:
                text = b"<html><title>No media</title><p>Come in.</p></html>"
                self.start("text/html", len(text))
                self.wfile.write(text)

            def page_as_sound(self) -> None:
                text = b"<html>Please sign in</html>" * 100
                self.start("audio/mpeg", len(text))
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def stop(self) -> None:
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[list[str]]:
    """The names of files in `folder` that any process opened meanwhile; filled at the end. By Linux's inotify."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    assert watch >= 0
    assert libc.inotify_add_watch(watch, os.fsencode(folder), 0x20) >= 0  # IN_OPEN
    names: list[str] = []
    try:
        yield names
        with contextlib.suppress(BlockingIOError):
            while data := os.read(watch, 65_536):
                while data:
                    _, _, _, length = struct.unpack("iIII", data[:16])
                    names.append(data[16 : 16 + length].rstrip(b"\0").decode())
                    data = data[16 + length :]
    finally:
        os.close(watch)


# What may lie in a cache and in a folder of results when nothing runs. Anything else is half a file, or a lost one.
_WHOLE = re.compile(
    r"""
      stages/[a-z]+/[0-9a-f]{40}(\.lock | /[a-z]+\.[a-z]+)
    | hashes/[0-9a-f]{32}
    | downloads/urls/[0-9a-f]{40}\.json
    | downloads/[A-Za-z0-9]+/[0-9a-f]{40}(\.lock | /info\.json | /media\.[a-z0-9]+)
    | models/.*
    | [^/]+/\.source
    | [^/]+/latest
    | [^/]+/\d{8}T\d{6}Z-[0-9a-f]{8}(-\d+)?/(run\.json | transcript\.(json|srt|vtt|txt|tsv|rttm|labels\.txt))
    """,
    re.X,
)


_SHELVES = re.compile(r"hashes|models|stages(/[a-z]+)?|downloads(/[A-Za-z0-9]+)?")


def untidy(*folders: Path) -> list[str]:
    """Files below the folders that should not be there, and empty folders that should hold some."""
    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            name = path.relative_to(folder).as_posix()
            if path.is_file() or path.is_symlink():
                found += [] if _WHOLE.fullmatch(name) else [name]
            elif not any(path.iterdir()) and not _SHELVES.fullmatch(name):
                found.append(name)
    return found


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[bool]:
    """A file system of `size` at `folder`; False where we may not mount one."""
    folder.mkdir(exist_ok=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=True)


def boxes(data: bytes, start: int = 0, end: int | None = None) -> list[int]:
    """Where boxes of an MP4 begin and end, those within boxes included."""
    at, stop, found = start, len(data) if end is None else end, []
    while at + 8 <= stop:
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        if size < 8:
            break
        found += [at, at + 8]
        if kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"edts", b"dinf"):
            found += boxes(data, at + 8, at + size)
        at += size
        found.append(at)
    return sorted(set(found))
