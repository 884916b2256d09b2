"""Where recordings with references are: pyannote's sample, and a folder that is not in the repository."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path


def package_folder(module: str) -> Path:
    """Where an installed package lies, without importing it."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


def sample_recording() -> Path:
    """30 s of a real telephone conversation, two speakers; sample.rttm and sample.stm lie beside it."""
    return next(package_folder("pyannote.audio").rglob("sample.wav"))


def recordings_folder() -> Path:
    """$VOICEKIT_FIXTURES, or ../shared/fixtures; it may not exist. INDEX.tsv in it lists what is there."""
    return Path(os.environ.get("VOICEKIT_FIXTURES", Path(__file__).parents[2] / "shared" / "fixtures"))
