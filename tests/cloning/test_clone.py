"""Clone jobs: read strictly, rendered once, judged, picked, resumed, shared, tagged, made again."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml

import voicekit
from tests.conftest import ROOT
from tests.support import small_chatterbox
from voicekit.audio.decode import decode
from voicekit.audio.encode import write_audio
from voicekit.cli import run as command
from voicekit.cloning.clone import clone
from voicekit.cloning.forecast import forecast
from voicekit.cloning.job import JobAccess, load_job
from voicekit.cloning.plan import plan_job
from voicekit.config.clone import CloneJob, Picking
from voicekit.errors import EngineError, SourceError, UsageError, VoicekitError
from voicekit.takes.records import LineRecord, TakeRecord, Takes
from voicekit.takes.render import take_seed
from voicekit.takes.run import CloneRun, open_clone_run, tag_take
from voicekit.takes.selection import pick_take, voice_profiles, with_verdict
from voicekit.takes.tags import Tag, agreement, new_tag, read_tags
from voicekit.types import Artifact, Audio, Measures
from voicekit.verification import verify

LINES = ("The train leaves at ten past eight.", "She listened to the rain.", "There were three letters on the table.")

JOB: dict[str, Any] = {
    "name": "small",
    "voices": ["joe", "jm_kumo"],
    "seed": 3,
    "takes": 2,
    "retry": {"budget": 2},
    "lines": [
        {"id": "train", "text": LINES[0], "voice": "joe"},
        {"id": "rain", "text": LINES[1], "voice": "jm_kumo"},
        {"id": "letters", "text": LINES[2], "voice": "joe"},
    ],
}


def write_job(folder: Path, **changes: Any) -> Path:
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump({**JOB, **changes}, sort_keys=False))
    return path


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> CloneRun:
    folder = tmp_path_factory.mktemp("clone")
    return clone(write_job(folder), folder / "out")


@pytest.fixture
def own_run(done: CloneRun, tmp_path: Path) -> CloneRun:
    """A run to change, made from the cache."""
    return clone(write_job(tmp_path), tmp_path / "out")


# --- the run ----------------------------------------------------------------------------------------------------------


def test_a_run_is_whole(done: CloneRun) -> None:
    assert [take.id for take in done.takes] == ["train-1", "train-2", "rain-1", "letters-1", "letters-2"]
    assert all(take.measures and take.measures.wer == 0 and take.passed for take in done.takes)
    assert set(done.picked) == {"train", "rain", "letters"}
    assert done.flagged == ()
    for line in done.lines:
        assert line.why
        assert soundfile.info(done.folder / str(line.file)).duration > 0.8
    listed = {row["path"] for row in done.manifest["outputs"]}
    assert listed == {
        str(p.relative_to(done.folder)) for p in done.folder.rglob("*") if p.is_file() and p.name != "run.json"
    }
    assert done.manifest["kind"] == "clone"
    assert done.manifest["counts"] == {"lines": 3, "takes": 5, "cached": 0, "flagged": 0}
    assert {model["name"] for model in done.manifest["models"]["voices"]} == {"piper-joe", "kokoro"}


def test_takes_json_comes_back_and_follows_its_schema(done: CloneRun) -> None:
    text = (done.folder / "takes.json").read_text()
    found = Takes.from_json(text)
    assert found.to_json() == text
    assert set(json.loads(text)) == set(Takes.json_schema()["properties"])
    with pytest.raises(SourceError, match=r"takes\.0\.id"):
        Takes.from_json(text.replace('"id": "train-1"', '"id": 5', 1))


def test_scores_have_a_row_a_take(done: CloneRun) -> None:
    rows = list(csv.DictReader((done.folder / "scores.csv").open()))
    table = pd.read_parquet(done.folder / "scores.parquet")
    assert [row["id"] for row in rows] == list(table["id"]) == [take.id for take in done.takes]
    assert table["picked"].sum() == 3
    assert (table["wer"] == 0).all()
    assert table.equals(done.to_dataframe().astype(table.dtypes.to_dict()))


def test_a_tag_without_pyarrow_leaves_no_old_parquet(
    done: CloneRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    shutil.copytree(done.folder, run, symlinks=True)
    assert (run / "scores.parquet").exists()
    monkeypatch.setattr("voicekit.takes.run.writes_parquet", lambda: False)
    monkeypatch.setattr("voicekit.takes.table.writes_parquet", lambda: False)
    again = tag_take(run, done.takes[0].id, "good")
    assert not (run / "scores.parquet").exists()
    assert "scores.parquet" not in {row["path"] for row in again.manifest["outputs"]}


def test_the_same_job_again_does_nothing(done: CloneRun) -> None:
    again = clone(done.manifest["job"]["file"], done.folder.parents[1])
    assert again.folder == done.folder


def test_its_job_yaml_makes_the_same_takes(done: CloneRun, tmp_path: Path) -> None:
    again = clone(done.folder / "job.yaml", tmp_path)
    assert [take.key for take in again.takes] == [take.key for take in done.takes]
    assert again.manifest["counts"]["cached"] == 5
    assert {k: v.id for k, v in again.picked.items()} == {k: v.id for k, v in done.picked.items()}


def test_a_line_more_renders_one_line(done: CloneRun, tmp_path: Path) -> None:
    more = [{"text": "A line that was not there.", "voice": "jm_kumo"}, *JOB["lines"][::-1]]
    again = clone({**JOB, "lines": more}, tmp_path)
    assert len(again.takes) - again.manifest["counts"]["cached"] == 1
    assert {take.key for take in done.takes} < {take.key for take in again.takes}


def test_a_take_is_said_again_by_its_seed(done: CloneRun) -> None:
    take = done.take("letters-2")
    said = voicekit.say(take.text, voice="joe", seed=take.seed)
    assert np.abs(said.audio.mono - done.take_audio("letters-2").mono).max() < 2**-23
    other = voicekit.say(take.text, voice="joe", seed=take.seed + 1).audio.mono
    assert not np.array_equal(said.audio.mono, other)


def test_a_notebook_shows_it(done: CloneRun) -> None:
    html = done._repr_html_()
    assert html.count("<audio") == 3
    assert "train" in html


def test_output_is_as_asked(done: CloneRun, tmp_path: Path) -> None:
    output = {"format": "flac", "rate": 48_000, "loudness": -20, "names": "{id}_{text}", "joined": True, "pause": 1}
    run = clone({**JOB, "output": output}, tmp_path)
    assert run.lines[0].file == "picked/train_The-train-leaves-at-ten.flac"
    sounds = [soundfile.info(run.folder / str(line.file)) for line in run.lines]
    assert {sound.samplerate for sound in sounds} == {48_000}
    joined = soundfile.info(run.folder / "joined.flac")
    assert joined.duration == pytest.approx(sum(s.duration for s in sounds) + 2, abs=0.01)


# --- jobs that cannot be ----------------------------------------------------------------------------------------------

HEAD = "voices: [joe]\n"
BAD = {
    "a tab": (HEAD + "lines:\n\t- Hello.\n", r"line 3: .*Indent with spaces"),
    "aliases": ("a: &a [x, x]\nlines: [*a, *a]\n" + HEAD, "line 2: aliases are not supported"),
    "an unknown key": (
        HEAD + "lines: [Hello.]\ntaks: 3\n",
        r"line 3: unknown key 'taks'. Did you mean takes\? Known: ",
    ),
    "one further in": (HEAD + "lines:\n  - Hello.\n  - {txt: Hi.}\n", r"line 4: .*Known: text, id, voice"),
    "a wrong type": (HEAD + "lines: [Hello.]\ntakes: many\n", r"line 3: takes: .*Given: 'many'"),
    "a wrong gate": (HEAD + "lines: [Hello.]\npick:\n  gates:\n    max_wer: -1\n", "line 5: pick.gates.max_wer"),
    "an unknown engine": (
        "voices:\n  x:\n    voice: joe\n    engine: festival\nlines: [Hi.]\n",
        "line 2: unknown engine",
    ),
    "an unknown voice": ("voices: [nobody]\nlines: [Hello.]\n", "no voice 'nobody'.*Known: "),
    "a voice not in the job": (HEAD + "lines:\n  - {text: Hi., voice: ana}\n", "line 3: no voice 'ana' in the job"),
    "no voice": ("voices: [joe, jm_kumo]\nlines: [Hello.]\n", "names no voice, and the job has 2"),
    "a missing reference": (
        "voices:\n  x: {clip: no.wav, engine: chatterbox}\nlines: [Hi.]\n",
        "line 2: no clip .*no.wav",
    ),
    "a parameter not heeded": (
        "voices:\n  joe: {params: {exaggeration: 1}}\nlines: [Hi.]\n",
        "line 2: .*unknown key 'exaggeration'.*Known: speed, noise_scale",
    ),
    "an unknown preset": (
        HEAD + "lines: [{text: Hi., preset: wild}]\n",
        "line 2: unknown sampling/piper preset 'wild'",
    ),
    "ids twice": (
        HEAD + "lines:\n  - {id: a, text: One.}\n  - {id: a, text: Two.}\n",
        "line 4: duplicate id 'a'",
    ),
    "an id that is a path": (HEAD + "lines:\n  - {id: ../../x, text: One.}\n", "line 3: lines.0.id"),
    "nothing to say": (HEAD + "lines:\n  - '...!'\n", "line 3: nothing to speak in '...!'"),
    "no lines": (HEAD, "no lines to speak"),
    "a file that is not there": (HEAD + "lines_from: no.txt\n", "cannot read .*no.txt: no such file"),
    "an encoding": (HEAD + "lines_from: latin.txt\n", "latin.txt: line 2: not UTF-8"),
    "a variable": (HEAD + "lines:\n  - Hello ${NOBODY_SET_THIS}.\n", "line 3: the variable NOBODY_SET_THIS is not set"),
    "more than a variable": (HEAD + "lines: ['${a:-b}']\n", "not a variable name"),
    "code": (HEAD + "lines: [!!python/object/apply:os.system ['true']]\n", "could not determine a constructor"),
    "names all the same": (HEAD + "lines: [Hi.]\noutput: {names: '{voice}'}\n", "all files would have the same name"),
    "names that reach out": (HEAD + "lines: [Hi.]\noutput: {names: '{id.__class__}'}\n", "is not known"),
    "an empty sweep": (HEAD + "lines: [Hi.]\nsweep: {seed: []}\n", "line 3: sweep: seed has no values"),
    "a sweep of nothing": (HEAD + "lines: [Hi.]\nsweep: {colour: [red]}\n", "unknown key 'colour'"),
    "a ramp": (HEAD + "lines: [Hi.]\nretry: {ramp: [wild]}\n", "line 3: no engine has a preset .wild."),
    "not a mapping": ("- a\n", "is not a mapping"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_jobs_are_one_line_before_a_model_loads(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import re

    text, says = BAD[name]
    monkeypatch.setattr("voicekit.tts.synthesizer.load_engine", lambda name: pytest.fail("a model was loaded"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "latin.txt").write_bytes("Hello.\nCaf\xe9.\n".encode("latin-1"))
    (tmp_path / "job.yaml").write_text(text)
    assert command(["clone", "job.yaml", "-o", "out"]) in (1, 2)
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(says, error), error
    assert not (tmp_path / "out").exists()


def test_an_alias_bomb_does_not_go_off(tmp_path: Path) -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    (tmp_path / "job.yaml").write_text(bomb)
    with pytest.raises(UsageError, match="aliases are not supported"):
        load_job(tmp_path / "job.yaml")


def test_an_output_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert command(["clone", str(write_job(tmp_path)), "-o", str(tmp_path / "file" / "out")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: cannot write")
    assert error.count("\n") == 1


@pytest.mark.parametrize("change", ["takes", "takes=many", "nothing.at.all=1", "pick.gates.max_wer=x"])
def test_bad_changes(change: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        load_job(write_job(tmp_path), [change])


def test_unknown_lines_are_told_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no line 'trian'.*letters, rain, train"):
        plan_job(load_job(write_job(tmp_path)), ("trian",))


# --- jobs read --------------------------------------------------------------------------------------------------------


def test_lines_from_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One.\n\n  Two.\n")
    (tmp_path / "a.csv").write_text('text,voice,id,speed\n"One, and",joe,x,1.2\nTwo.,,,\n')
    (tmp_path / "a.srt").write_text(
        "1\n00:00:01,000 --> 00:00:02,000\njoe: One.\n\n2\n00:00:03,000 --> 00:00:04,000\njm_kumo: Two.\n"
    )
    found = {}
    for name in ("a.txt", "a.csv", "a.srt"):
        path = tmp_path / "job.yaml"
        path.write_text(f"voices: [joe, jm_kumo]\nvoice: joe\nlines_from: {name}\n")
        found[name] = [(x.id, x.text, x.voice, x.params) for x in load_job(path).spec.lines]
    assert found["a.txt"] == [("001", "One.", "joe", {}), ("002", "Two.", "joe", {})]
    assert found["a.csv"] == [("x", "One, and", "joe", {"speed": 1.2}), ("002", "Two.", "joe", {})]
    assert found["a.srt"] == [("001", "One.", "joe", {}), ("002", "Two.", "jm_kumo", {})]


@pytest.mark.parametrize(
    ("text", "says"),
    [("txt\nOne.\n", "no column `text`"), ("text,speed\nOne.,fast\n", "line 2: speed 'fast' is not a number"),
     ("text\nOne, two.\n", "line 2: more fields"), ("text,id\nOne.,a/b\n", "line 2: id")],
)  # fmt: skip
def test_bad_csv(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text)
    (tmp_path / "job.yaml").write_text("voices: [joe]\nlines_from: a.csv\n")
    with pytest.raises(VoicekitError, match=says):
        load_job(tmp_path / "job.yaml")


def test_variables_come_from_what_the_user_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHO", "${HOME}")
    monkeypatch.setenv("HF_TOKEN", "secret")
    job = tmp_path / "job.yaml"
    job.write_text("voices: [joe]\nlines: ['Hello ${WHO}, $HOME and $(ls).']\n")
    allowed = JobAccess(environment=["WHO"])
    assert load_job(job, access=allowed).spec.lines[0].text == "Hello ${HOME}, $HOME and $(ls)."
    given = JobAccess({"WHO": "Ana"}, ["WHO"])
    assert load_job(job, access=given).spec.lines[0].text == "Hello Ana, $HOME and $(ls)."
    job.write_text("voices: [joe]\nlines: ['Hello ${HF_TOKEN}.']\n")
    for access in (JobAccess(), allowed, given):
        with pytest.raises(UsageError, match=r"variable HF_TOKEN is not set.*--allow-env HF_TOKEN"):
            load_job(job, access=access)
    assert command(["clone", str(job), "--dry-run", "--var", "HF_TOKEN=Ana"]) == 0
    assert command(["clone", str(job), "--dry-run", "--allow-env", "WHO"]) == 2


def test_lines_come_from_below_the_job(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("A secret line.\n")
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "link.txt").symlink_to(tmp_path / "secret.txt")
    job = tmp_path / "jobs" / "job.yaml"
    for name in ("../secret.txt", str(tmp_path / "secret.txt"), "link.txt"):
        job.write_text(f"voices: [joe]\nlines_from: {name}\n")
        with pytest.raises(UsageError, match=r"lies outside the job's folder.*--allow-path"):
            load_job(job)
        for path in (tmp_path, tmp_path / "secret.txt"):
            assert load_job(job, access=JobAccess(paths=[path])).spec.lines[0].text == "A secret line."


def plan(**job: Any) -> Any:
    return plan_job(load_job({"voices": ["joe"], "lines": ["One two.", "One two."], **job}))


def test_sweeps_and_seeds() -> None:
    grid = plan(sweep={"speed": [0.9, 1.1], "noise_scale": [0.3, 0.6, 0.9]}, takes=2)
    orders = grid.requests(grid.lines[0])
    assert len(orders) == 12
    assert len({(o.params.speed, o.params.noise_scale) for o in orders}) == 6
    assert {o.seed for o in orders} == {take_seed(0, "joe", "One two.", 0, n) for n in (1, 2)}  # settings are paired
    points = plan(sweep=[{"seed": 5}, {"seed": 6, "preset": "steady"}], takes=3)
    assert [(o.seed, o.preset) for o in points.requests(points.lines[0])] == [(5, None), (6, "steady")]
    twice = plan(takes=2)
    seeds = [o.seed for line in twice.lines for o in twice.requests(line)]
    assert len(set(seeds)) == 4  # the same text again gets seeds of its own
    assert max(seeds) < 2**31
    quiet = plan(voices=["jm_kumo"], takes=5)
    assert len(quiet.requests(quiet.lines[0])) == 1  # it draws no random numbers


def test_the_nearest_parameter_holds() -> None:
    found = plan(
        voices={"joe": {"preset": "steady", "params": {"speed": 1.1, "noise_scale": 0.5}}},
        lines=[{"text": "One.", "params": {"speed": 1.2}}],
        sweep={"noise_w_scale": [0.1]},
    )
    params = found.requests(found.lines[0])[0].params
    assert (params.speed, params.noise_scale, params.noise_w_scale) == (1.2, 0.5, 0.1)


def test_the_ramp_of_a_retry() -> None:
    found = plan(voices=["joe"], retry={"budget": 5, "ramp": ["seeds", "steady", "safe"]}, takes=2)
    line = found.lines[0]
    steps = list(found.retries(line, 2))
    assert [[o.number for o in step] for step in steps] == [[3, 4], [5, 6, 7]]  # piper has no preset "safe"
    assert [step[0].preset for step in steps] == [None, "steady"]
    assert not {o.seed for step in steps for o in step} & {o.seed for o in found.requests(line)}
    assert list(plan(voices=["jm_kumo"]).retries(plan(voices=["jm_kumo"]).lines[0], 1)) == []


def test_a_forecast_makes_nothing(done: CloneRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicekit.tts.synthesizer.load_engine", lambda name: pytest.fail("a model was loaded"))
    found = forecast(write_job(tmp_path), overrides=["takes=3"])
    assert (found.takes, found.cached) == (7, 5)
    assert 3 < found.audio_seconds < 30
    assert 5e8 < found.memory < 5e9
    assert command(["clone", str(write_job(tmp_path)), "-o", str(tmp_path / "out"), "--dry-run"]) == 0
    assert not (tmp_path / "out").exists()


# --- trouble ----------------------------------------------------------------------------------------------------------


def test_a_line_that_fails_costs_that_line(
    done: CloneRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from voicekit.tts.synthesizer import Synthesizer

    synthesize = Synthesizer.synthesize

    def failing(self: Synthesizer, text: str, *rest: Any, **more: Any) -> Any:
        if "boom" in text:
            raise RuntimeError("the engine broke")
        return synthesize(self, text, *rest, **more)

    monkeypatch.setattr(Synthesizer, "synthesize", failing)
    lines = [*JOB["lines"], {"id": "boom", "text": "boom", "voice": "joe"}]
    job = write_job(tmp_path, lines=lines, retry={"budget": 0})
    assert command(["clone", str(job), "-o", str(tmp_path / "out")]) == 1
    told = capsys.readouterr()
    assert "the engine broke" in told.err
    run = open_clone_run(tmp_path / "out" / "small")
    assert set(run.picked) == {"train", "rain", "letters"}
    assert [line.id for line in run.flagged] == ["boom"]
    monkeypatch.setattr(Synthesizer, "synthesize", synthesize)  # and it is not taken for done
    assert command(["clone", str(job), "-o", str(tmp_path / "out")]) == 0
    assert set(open_clone_run(tmp_path / "out" / "small").picked) == {"train", "rain", "letters", "boom"}


def test_when_nothing_can_be_said_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from voicekit.tts.synthesizer import Synthesizer

    def failing(*_: Any, **__: Any) -> Any:
        raise EngineError("no", "")

    monkeypatch.setattr(Synthesizer, "synthesize", failing)
    with pytest.raises(EngineError, match="not a single take could be rendered: no"):
        clone({**JOB, "name": "never", "lines": ["Words that nobody said before."], "voices": ["joe"]}, tmp_path)
    assert list(tmp_path.glob("*/*/run.json")) == []
    assert list(tmp_path.glob("*")) == []


def start(job: Path, home: Path, out: str = "out") -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-m", "voicekit", "clone", str(job), "-o", str(home / out), "-q", "-m", "tiny.en"]
    return subprocess.Popen(arguments, env={**os.environ, "VOICEKIT_CACHE": str(home / "cache")})


def kill_and_go_on(job: Path, home: Path, takes: int, wanted: dict[str, str]) -> None:
    """Kill a job once so many takes are there, let it end, and compare what was picked."""
    process = start(job, home)
    stages = home / "cache" / "stages" / "take"
    while process.poll() is None and len(list(stages.glob("[0-9a-f]*/entry.json"))) < takes:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not list((home / "out").glob("*/latest"))
    assert start(job, home).wait() == 0
    run = open_clone_run(home / "out" / "small")
    assert {name: take.id for name, take in run.picked.items()} == wanted
    assert run.manifest["counts"]["cached"] >= min(takes, 5)
    left = [p.name for p in (home / "out" / "small").iterdir() if p.name.startswith((".partial", ".tmp"))]
    assert left == []


@pytest.mark.slow
def test_killed_it_goes_on_where_it_stopped(done: CloneRun, tmp_path: Path) -> None:
    wanted = {name: take.id for name, take in done.picked.items()}
    kill_and_go_on(write_job(tmp_path), tmp_path, 3, wanted)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_twenty_times(done: CloneRun, tmp_path: Path) -> None:
    """At moments spread over the whole job, its start and its end included."""
    wanted = {name: take.id for name, take in done.picked.items()}
    job = write_job(tmp_path)
    began = time.monotonic()
    assert start(job, tmp_path / "undisturbed").wait() == 0
    took = time.monotonic() - began
    for number in range(20):
        home = tmp_path / str(number)
        process = start(job, home)
        time.sleep(took * (number + 0.5) / 20)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert start(job, home).wait() == 0
        run = open_clone_run(home / "out" / "small")
        assert {name: take.id for name, take in run.picked.items()} == wanted, number
        sounds = [run.folder / str(take.file) for take in run.takes]
        assert [p.read_bytes() for p in sounds] == [(done.folder / str(t.file)).read_bytes() for t in done.takes]


@pytest.mark.slow
def test_two_processes_share_a_job(done: CloneRun, tmp_path: Path) -> None:
    job = write_job(tmp_path)
    both = [start(job, tmp_path, out) for out in ("one", "two")]
    assert [process.wait() for process in both] == [0, 0]
    runs = [open_clone_run(tmp_path / out / "small") for out in ("one", "two")]
    made = [run.manifest["counts"]["takes"] - run.manifest["counts"]["cached"] for run in runs]
    assert sum(made) == 5  # each take once, whoever made it
    for run in runs:
        assert {name: take.id for name, take in run.picked.items()} == {n: t.id for n, t in done.picked.items()}


# --- picking and people -----------------------------------------------------------------------------------------------


def record(name: str, measures: Measures | None, **more: Any) -> TakeRecord:
    line, number = name.split("-")
    return TakeRecord(
        name, line, int(number), "x", "v", "piper", "en", {}, int(number), file=f"takes/{name}.flac",
        measures=measures, **more,
    )  # fmt: skip


def test_gates_come_before_scores_and_people_before_both() -> None:
    bad = Measures(2.0, wer=0.5, mos=3.8)
    good = Measures(2.0, wer=0.0, mos=2.5)
    clicks = Measures(2.0, wer=0.0, mos=3.8, artifacts=(Artifact("click", 1.0, 1.0, 30.0, 20.0, "dB"),))
    takes = [with_verdict(record(f"a-{n}", m), Picking(), {}) for n, m in enumerate((bad, good, clicks), 1)]
    line = LineRecord("a", "x", "v")
    assert pick_take(line, takes, {}).picked == "a-2"
    assert pick_take(line, takes, {"a-1": new_tag("good")}).picked == "a-1"
    assert pick_take(line, takes, {"a-2": new_tag("weird")}).picked == "a-3"
    assert (
        pick_take(line, takes, {"a-2": new_tag("bad"), "a-3": new_tag("weird"), "a-1": new_tag("weird")}).picked
        == "a-3"
    )
    flagged = pick_take(line, [takes[0]], {})
    assert flagged.flagged
    assert "50% of the words are wrong" in flagged.why
    assert not pick_take(line, [takes[0]], {"a-1": new_tag("good")}).flagged
    unheard = pick_take(line, [record("a-1", None), takes[1]], {})
    assert unheard.picked == "a-2"


def test_a_voice_is_judged_against_its_own_pace() -> None:
    takes = [record(f"a-{n}", Measures(2.0, wer=0.0, mos=3.5, pace=150.0 + n)) for n in range(1, 6)]
    hasty = record("a-6", Measures(2.0, wer=0.0, mos=3.5, pace=300.0))
    own = voice_profiles([*takes, hasty], {})
    assert with_verdict(takes[0], Picking(), own).passed
    verdict = with_verdict(hasty, Picking(), own)
    assert not verdict.passed
    assert "quicker than the voice's own pace" in verdict.reasons[0]


def test_agreement_is_counted() -> None:
    takes = [record("a-1", None, passed=True, score=0.9), record("a-2", None, passed=False, score=0.4),
             record("b-1", None, passed=True, score=0.8), record("b-2", None, passed=True, score=0.5)]  # fmt: skip
    tags = {"a-1": Tag("good"), "a-2": Tag("bad"), "b-1": Tag("weird"), "b-2": Tag("good")}
    found = agreement(takes, tags)
    assert (found.takes, found.agree, found.pairs, found.ordered) == (4, 3, 2, 1)
    assert found.kappa == pytest.approx(0.5)
    assert str(agreement(takes, {})) == "no tagged take was judged"


def test_a_tag_changes_the_pick_and_stays(own_run: CloneRun, capsys: pytest.CaptureFixture[str]) -> None:
    line = "train"
    first = own_run.picked[line].id
    other = next(take.id for take in own_run.takes if take.line == line and take.id != first)
    before = (own_run.folder / str(own_run.lines[0].file)).read_bytes()
    assert command(["take", "tag", str(own_run.folder), other, "good", "a smile in it"]) == 0
    assert f"Line {line} keeps {other}" in capsys.readouterr().out
    after = open_clone_run(own_run.folder)
    assert after.picked[line].id == other
    assert after.tags[other].note == "a smile in it"
    assert (after.folder / str(after.lines[0].file)).read_bytes() != before
    for row in after.manifest["outputs"]:
        from voicekit.storage.files import hash_file

        assert hash_file(after.folder / row["path"]) == row["sha256"]
    assert clone(own_run.manifest["job"]["file"], own_run.folder.parents[1]).folder == after.folder  # still whole
    # Another run of the job, with a line more, knows what was said of the same sound.
    job = Path(own_run.manifest["job"]["file"])
    job.write_text(job.read_text() + "- {id: new, text: She listened to the rain., voice: jm_kumo}\n")
    again = clone(job, own_run.folder.parents[1])
    assert again.folder != after.folder
    assert again.picked[line].id == other
    assert read_tags(again.folder)[other].tag == "good"
    assert command(["take", "list", str(again.folder)]) == 0
    assert f"{other}" in capsys.readouterr().out


def test_bad_tags(own_run: CloneRun) -> None:
    with pytest.raises(UsageError, match="unknown tag 'great'"):
        own_run.tag("train-1", "great")
    with pytest.raises(UsageError, match="no take 'train-9'"):
        own_run.tag("train-9", "good")
    (own_run.folder / "tags.json").write_text('{"schema": "voicekit.tags/1", "tags": {"train-1": {"tag": "loud"}}}')
    with pytest.raises(SourceError, match=r"tags\.json: not a voicekit\.tags/1 file"):
        open_clone_run(own_run.folder)


# --- made again -------------------------------------------------------------------------------------------------------


def test_verify_holds_bit_for_bit_and_tells_what_does_not(
    own_run: CloneRun, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["verify", str(own_run.folder), "--take", "train-1", "--take", "rain"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 of 2 reproduced"
    path = own_run.folder / "takes" / "train-1.flac"
    samples, rate = soundfile.read(path, dtype="float32")
    samples[1000:2000] += 0.001
    soundfile.write(path, samples, rate, "PCM_24")
    text = (own_run.folder / "takes.json").read_text()
    (own_run.folder / "takes.json").write_text(text.replace('"piper-tts": "', '"piper-tts": "0.'))
    (check,) = verify(own_run.folder, ["train-1"])
    assert check.same is False
    assert "of the samples differ, by 0.001 at most" in check.difference
    assert any(reason.startswith("piper-tts 0.") for reason in check.why)
    assert command(["verify", str(own_run.folder), "--take", "train-1"]) == 1


def test_verify_transcribes_again(sample_run: Path) -> None:
    (check,) = verify(sample_run)
    assert check.same
    with pytest.raises(UsageError, match="has no takes"):
        list(verify(sample_run, ["1"]))


def test_verify_tells_what_another_transcript_has(sample_run: Path) -> None:
    from voicekit.verification import compare_transcripts

    old = voicekit.Transcript.from_json((sample_run / "transcript.json").read_bytes())
    text = (sample_run / "transcript.json").read_text().replace('"Hello.', '"Hallo.')
    new = voicekit.Transcript.from_json(text)
    changed = sum(a.text != b.text for a, b in zip(old.words, new.words, strict=True))
    assert changed
    assert compare_transcripts(old, new).difference.startswith(f"{2 * changed} of {len(old.words)} words differ")


@pytest.mark.parametrize("name", ["nothing", "empty", "half"])
def test_what_is_no_run(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / name
    if name != "nothing":
        folder.mkdir()
    if name == "half":
        (folder / "run.json").write_text('{"kind": "clone"')
    assert command(["verify", str(folder)]) == 1
    assert command(["take", "list", str(folder)]) == 1
    assert capsys.readouterr().err.count("\n") == 2


# --- the examples -----------------------------------------------------------------------------------------------------

EXAMPLES = sorted((ROOT / "configs" / "clone").glob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_examples_are_as_they_should_be(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    job = load_job(path, access=JobAccess({"REFERENCE": "nowhere", "REFERENCES": "nowhere"}))
    assert job.spec.description
    if all(not voice.clip for voice in job.spec.voices.values()):
        assert plan_job(job).lines
    else:
        with pytest.raises(UsageError, match=r"line .*no clip .*nowhere"):
            plan_job(job)


def test_the_packaged_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert (
        command(["clone", "configs/clone/packaged.yaml", "-o", str(tmp_path), "--limit", "2", "--set", "takes=1"]) == 0
    )
    assert len(open_clone_run(tmp_path / "packaged").picked) == 2


@pytest.mark.parametrize("name", ["reference", pytest.param("search", marks=pytest.mark.slow)])
def test_the_examples_with_a_clip_run_on_small_weights(
    name: str, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noise for speech, so that no take is good: it is tried again, kept, and flagged."""
    sound, _ = decode(sample, rate=24_000)
    for number, clip in enumerate(("one.wav", "two.wav")):
        write_audio(Audio(sound.samples[:, (7 + 13 * number) * 24_000 :][:, : 3 * 24_000], 24_000), tmp_path / clip)
    access = JobAccess({"REFERENCE": str(tmp_path / "one.wav"), "REFERENCES": str(tmp_path)})
    less = {
        "reference": ["takes=1", "retry.budget=1", "retry.ramp=[short]"],
        "search": ["sweep={reference: ['${REFERENCES}/one.wav', '${REFERENCES}/two.wav'], seed: [1]}"],
    }
    preset = tmp_path / "configs" / "sampling" / "chatterbox" / "short.yaml"
    preset.parent.mkdir(parents=True)
    preset.write_text("description: Short\nparams: {max_tokens: 20}")
    monkeypatch.chdir(tmp_path)
    small = [f"voices.ana.model={small_chatterbox.folder()}", "voices.ana.params={max_tokens: 20}"]
    with small_chatterbox.layers():
        run = clone(name, tmp_path / "out", limit=1, overrides=[*small, *less[name]], access=access)
    assert len(run.takes) == 2
    assert all(take.measures and take.measures.similarity is not None for take in run.takes)
    assert [line.flagged for line in run.lines] == [True]
    assert run.manifest["profiles"]["ana"]["pitch"] > 60  # the clip's: two takes are too few for their own
    if name == "reference":
        assert [take.preset for take in run.takes] == ["neutral", "short"]
    else:
        assert [Path(str(take.reference)).name for take in run.takes] == ["one.wav", "two.wav"]
        assert run.takes[0].made_with["clip"] != run.takes[1].made_with["clip"]


def test_schema_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["schema", "clone"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert set(schema["properties"]) == set(CloneJob.model_fields)
