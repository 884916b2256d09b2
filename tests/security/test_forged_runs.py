"""Runs that a stranger made: no command reads or writes outside them, and none of their models is loaded."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.takes_run import takes_run
from voicekit.cli import run


@pytest.fixture
def forged(tmp_path: Path) -> Path:
    """A run in a folder beside files of the victim."""
    folder = takes_run(tmp_path / "out", "forged", lines=2, takes=2)
    (folder / "job.yaml").write_text("voices: [joe]\nlines: [One., Two.]\n")
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "thesis.txt").write_text("years of work")
    (tmp_path / "victim" / "a.flac").write_bytes(b"fLaC secret")
    return folder


def edit(file: Path, change: Callable[[dict], None]) -> None:
    value = json.loads(file.read_text())
    change(value)
    file.write_text(json.dumps(value))


def line_file(folder: Path, name: str) -> None:
    edit(folder / "takes.json", lambda value: value["lines"][0].update(file=name))


def take_file(folder: Path, name: str) -> None:
    edit(folder / "takes.json", lambda value: value["takes"][0].update(file=name))


def output(folder: Path, name: str) -> None:
    edit(folder / "run.json", lambda value: value["outputs"].append({"path": name, "bytes": 1, "sha256": "0"}))


def link(folder: Path, name: str) -> None:
    target = folder / name
    if target.is_dir():
        target.rename(folder / f"{name}.old")
    target.unlink(missing_ok=True)
    target.symlink_to(folder.parents[2] / "victim")


OUTSIDE = "../../../victim/thesis.txt"
FORGERIES = {
    "the file of a line": lambda folder: line_file(folder, OUTSIDE),
    "the file of a line, absolute": lambda folder: line_file(folder, str((folder / OUTSIDE).resolve())),
    "the file of a line, through itself": lambda folder: line_file(folder, f"takes/../{OUTSIDE}"),
    "the file of a take": lambda folder: take_file(folder, "../../../victim/a.flac"),
    "a listed output": lambda folder: output(folder, OUTSIDE),
    "picked": lambda folder: link(folder, "picked"),
    "takes": lambda folder: link(folder, "takes"),
    "report_files": lambda folder: link(folder, "report_files"),
    "scores.csv": lambda folder: link(folder, "scores.csv"),
}
COMMANDS = {
    "take tag": ["take", "tag", "{run}", "001-2", "good"],
    "take list": ["take", "list", "{run}"],
    "report": ["report", "{run}"],
    "verify": ["verify", "{run}"],
    "gallery": ["gallery", "{run}", "-o", "{out}/gallery.html"],
    "compare": ["compare", "{run}", "{run}", "-o", "{out}/compare.html"],
}


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for top, _, names in os.walk(folder)
        for path in (Path(top, name) for name in names)
        if path.is_file() and not path.is_symlink()
    }


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_run_that_leads_outside_is_refused(
    forgery: str, command: str, forged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if forgery == "a listed output" and command not in ("take tag", "take list", "verify"):
        pytest.skip("the command does not read the list of outputs")
    FORGERIES[forgery](forged)
    before = contents(tmp_path)
    status = run([part.format(run=forged, out=tmp_path) for part in COMMANDS[command]])
    told = capsys.readouterr().err
    assert contents(tmp_path) == before
    assert status != 0
    assert "lies outside the folder" in told


@pytest.mark.parametrize("command", ["take list", "report"])
def test_a_run_that_is_whole_is_accepted(command: str, forged: Path, tmp_path: Path) -> None:
    assert run([part.format(run=forged, out=tmp_path) for part in COMMANDS[command]]) == 0
