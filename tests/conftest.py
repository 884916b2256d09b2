"""Real audio and real models. Every test runs with a cache and a Hugging Face home of its own, never the user's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.recordings import recordings_folder, sample_recording
from tests.support.server import Site

if TYPE_CHECKING:
    from voicekit.transcription.session import Session

ROOT = Path(__file__).parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """Give each worker of pytest-xdist cores of its own: models that share cores take longer than one after another."""
    worker, count = os.environ.get("PYTEST_XDIST_WORKER"), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if worker and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[int(worker.removeprefix("gw")) :: count] or cores)


@pytest.fixture(scope="session", autouse=True)
def private_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cache for the whole test run: what one test computes, another finds, in other workers too."""
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "home"
    patch = pytest.MonkeyPatch()
    patch.setenv("VOICEKIT_CACHE", str(home / "cache"))
    patch.setenv("HF_HOME", str(home / "hf"))
    patch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        patch.delenv(name, raising=False)
    yield
    patch.undo()


SHARED_ENGINES = {"transcribe", "kokoro", "piper", "starter", "pyannote", "campplus", "dnsmos"}


@pytest.fixture(scope="session", autouse=True)
def shared_engines() -> Iterator[None]:
    """Load each of the ordinary engines once for the whole test run: they keep nothing from one call to the next."""
    from voicekit.engines.pool import EngineKey, EnginePool

    engines: dict[EngineKey, Any] = {}
    get = EnginePool.get

    def load_once(key: EngineKey, load: Callable[[], Any]) -> Any:
        if not SHARED_ENGINES.intersection(map(str, key)):
            return load()
        if key not in engines:
            engines[key] = load()
        return engines[key]

    def shared(self: EnginePool, key: EngineKey, load: Callable[[], Any], *rest: Any, **options: Any) -> Any:
        return get(self, key, lambda: load_once(key, load), *rest, **options)

    patch = pytest.MonkeyPatch()
    patch.setattr(EnginePool, "get", shared)
    yield
    patch.undo()


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for this test alone."""
    monkeypatch.setenv("VOICEKIT_CACHE", str(tmp_path / "own-cache"))
    return tmp_path / "own-cache"


@pytest.fixture(scope="session")
def sample() -> Path:
    """pyannote's own sample: 30 s of a real telephone conversation, two speakers, with sample.rttm and sample.stm."""
    return sample_recording()


@pytest.fixture(scope="session")
def recordings() -> Path:
    """More real recordings with references; not part of the repository."""
    folder = recordings_folder()
    if not (folder / "INDEX.tsv").exists():
        pytest.skip(f"no recordings in {folder}; set VOICEKIT_FIXTURES to where they are")
    return folder


@pytest.fixture(scope="session")
def sample_run(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one finished run over the sample, by the command line."""
    from voicekit.cli import run

    out = tmp_path_factory.mktemp("runs")
    assert run(["transcribe", str(sample), "-o", str(out), "--speakers", "2"]) == 0
    return out / "sample" / "latest"


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """A session whose models stay loaded for the module's tests."""
    from voicekit.transcription.session import Session

    with Session() as session:
        yield session


@pytest.fixture(scope="module")
def talk(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2.5 s of the sample."""
    from tests.support.hostile import speech

    return speech(sample, tmp_path_factory.mktemp("talk") / "talk.wav")


def python(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run code in a new interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **env}, check=False
    )


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server on loopback."""
    site = Site()
    yield site
    site.stop()


@pytest.fixture
def canary() -> Iterator[Site]:
    """A server that must not be asked for anything."""
    canary = Site()
    yield canary
    canary.stop()
