"""What a second attack found, by somebody who had not seen the defences."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import time
from pathlib import Path

import pytest

from tests.support.llm_server import LanguageModelServer, lines_of, reply
from tests.support.takes_run import takes_run
from voicekit.cli import run
from voicekit.config.clean import clean_preset
from voicekit.config.yaml_file import load_yaml
from voicekit.engines.mt.openai import _without_reasoning
from voicekit.errors import UsageError
from voicekit.subtitles.markup import without_ass_codes

QUICK = 15.0
"""Seconds, most of which are imports."""


def transcript_beside(folder: Path, recording: Path) -> Path:
    """A folder with a transcript and its recording, but without run.json."""
    folder.mkdir()
    shutil.copy(recording, folder / "talk.wav")
    word = {"text": "Hello", "start": 0.0, "end": 1.0, "probability": 0.9}
    segment = {"id": 0, "start": 0.0, "end": 1.0, "text": "Hello", "speaker": None, "language": "en", "words": [word]}
    transcript = {"schema": "voicekit.transcript/1", "language": "en", "duration": 2.5, "source": "talk.wav"}
    (folder / "transcript.json").write_text(json.dumps({**transcript, "speakers": [], "segments": [segment]}))
    return folder


def test_a_page_writes_no_media_through_a_link(talk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = transcript_beside(tmp_path / "run", talk)
    (tmp_path / "victim").mkdir()
    (folder / "report_files").symlink_to(tmp_path / "victim")
    assert run(["report", str(folder)]) == 1
    assert "is a link" in capsys.readouterr().err
    assert list((tmp_path / "victim").iterdir()) == []


def test_a_page_takes_no_recording_through_a_link(talk: Path, tmp_path: Path) -> None:
    folder = transcript_beside(tmp_path / "run", talk)
    shutil.move(folder / "talk.wav", tmp_path / "private.wav")
    (folder / "talk.wav").symlink_to(tmp_path / "private.wav")
    assert run(["report", str(folder)]) == 0
    assert not list(folder.rglob("*.mp3"))


@pytest.mark.parametrize("name", [".change/run.json", "run.json"])
def test_pipes_in_a_run(talk: Path, tmp_path: Path, name: str) -> None:
    folder = transcript_beside(tmp_path / "run", talk)
    (folder / name).parent.mkdir(exist_ok=True)
    os.mkfifo(folder / name)
    started = time.monotonic()
    for command in (["report", str(folder)], ["subtitle", str(folder / "transcript.json"), "-o", str(tmp_path / "o")]):
        run(command)
    assert time.monotonic() - started < 2 * QUICK


def test_a_change_that_holds_links_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = takes_run(tmp_path / "out", "run", lines=2, takes=1)
    before = (folder / "takes.json").read_bytes()
    (folder / ".change").mkdir()
    (folder / ".change" / "takes.json").symlink_to("/etc/passwd")
    shutil.copy(folder / "run.json", folder / ".change" / "run.json")
    assert run(["take", "list", str(folder)]) == 1
    assert "changed or forged" in capsys.readouterr().err
    assert (folder / "takes.json").read_bytes() == before


@pytest.mark.parametrize("command", [["verify"], ["take", "tag"]])
def test_a_pipe_as_a_take(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    folder = takes_run(tmp_path / "out", "run", lines=1, takes=2)
    (folder / "takes" / "001-1.flac").unlink()
    os.mkfifo(folder / "takes" / "001-1.flac")
    started = time.monotonic()
    run([*command, str(folder), *(["001-2", "good"] if command[0] == "take" else [])])
    assert time.monotonic() - started < 2 * QUICK
    printed = capsys.readouterr()
    assert "001-1" in printed.out + printed.err


def translated_by(server: LanguageModelServer, folder: Path) -> int:
    """Translate a subtitle with a server, close it, and return the exit status; the result is in `out`."""
    (folder / "talk.srt").write_text("1\n00:00:01,000 --> 00:00:05,000\nHello there.\n")
    try:
        arguments = ["--from", "en", "--to", "de", "--base-url", server.url, "-o", str(folder / "out")]
        return run(["translate", str(folder / "talk.srt"), *arguments])
    finally:
        server.close()


def test_a_compressed_answer_is_refused(tmp_path: Path, own_cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """5 kB of it became 6 GB."""
    server = LanguageModelServer(lambda body, n: (200, gzip.compress(gzip.compress(bytes(1 << 24)))))
    server.headers = {"Content-Encoding": "gzip, gzip"}
    assert translated_by(server, tmp_path) == 1
    assert "compresses its answers" in capsys.readouterr().err


def test_reasoning_without_end_takes_no_time() -> None:
    started = time.monotonic()
    assert _without_reasoning("<think>" * 600_000).startswith("<think>")
    assert time.monotonic() - started < 1
    assert _without_reasoning("a<think>b</think>c<think>d</think>e<think>f") == "ace<think>f"


def test_a_reasoning_server_is_understood(tmp_path: Path, own_cache: Path) -> None:
    def reasons(body: dict, _: int) -> tuple[int, bytes]:
        answer = json.dumps({"lines": [{"id": line["id"], "text": "Hallo."} for line in lines_of(body)]})
        return reply(f"<think>{{not this}}</think>{answer}")

    assert translated_by(LanguageModelServer(reasons), tmp_path) == 0
    assert "Hallo." in (tmp_path / "out" / "talk.de.srt").read_text()


def test_overrides_without_end_take_no_time() -> None:
    started = time.monotonic()
    assert without_ass_codes(["Hello {" + r"\p1" * 30_000])
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("text", [f"lines: [{','.join(['a'] * 200_000)}]", f"seed: {':'.join(['1'] * 200_000)}"])
def test_yaml_of_many_pieces(tmp_path: Path, text: str) -> None:
    (tmp_path / "job.yaml").write_text(text)
    started = time.monotonic()
    with pytest.raises(UsageError, match=r"has \d+ lines and commas"):
        load_yaml(tmp_path / "job.yaml")
    assert time.monotonic() - started < 2


def test_a_number_in_base_sixty_is_not_computed(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(f"seed: {':'.join(['1'] * 100_000)}")
    started = time.monotonic()
    with pytest.raises(UsageError, match="is no number"):
        load_yaml(tmp_path / "job.yaml")
    assert time.monotonic() - started < 5


def test_a_preset_of_many_filters(tmp_path: Path) -> None:
    step = "- {filter: anlmdn, options: {p: 0.1, r: 0.3}}\n"
    (tmp_path / "clean.yaml").write_text(f"description: x\nsteps:\n{step * 21}")
    with pytest.raises(UsageError, match="at most 20"):
        clean_preset(str(tmp_path / "clean.yaml"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"source": []}, "not as voicekit writes it"),
        ({"device": [1]}, "not as voicekit writes it"),
        ({"inputs": []}, "not as voicekit writes it"),
        ({"source": {"kind": "file", "path": "/tmp/*.wav"}}, "is not there"),
    ],
)
def test_manifests_of_another_shape(
    sample_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict, says: str
) -> None:
    folder = shutil.copytree(sample_run.resolve(), tmp_path / "run")
    manifest = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**manifest, **change}))
    assert run(["verify", str(folder)]) == 1
    printed = capsys.readouterr()
    assert says in printed.out + printed.err
    assert "please report" not in printed.out + printed.err
