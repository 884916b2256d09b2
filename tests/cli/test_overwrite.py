"""No command writes onto a file that it reads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.hostile import speech
from voicekit.cli import run

SRT = "1\n00:00:01,000 --> 00:00:02,000\nHello.\n\n2\n00:00:03,000 --> 00:00:04,000\nBye.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["voice", "prepare", "talk.wav", "-o", "talk.wav"],
        ["voice", "prepare", "talk.wav", "-o", "linked.wav"],
        ["convert", "talk.wav", "--voice", "talk.wav", "-o", "talk.wav"],
        ["say", "Hello.", "--voice", "talk.wav", "-o", "talk.wav"],
        ["judge", "talk.wav", "--repair", "."],
        ["subtitle", "layout", "talk.srt", "-o", "talk.srt"],
        ["subtitle", "shift", "talk.srt", "--by", "1", "-o", "talk.srt"],
        ["subtitle", "join", "one.srt", "talk.srt", "-o", "talk.srt"],
        ["subtitle", "retime", "talk.srt", "--transcript", "one.srt", "-o", "talk.srt"],
        ["subtitle", "layout", "talk.srt", "--burn", "talk.mp4", "-o", "talk.mp4"],
    ],
    ids=" ".join,
)
def test_a_source_is_never_overwritten(
    sample: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    speech(sample, tmp_path / "talk.wav")
    os.link("talk.wav", "linked.wav")
    Path("talk.srt").write_text(SRT)
    Path("one.srt").write_text(SRT)
    Path("talk.mp4").write_bytes(b"video")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert run(arguments) in (1, 2)
    assert "would overwrite the file that is read" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
