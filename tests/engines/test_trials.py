"""Engines that end the process: tried in a process of their own, and never loaded in this one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import python
from voicekit.engines import trials
from voicekit.engines.trials import Trial, load_trial, save_trial, try_engine

DECLARATION = """
from voicekit.config.engines import KokoroParams
from voicekit.engines.registry import SpeechEngine
engine = SpeechEngine("{name}", KokoroParams, ("en",), "{name}_code:Model", ("anna",))
"""

CODE = {
    "illegal": "import os, signal; os.kill(os.getpid(), signal.SIGILL)",
    "segfault": "import ctypes; ctypes.string_at(0)",
    "raises": "raise RuntimeError('no such instruction set')",
    "hangs": "import time; time.sleep(60)",
    "noisy": """
import numpy as np
from voicekit.types import Audio, SynthesizedSpeech
class Model:
    rate = 8000
    def __init__(self, weights, device): print("loading")
    def synthesize(self, text, voice, params, random):
        print("speaking")
""",
}


@pytest.fixture
def engine(tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A TTS engine of another package."""
    name: str = request.param
    about = tmp_path / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[voicekit.engines]\n{name} = {name}_declaration:engine\n")
    (tmp_path / f"{name}_declaration.py").write_text(DECLARATION.format(name=name))
    (tmp_path / f"{name}_code.py").write_text(CODE[name])
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return name


@pytest.mark.parametrize(
    ("engine", "outcome", "text"),
    [
        ("illegal", "crashed", "SIGILL, an instruction that this processor does not have"),
        ("segfault", "crashed", "it ended the process: SIGSEGV"),
        ("raises", "failed", "no such instruction set"),
        ("noisy", "ok", ""),
    ],
    indirect=["engine"],
)
def test_an_engine_is_tried_in_a_process_of_its_own(engine: str, outcome: str, text: str) -> None:
    trial = try_engine(f"speak.{engine}")
    assert trial.outcome == outcome, trial
    assert text in trial.text


@pytest.mark.parametrize("engine", ["hangs"], indirect=True)
def test_an_engine_that_hangs_is_ended(engine: str) -> None:
    trial = try_engine(f"speak.{engine}", timeout=5)
    assert (trial.outcome, trial.text) == ("failed", "it did not finish within 5 s")


@pytest.mark.parametrize("engine", ["illegal"], indirect=True)
def test_an_engine_that_crashes_is_not_loaded(engine: str) -> None:
    code = """
from voicekit.engines.registry import load_engine
from voicekit.errors import EngineError
for _ in range(2):
    try:
        load_engine("speak.illegal")
    except EngineError as error:
        print(error)
"""
    done = python(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("does not run on this processor: it ended the process: SIGILL") == 2


@pytest.mark.parametrize("engine", ["illegal"], indirect=True)
def test_doctor_shows_what_was_tried(engine: str) -> None:
    code = "import sys; from voicekit.cli import run; sys.exit(run(['doctor', '--offline', '--json']))"

    def finding() -> dict[str, str]:
        found = {row["name"]: row for row in json.loads(python(code).stdout)}
        return found.get(f"speak.{engine}") or found["engines"]

    assert "speak.illegal" in finding()["text"]
    assert finding()["remedy"] == "`voicekit doctor --engines`"
    python("from voicekit.engines.trials import trial_of; trial_of('speak.illegal')")
    assert finding()["verdict"] == "fault"
    assert "SIGILL" in finding()["text"]


def test_results_are_of_one_processor_and_one_set_of_packages(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_trial(Trial("x", "ok", "", 1.0))
    save_trial(Trial("y", "missing", "no weights"))
    assert load_trial("x") == Trial("x", "ok", "", 1.0)
    assert load_trial("y") is None
    monkeypatch.setattr(trials, "processor", lambda: "x86_64 sse2")
    assert load_trial("x") is None
    monkeypatch.undo()
    monkeypatch.setattr(trials, "_installed_versions", lambda: "others")
    assert load_trial("x") is None
