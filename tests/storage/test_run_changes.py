"""Tagging a take changes several files of a run: all of them or none, and what somebody else changed is said."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.takes_run import takes_run
from voicekit.cli import run
from voicekit.config.clone import CloneJob
from voicekit.report.load import load_run
from voicekit.storage.files import hash_file
from voicekit.storage.run_changes import changed_files
from voicekit.takes.results import write_spec
from voicekit.takes.run import open_clone_run, tag_take


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """A finished run of two lines with two takes each, and picks in picked/."""
    folder = takes_run(tmp_path / "out", "job", lines=2, takes=2)
    spec = CloneJob.model_validate(
        {"voices": {"joe": {}}, "voice": "joe", "lines": ["One.", "Two."], "output": {"joined": True}}
    )
    write_spec(folder, spec)
    for line in ("001", "002"):
        tag_take(folder, other_take(folder, line), "good")
    return folder


def other_take(folder: Path, line: str) -> str:
    """A take of the line that is not its pick."""
    opened = open_clone_run(folder)
    picked = opened.picked[line].id
    return next(take.id for take in opened.takes if take.line == line and take.id != picked)


def is_whole(folder: Path) -> bool:
    manifest = json.loads((folder / "run.json").read_text())
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    listed = {row["path"] for row in manifest["outputs"]}
    picks = {line.file for line in open_clone_run(folder).lines}
    assert picks <= listed
    return not changed_files(folder, manifest["outputs"]) and names - {"run.json", "job.yaml"} == listed


def test_a_tag_leaves_a_whole_run(finished: Path) -> None:
    assert is_whole(finished)
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("takes/*")}
    take = other_take(finished, "001")
    assert tag_take(finished, take, "good").tags[take].tag == "good"
    assert is_whole(finished)
    assert before == {path: path.stat().st_mtime_ns for path in finished.rglob("takes/*")}


class Killed(BaseException):
    """Stands for the end of the process."""


def kills(monkeypatch: pytest.MonkeyPatch, at: int) -> Iterator[None]:
    """Let the n-th rename, deletion or folder removal of this process be its last."""
    count = 0
    originals = {name: getattr(os, name) for name in ("rename", "replace", "unlink")}

    def counted(name: str) -> object:
        def call(*args: object, **options: object) -> object:
            nonlocal count
            count += 1
            if count > at:
                raise Killed
            return originals[name](*args, **options)

        return call

    with monkeypatch.context() as patch:
        for name in originals:
            patch.setattr(os, name, counted(name))
        yield


def test_killed_at_every_step(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step that changes the disk is once the last: afterwards the run is as before, or as after the tag."""
    take = other_take(finished, "001")
    seen = set()
    for step in range(200):
        copy = shutil.copytree(finished, tmp_path / f"copy{step}")
        before = open_clone_run(copy).tags.keys(), {line.picked for line in open_clone_run(copy).lines}
        died = False
        for _ in kills(monkeypatch, step):
            try:
                tag_take(copy, take, "weird")
            except Killed:
                died = True
        opened = open_clone_run(copy)  # finishes what was begun
        for leftover in copy.glob(".tmp-*"):
            shutil.rmtree(leftover)
        assert is_whole(copy), step
        state = opened.tags.keys(), {line.picked for line in opened.lines}
        seen.add("before" if state == before else "after")
        if not died:
            break
    assert seen == {"before", "after"}
    assert not died


def test_a_real_kill_at_any_moment(finished: Path) -> None:
    """SIGKILL while takes are tagged in a loop: the run is whole each time."""
    code = (
        "import sys; from pathlib import Path; from voicekit.takes.run import tag_take\n"
        "print('ready', flush=True)\n"
        "for n in range(10_000): tag_take(Path(sys.argv[1]), f'001-{n % 2 + 1}', 'good')\n"
    )
    moments = np.random.default_rng(5)
    for _ in range(5):
        process = subprocess.Popen([sys.executable, "-c", code, str(finished)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(float(moments.uniform(0.05, 0.6)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        tag_take(finished, "002", "good")  # also removes what was left over
        assert is_whole(finished)


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_damaged_take_keeps_its_checksum(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = {row["path"]: row for row in json.loads((finished / "run.json").read_text())["outputs"]}
    damage(finished / "takes" / "002-1.flac")
    (finished / "takes" / "002-2.flac").unlink()
    assert run(["take", "tag", str(finished), other_take(finished, "001"), "bad"]) == 0
    err = capsys.readouterr().err
    assert "002-1.flac was changed or removed since it was written\n" in err
    assert "002-2.flac was changed or removed since it was written\n" in err
    after = {row["path"]: row for row in json.loads((finished / "run.json").read_text())["outputs"]}
    assert after["takes/002-1.flac"] == rows["takes/002-1.flac"]
    assert after["takes/002-1.flac"]["sha256"] != hash_file(finished / "takes" / "002-1.flac")
    notes = load_run(finished).notes
    assert any("takes/002-1.flac was changed" in note for note in notes)


def test_a_changed_transcript_is_said(sample_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shutil.copytree(sample_run.resolve(), tmp_path / "run")
    assert not [note for note in load_run(folder).notes if "changed" in note]
    path = folder / "transcript.json"
    path.write_text(path.read_text().replace('"text": "', '"text": "Not ', 1))
    assert "transcript.json was changed or removed since it was written" in load_run(folder).notes
    for command in (["translate", str(folder), "--to", "pt"], ["subtitle", str(folder), "-o", str(tmp_path / "out")]):
        assert run(command) == 0
        printed = capsys.readouterr()
        assert "transcript.json was changed since it was written" in printed.out + printed.err, command
