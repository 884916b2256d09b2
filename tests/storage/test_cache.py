"""The cache when it is damaged, cleared while in use, or left behind by a killed process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.hostile import WORDS, untidy
from tests.support.server import Site
from voicekit.cli import run
from voicekit.config.transcribe import TranscribeOptions
from voicekit.errors import UsageError
from voicekit.runtime.progress import Progress
from voicekit.sources.download import FetchedMedia, fetch
from voicekit.sources.ytdlp import DownloadOptions
from voicekit.stages import Stages
from voicekit.storage.cache import StageCache, cache_items, remove_cache_items
from voicekit.storage.files import file_sha256
from voicekit.storage.locks import lock_path, remove_stale_cache_files
from voicekit.storage.paths import env_limit
from voicekit.transcription.session import Outcome, Session

QUICK = TranscribeOptions(diarizer="none", model="tiny.en", beam_size=1, format=("json",))


def transcribed(session: Session, talk: Path, out: Path) -> tuple[Outcome, dict[str, bool]]:
    """The outcome, and of each stage whether it came from the cache."""
    (outcome,) = session.transcribe_all([str(talk)], QUICK, out)
    assert outcome.folder, outcome.error
    assert outcome.transcript
    assert WORDS in outcome.transcript.text
    stages = json.loads((outcome.folder / "run.json").read_text())["stages"]
    return outcome, {stage["name"]: stage["cached"] for stage in stages}


def entry(cache: Path, stage: str) -> Path:
    (found,) = [path for path in (cache / "stages" / stage).iterdir() if path.is_dir()]
    return found


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "lost": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "noise": lambda path: path.write_bytes(b"\xff\x00{[" * 50),
    "another bit": flipped,
    "a folder": as_folder,
}


@pytest.mark.parametrize(
    ("stage", "name"),
    [("clean", "audio.flac"), ("clean", "audio.json"), ("clean", "entry.json"), ("transcribe", "result.json"),
     ("transcribe", "entry.json")],
)  # fmt: skip
def test_a_damaged_entry_is_made_again(
    session: Session, talk: Path, tmp_path: Path, own_cache: Path, stage: str, name: str
) -> None:
    first, cached = transcribed(session, talk, tmp_path / "first")
    assert cached == {"clean": False, "transcribe": False}
    whole = {path.name: path.read_bytes() for path in entry(own_cache, stage).iterdir()}
    for number, (what, damage) in enumerate(DAMAGES.items()):
        if name == "entry.json" and what == "another bit":
            continue  # of a date, perhaps; nothing is computed from it
        damage(entry(own_cache, stage) / name)
        again, cached = transcribed(session, talk, tmp_path / str(number))
        assert again.transcript == first.transcript, what
        assert cached == {s: s != stage for s in ("clean", "transcribe")}, what
        for kept, data in whole.items():
            assert kept == "entry.json" or (entry(own_cache, stage) / kept).read_bytes() == data, what
    assert untidy(own_cache) == []


def test_damaged_notes_are_made_again(session: Session, talk: Path, tmp_path: Path, own_cache: Path) -> None:
    site = Site()
    url = site.add("/talk.wav", talk, "audio/wav")
    fetch(url, DownloadOptions())
    right = file_sha256(talk)
    for what in (b"", b"0" * 63, b"[]", b"[" * 100_000, b"\xff", b'{"folder": 3}', b'{"folder": "../../x"}', b"null"):
        for path in (*own_cache.glob("hashes/*"), *own_cache.glob("downloads/**/*.json")):
            path.write_bytes(what)
        assert file_sha256(talk) == right, what
        got = fetch(url, DownloadOptions(timeout=2.0, retries=0))
        assert isinstance(got, FetchedMedia)
        assert got.path.read_bytes() == talk.read_bytes(), what
    site.stop()


def test_clear_removes_all_of_it(
    session: Session, talk: Path, tmp_path: Path, own_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = Site()
    list(session.transcribe_all([site.add("/talk.wav", talk, "audio/wav"), str(talk)], QUICK, None))
    site.stop()
    kinds = {item.kind for item in cache_items()}
    assert kinds >= {"clean", "transcribe", "download", "url", "hash"}
    (own_cache / "hashes" / ".tmp-of-one-killed").write_text("half")
    assert run(["cache", "clear"]) == 0
    assert "in use" not in capsys.readouterr().out
    assert [path for path in own_cache.rglob("*") if path.is_file() and "models" not in path.parts] == []


READER = """
import sys, time
from voicekit.stages import Stages
from voicekit.runtime.progress import Progress
from voicekit.storage.cache import StageCache
cache = StageCache()
stages = Stages(cache, Progress())
entry = stages.folder("clean", 0.0, {"input": "a"}, lambda folder: (folder / "x").write_text("1"))
print(entry.cached, flush=True)
sys.stdin.readline()
print((entry.folder / "x").read_text(), flush=True)
"""


def test_what_another_process_is_about_to_read_stays(own_cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for parts in ("a", "b"):
        StageCache().entry("clean", {"input": parts}, lambda folder: (folder / "x").write_text("1"))
    reader = subprocess.Popen(
        [sys.executable, "-c", READER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert reader.stdout
    assert reader.stdout.readline() == "True\n"
    assert run(["cache", "clear"]) == 0
    assert "1 entries" in (said := capsys.readouterr().out)
    assert "kept because they are in use" in said
    assert reader.communicate("\n") == ("1\n", None)
    assert run(["cache", "clear"]) == 0
    assert cache_items() == []


def test_a_recording_holds_its_entries_and_lets_them_go(own_cache: Path) -> None:
    cache = StageCache()
    stages = Stages(cache, Progress())
    stages.folder("clean", 0.0, {"input": "a"}, lambda folder: (folder / "x").write_text("1"))
    assert remove_cache_items(cache_items()) == 0
    Stages(cache, Progress())  # the next recording
    assert remove_cache_items(cache_items()) > 0


def test_a_download_in_use_stays(talk: Path, own_cache: Path) -> None:
    site = Site()
    got = fetch(site.add("/talk.wav", talk, "audio/wav"), DownloadOptions())
    site.stop()
    assert isinstance(got, FetchedMedia)
    items = [item for item in cache_items() if item.kind == "download"]
    assert remove_cache_items(items) == 0
    assert got.path.exists()
    del got
    assert remove_cache_items(items) > 0


WRITER = """
import sys, time
from pathlib import Path
from voicekit.storage.cache import StageCache
from voicekit.storage.files import atomic_write
from voicekit.storage.runs import RunFolder
def wait():
    print("there", flush=True)
    time.sleep(60)
