"""Engines are loaded once, and one of a kind is kept."""

from __future__ import annotations

from voicekit.engines.pool import EnginePool


def test_an_engine_is_loaded_once() -> None:
    events: list[str] = []

    def load() -> str:
        events.append("load")
        return "engine"

    with EnginePool() as pool:
        for _ in range(2):
            assert pool.get(("asr", "base"), load, lambda: events.append("announce")) == "engine"
        assert events == ["announce", "load"]
        assert pool.loaded == {("asr", "base"): "engine"}
    assert pool.loaded == {}


def test_one_engine_of_a_kind_is_kept() -> None:
    pool = EnginePool()
    pool.get(("asr", "base"), lambda: 1)
    pool.get(("diarize", "starter"), lambda: 2)
    pool.get(("asr", "small"), lambda: 3)
    assert list(pool.loaded) == [("diarize", "starter"), ("asr", "small")]
    pool.get(("asr", "tiny"), lambda: 4, keep_others=True)
    assert list(pool.loaded) == [("diarize", "starter"), ("asr", "small"), ("asr", "tiny")]
