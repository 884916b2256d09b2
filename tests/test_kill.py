"""`voicekit transcribe` killed at any moment, and two of them at once: results are whole, and the same."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.hostile import WORDS, ffmpeg, untidy

SEED = 20261122
STARTS = (12.4, 14.3, 17.7)  # of three sentences of the sample


@pytest.fixture(scope="module")
def talks(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("talks")
    for number, start in enumerate(STARTS):
        ffmpeg("-ss", start, "-t", "2.5", "-i", sample, folder / f"talk-{number}.wav")
    return sorted(folder.iterdir())


class Command:
    """`voicekit transcribe` over the talks, in a process of its own, with its own cache and folder of results."""

    def __init__(self, talks: list[Path], home: Path, out: str = "out") -> None:
        self.cache, self.out = home / "cache", home / out
        self.environment = {**os.environ, "VOICEKIT_CACHE": str(self.cache)}
        self.command = [sys.executable, "-m", "voicekit", "transcribe", *map(str, talks), "-o", str(self.out), "-q"]
        self.command += ["--diarizer", "none", "--model", "tiny.en", "--beam-size", "1"]

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(self.command, env=self.environment, stderr=subprocess.PIPE, text=True)

    def finish(self) -> None:
        process = self.start()
        _, errors = process.communicate()
        assert (process.returncode, errors) == (0, "")

    def results(self) -> dict[str, bytes]:
        """Every file of the newest runs but run.json, which holds times."""
        return {
            f"{path.parents[1].name}/{path.name}": path.read_bytes()
            for path in self.out.glob("*/latest/*")
            if path.name != "run.json"
        }

    def runs(self) -> list[dict[str, object]]:
        return [json.loads(path.read_text()) for path in sorted(self.out.glob("*/2*/run.json"))]


@pytest.fixture(scope="module")
def undisturbed(talks: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], float]:
    """What comes of it when nobody interferes, and in how many seconds."""
    command = Command(talks, tmp_path_factory.mktemp("undisturbed"))
    started = time.monotonic()
    command.finish()
    took = time.monotonic() - started
    results = command.results()
    assert len(results) == 7 * len(talks)
    assert WORDS in results["talk-2/transcript.txt"].decode()
    assert untidy(command.out, command.cache) == []
    return results, took


def kill_and_go_on(command: Command, moment: float, results: dict[str, bytes]) -> str:
    """Kill the command after `moment` seconds, run it again, and compare; returns how far it had come."""
    process = command.start()
    try:
        process.communicate(timeout=moment)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    state = f"{len(list(command.cache.glob('stages/*/*/entry.json')))} stages, {len(command.runs())} runs"
    left = len(untidy(command.out, command.cache)) if command.cache.exists() else 0
    command.finish()
    assert command.results() == results, moment
    assert untidy(command.out, command.cache) == [], moment
    assert len(command.runs()) == len(STARTS), moment  # none was written twice
    return f"{state}, {left} left over"


def test_killed_at_some_moments(talks: list[Path], tmp_path: Path, undisturbed: tuple[dict[str, bytes], float]) -> None:
    """One in each quarter of the time it takes."""
    results, took = undisturbed
    moments = random.Random(SEED)
    for quarter in range(4):
        command = Command(talks, tmp_path / str(quarter))
        kill_and_go_on(command, took * (quarter + moments.random()) / 4, results)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_at_fifty_moments(
    talks: list[Path], tmp_path: Path, undisturbed: tuple[dict[str, bytes], float]
) -> None:
    results, took = undisturbed
    moments = random.Random(SEED + 1)
    for number in range(50):
        moment = moments.uniform(0, took)
        state = kill_and_go_on(Command(talks, tmp_path / str(number)), moment, results)
        print(f"killed after {moment:.2f} of {took:.2f} s: {state}", flush=True)


def test_killed_again_and_again(talks: list[Path], tmp_path: Path, undisturbed: tuple[dict[str, bytes], float]) -> None:
    """Each time a little later than the last, in the same folders: it gets on, and ends well."""
    results, took = undisturbed
    command = Command(talks, tmp_path)
    for share in (0.5, 0.6, 0.7):
        process = command.start()
        time.sleep(took * share)
        process.kill()
        process.communicate()
    command.finish()
    assert command.results() == results
    assert untidy(command.out, command.cache) == []


@pytest.mark.parametrize("outs", [("one", "two"), ("same", "same")])
def test_two_at_once(
    talks: list[Path], tmp_path: Path, undisturbed: tuple[dict[str, bytes], float], outs: tuple[str, str]
) -> None:
    """Both succeed, and each stage was computed by one of them."""
    results, _ = undisturbed
    commands = [Command(talks, tmp_path, out) for out in outs]
    processes = [command.start() for command in commands]
    for process in processes:
        _, errors = process.communicate()
        assert (process.returncode, errors) == (0, "")
    for command in commands:
        assert command.results() == results
        assert untidy(command.out, command.cache) == []
    runs = {id(run): run for command in {c.out: c for c in commands}.values() for run in command.runs()}.values()
    computed: dict[str, int] = {}
    for run in runs:
        for stage in run["stages"]:  # type: ignore[attr-defined]
            computed[stage["key"]] = computed.get(stage["key"], 0) + (not stage["cached"])
    assert len(computed) == 2 * len(talks)
    assert set(computed.values()) == {1}
    assert outs[0] == outs[1] or len(runs) == 2 * len(talks)
