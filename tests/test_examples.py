"""The scripts in examples/ run and do what they say."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT


def example(name: str) -> Any:
    sys.path.insert(0, str(ROOT / "examples"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(ROOT / "examples"))


def test_recording_to_subtitles(sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example("recording_to_subtitles").main(str(sample), str(tmp_path))
    assert "SPEAKER_01:" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {"talk.json", "talk.netflix.srt", "talk.shorts.ass"}


def test_clone_job_with_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example("clone_job_with_report").main(str(tmp_path))
    printed = capsys.readouterr().out
    assert "train-jm_kumo (jm_kumo): " in printed
    page = Path(printed.splitlines()[-1])
    assert page.read_text().count("data:audio/") >= 4


def test_dialogue_read_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example("dialogue_read_back").main(str(tmp_path))
    printed = capsys.readouterr().out
    assert "Ben: mm-hm" in printed or "Alice: mm-hm" in printed
    assert "cpwer: " in printed
