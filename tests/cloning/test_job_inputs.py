"""Jobs as people write them: unquoted YAML, names that are paths, lines that a voice cannot read, equal file names."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from voicekit.audio.encode import write_audio
from voicekit.audio.probe import probe
from voicekit.cli import run
from voicekit.cloning.clone import clone
from voicekit.cloning.job import load_job
from voicekit.cloning.plan import plan_job
from voicekit.config.dialogue import ScriptHeader
from voicekit.config.engines import VoiceFile
from voicekit.dialogues.casting import cast_script
from voicekit.dialogues.script_text import parse_script
from voicekit.errors import UsageError
from voicekit.quality.judge import Judge
from voicekit.storage.paths import distinct_names, refuse_collisions, safe_name
from voicekit.tts.synthesizer import Synthesizer
from voicekit.tts.voices import store_voice
from voicekit.types import Audio, Take


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("voices: [joe]\nlines:\n  - Warning: the bridge is closed.", 'in quotes, as "Warning: the bridge is closed."'),
        ("voices: [joe]\nlines: [No]", "line 2: lines.0: YAML reads this line as true or false"),
        ("voices: [joe]\nlines:\n  - 12:30", "line 3: YAML reads 12:30 as the number 750: put text in quotes"),
        ("voices: [joe]\nlines:\n  - 5", "line 3: lines.0: YAML reads this line as a number, a time or a date"),
        ("voices: [joe]\ntakes: 010\nlines: [Hi.]", "line 2: YAML reads 010 as the number 8"),
        ("voices: [joe]\nlines:\n  - 2024-01-01", "a number, a time or a date: 2024-01-01"),
        ("voices: [joe]\nlines:\n  - {id: 001, text: Hi there.}", "YAML reads 001 as the number 1: put text in quotes"),
        ("voices: [joe]\nlines:\n  - {id: 1, text: Hi there.}", "YAML reads this as the number 1: put it in quotes"),
        ("voices: {no: {voice: joe}}\nlines: [Hi.]", "YAML reads the name of a voice as False"),
        ("voices: [joe]\ntakes: yes\nlines: [Hi.]", "line 2: takes: a number is needed, and YAML reads this as true"),
        ("voices: [joe]\nrepair: 1\nlines: [Hi.]", "line 2: repair: true or false is needed"),
        ('voices: [joe]\nlines: [Hi., "[pause 1]"]', "line 2: the text has no words"),
        ("voices: [joe]\nlines: [Hi., 你好]", "line 2: the voice joe (en) cannot read '你好' (Cjk letters)"),
        ("voices: [joe]\nlines: [Привет всем]", "cannot read 'Привет' (Cyrillic letters). Voices that can:"),
        ("voices: [joe]\nsweep: {seed: [-1]}\nlines: [Hi.]", "is not a whole number from 0"),
        (
            'voices: {"b": {voice: joe}, "a-b": {voice: joe}}\nlines: [{id: x-a, text: A., voice: all}, '
            "{id: x, text: B., voice: all}]",
            "two lines would be written to x-a-b",
        ),
    ],
)
def test_what_yaml_makes_of_a_job_is_an_error_before_work_begins(text: str, says: str, tmp_path: Path) -> None:
    job = tmp_path / "job.yaml"
    job.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        plan_job(load_job(job))
    assert says in str(caught.value)


VOICES = {name: {"voice": "joe", "params": {"speed": 1 + number / 10}}
          for number, name in enumerate(("a/b", "a-b", "a b", "/../../../../esc"))}  # fmt: skip


def test_names_of_voices_stay_inside_the_run_and_apart(tmp_path: Path) -> None:
    job = {
        "voices": VOICES, "voice": "all", "takes": 1, "retry": {"budget": 0},
        "lines": [{"id": "x", "text": "The village paid for the bridge."}], "output": {"names": "{id}-{voice}"},
    }  # fmt: skip
    done = clone(job, tmp_path / "out")
    files = [line.file for line in done.lines]
    assert len({str(file).casefold() for file in files}) == len(VOICES)
    assert all((done.folder / str(file)).resolve().is_relative_to(done.folder.resolve()) for file in files)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


@given(st.lists(st.text(max_size=30), max_size=8))
def test_file_names_are_safe_and_distinct(titles: list[str]) -> None:
    names = distinct_names(titles)
    assert len({name.casefold() for name in names.values()}) == len(set(titles))
    for name in names.values():
        assert Path(name).name == name
        assert name not in ("", ".", "..")


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_field_of_a_job_reaches_a_path(voice: str, line: str) -> None:
    """Ids have a pattern; names of voices and jobs become file names."""
    job: dict[str, Any] = {"name": line or None, "voices": {voice or "v": {"voice": "joe"}}, "voice": "all"}
    try:
        plan = plan_job(load_job({**job, "lines": [{"id": "x", "text": "Hi there."}]}))
    except UsageError:
        return
    for planned in plan.lines:
        assert Path(planned.id).name == planned.id
    assert Path(safe_name(line)).name == safe_name(line)


ONE_NAME = {
    "subtitle": ["subtitle", "a/talk.srt", "b/TALK.srt", "-o", "out"],
    "translate": ["translate", "a/talk.srt", "b/TALK.srt", "--to", "es", "-o", "out"],
    "translate, one in another format": ["translate", "a/talk.srt", "a/talk.vtt", "--to", "es", "-f", "json"],
    "judge": ["judge", "a/talk.wav", "b/TALK.wav", "--repair", "out"],
    "judge, beside": ["judge", "a/talk.wav", "--repair", "a"],
    "convert": ["convert", "a/talk.wav.json", "--voice", "joe", "-o", "a/talk.wav"],
    "say": ["say", "@a/talk.srt", "-o", "a/talk.srt"],
    "voice prepare": ["voice", "prepare", "a/talk.wav", "-o", "a/talk.wav"],
}


@pytest.mark.parametrize("name", ONE_NAME)
def test_outputs_of_one_name_are_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder, stem in (("a", "talk"), ("b", "TALK")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{stem}.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHi\n")
        (tmp_path / folder / f"{stem}.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nHi\n")
        soundfile.write(tmp_path / folder / f"{stem}.wav", np.zeros(16_000), 16_000)
        (tmp_path / folder / f"{stem}.wav.json").write_text("{}")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    assert run(ONE_NAME[name]) == 2
    assert "would both be written to" in (told := capsys.readouterr().err) or "would overwrite" in told
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before
    assert not (tmp_path / "out").exists()
    refuse_collisions([(Path("x.srt"), "a"), (Path("y.srt"), "b"), (Path("x.srt"), "a")])


@pytest.fixture(scope="module")
def take() -> Take:
    with Synthesizer() as synthesizer:
        return synthesizer.say("Hi there.", voice="joe")


def test_public_data_compares_copies_and_says_that_it_is_unhashable(take: Take) -> None:
    assert take == copy.deepcopy(take) == pickle.loads(pickle.dumps(take))
    assert take.audio != Audio(take.audio.samples * 0.5, take.audio.rate)
    for value in (take, take.audio):
        with pytest.raises(TypeError, match="unhashable"):
            hash(value)


@pytest.mark.parametrize("seed", [-1, 2**63, True, 1.5])
def test_seeds_have_one_range(seed: Any) -> None:
    with Synthesizer() as synthesizer, pytest.raises(UsageError, match="not a whole number"):
        synthesizer.say("Hi there.", voice="joe", seed=seed)


def test_pauses_are_rendered_to_the_sample(take: Take) -> None:
    with Synthesizer() as synthesizer:
        paused = synthesizer.say("[pause 1] Hi there. [pause 0.25][pause 250ms]", voice="joe")
    rate = take.audio.rate
    assert len(paused.audio.mono) == len(take.audio.mono) + rate + round(0.5 * rate)
    assert not paused.audio.mono[:rate].any()


def test_a_judge_needs_words_and_a_voice_to_compare_with() -> None:
    silence = Audio(np.zeros((1, 32_000), np.float32), 16_000)
    speech = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 32_000)).astype(np.float32), 16_000)
    with Judge() as judge:
        with pytest.raises(UsageError, match="no words to compare with"):
            judge.measure(speech, "...")
        with pytest.raises(UsageError, match="no speech to compare with"):
            judge.measure(speech, "Hello.", reference=silence)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["subtitle", "{file}", "-o", "out.srt"], ["say", "Hello 你", "--show-text", "--as-written", "-v", "jf_alpha"],
        ["transcribe", "没有.wav"], ["eval", "{file}", "{file}"], ["--help"],
    ],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_a_terminal_that_cannot_show_a_name_does_not_end_the_work(
    tmp_path: Path, encoding: str, arguments: list[str]
) -> None:
    file = tmp_path / "字幕é.srt"
    file.write_text("1\n00:00:01,000 --> 00:00:02,000\n你好\n", encoding="utf-8")
    command = [argument.format(file=file) for argument in arguments]
    done = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-m", "voicekit", *command], cwd=tmp_path, capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )  # fmt: skip
    assert b"UnicodeEncodeError" not in done.stdout + done.stderr
    assert b"Traceback" not in done.stderr


RATES = {".mp3": (48_000, 96_000), ".opus": (48_000, 44_100), ".m4a": (96_000, 192_000), ".ogg": (192_000, None)}


@pytest.mark.parametrize("suffix", RATES)
def test_rates_that_a_format_does_not_have_are_refused_before_work(suffix: str, tmp_path: Path) -> None:
    possible, impossible = RATES[suffix]
    noise = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 9600)).astype(np.float32), 96_000)
    assert probe(write_audio(noise, tmp_path / f"noise{suffix}", possible)).rate in (possible, 48_000)
    assert write_audio(noise, tmp_path / f"default{suffix}").is_file()
    if impossible is None:
        return
    assert run(["say", "Hello.", "-v", "joe", "-o", str(tmp_path / f"said{suffix}"), "--rate", str(impossible)]) == 2
    job = {"voices": {"a": {"voice": "joe"}}, "lines": ["Hi."], "output": {"format": suffix[1:], "rate": impossible}}
    with pytest.raises(UsageError, match=f"cannot have {impossible} Hz"):
        plan_job(load_job(job))


def test_a_voice_that_hides_a_bundled_one_and_tags_without_effect_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VOICEKIT_REFS", str(tmp_path / "refs"))
    with pytest.raises(UsageError, match="piper has a voice joe"):
        store_voice("joe", VoiceFile(engine="kokoro", speaker="jm_kumo"))
    (tmp_path / "refs" / "joe").mkdir(parents=True)
    (tmp_path / "refs" / "joe" / "voice.yaml").write_text("engine: kokoro\nspeaker: jm_kumo\n")
    job = {"voices": {"a": {"voice": "joe"}}, "lines": ["Hi <b>there</b>.", "Hi <b>you</b>."]}
    hides, tag = plan_job(load_job(job)).warnings
    assert "hides the voice joe of piper" in hides
    assert tag == "<b> has no effect in 001, 002"
    casting = cast_script(parse_script("Ana: Hi <b>there</b>."), "talk.txt", ScriptHeader(cast={"Ana": "joe"}))
    assert casting.notes == (hides, "<b> has no effect in line 1")
    assert run(["say", "Hi <b>there</b>.", "-v", "joe", "-o", str(tmp_path / "said.wav")]) == 0
    told = capsys.readouterr().err
    assert hides in told
    assert "<b> has no effect" in told
