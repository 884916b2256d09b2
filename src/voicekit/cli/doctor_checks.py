"""Check what voicekit needs on this machine, with a remedy for what is missing. Changes nothing."""

from __future__ import annotations

import datetime
import functools
import importlib.metadata
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from voicekit.errors import ModelNotFound, VoicekitError

if TYPE_CHECKING:
    from voicekit.engines.trials import Trial

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
    checks: list[Callable[[], Iterator[Finding]]] = [_python, _gpu, _torch, _ffmpeg, _sites, _disk, _engines, _weights]
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


def _gpu() -> Iterator[Finding]:
    from voicekit.runtime.device import cuda_devices, driver_version, open_driver, why_no_gpu

    driver = open_driver()
    if driver is None:
        yield Finding("gpu", "note", "no NVIDIA driver: models run on the CPU")
        return
    version = ".".join(map(str, driver_version(driver)))
    yield Finding("nvidia driver", "ok", f"for CUDA {version} and older")
    for device in cuda_devices():
        yield Finding(f"gpu {device.index}", "ok", f"{device.name}, {device.memory / 2**30:.1f} GiB")
    if reason := why_no_gpu():
        yield Finding("gpu", "note", reason)


def _torch() -> Iterator[Finding]:
    """PyTorch, where it is installed: the versions that have to match, and whether it sees the GPU."""
    try:
        torch, torchaudio = (importlib.metadata.version(name) for name in ("torch", "torchaudio"))
    except importlib.metadata.PackageNotFoundError:
        text = "PyTorch is not installed, and not needed on a CPU; Chatterbox and pyannote.audio need it"
        yield Finding("torch", "note", text, "To add them: `make setup`")
        return
    match = torchaudio.split("+")[0].rsplit(".", 1)[0] == torch.split("+")[0].rsplit(".", 1)[0]
    yield Finding(
        "torch", "ok" if match else "fault", f"{torch}, torchaudio {torchaudio}",
        "" if match else "Install the versions of torch and torchaudio in requirements.lock",
    )  # fmt: skip
    yield from _cuda_of_torch()


def _cuda_of_torch() -> Iterator[Finding]:
    from voicekit.runtime.device import DRIVER_REMEDY, cuda_devices, preload_cuda_libraries

    if not cuda_devices():
        return
    import torch

    if not torch.cuda.is_available():
        text = f"PyTorch for CUDA {torch.version.cuda} does not find the GPU"
        yield Finding("torch cuda", "fault", text, DRIVER_REMEDY.capitalize())
    for i in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(i)
        yield Finding(f"memory of gpu {i}", "ok", f"{free / 2**30:.1f} of {total / 2**30:.1f} GiB free")
    names = [path.name for path in preload_cuda_libraries()]
    if any(name.startswith("libcublas.so") for name in names):
        yield Finding("libcublas", "ok", f"{', '.join(names)}, from PyTorch's packages")
    else:
        yield Finding(
            "libcublas", "fault", "not among PyTorch's packages, and faster-whisper needs it on a GPU",
            "Run `make setup`, or pip install nvidia-cublas-cu12 nvidia-cudnn-cu12",
        )  # fmt: skip


def _ffmpeg() -> Iterator[Finding]:
    from voicekit.audio.ffmpeg import ffmpeg_path
    from voicekit.provenance import ffmpeg_version

    try:
        yield Finding("ffmpeg", "ok", f"{ffmpeg_version().removeprefix('ffmpeg version ')} ({ffmpeg_path()})")
    except VoicekitError as error:
        yield Finding("ffmpeg", "fault", error.message, error.remedy)


def _sites() -> Iterator[Finding]:
    from voicekit.sources.js_runtime import find_js_runtime, runtime_problem
    from voicekit.sources.youtube import outdated_warning

    version = importlib.metadata.version("yt-dlp")
    outdated = outdated_warning(version, datetime.date.today())
    yield Finding("yt-dlp", "note" if outdated else "ok", outdated or version)
    if runtime := find_js_runtime():
        yield Finding("js runtime", "ok", f"{runtime.name} {runtime.version} ({runtime.path})")
    elif problem := runtime_problem():
        yield Finding("js runtime", "note", *problem)


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
    """What is known of each engine on this processor; none is imported, as that could end the process."""
    from voicekit import models
    from voicekit.engine_trials import engine_names
    from voicekit.engines.registry import engine_spec, install_remedy, is_installed
    from voicekit.engines.trials import load_trial

    untried = []
    for name in engine_names():
        trial = load_trial(name)
        if trial is not None:
            yield finding_of(trial)
        elif not is_installed(name):
            yield Finding(name, "note", "not installed", install_remedy(name))
        elif (model := models.find_model(engine_spec(name).model)) is None or models.find_local(model):
            untried.append(name)
        else:
            yield Finding(name, "note", f"not tried: model {model.name} is not on this machine")
    if untried:
        yield Finding(
            "engines", "note", f"not tried on this processor: {', '.join(untried)}", "`voicekit doctor --engines`"
        )


def try_all_engines() -> Iterator[Finding]:
    """Run every engine once, and yield a finding for each."""
    from voicekit.engine_trials import try_engines

    yield from map(finding_of, try_engines())


def finding_of(trial: Trial) -> Finding:
    """Return the finding of one run of an engine."""
    if trial.outcome == "ok":
        return Finding(trial.engine, "ok", f"runs on this processor ({trial.seconds:.1f} s)")
    if trial.outcome == "missing":
        return Finding(trial.engine, "note", trial.text)
    remedy = "Reinstall its packages, or use another engine"
    return Finding(trial.engine, "fault", trial.text, remedy)


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
