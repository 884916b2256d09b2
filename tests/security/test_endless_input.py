"""Small inputs that would take hours, gigabytes, or for ever: refused before the work, with the reason."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

import pytest

from tests.support.llm_server import LanguageModelServer, lines_of, reply
from voicekit.audio.probe import probe
from voicekit.cli import run
from voicekit.config.clean import clean_preset
from voicekit.errors import MediaError, UsageError

QUICK = 20.0
"""Seconds, most of which are imports."""


def wav(rate: int) -> bytes:
    data = bytes(64_000)
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return head + struct.pack("<4sI", b"data", len(data)) + data


@pytest.mark.parametrize("rate", [1, 10, 999, 768_001, 2_000_000])
def test_rates_that_no_recorder_has(tmp_path: Path, rate: int) -> None:
    (tmp_path / "talk.wav").write_bytes(wav(rate))
    with pytest.raises(MediaError, match=f"sample rate of {rate} Hz.*Rates from 1000 to 768000 Hz"):
        probe(tmp_path / "talk.wav")


@pytest.mark.parametrize("rate", [1000, 8000, 384_000, 768_000])
def test_rates_that_recorders_have(tmp_path: Path, rate: int) -> None:
    (tmp_path / "talk.wav").write_bytes(wav(rate))
    assert probe(tmp_path / "talk.wav").rate == rate


@pytest.mark.parametrize(
    ("sweep", "says"),
    [
        ("{a: [%s], b: [%s], c: [%s]}", "a sweep of 8,000,000 settings"),
        ("{seed: [%s], b: [%s]}", "a sweep of 40,000 settings"),
    ],
)
def test_a_sweep_is_counted_and_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], sweep: str, says: str
) -> None:
    numbers = ", ".join(map(str, range(200)))
    (tmp_path / "job.yaml").write_text(f"voices: [joe]\nlines: [Hello.]\nsweep: {sweep.replace('%s', numbers)}\n")
    started = time.monotonic()
    assert run(["clone", str(tmp_path / "job.yaml"), "--dry-run"]) == 2
    assert says in capsys.readouterr().err
    assert time.monotonic() - started < QUICK


def test_all_takes_of_a_job_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    numbers = ", ".join(map(str, range(1, 5001)))
    (tmp_path / "job.yaml").write_text(
        f"voices: [joe]\ntakes: 100\nsweep: {{seed: [{numbers}]}}\nlines: [{', '.join(['Hello.'] * 100)}]\n"
    )
    started = time.monotonic()
    assert run(["clone", str(tmp_path / "job.yaml"), "--dry-run"]) == 2
    assert "50,000,000 takes" in capsys.readouterr().err
    assert time.monotonic() - started < QUICK


@pytest.mark.parametrize(
    "options",
    [
        '{volume: "while(1,1)"}', '{volume: "ld(0)"}', "{volume: .inf}", "{volume: .nan}", '{"volume=1,amovie": x}',
        '{volume: "1:eval=frame"}', '{volume: "$(x)"}', '{volume: "a b"}',
    ],
)  # fmt: skip
def test_options_of_filters_are_numbers_and_words(tmp_path: Path, options: str) -> None:
    path = tmp_path / "clean.yaml"
    path.write_text(f"description: x\nsteps:\n  - filter: volume\n    options: {options}\n")
    with pytest.raises(UsageError, match=r"steps\.0\.options"):
        clean_preset(str(path))


@pytest.mark.parametrize("options", ["{volume: 0.5}", "{volume: -3dB, eval: once}", "{f: 100, p: 1.0e-3}"])
def test_ordinary_options_of_filters(tmp_path: Path, options: str) -> None:
    path = tmp_path / "clean.yaml"
    path.write_text(f"description: x\nsteps:\n  - filter: volume\n    options: {options}\n")
    assert clean_preset(str(path)).steps


NAMES = {
    "recording": ["transcribe"],
    "take": ["judge"],
    "subtitles.srt": ["subtitle"],
    "transcript.json": ["report"],
    "job.yaml": ["clone"],
    "script.txt": ["dialogue"],
    "reference.txt": ["eval"],
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
@pytest.mark.parametrize("name", NAMES)
def test_a_pipe_is_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Opening a named pipe that nobody writes to never ends."""
    os.mkfifo(tmp_path / name)
    arguments = [str(tmp_path / name)] * (2 if name == "reference.txt" else 1)
    started = time.monotonic()
    assert run([*NAMES[name], *arguments]) in (1, 2)
    assert name in capsys.readouterr().err
    assert time.monotonic() - started < QUICK


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no /dev/zero")
@pytest.mark.parametrize("suffix", ["wav", "srt", "json", "yaml", "txt"])
def test_an_endless_device_is_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str) -> None:
    path = tmp_path / f"zero.{suffix}"
    path.symlink_to("/dev/zero")
    command = {"wav": "transcribe", "srt": "subtitle", "json": "report", "yaml": "clone", "txt": "dialogue"}[suffix]
    assert run([command, str(path)]) in (1, 2)
    assert capsys.readouterr().err


LONG = {
    "a word": "x" * 2_000_000,
    "entities": "&amp;" * 100_000,
    "half entities": "&#" * 250_000,
    "tags": "<i>" * 300_000 + "x",
    "braces": "{" * 500_000,
    "names": "A: " * 300_000,
    "lines": "- a\n" * 100_000,
}


@pytest.mark.parametrize("kind", ["srt", "vtt"])
@pytest.mark.parametrize("text", LONG)
def test_long_cues(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, kind: str) -> None:
    times = "00:00:01,000 --> 00:00:05,000"
    cue = f"1\n{times}\n{LONG[text]}\n" if kind == "srt" else f"WEBVTT\n\n{times.replace(',', '.')}\n{LONG[text]}\n"
    (tmp_path / f"talk.{kind}").write_text(cue)
    started = time.monotonic()
    status = run(["subtitle", str(tmp_path / f"talk.{kind}"), "-f", "srt", "-o", str(tmp_path / "out")])
    assert time.monotonic() - started < QUICK
    printed = capsys.readouterr()
    assert status == 0 or "At most 100,000 are possible" in printed.err


def test_a_cue_at_the_limit_is_laid_out(tmp_path: Path) -> None:
    """Cutting a long word took a time that grew with the square of its length."""
    for name, text in (("word", "x" * 99_000), ("dots", "." * 99_000), ("words", "a " * 49_000)):
        (tmp_path / f"{name}.srt").write_text(f"1\n00:00:01,000 --> 00:00:05,000\n{text}\n")
        started = time.monotonic()
        assert run(["subtitle", str(tmp_path / f"{name}.srt"), "-f", "vtt", "-o", str(tmp_path / "out")]) == 0
        assert time.monotonic() - started < QUICK


def test_a_translation_that_never_ends_is_none(
    tmp_path: Path, own_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def endless(body: dict, _: int) -> tuple[int, bytes]:
        import json

        return reply(json.dumps({"lines": [{"id": line["id"], "text": "ja " * 1_000_000} for line in lines_of(body)]}))

    server = LanguageModelServer(endless)
    (tmp_path / "talk.srt").write_text("1\n00:00:01,000 --> 00:00:05,000\nHello there, my friend.\n")
    started = time.monotonic()
    try:
        arguments = ["--from", "en", "--to", "de", "--base-url", server.url, "-o", str(tmp_path / "out")]
        assert run(["translate", str(tmp_path / "talk.srt"), *arguments]) == 1
    finally:
        server.close()
    assert "no valid translation" in capsys.readouterr().err
    assert time.monotonic() - started < QUICK