def make(folder):
    (folder / "half").write_text("x")
    with atomic_write(Path(sys.argv[1], "hashes", "0" * 32)) as path:
        path.write_text("half")
        with RunFolder(Path(sys.argv[2], "talk"), "abc123456789") as run:
            (run.folder / "half").write_text("x")
            wait()
StageCache().entry("clean", {"input": "a"}, make)
"""


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_writes_is_not(
    tmp_path: Path, own_cache: Path
) -> None:
    from voicekit.storage.runs import RunFolder

    out = tmp_path / "out"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(own_cache), str(out)], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert writer.stdout
    assert writer.stdout.readline() == "there\n"
    unfinished = untidy(own_cache, out)
    assert len(unfinished) == 3, unfinished
    for path in tmp_path.rglob(".*"):
        os.utime(path, (0, 0))  # however old
    with RunFolder(out / "talk", "def123456789"):
        StageCache()
        assert set(untidy(own_cache, out)) >= set(unfinished)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    with RunFolder(out / "talk", "def123456789") as mine:
        StageCache()
        (mine.folder / "transcript.txt").write_text("x")
        mine.commit({"plan": "def123456789"})
    assert untidy(own_cache) == []
    assert [path.name for path in (out / "talk").iterdir() if path.name.startswith(".")] == []


def test_holding(tmp_path: Path) -> None:
    one = lock_path(tmp_path, shared=True)
    two = lock_path(tmp_path, shared=True)
    assert one
    assert two
    assert lock_path(tmp_path) is None
    one.release()
    two.release()
    mine = lock_path(tmp_path)
    assert mine
    assert lock_path(tmp_path, shared=True) is None
    del mine
    assert lock_path(tmp_path)
    assert lock_path(tmp_path / "not there") is None


def test_a_file_that_another_takes_away_while_we_wait_is_not_held(tmp_path: Path) -> None:
    import threading

    folder = tmp_path / "x"
    folder.mkdir()
    mine = lock_path(folder)
    assert mine
    found: list[object] = []
    waiting = threading.Thread(target=lambda: found.append(lock_path(folder, shared=True, wait=True)))
    waiting.start()
    time.sleep(0.2)
    assert found == []
    shutil.move(folder, tmp_path / "y")
    mine.release()
    waiting.join(10)
    assert found == [None]


def test_two_claims_of_one_source_at_once_are_one(tmp_path: Path) -> None:
    """In many threads: none takes another's half-made claim for somebody's own folder."""
    from concurrent.futures import ThreadPoolExecutor

    from voicekit.storage.names import claim_name

    with ThreadPoolExecutor(16) as pool:
        for number in range(50):
            out = tmp_path / str(number)
            found = set(pool.map(lambda _, out=out: claim_name(out, "Talk", "/a/Talk.mp3"), range(16)))
            assert found == {out / "Talk"}
            assert sorted(path.name for path in (out / "Talk").iterdir()) == [".source"]


@pytest.mark.parametrize(("reuse", "runs"), [(True, 1), (False, 40)])
def test_runs_of_one_plan_at_once(tmp_path: Path, reuse: bool, runs: int) -> None:
    """The first one counts; those that were to be made afresh all have a place."""
    from concurrent.futures import ThreadPoolExecutor

    from voicekit.storage.runs import RunFolder

    def write(number: int) -> Path:
        with RunFolder(tmp_path / "talk", "abc123456789") as run:
            (run.folder / "transcript.txt").write_text(str(number))
            return run.commit({"plan": "abc123456789"}, reuse)

    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(write, range(40)))
    assert len(set(folders)) == runs
    written = {int((folder / "transcript.txt").read_text()) for folder in folders}
    assert written == set(range(40)) if not reuse else len(written) == 1
    assert not [path for path in (tmp_path / "talk").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("text", ["0", "-1", "many", "nan"])
def test_a_limit_is_a_number(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("VOICEKIT_MAX_HOURS", text)
    with pytest.raises(UsageError, match="VOICEKIT_MAX_HOURS"):
        env_limit("VOICEKIT_MAX_HOURS", 24)
    monkeypatch.setenv("VOICEKIT_MAX_HOURS", "")
    assert env_limit("VOICEKIT_MAX_HOURS", 24) == 24


def test_sweeping_an_unreadable_or_missing_cache_is_no_fault(own_cache: Path) -> None:
    remove_stale_cache_files()
    own_cache.write_text("a file")
    remove_stale_cache_files()
