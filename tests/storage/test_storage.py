from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicekit.errors import OutputError
from voicekit.storage.cache import StageCache, cache_items, remove_cache_items
from voicekit.storage.files import atomic_write, file_sha256, write_text
from voicekit.storage.names import claim_name, find_claimed_name
from voicekit.storage.paths import safe_name
from voicekit.storage.runs import RunFolder, find_run


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError), atomic_write(path) as temporary:
        temporary.write_text("new")
        _ = 1 / 0
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_an_unwritable_place_is_said() -> None:
    with pytest.raises(OutputError, match="/proc"):
        write_text(Path("/proc/voicekit/a.txt"), "x")


@given(st.text(max_size=300))
def test_safe_names_are_safe(title: str) -> None:
    name = safe_name(title)
    assert name
    assert name not in (".", "..", "latest")
    assert not set(name) & set('/\\:*?"<>|\0\n')
    assert not name.startswith(("-", "."))
    assert len(name.encode()) <= 80
    assert name == safe_name(name)


def test_hash_follows_the_content(tmp_path: Path, own_cache: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    first = file_sha256(path)
    assert file_sha256(path) == first
    path.write_bytes(b"other")
    assert file_sha256(path) != first


def test_stage_runs_once_and_again_when_its_parts_change(own_cache: Path) -> None:
    calls = []

    def make(folder: Path) -> None:
        calls.append(folder)
        (folder / "x").write_text("1")

    cache = StageCache()
    one = cache.entry("clean", {"input": "a"}, make)
    two = StageCache().entry("clean", {"input": "a"}, make)
    three = cache.entry("clean", {"input": "b"}, make)
    assert [e.cached for e in (one, two, three)] == [False, True, False]
    assert one.folder == two.folder != three.folder
    assert len(calls) == 2
    fresh = StageCache(fresh=True)
    assert not fresh.entry("clean", {"input": "a"}, make).cached
    assert fresh.entry("clean", {"input": "a"}, make).cached
    assert {p.suffix for p in one.folder.parent.iterdir()} <= {"", ".lock"}


def test_a_stage_that_fails_leaves_nothing(own_cache: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise ValueError("half done")

    with pytest.raises(ValueError, match="half"):
        StageCache().entry("clean", {"input": "a"}, fail)
    assert not [p for p in own_cache.rglob("*") if p.is_dir() and p.name not in ("stages", "clean")]


MAKER = """
import sys, time
from pathlib import Path
from voicekit.storage.cache import StageCache
def make(folder):
    time.sleep(0.5)
    with open(sys.argv[1], 'a') as log: log.write('made\\n')
    (folder / 'x').write_text('1')
print(StageCache().entry('clean', {'input': 'a'}, make).cached)
"""


def test_two_processes_make_one_entry_once(tmp_path: Path, own_cache: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", MAKER, str(log)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) for _ in range(2)]
    assert sorted(p.communicate()[0].strip() for p in both) == ["False", "True"]
    assert log.read_text() == "made\n"


def test_a_killed_process_leaves_no_entry_and_no_lock(tmp_path: Path, own_cache: Path) -> None:
    slow = MAKER.replace("0.5", "60")
    process = subprocess.Popen([sys.executable, "-c", slow, str(tmp_path / "log")], env=os.environ)
    while not list(own_cache.glob("stages/clean/.tmp-*")):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    entry = StageCache().entry("clean", {"input": "a"}, lambda folder: (folder / "x").touch())
    assert not entry.cached
    assert (entry.folder / "entry.json").exists()


def test_equal_names_are_kept_apart(tmp_path: Path) -> None:
    one = claim_name(tmp_path, "Talk", "/a/Talk.mp3")
    two = claim_name(tmp_path, "Talk", "/b/Talk.mp3")
    assert one == tmp_path / "Talk" == claim_name(tmp_path, "Talk", "/a/Talk.mp3")
    assert two.name.startswith("Talk-")
    assert two == claim_name(tmp_path, "Talk", "/b/Talk.mp3") == find_claimed_name(tmp_path, "Talk", "/b/Talk.mp3")
    assert find_claimed_name(tmp_path, "Other", "/c") is None
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    assert claim_name(tmp_path, "mine", "/d").name.startswith("mine-")


def test_a_run_appears_whole_and_latest_points_to_it(tmp_path: Path) -> None:
    with RunFolder(tmp_path, "abc123456789") as run:
        (run.folder / "a.txt").write_text("x")
        assert not list(tmp_path.glob("*-abc12345*"))
        folder = run.commit({"plan": "abc123456789"})
    manifest = json.loads((folder / "run.json").read_text())
    assert manifest["schema"] == "voicekit.run/1"
    assert manifest["outputs"][0]["path"] == "a.txt"
    assert (tmp_path / "latest").resolve() == folder
    assert (tmp_path / "latest").readlink() == Path(folder.name)
    assert find_run(tmp_path, "abc123456789") == folder
    assert find_run(tmp_path, "abc12345ffff") is None
    (folder / "a.txt").write_text("edited by hand")
    assert find_run(tmp_path, "abc123456789") is None
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([folder.name, "latest"])


def test_an_uncommitted_run_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), RunFolder(tmp_path, "abc123456789") as run:
        (run.folder / "a.txt").write_text("x")
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_swept(tmp_path: Path) -> None:
    left = tmp_path / ".partial-dead"
    left.mkdir()
    (left / "a.txt").touch()
    os.utime(left, (0, 0))
    with RunFolder(tmp_path, "abc123456789") as run:
        assert not left.exists()
        with RunFolder(tmp_path, "def123456789"):
            os.utime(run.folder, (0, 0))
            assert run.folder.exists()  # locked by us: not swept
        run.commit({"plan": "abc123456789"})


def test_cache_items_are_listed_and_removed(own_cache: Path) -> None:
    entry = StageCache().entry("clean", {"input": "a"}, lambda folder: (folder / "x").write_text("12345"))
    (item,) = cache_items()
    assert (item.kind, item.path) == ("clean", entry.folder)
    (entry.folder.parent / ".tmp-in-the-making").mkdir()
    assert cache_items() == [item]
    assert remove_cache_items([item]) == item.bytes
    assert cache_items() == []
