"""Everything that reads untrusted input, on cases of every kind. `python -m tools.fuzz SECONDS` goes on for longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.fuzz import READERS, fuzz, media
from voicekit.audio.decode import decode


@pytest.mark.parametrize("name", READERS)
def test_nothing_but_our_errors_comes_out(name: str, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEKIT_MAX_HOURS", "0.05")
    examples = 20 if name.startswith("media") else 150
    assert fuzz(name, examples, start=20261122) >= examples


def test_the_media_it_damages_are_sound(tmp_path: Path) -> None:
    found = media()
    assert len(found) >= 18
    for suffix, data in found:
        (tmp_path / f"x{suffix}").write_bytes(data)
        assert decode(tmp_path / f"x{suffix}")[0].duration == pytest.approx(0.5, abs=0.15), suffix


def test_a_reader_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    read, cases = READERS["urls"]

    def fails(text: str) -> None:
        read(text)
        assert "token" not in text

    monkeypatch.setitem(READERS, "urls", (fails, cases))
    with pytest.raises(AssertionError):
        fuzz("urls", 500, start=1)
