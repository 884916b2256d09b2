"""A web server on loopback for tests of downloading: serves a folder, and misbehaves on demand."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Site:
    """`files` by path; `redirects` by path; `log` of requests. `die_after`: cut connections after so many bytes.

    `pages` by path: functions of query and body that return a page. `checks` by path: functions of the query and the
    Cookie header that return the status to refuse a file with, or 200.
    """

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, bytes]] = {}
        self.redirects: dict[str, str] = {}
        self.statuses: dict[str, int] = {}
        self.pages: dict[str, Callable[[str, bytes], bytes]] = {}
        self.checks: dict[str, Callable[[str, str], int]] = {}
        self.die_after: int | None = None
        self.deaths = 0
        self.log: list[tuple[str, str, str | None]] = []
        self.cookies: list[str | None] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                self.do_GET()

            def do_POST(self) -> None:
                self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.do_GET()

            def do_GET(self) -> None:
                path, _, query = self.path.partition("?")
                wanted = self.headers.get("Range")
                site.log.append((self.command, path, wanted))
                site.cookies.append(self.headers.get("Cookie"))
                if path in site.redirects:
                    return self.answer(302, {"Location": site.redirects[path]}, b"")
                if path in site.pages:
                    kind = "application/json" if path.startswith("/youtubei/") else "text/html"
                    body = getattr(self, "body", b"")
                    return self.answer(200, {"Content-Type": kind}, site.pages[path](query, body))
                if path in site.checks and (status := site.checks[path](query, site.cookies[-1] or "")) != 200:
                    return self.answer(status, {}, b"no")
                if path in site.statuses or path not in site.files:
                    return self.answer(site.statuses.get(path, 404), {}, b"no")
                kind, content = site.files[path]
                headers = {"Content-Type": kind, "Accept-Ranges": "bytes"}
                if wanted and wanted.startswith("bytes="):
                    first = int(wanted[6:].split("-")[0])
                    last = wanted[6:].split("-")[1]
                    end = int(last) + 1 if last else len(content)
                    if first >= len(content):
                        return self.answer(416, {"Content-Range": f"bytes */{len(content)}"}, b"")
                    headers["Content-Range"] = f"bytes {first}-{min(end, len(content)) - 1}/{len(content)}"
                    return self.answer(206, headers, content[first:end])
                self.answer(200, headers, content)

            def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command == "HEAD":
                    return
                if site.die_after is not None and len(body) > site.die_after:
                    site.deaths += 1
                    self.wfile.write(body[: site.die_after])
                    self.wfile.flush()
                    self.close_connection = True
                    self.connection.close()
                    return
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                with contextlib.suppress(OSError, ValueError):  # the client, or we, hung up
                    super().handle()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def add(self, path: str, file: Path, kind: str) -> str:
        self.files[path] = (kind, file.read_bytes())
        return self.url(path)

    def feed(self, path: str, title: str, items: list[tuple[str, str]]) -> str:
        """A podcast feed; `items` are (title, url)."""
        rows = "".join(
            f"<item><title>{name}</title><guid>{path}#{n}</guid>"
            f'<enclosure url="{url}" type="audio/mpeg" length="1"/></item>'
            for n, (name, url) in enumerate(items)
        )
        text = f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title>{rows}</channel></rss>'
        self.files[path] = ("application/rss+xml", text.encode())
        return self.url(path)

    def text(self, path: str, content: str | bytes, kind: str) -> str:
        """A page with any content and Content-Type."""
        self.files[path] = (kind, content.encode() if isinstance(content, str) else content)
        return self.url(path)

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
