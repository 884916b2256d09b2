"""Commands other than transcribe: what they print, for people and for machines, and their exit status."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from voicekit.cli import run, run_command
from voicekit.config.transcribe import TranscribeOptions


def output_of(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert run(list(arguments)) == status
    return capsys.readouterr().out


def test_models(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {row["name"]: row for row in json.loads(output_of(capsys, "models", "list", "--json"))}
    assert rows["base"]["how"] == "package"
    assert rows["large-v3"]["where"] is None
    assert rows["community-1"]["gated"]
    table = output_of(capsys, "models", "list")
    assert all(name in table for name in rows)
    assert output_of(capsys, "models", "path", "base").strip() == rows["base"]["where"]
    assert "base: intact" in output_of(capsys, "models", "verify", "base")
    assert "not installed" in output_of(capsys, "models", "verify", "large-v3", status=1)


def test_cache(capsys: pytest.CaptureFixture[str], own_cache: object) -> None:
    from voicekit.storage.cache import StageCache

    for key in ("a", "b"):
        StageCache().entry("clean", {"input": key}, lambda folder: (folder / "x").write_text("12345"))
    assert json.loads(output_of(capsys, "cache", "list", "--json"))["kinds"]["clean"]["entries"] == 2
    assert "0 entries" in output_of(capsys, "cache", "prune", "--older-than", "1d")
    assert "1 entries" in output_of(capsys, "cache", "prune", "--max-size", "450B")
    assert "1 entries" in output_of(capsys, "cache", "clear")
    assert run(["cache", "prune"]) == 2
    assert run(["cache", "prune", "--max-size", "much"]) == 2


def test_schema_describes_what_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    schema = json.loads(output_of(capsys, "schema", "transcript"))
    assert schema["title"] == "voicekit.transcript/1"
    assert set(schema["required"]) >= {"schema", "language", "duration", "source", "speakers", "segments"}
    assert set(schema["$defs"]["Word"]["properties"]) == {
        "text", "start", "end", "probability", "speaker", "speaker_confidence",
    }  # fmt: skip
    assert "speakers" in json.loads(output_of(capsys, "schema", "transcribe"))["properties"]
    assert run(["schema", "nothing"]) == 2


def test_licenses(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(output_of(capsys, "licenses", "--json"))
    assert {"faster-whisper", "pysrt", "torch"} <= {row.get("package") for row in rows}
    assert {"base", "community-1"} <= {row.get("model") for row in rows}
    assert "* pysrt" in output_of(capsys, "licenses")


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    findings = {f["name"]: f for f in json.loads(output_of(capsys, "doctor", "--json", "--offline"))}
    assert {"python", "gpu", "torch", "ffmpeg", "yt-dlp", "js runtime", "disk", "hub"} <= set(findings)
    assert {"transcribe.faster-whisper", "engines"} & set(findings)
    assert all(f["remedy"] for f in findings.values() if f["verdict"] == "fault")


def test_doctor_names_a_fault(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from voicekit.audio import ffmpeg

    ffmpeg.ffmpeg_path.cache_clear()
    monkeypatch.setenv("VOICEKIT_FFMPEG", "/nonexistent/ffmpeg")
    from voicekit.provenance import ffmpeg_version

    ffmpeg_version.cache_clear()
    try:
        findings = json.loads(output_of(capsys, "doctor", "--json", "--offline", status=1))
    finally:
        ffmpeg.ffmpeg_path.cache_clear()
        ffmpeg_version.cache_clear()
    assert any(f["verdict"] == "fault" and "ffmpeg" in f["text"] for f in findings)


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["nope"], 2, "Commands:"),
        (["transcrib", "x"], 2, "Did you mean transcribe"),
        (["transcribe"], 2, "SOURCE"),
        (["transcribe", "--bogus", "x"], 2, "--bogus"),
        (["transcribe", "--speakers", "two", "x"], 2, "speakers"),
        (["transcribe", "x.wav", "--model", "bass"], 2, "tiny, tiny.en, base"),
        (["transcribe", "x.wav", "--clean", "loud"], 2, "light, noisy"),
        (["transcribe", "x.wav", "--device", "tpu"], 2, "auto, cpu"),
        (["transcribe", "x.wav", "-f", "doc"], 2, "srt"),
        (["transcribe", "x.wav", "--offline", "--model", "large-v3"], 1, "models pull large-v3"),
        (["transcribe", "x.wav"], 1, "no such file"),
        (["transcribe", "ftp://example.org/x"], 2, "http or https"),
        (["transcribe", "http://[bad"], 1, ""),
        (["models", "path", "bass"], 2, "base"),
        (["say", "Hi", "--show-text", "-o", "x.wav"], 2, "--out has no effect with --show-text"),
        (["say", "Hi", "--show-text", "--rate", "8000", "--json"], 2, "--rate and --json have no effect"),
        (["clone", "packaged", "--dry-run", "--fresh"], 2, "--fresh has no effect with --dry-run"),
        (["dialogue", "x.txt", "--check", "--quiet"], 2, "--quiet has no effect with --check"),
    ],
)
def test_errors_are_one_line_with_a_remedy(
    capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, says: str
) -> None:
    assert run(arguments) == status
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1
    assert errors[0].startswith("error: ")
    assert says in errors[0]


def test_debug_works_on_any_command_and_keeps_the_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "nothing", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_quiet_prints_errors_only(capsys: pytest.CaptureFixture[str], tmp_path: object) -> None:
    import numpy as np
    import soundfile

    soundfile.write(f"{tmp_path}/silence.wav", np.zeros(16_000), 16_000)
    assert run(["transcribe", f"{tmp_path}/silence.wav", "-o", f"{tmp_path}/o", "--diarizer", "none", "-q"]) == 0
    printed = capsys.readouterr()
    assert printed.out + printed.err == ""


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    text = output_of(capsys, "transcribe", "--help")
    for option in ("--speakers", "--speaker-names", "--cookies-from-browser", "--offline", "--hotwords"):
        assert option in text
    for field in TranscribeOptions.model_fields:
        assert f"--{field.replace('_', '-')} " in text, "config.py has it, the command line has not"
    assert "voicekit transcribe talk.mp4" in text
    assert output_of(capsys) == output_of(capsys, "--help")


@pytest.mark.parametrize(
    "where", ["in the text of an exec", "while modules are imported", "in a destructor", "at the end"]
)
def test_an_interrupt_is_one_line_and_130(where: str) -> None:
    kill = "import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(9)"
    code = {
        "in the text of an exec": f"cli.run = lambda arguments: exec({kill!r})",
        "while modules are imported": f"cli.run_command = lambda name, arguments: exec({kill!r})",
        "in a destructor": "import time; D = type('D', (), {'__del__': lambda self: exec(" + repr(kill) + ")});"
        "cli.run = lambda arguments: (D() and 0, time.sleep(9))",
        "at the end": f"import atexit; atexit.register(lambda: exec({kill!r}))",
    }[where]
    code = f"import sys; from voicekit import cli; {code}; sys.argv[1:] = ['doctor']; cli.main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )  # fmt: skip
    assert done.stderr == "error: interrupted. Run the same command again to resume\n"
    assert done.returncode == 130


def test_a_file_that_ends_early_is_no_interrupt(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """typer takes an EOFError for Ctrl-C."""

    def ends(*_: object, **__: object) -> None:
        raise EOFError

    monkeypatch.setattr("voicekit.cli.eval.evaluate", ends)
    assert run(["eval", "x.txt", "y.txt"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "error: a file ended too early. --debug shows where"


def test_an_interrupt_that_a_library_took_for_its_own_failure(
    sample: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """C++ libraries that are being imported make an ImportError of it."""

    def fails(*_: object) -> None:
        raise ImportError("initialization failed") from KeyboardInterrupt()

    monkeypatch.setattr("voicekit.transcription.session.run_pipeline", fails)
    assert run(["transcribe", str(sample), str(sample), "--model", "tiny.en", "-q"]) == 130
    assert capsys.readouterr().err.splitlines() == ["error: interrupted. Run the same command again to resume"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["--help"], ["say", "Hi", "--show-text"], ["models", "list"]], ids=" ".join)
def test_a_full_disk_behind_the_output_is_an_error_of_one_line(arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "voicekit", *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


@pytest.mark.parametrize("arguments", [["transcribe"], ["take", "list"], ["models", "pull"]])
def test_help_is_the_same_stored_and_made(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*arguments, "--help"]) == 0
    stored = capsys.readouterr().out
    assert run_command(arguments[0], [*arguments[1:], "--help"]) == 0
    assert stored.split() == capsys.readouterr().out.split()
    assert stored.startswith(f"Usage: voicekit {' '.join(arguments)} ")


def test_help_fits_narrow_terminals(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert run(["transcribe", "--help"]) == 0
    options = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  -")]
    assert options
    assert max(map(len, options)) <= 60
