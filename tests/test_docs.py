"""Every command and every line of Python in README.md and docs/ runs."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.server import Site
from voicekit.cli import COMMANDS, run
from voicekit.report.corrections import transcript_digest
from voicekit.report.load import load_run
from voicekit.types import Segment, Transcript, spread

# The words of the sample, close enough to be aligned with its audio.
SAMPLE_TEXT = (
    "Hello? Hello? Oh, hello. I didn't know you were there. Neither did I. Okay. I thought, you know, I heard a beep."
)
TALK = Transcript(
    "voicekit.transcript/1", "en", 30.0, "talk.mp4", ("Ana",),
    (Segment(0, 6.7, 16.0, SAMPLE_TEXT, "Ana", "en", spread(SAMPLE_TEXT, 6.7, 16.0, "Ana")),),
)  # fmt: skip

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(kind: str) -> list[tuple[str, str]]:
    return [(p.name, b) for p in PAGES for b in re.findall(rf"^```{kind}\n(.*?)^```", p.read_text(), re.M | re.S)]


COMMAND_LINES = [(page, line) for page, block in blocks("sh") for line in block.splitlines() if line.strip()]
PAGE_OF_LINE = {line: page for page, line in reversed(COMMAND_LINES)}  # each line once, though several pages show it


@pytest.fixture(scope="module")
def talk_home(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """outputs/talk, made in another folder."""
    folder = tmp_path_factory.mktemp("talk")
    shutil.copy(sample, folder / "talk.mp4")
    assert run(["transcribe", str(folder / "talk.mp4"), "-o", str(folder / "outputs"), "-q"]) == 0
    return folder / "outputs" / "talk"


@pytest.fixture(scope="module")
def takes_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """outputs/packaged."""
    out = tmp_path_factory.mktemp("takes")
    assert run(["clone", "packaged", "-o", str(out), "--limit", "2", "-q"]) == 0
    return out / "packaged"


@pytest.fixture
def documented_files(
    sample: Path, talk_home: Path, takes_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A working folder with the files that the pages name."""
    shutil.copy(sample, tmp_path / "talk.mp4")
    shutil.copytree(ROOT / "configs" / "dialogue", tmp_path / "configs" / "dialogue")
    (tmp_path / "interviews").mkdir()
    shutil.copy(sample, tmp_path / "interviews" / "one.wav")
    for name, source in (("talk", talk_home), ("packaged", takes_home), ("lively", takes_home)):
        shutil.copytree(source, tmp_path / "outputs" / name, symlinks=True)
    words = load_run(talk_home).transcript
    edits = {"schema": "voicekit.edits/1", "transcript": transcript_digest(words), "names": {words.speakers[0]: "Ana"}}
    (tmp_path / "talk.edits.json").write_text(json.dumps(edits))
    TALK.save(tmp_path / "talk.json")
    for name in ("talk.srt", "part1.srt", "part2.srt"):
        TALK.save(tmp_path / name, style="netflix")
    site = Site()
    monkeypatch.setenv("URL", site.add("/episode.wav", sample, "audio/wav"))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    site.stop()


@pytest.mark.parametrize("line", PAGE_OF_LINE, ids=lambda line: f"{PAGE_OF_LINE[line]}: {line}")
def test_commands(documented_files: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    program, *arguments = shlex.split(os.path.expandvars(line))
    assert program == "voicekit"
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert run(arguments) == 0
    if arguments[0] == "transcribe" and "--help" not in arguments:
        out = documented_files / (arguments[arguments.index("-o") + 1] if "-o" in arguments else "outputs")
        assert list(out.glob("*/latest/transcript.srt"))


@pytest.mark.parametrize(("page", "block"), blocks("python"))
def test_python(documented_files: Path, page: str, block: str) -> None:
    exec(compile(block, page, "exec"), {})


def test_every_command_is_shown() -> None:
    shown = {shlex.split(line.replace("$", ""))[1] for page, line in COMMAND_LINES if page == "README.md"}
    assert set(COMMANDS) - shown - {"schema"} == set()
    assert "voicekit schema" in (ROOT / "README.md").read_text()


def test_links_lead_somewhere() -> None:
    for page in [*PAGES, ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert "://" in target or (page.parent / target).exists(), (page.name, target)


def test_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for page in [*PAGES, ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"^ {4}make ([a-z]+)|`make ([a-z]+)`", page.read_text(), re.M):
            assert re.search(rf"^{target[0] or target[1]}:", makefile, re.M), target
