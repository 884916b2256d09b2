"""Who gets the API key of a translation server: only whom the user named, and never over an open line."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.llm_server import LanguageModelServer, well
from voicekit.cli import run
from voicekit.config.transcribe import transcribe_options
from voicekit.engines.mt.openai import OpenAI

KEY = "sk-secret"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, own_cache: Path) -> Iterator[LanguageModelServer]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    server = LanguageModelServer(well)
    yield server
    server.close()


def transcribe(talk: Path, out: Path, *arguments: str) -> int:
    command = ["transcribe", str(talk), "-o", str(out), "--diarizer", "none", "--model", "tiny.en", "--beam-size", "1"]
    return run([*command, *arguments])


def test_a_server_that_a_file_names_gets_no_key(
    server: LanguageModelServer,
    talk: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"translate: [es]\nbase_url: {server.url}\n")
    assert transcribe(talk, tmp_path / "a", "-c", str(config)) == 0
    assert server.keys
    assert set(server.keys) == {None}
    assert "the API key is not sent" in capsys.readouterr().err
    server.keys.clear()
    assert transcribe(talk, tmp_path / "b", "-c", str(config), "--base-url", server.url, "--fresh") == 0
    assert set(server.keys) == {f"Bearer {KEY}"}  # the user typed it
    server.keys.clear()
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    assert transcribe(talk, tmp_path / "c", "-c", str(config), "--fresh") == 0
    assert set(server.keys) == {f"Bearer {KEY}"}


@pytest.mark.parametrize(
    ("url", "usual", "named", "sent"),
    [
        ("https://api.example.org/v1", "", True, True),
        ("https://api.example.org/v1", "", False, False),
        ("https://api.example.org/v1", "https://api.example.org", False, True),
        ("https://api.example.org:8443/v1", "https://api.example.org/v1", False, False),
        ("https://api.example.org.evil.test/v1", "https://api.example.org/v1", False, False),
        ("https://api.example.org@evil.test/v1", "https://api.example.org/v1", False, False),
        ("http://api.example.org/v1", "http://api.example.org/v1", False, False),
        ("http://api.example.org/v1", "", True, False),
        ("http://192.168.1.5:8000/v1", "", True, False),
        ("http://localhost.example.org/v1", "", True, False),
        ("http://localhost:8000/v1", "", True, True),
        ("http://[::1]:8000/v1", "", True, True),
    ],
)
def test_when_a_key_is_sent(monkeypatch: pytest.MonkeyPatch, url: str, usual: str, named: bool, sent: bool) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", usual)
    engine = OpenAI(url, "model", 1.0, named)
    assert (engine.client.headers.get("Authorization") == f"Bearer {KEY}") == sent
    assert bool(engine.no_key_because) == (not sent)


def test_an_open_line_carries_no_key(
    server: LanguageModelServer,
    talk: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    look_up = socket.getaddrinfo

    def local(host: Any, *rest: Any, **options: Any) -> Any:
        return look_up("127.0.0.1" if host == "gpu-box.example" else host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", local)
    url = server.url.replace("127.0.0.1", "gpu-box.example")
    assert transcribe(talk, tmp_path / "out", "--translate", "es", "--base-url", f"{url}?api_key=HUSH") == 0
    assert set(server.keys) == {None}
    assert "not encrypted" in capsys.readouterr().err
    for path in (tmp_path / "out").rglob("*.json"):
        assert "HUSH" not in path.read_text(), path


def test_options_from_python_name_a_server(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("translate: [es]\nbase_url: https://api.example.org/v1\n")
    assert not transcribe_options(config).may_send_key
    translation = transcribe_options(config).translation
    assert translation is not None
    assert not translation.may_send_key
    assert transcribe_options(config, base_url="https://api.example.org/v1").may_send_key
