"""Record the software, hardware and command behind a result, for run.json and the cache."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicekit.audio.ffmpeg import ffmpeg_path
from voicekit.redact import redact_urls
from voicekit.storage.files import utc_now

if TYPE_CHECKING:
    from voicekit.runtime.device import Device


PACKAGES = (
    "av", "chatterbox-tts", "ctranslate2", "faster-whisper", "ffmpeg-python", "imageio-ffmpeg", "kokoro-onnx", "numpy",
    "onnxruntime", "piper-tts", "praat-parselmouth", "pyannote.audio", "pysrt", "soundfile", "soxr",
    "speechmos", "tokenizers", "torch", "torchaudio", "wetext", "yt-dlp",
)  # fmt: skip
"""Packages whose version can change a transcript, a take or its scores."""


def run_environment(device: Device) -> dict[str, Any]:
    """Return the fields that every manifest has: date, command, device, platform and software versions."""
    return {
        "created": utc_now(),
        "command": [redact_urls(argument) for argument in sys.argv],
        "device": {"kind": device.kind, "name": device.name, "memory": device.memory},
        "voicekit": {"version": importlib.metadata.version("voicekit"), "commit": git_commit()},
        "platform": platform.platform(),
        **software_versions(),
    }


def software_versions() -> dict[str, Any]:
    """Return the versions of packages, ffmpeg and Python; kept in the cache with each stage's result."""
    return {"packages": package_versions(PACKAGES), "ffmpeg": ffmpeg_version(), "python": platform.python_version()}


def package_versions(names: tuple[str, ...]) -> dict[str, str]:
    """Return the installed versions; packages that are not installed are left out."""
    versions = {}
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


@functools.cache
def git_commit() -> str | None:
    """Return the commit of the checkout that voicekit runs from, with `+changes` if it was edited; None outside git."""
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
    """Return the first line of `ffmpeg -version`."""
    return _output([ffmpeg_path(), "-version"]).partition("Copyright")[0].strip()


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
