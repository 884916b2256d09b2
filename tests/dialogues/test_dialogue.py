"""Dialogues with the packaged voices, by the command line and from Python."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import voicekit
from tests.conftest import ROOT, python
from voicekit.cli import run
from voicekit.dialogues.mix import Mix, open_mix
from voicekit.errors import EngineError, UsageError
from voicekit.formats.readers import read_annotation
from voicekit.takes.records import read_takes
from voicekit.tts.synthesizer import Synthesizer

TALK = """---
cast: {Ana: {voice: joe, pan: -0.5}, Ben: {voice: jf_alpha, level: -2}}
---
# The bridge
Ana: The bridge was built by people who have been forgotten. {yes} Nobody wrote down their names.
Ben: Who paid for it?
Ana: [pause 0.3] The village did, over many years --
Ben: And it still stands.
"""


def dialogue(folder: Path, text: str = TALK, *options: str) -> Mix:
    path = folder / "talk.txt"
    path.write_text(text)
    assert run(["dialogue", str(path), "-o", str(folder / "out"), *options]) == 0
    return open_mix((folder / "out" / "talk" / "latest").resolve())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dialogue")


@pytest.fixture(scope="module")
def mix(folder: Path) -> Mix:
    return dialogue(folder, TALK, "--format", "m4a,mp3,flac")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def manifest(mix: Mix) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((mix.folder / "run.json").read_text())
    return found


def test_a_run_holds_everything(mix: Mix) -> None:
    about = manifest(mix)
    assert about["kind"] == "dialogue"
    assert {row["path"] for row in about["outputs"]} == {
        "mix.wav", "mix.m4a", "mix.mp3", "mix.flac", "stems/Ana.wav", "stems/Ben.wav", "timeline.json", "mix.srt",
        "mix.vtt", "mix.rttm", "script.txt", "takes.json", *(f"takes/{one.take}.flac" for one in mix.timeline.entries),
    }  # fmt: skip
    takes = read_takes(mix.folder)
    assert [line.id for line in takes.lines] == ["001", "001.x1", "002", "003", "004"]
    assert all((mix.folder / str(take.file)).is_file() and take.key for take in takes.takes)
    assert about["takes"] == {"wanted": 5, "cached": 0, "failed": 0}
    assert {model["name"] for model in about["models"]} == {"kokoro", "piper-joe"}


def test_the_timeline_is_where_the_sound_is(mix: Mix) -> None:
    rate = mix.timeline.rate
    for name, path in mix.stems.items():
        stem = np.abs(soundfile.read(path)[0]).max(axis=1)
        for one in mix.timeline.entries:
            if one.speaker == name:
                before = stem[round((one.start - 0.05) * rate) : round((one.start - 0.03) * rate)]
                within = stem[round(one.start * rate) : round(one.end * rate)]
                assert before.max(initial=0.0) < 0.03 * within.max()
                loud = np.flatnonzero(within > 0.03 * within.max())
                assert loud[0] / rate < 0.06  # a plosive or an h begins below that
    assert next(turn.speaker for turn in read_annotation(mix.folder / "mix.rttm").turns or ()) == "Ana"
    assert "Ana: The bridge was built" in (mix.folder / "mix.srt").read_text()


def test_the_mix_has_its_loudness_and_its_peak(mix: Mix) -> None:
    assert mix.timeline.loudness == pytest.approx(-16.0, abs=0.5)
    assert mix.timeline.true_peak is not None
    assert mix.timeline.true_peak <= -1.0
    assert mix.audio.samples.shape[0] == 2
    assert mix.audio.duration == pytest.approx(mix.timeline.duration, abs=0.001)


def test_m4a_and_mp3_have_chapters(mix: Mix) -> None:
    import av

    for name in ("mix.m4a", "mix.mp3"):
        with av.open(str(mix.folder / name)) as media:
            assert [chapter["metadata"]["title"] for chapter in media.chapters()] == ["The bridge"]
            assert media.metadata["title"] == "talk"
            assert media.duration / 1e6 == pytest.approx(mix.timeline.duration, abs=0.2)


def test_again_there_is_nothing_to_do(folder: Path, mix: Mix, capsys: pytest.CaptureFixture[str]) -> None:
    again = dialogue(folder, TALK, "--format", "m4a,mp3,flac")
    assert again.folder == mix.folder
    assert "nothing to do" in capsys.readouterr().out


def test_the_script_of_a_run_makes_it_again(folder: Path, mix: Mix) -> None:
    kept = folder / "kept.txt"
    kept.write_text((mix.folder / "script.txt").read_text())
    assert run(["dialogue", str(kept), "-o", str(folder / "out")]) == 0
    assert sha256(folder / "out" / "kept" / "latest" / "mix.wav") == sha256(mix.path)


def test_a_run_is_verified(mix: Mix, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(mix.folder)]) == 0
    told = capsys.readouterr().out
    assert "mix.wav: reproduced bit for bit" in told
    assert "6 of 6 reproduced" in told


def test_an_edited_line_is_the_only_one_rendered(folder: Path, mix: Mix) -> None:
    edited = dialogue(folder, TALK.replace("Who paid for it?", "Who had the money for it?"))
    assert manifest(edited)["takes"] == {"wanted": 5, "cached": 4, "failed": 0}
    longer = dialogue(folder, TALK.replace("Ben: Who paid", "Ben: I like it.\nAna: Me too.\nBen: Who paid"))
    assert manifest(longer)["takes"] == {"wanted": 7, "cached": 5, "failed": 0}
    slower = dialogue(folder, TALK, "--timing", "slow", "--room", "none")
    assert manifest(slower)["takes"] == {"wanted": 5, "cached": 5, "failed": 0}
    assert slower.timeline.duration > mix.timeline.duration


def test_empty_caches_and_new_processes_make_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "talk.txt").write_text(TALK)
    for name in ("a", "b"):
        command = [sys.executable, "-m", "voicekit", "dialogue", "talk.txt", "-o", name]
        env = {**os.environ, "VOICEKIT_CACHE": str(tmp_path / f"cache-{name}")}
        subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True)
    one, two = (tmp_path / name / "talk" / "latest" for name in ("a", "b"))
    assert sha256(one / "mix.wav") == sha256(two / "mix.wav")
    assert (one / "timeline.json").read_text() == (two / "timeline.json").read_text()


def test_another_seed_gives_other_takes_and_other_timing(folder: Path, mix: Mix) -> None:
    other = dialogue(folder, TALK, "--seed", "5")
    assert [one.gap for one in other.timeline.entries] != [one.gap for one in mix.timeline.entries]
    keys = [{take.key for take in read_takes(each.folder).takes} for each in (mix, other)]
    assert not keys[0] & keys[1]


@pytest.mark.slow
def test_a_killed_dialogue_goes_on_where_it_stopped(tmp_path: Path) -> None:
    lines = "\n".join(f"{'Ana' if n % 2 else 'Ben'}: This is sentence number {n}." for n in range(60))
    (tmp_path / "long.txt").write_text(f"---\ncast: {{Ana: joe, Ben: joe}}\n---\n{lines}\n")
    env = {**os.environ, "VOICEKIT_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "voicekit", "dialogue", "long.txt"]
    process = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list((tmp_path / "cache").glob("stages/take/[0-9a-f]*/entry.json"))) < 3:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not list((tmp_path / "outputs").glob("*/*/run.json"))
    done = len(list((tmp_path / "cache").glob("stages/take/[0-9a-f]*/entry.json")))
    subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True)
    again = open_mix((tmp_path / "outputs" / "long" / "latest").resolve())
    assert 3 <= done <= manifest(again)["takes"]["cached"] < 60
    assert not list((tmp_path / "outputs" / "long").glob(".partial-*"))


def test_a_line_that_fails_costs_that_line(
    tmp_path: Path, mix: Mix, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No packaged voice refuses a line that the grammar takes, so one is made to."""
    synthesize = Synthesizer.synthesize

    def refuse(self: Synthesizer, text: str, *rest: Any, **more: Any) -> Any:
        if text.startswith("Who paid"):
            raise EngineError("the voice is hoarse", "Wait a day")
        return synthesize(self, text, *rest, **more)

    path = tmp_path / "talk.txt"
    path.write_text(TALK.replace("Who paid for it?", "Who paid for it, then?"))
    monkeypatch.setattr(Synthesizer, "synthesize", refuse)
    assert run(["dialogue", str(path), "-o", str(tmp_path / "out")]) == 1
    assert "line 2 (Ben): the voice is hoarse. Wait a day" in capsys.readouterr().err
    broken = open_mix((tmp_path / "out" / "talk" / "latest").resolve())
    (failed,) = broken.timeline.failed
    assert (failed.text, failed.take, failed.end - failed.start) == (
        "Who paid for it, then?",
        None,
        pytest.approx(22 / 15, abs=0.002),
    )
    assert "Who paid" not in (broken.folder / "mix.srt").read_text()
    assert len(read_annotation(broken.folder / "mix.rttm").turns or ()) < len(mix.timeline.spoken)
    stem = soundfile.read(broken.stems["Ben"])[0]
    rate = broken.timeline.rate
    assert np.abs(stem[round((failed.start + 0.1) * rate) : round((failed.end - 0.1) * rate)]).max() < 1e-3
    monkeypatch.setattr(Synthesizer, "synthesize", synthesize)
    assert run(["dialogue", str(path), "-o", str(tmp_path / "out")]) == 0  # it is tried again
    assert not open_mix((tmp_path / "out" / "talk" / "latest").resolve()).timeline.failed


