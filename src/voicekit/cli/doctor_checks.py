"""What this machine has for voicekit, and the remedy for what it lacks. Looks only; changes nothing."""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.metadata
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from voicekit.errors import ModelNotFound, VoicekitError

Verdict = Literal["ok", "note", "fault"]


@dataclass(frozen=True)
class Finding:
    """`note` is worth knowing; `fault` keeps something from working. `remedy` is "" where nothing is to be done."""

    name: str
    verdict: Verdict
    text: str
    remedy: str = ""


def examine(network: bool = True) -> Iterator[Finding]:
    """All findings, one check after another. `network`: also ask the hub about the token."""
    checks: list[Callable[[], Iterator[Finding]]] = [_python, _torch, _cublas, _ffmpeg, _js, _disk, _engines, _weights]
    checks.append(functools.partial(_hub, network))
    for check in checks:
        try:
            yield from check()
        except Exception as error:  # a broken library must not hide the other findings
            name = getattr(check, "__name__", "_hub").strip("_")
            yield Finding(name, "fault", f"{type(error).__name__}: {error}", "Run `make setup` again")


def _python() -> Iterator[Finding]:
    version = platform.python_version()
    good = (3, 11) <= tuple(int(x) for x in version.split(".")[:2]) <= (3, 13)
    yield Finding("python", "ok" if good else "fault", version, "" if good else "Use Python 3.11, 3.12 or 3.13")
    yield Finding("voicekit", "ok", importlib.metadata.version("voicekit"))


def _torch() -> Iterator[Finding]:
    import torch

    audio = importlib.metadata.version("torchaudio")
    match = audio.split("+")[0].rsplit(".", 1)[0] == torch.__version__.split("+")[0].rsplit(".", 1)[0]
    yield Finding(
        "torch", "ok" if match else "fault", f"{torch.__version__}, torchaudio {audio}, CUDA {torch.version.cuda}",
        "" if match else "Install torch and torchaudio of one version, as requirements.lock has them",
    )  # fmt: skip
    if not torch.cuda.is_available():
        driver = shutil.which("nvidia-smi")
        yield Finding(
            "gpu", "note", "none that PyTorch can use: models run on the CPU",
            "Update the NVIDIA driver (>= 570 for CUDA 12.8)" if driver else "",
        )  # fmt: skip
    for i in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(i)
        free, total = torch.cuda.mem_get_info(i)
        yield Finding(f"gpu {i}", "ok", f"{properties.name}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free")


def _cublas() -> Iterator[Finding]:
    from voicekit.runtime.device import preload_cuda_libraries

    names = [path.name for path in preload_cuda_libraries()]
    if any(name.startswith("libcublas.so") for name in names):
        yield Finding("libcublas", "ok", f"{', '.join(names)}, from PyTorch's packages")
    else:
        yield Finding(
            "libcublas", "note", "not among PyTorch's packages: faster-whisper runs on the CPU only",
            "On a CUDA machine: pip install nvidia-cublas-cu12 nvidia-cudnn-cu12",
        )  # fmt: skip


def _ffmpeg() -> Iterator[Finding]:
    from voicekit.audio.ffmpeg import ffmpeg_path
    from voicekit.provenance import ffmpeg_version

    try:
        yield Finding("ffmpeg", "ok", f"{ffmpeg_version().removeprefix('ffmpeg version ')} ({ffmpeg_path()})")
    except VoicekitError as error:
        yield Finding("ffmpeg", "fault", error.message, error.remedy)


def _js() -> Iterator[Finding]:
    from voicekit.sources.ytdlp import js_runtimes

    yield Finding("yt-dlp", "ok", importlib.metadata.version("yt-dlp"))
    found = js_runtimes()
    if found:
        yield Finding("js runtime", "ok", ", ".join(f"{name} {version}" for name, version in found.items()))
    else:
        yield Finding(
            "js runtime", "note", "none: YouTube will not give sound", "Install deno (>= 2.3) or node (>= 22)"
        )


def _disk() -> Iterator[Finding]:
    from voicekit.storage.paths import cache_dir

    folder = cache_dir()
    place = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(place).free / 2**30
    low = free < 5
    yield Finding(
        "disk", "note" if low else "ok", f"{free:.0f} GiB free for the cache in {folder}",
        "`voicekit cache prune --older-than 30d`, or set VOICEKIT_CACHE" if low else "",
    )  # fmt: skip


def _engines() -> Iterator[Finding]:
    from voicekit.engines.registry import ENGINES, load_engine

    for name, row in ENGINES.items():
        try:
            load_engine(name)
        except VoicekitError as error:
            yield Finding(name, "note" if row.extra else "fault", error.message, error.remedy)
        else:
            versions = []
            for package in row.packages:
                with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                    versions.append(f"{package} {importlib.metadata.version(package)}")
            yield Finding(name, "ok", ", ".join(versions))


def _weights() -> Iterator[Finding]:
    from voicekit import models

    for model in models.CATALOGUE:
        try:
            weights = models.resolve(model.name, model.task, download=False)
        except ModelNotFound as error:
            if model.package:
                yield Finding(f"model {model.name}", "note", "not here", error.remedy)
        except VoicekitError as error:
            yield Finding(f"model {model.name}", "fault", error.message, error.remedy)
        else:
            yield Finding(f"model {model.name}", "ok", f"{weights.origin}, {weights.revision}")


def _hub(network: bool) -> Iterator[Finding]:
    from voicekit import models

    gated = models.find("community-1")
    assert gated is not None
    assert gated.hub is not None
    if models.offline():
        yield Finding("hub", "note", "offline is set: nothing is fetched")
        return
    if not models.hub_token():
        yield Finding(
            "hub token", "note", f"none: {gated.hub.repo}, the better diarizer, cannot be fetched; the starter is used",
            "Accept its terms on the hub, make a read token, and set HF_TOKEN",
        )  # fmt: skip
        return
    if not network:
        yield Finding("hub token", "ok", "set (not checked)")
        return
    from huggingface_hub import auth_check
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    try:
        auth_check(gated.hub.repo)
    except (GatedRepoError, RepositoryNotFoundError):
        yield Finding("hub token", "note", f"set, but may not read {gated.hub.repo}", "Accept its terms on the hub")
    except Exception as error:
        yield Finding(
            "hub token", "note", f"set; the hub cannot be reached ({type(error).__name__})", "Check the network"
        )
    else:
        yield Finding("hub token", "ok", f"may read {gated.hub.repo}")
