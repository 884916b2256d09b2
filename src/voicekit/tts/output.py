"""Saving a take: its audio file, and beside it a JSON file with everything needed to render it again."""

from __future__ import annotations

from pathlib import Path

from voicekit.audio.encode import write_audio
from voicekit.storage.files import file_sha256, write_json
from voicekit.types import Take


def save_take(take: Take, path: Path, rate: int | None = None, loudness: float | None = None) -> Path:
    """Write a take's audio to `path` and its record to `path` + ".json".

    Args:
        take: The take.
        path: Audio file; the suffix selects the format.
        rate: Sample rate of the file in Hz (default: the take's).
        loudness: Target in LUFS (default: unchanged).

    Returns:
        The path of the JSON file.

    Raises:
        UsageError: Unknown audio suffix.
        OutputError: A file cannot be written.
    """
    write_audio(take.audio, path, rate, loudness)
    file = {"file": path.name, "sha256": file_sha256(path), "rate": rate or take.audio.rate, "loudness": loudness}
    write_json(record_path(path), {**take.record(), "sound": file})
    return record_path(path)


def record_path(path: Path) -> Path:
    """The JSON file beside the audio file of a take."""
    return path.with_name(f"{path.name}.json")
