"""Which addresses a download connects to, whatever pages, redirects, name servers and proxies say."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.support.server import Site
from voicekit.audio.ffmpeg import ffmpeg_path
from voicekit.cli import run
from voicekit.errors import DownloadError
from voicekit.sources.addresses import AddressPolicy
from voicekit.sources.download import fetch
from voicekit.sources.ytdlp import DownloadOptions

IMPATIENT = DownloadOptions(timeout=1.0, retries=0)
PUBLIC = "93.184.216.34"


class Names:
    """A name server: `answers` by name, in turn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): list(turns) for name, turns in answers.items()}
        self.real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self.look_up)

    def look_up(self, host: str, port: object, *args: object, **options: object) -> object:
        turns = self.answers.get(host)
        if not turns:
            return self.real(host, port, *args, **options)  # type: ignore[arg-type]
        addresses = turns.pop(0) if len(turns) > 1 else turns[0]
        kinds = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(kinds[":" in address], socket.SOCK_STREAM, 6, "", (address, port or 0)) for address in addresses]


@pytest.mark.parametrize(
    ("typed", "addresses", "port", "allowed"),
    [
        ("https://93.184.216.34/feed", ["93.184.216.35"], 443, True),
        ("https://93.184.216.34/feed", ["192.168.1.5"], 443, False),
        ("https://93.184.216.34/feed", ["169.254.169.254"], 80, False),
        ("https://93.184.216.34/feed", ["127.0.0.1"], 443, False),
        ("https://93.184.216.34/feed", ["::1"], 443, False),
        ("https://93.184.216.34/feed", ["fd00::5"], 443, False),
        ("https://93.184.216.34/feed", ["fec0::5"], 443, False),
        ("https://93.184.216.34/feed", ["fe80::1%eth0"], 443, False),
        ("https://93.184.216.34/feed", ["100.64.0.1"], 443, False),
        ("https://93.184.216.34/feed", ["224.0.0.1"], 443, False),
        ("https://93.184.216.34/feed", ["ff02::1"], 443, False),
        ("https://93.184.216.34/feed", ["0.0.0.0"], 443, False),
        ("https://93.184.216.34/feed", ["::127.0.0.1"], 443, False),
        ("https://93.184.216.34/feed", ["::ffff:127.0.0.1"], 443, False),
        ("https://93.184.216.34/feed", ["64:ff9b::7f00:1"], 443, False),
        ("https://93.184.216.34/feed", ["64:ff9b::5db8:d822"], 443, True),  # NAT64 of 93.184.216.34
        ("https://93.184.216.34/feed", ["64:ff9b:1::5db8:d822"], 443, False),
        ("https://93.184.216.34/feed", ["2002:7f00:1::"], 443, False),
        ("https://93.184.216.34/feed", ["2002:c0a8:105::"], 443, False),
        ("https://93.184.216.34/feed", ["2001:4860::5efe:7f00:1"], 443, False),
        ("https://93.184.216.34/feed", [PUBLIC, "192.168.1.5"], 443, False),  # all of them must be public
        ("https://93.184.216.34/feed", ["2606:2800:21f::1", PUBLIC], 443, True),
        ("http://192.168.1.5:8096/list", ["192.168.1.5"], 8096, True),
        ("http://192.168.1.5:8096/list", ["192.168.1.6"], 8096, False),
        ("http://192.168.1.5:8096/list", ["127.0.0.1"], 8096, False),
        ("http://192.168.1.5:8096/list", ["::ffff:127.0.0.1"], 8096, False),
        ("http://nas.example:8096/list", ["192.168.1.5"], 8096, False),  # a name that was typed may be rebound
        ("http://127.0.0.1:8096/list", ["127.0.0.1"], 8096, True),
        ("http://127.0.0.1:8096/list", ["127.0.0.1"], 8097, False),
        ("http://localhost:8096/list", ["::1", "127.0.0.1"], 8096, True),
        ("http://[::1]:8096/list", ["::1"], 8096, True),
        ("http://169.254.169.254/", ["169.254.169.254"], 80, True),
        ("http://2130706433/", ["127.0.0.1"], 80, False),
        ("not an address", ["127.0.0.1"], 80, False),
        ("", ["127.0.0.1"], 80, False),
    ],
)
def test_who_may_be_reached(
    monkeypatch: pytest.MonkeyPatch, typed: str, addresses: list[str], port: int, allowed: bool
) -> None:
    Names(monkeypatch, host_example=[addresses])
    policy = AddressPolicy(typed)
    if allowed:
        assert policy.resolve("host.example", port) == tuple(addresses)
        return
    with pytest.raises(DownloadError, match=r"inside this machine or its network.*--allow-host host.example"):
        policy.resolve("host.example", port)


