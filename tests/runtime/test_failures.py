"""Exceptions of libraries become VoicekitErrors, in every place that reports one and continues."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.takes_run import takes_run
from voicekit.cli import run
from voicekit.config.engines import PiperParams
from voicekit.config.transcribe import transcribe_options
from voicekit.config.translate import TranslateOptions
from voicekit.errors import EngineError, UsageError
from voicekit.runtime.failures import as_voicekit_error
from voicekit.storage.cache import StageCache
from voicekit.takes.render import Renderer, TakeRequest
from voicekit.transcription import session as session_module
from voicekit.transcription.session import Session
from voicekit.translation import files as translation_files
from voicekit.tts.synthesizer import Synthesizer
from voicekit.tts.voices import KnownVoice
from voicekit.types import Voice
from voicekit.verification import verify


def library_error() -> Exception:
    """What a library makes of Ctrl-C."""
    try:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as interrupt:
            raise ImportError("a library failed while it was imported") from interrupt
    except ImportError as error:
        return error


def test_errors_of_voicekit_are_returned_unchanged() -> None:
    error = UsageError("no", "Do")
    assert as_voicekit_error(error, "talk") is error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (RuntimeError("CUDA failed with error out of memory"), "talk: out of memory. Use less"),
        (MemoryError(), "talk: out of memory. Use less"),
        (ValueError("odd"), "talk: ValueError: odd. --debug shows where; please report it"),
    ],
)
def test_other_errors_name_what_failed(error: Exception, message: str) -> None:
    failure = as_voicekit_error(error, "talk", "Use less")
    assert isinstance(failure, EngineError)
    assert str(failure) == message
    assert failure.__cause__ is error


def _transcribe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fail: Callable[..., object]) -> None:
    (tmp_path / "talk.wav").write_bytes(b"RIFF")
    monkeypatch.setattr(session_module, "run_pipeline", fail)
    with Session() as session:
        list(session.transcribe_all([str(tmp_path / "talk.wav")], transcribe_options(None, diarizer="none"), None))


def _translate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fail: Callable[..., object]) -> None:
    monkeypatch.setattr(translation_files, "open_source", fail)
    list(translation_files.translate_files([tmp_path / "talk.srt"], TranslateOptions(to=("pt",), source="en")))


def _render(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fail: Callable[..., object]) -> None:
    monkeypatch.setattr(Renderer, "render", fail)
    voice = KnownVoice(Voice("joe", "piper", "joe"))
    request = TakeRequest("line", 1, "Hello.", voice, PiperParams(), 0)
    list(Renderer(Synthesizer(), StageCache()).render_all([request], None, lambda request, error: None))


def _command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fail: Callable[..., object]) -> None:
    monkeypatch.setattr("voicekit.models.licences.package_licences", fail)
    if run(["licenses"]) == 130:
        raise KeyboardInterrupt


def _verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fail: Callable[..., object]) -> None:
    folder = takes_run(tmp_path, "run", lines=1, takes=1)
    monkeypatch.setattr("voicekit.verification._verify_take", fail)
    list(verify(folder))


@pytest.mark.parametrize("report", [_transcribe, _translate, _render, _command, _verify])
def test_ctrl_c_inside_a_library_is_no_failure_of_one_item(
    report: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> Iterator[object]:
        raise library_error()

    with pytest.raises(KeyboardInterrupt):
        report(tmp_path, monkeypatch, fail)
