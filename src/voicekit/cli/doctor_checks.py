"""Check what voicekit needs on this machine, with a remedy for what is missing. Changes nothing."""

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
    """Result of one check.

    Attributes:
        name: What was checked.
        verdict: ok; note, if it limits something; fault, if something cannot work.
        text: What was found.
        remedy: What to do; empty if nothing.
    """

    name: str
    verdict: Verdict
    text: str
    remedy: str = ""


def examine(network: bool = True) -> Iterator[Finding]:
    """Yield the findings of all checks. `network`: whether to check the hub token with the hub."""
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
    supported = (3, 11) <= tuple(int(x) for x in version.split(".")[:2]) <= (3, 13)
    yield Finding(
        "python", "ok" if supported else "fault", version, "" if supported else "Use Python 3.11, 3.12 or 3.13"
    )
    yield Finding("voicekit", "ok", importlib.metadata.version("voicekit"))


def _torch() -> Iterator[Finding]:
    import torch

    torchaudio = importlib.metadata.version("torchaudio")
    match = torchaudio.split("+")[0].rsplit(".", 1)[0] == torch.__version__.split("+")[0].rsplit(".", 1)[0]
    yield Finding(
        "torch", "ok" if match else "fault", f"{torch.__version__}, torchaudio {torchaudio}, CUDA {torch.version.cuda}",
        "" if match else "Install the versions of torch and torchaudio in requirements.lock",
    )  # fmt: skip
    if not torch.cuda.is_available():
        driver = shutil.which("nvidia-smi")
        yield Finding(
            "gpu", "note", "PyTorch finds none: models run on the CPU",
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
    runtimes = js_runtimes()
    if runtimes:
        yield Finding("js runtime", "ok", ", ".join(f"{name} {version}" for name, version in runtimes.items()))
    else:
        yield Finding(
            "js runtime", "note", "none: yt-dlp gets no audio from YouTube", "Install deno (>= 2.3) or node (>= 22)"
        )


def _disk() -> Iterator[Finding]:
    from voicekit.storage.paths import cache_dir

    folder = cache_dir()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free / 2**30
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
                yield Finding(f"model {model.name}", "note", "not installed", error.remedy)
        except VoicekitError as error:
            yield Finding(f"model {model.name}", "fault", error.message, error.remedy)
        else:
            yield Finding(f"model {model.name}", "ok", f"{weights.origin}, {weights.revision}")


def _hub(network: bool) -> Iterator[Finding]:
    from voicekit import models

    gated = models.find_model("community-1")
    assert gated is not None
    assert gated.hub is not None
    if models.offline():
        yield Finding("hub", "note", "offline mode is on: nothing is downloaded")
        return
    if not models.hub_token():
        yield Finding(
            "hub token", "note", f"none: the diarizer {gated.hub.repo} cannot be downloaded; the bundled one is used",
            "Accept its terms on the hub, create a read token, and set HF_TOKEN",
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
        yield Finding("hub token", "note", f"set, but has no access to {gated.hub.repo}", "Accept its terms on the hub")
    except Exception as error:
        yield Finding(
            "hub token", "note", f"set; the hub cannot be reached ({type(error).__name__})", "Check the network"
        )
    else:
        yield Finding("hub token", "ok", f"has access to {gated.hub.repo}")