def test_a_mix_is_heard_as_it_was_written(folder: Path, mix: Mix) -> None:
    judged = dialogue(folder, TALK, "--judge", "--retakes", "1")
    assert judged.scores is not None
    assert judged.scores.wer is not None
    assert judged.scores.wer < 0.25
    assert judged.scores.cpwer is not None
    assert judged.scores.cpwer >= judged.scores.wer
    assert judged.scores.der is not None
    assert 0 < judged.scores.der < 1
    assert judged.scores.oracle_der is not None
    assert set(judged.scores.lines) == {"001", "002", "003", "004"}
    numbers = [take.number for take in read_takes(judged.folder).takes]
    wrong = [id for id, share in judged.scores.lines.items() if share > 0 and id in ("001", "003")]
    assert (2 in numbers) or not wrong  # joe draws: what was misheard of his is taken again
    for line in read_takes(judged.folder).lines:
        assert line.picked in {take.id for take in read_takes(judged.folder).takes}


# --- wrong use, before any model loads --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        ("", [], "talk.txt has no lines"),
        ("Ana: [foo] hi", [], "line 1, column 6: unknown direction [foo]"),
        ("Ana: hi", ["--rate", "44100"], "rate"),
        ("Ana: hi", ["--format", "wma"], "format.0"),
        ("Ana: hi", ["--timing", "odd"], "timing"),
        ("---\ncast: {Ana: nobody}\n---\nAna: hi", [], "Ana: no voice 'nobody'"),
        ("---\ncast: {Zoe: joe}\n---\nAna: hi", [], "'Zoe', who says nothing"),
    ],
)
def test_wrong_use_is_one_line(
    tmp_path: Path, text: str, options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "talk.txt"
    path.write_text(text)
    assert run(["dialogue", str(path), "-o", str(tmp_path / "out"), *options]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_rendered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "talk.txt").write_text(TALK)
    (tmp_path / "out").write_text("a file")
    assert run(["dialogue", str(tmp_path / "talk.txt"), "-o", str(tmp_path / "out")]) == 1
    told = capsys.readouterr()
    assert "cannot write" in told.err
    assert "takes" not in told.out


def test_check_reads_and_says_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dialogue", str(ROOT / "configs" / "dialogue" / "meeting.txt"), "--check"]) == 0
    told = capsys.readouterr().out
    assert "jf_tebukuro" in told
    assert [row.strip() for row in told.splitlines() if "# " in row] == [
        "# The date", "# The food", "# The music", "# The end",
    ]  # fmt: skip


def test_check_loads_no_model() -> None:
    code = (
        "import sys; from voicekit.cli import run; "
        f"assert run(['dialogue', {str(ROOT / 'configs' / 'dialogue' / 'short.txt')!r}, '--check']) == 0; "
        "assert not {'kokoro_onnx', 'piper', 'onnxruntime'} & set(sys.modules)"
    )
    done = python(code)
    assert done.returncode == 0, done.stderr


# --- from Python ------------------------------------------------------------------------------------------------------


def test_from_python(tmp_path: Path, mix: Mix) -> None:
    importlib.import_module("voicekit.dialogues.dialogue")  # after which the function is still the function

    made = voicekit.dialogue(
        "Ana: Who paid for it?\nBen: The village did.", cast={"Ana": "joe", "Ben": {"voice": "jf_alpha", "pan": 0.5}},
        out=tmp_path, timing="tight",
    )  # fmt: skip
    assert isinstance(made, voicekit.Mix)
    assert made.folder.parent == tmp_path / "dialogue"
    assert [one.speaker for one in made.timeline.entries] == ["Ana", "Ben"]
    assert made.transcript.speakers == ("Ana", "Ben")
    page = made._repr_html_()
    assert "<audio" in page
    assert "The village did." in page
    assert made.save(tmp_path / "mix.flac").is_file()
    again = voicekit.dialogue(
        "Ana: Who paid for it?\nBen: The village did.", cast={"Ana": "joe", "Ben": {"voice": "jf_alpha", "pan": 0.5}},
        out=tmp_path, timing="tight",
    )  # fmt: skip
    assert again.cached
    with pytest.raises(UsageError, match="line 1, column 1"):
        voicekit.dialogue("nobody says this", out=tmp_path)
    with pytest.raises(UsageError, match="unknown key 'tempo'"):
        voicekit.dialogue("Ana: hi", out=tmp_path, tempo=3)