@pytest.mark.parametrize("pattern", ["nas.example", "NAS.Example.", "*.example"])
def test_a_listed_host_may_be_anywhere(monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    Names(monkeypatch, nas_example=[["192.168.1.5"]], other_test=[["192.168.1.5"]])
    policy = AddressPolicy("https://93.184.216.34/", [pattern])
    assert policy.resolve("nas.example", 22) == ("192.168.1.5",)
    with pytest.raises(DownloadError, match="inside"):
        policy.resolve("other.test", 80)


def test_local_names_of_every_form(site: Site, canary: Site, own_cache: Path) -> None:
    port = canary.server.server_port
    for host in ("127.0.0.1", "127.1", "localhost", "0.0.0.0", "2130706433", "[::ffff:127.0.0.1]", "0x7f.1"):
        site.redirects[f"/{host}.mp3"] = f"http://{host}:{port}/x.mp3"
        with pytest.raises(DownloadError):
            fetch(site.url(f"/{host}.mp3"), IMPATIENT)
    assert canary.log == []
    with pytest.raises(DownloadError, match="404"):  # the user may type it
        fetch(canary.url("/x.mp3"), IMPATIENT)
    assert canary.log


def test_a_name_that_changes_its_address_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch, canary: Site, own_cache: Path
) -> None:
    """The first answer, a reserved address where nobody listens, is kept for every connection of the download."""
    names = Names(monkeypatch, rebinds_example=[["203.0.113.7"], ["127.0.0.1"]])
    monkeypatch.setattr("voicekit.sources.addresses._is_public", lambda address: not address.is_loopback)
    with pytest.raises(DownloadError):
        fetch(f"http://rebinds.example:{canary.server.server_port}/x.mp3", DownloadOptions(timeout=1.0, retries=2))
    assert names.answers["rebinds.example"] == [["127.0.0.1"]]
    assert canary.log == []


def test_the_typed_name_of_a_local_server_has_to_be_listed(
    monkeypatch: pytest.MonkeyPatch, canary: Site, own_cache: Path
) -> None:
    Names(monkeypatch, nas_example=[["127.0.0.1"]])
    url = f"http://nas.example:{canary.server.server_port}/x.mp3"
    with pytest.raises(DownloadError, match=r"--allow-host nas.example"):
        fetch(url, IMPATIENT)
    assert canary.log == []
    with pytest.raises(DownloadError, match="404"):
        fetch(url, DownloadOptions(timeout=1.0, retries=0, allowed_hosts=("nas.example",)))


def test_the_command_line_lists_hosts(
    monkeypatch: pytest.MonkeyPatch, site: Site, canary: Site, own_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.redirects["/a.mp3"] = canary.url("/a.mp3")
    arguments = ["transcribe", site.url("/a.mp3"), "-o", str(own_cache / "out")]
    assert run(arguments) == 1
    assert "Add --allow-host 127.0.0.1" in capsys.readouterr().err
    assert run([*arguments, "--allow-host", "127.0.0.1"]) == 1
    assert "404" in capsys.readouterr().err


class Proxy:
    """A plain HTTP proxy that connects to whatever it is asked for; `log` of the URLs."""

    def __init__(self) -> None:
        self.log: list[str] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                proxy.log.append(self.path)
                if self.path.startswith("http://public.example/"):
                    self.send_response(302)
                    self.send_header("Location", self.path.partition("?to=")[2])
                    self.end_headers()
                    return
                with build_opener(ProxyHandler({})).open(self.path) as answer:
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(answer.read())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    proxy = Proxy()
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "")
    yield proxy
    proxy.server.shutdown()
    proxy.server.server_close()


def test_a_proxy_is_not_asked_for_local_addresses(
    monkeypatch: pytest.MonkeyPatch, proxy: Proxy, canary: Site, own_cache: Path
) -> None:
    Names(monkeypatch, public_example=[[PUBLIC]])
    with pytest.raises(DownloadError, match="inside this machine"):
        fetch(f"http://public.example/a.mp3?to={canary.url('/secret.mp3')}", IMPATIENT)
    assert proxy.log
    assert canary.log == []


def test_a_name_that_only_the_proxy_knows_has_to_be_listed(
    monkeypatch: pytest.MonkeyPatch, proxy: Proxy, own_cache: Path
) -> None:
    def fail(host: str, *args: object, **options: object) -> object:
        raise socket.gaierror(host)

    with pytest.raises(DownloadError, match=r"only by the proxy.*--allow-host intranet.invalid"):
        fetch("http://intranet.invalid/a.mp3", IMPATIENT)
    assert proxy.log == []
    with pytest.raises(DownloadError):
        fetch("http://intranet.invalid/a.mp3", DownloadOptions(timeout=1.0, retries=0, allowed_hosts=("*.invalid",)))
    assert proxy.log


def test_a_stream_is_not_given_to_ffmpeg(
    monkeypatch: pytest.MonkeyPatch, site: Site, canary: Site, own_cache: Path, tmp_path: Path
) -> None:
    """yt-dlp gives streams with unknown encryption to an ffmpeg on the PATH, which connects to any address."""
    (tmp_path / "ffmpeg").symlink_to(ffmpeg_path())
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    playlist = (
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXT-X-MEDIA-SEQUENCE:0\n"
        f'#EXT-X-KEY:METHOD=SAMPLE-AES,URI="{canary.url("/key")}"\n#EXTINF:5,\n{canary.url("/1.ts")}\n#EXT-X-ENDLIST\n'
    )
    with pytest.raises(DownloadError, match="save it with another program"):
        fetch(site.text("/live.m3u8", playlist, "application/vnd.apple.mpegurl"), IMPATIENT)
    assert canary.log == []
