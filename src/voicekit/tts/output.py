"""Speaker: engines of speech loaded once, used for many texts, freed together. What the CLI and notebooks call."""

from __future__ import annotations

from pathlib import Path

from voicekit.audio.encode import write
from voicekit.storage.files import file_sha256, write_json
from voicekit.types import Take


def save(take: Take, path: Path, rate: int | None = None, loudness: float | None = None) -> Path:
    """Write a take's sound, and beside it `NAME.json` with what it was made of; returns the latter.

    Raises:
        UsageError: a name that ends in no known format.
        OutputError: one cannot be written.
    """
    write(take.audio, path, rate, loudness)
    about = path.with_name(f"{path.name}.json")
    sound = {"file": path.name, "sha256": file_sha256(path), "rate": rate or take.audio.rate, "loudness": loudness}
    write_json(about, {**take.record(), "sound": sound})
    return about
