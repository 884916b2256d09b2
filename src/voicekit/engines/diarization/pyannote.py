"""Speaker diarization with pyannote.audio's pipeline community-1, from the hub or a folder."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.torch_version import TorchVersion

os.environ.setdefault("PYANNOTE_METRICS_ENABLED", "0")  # its telemetry is on by default
with warnings.catch_warnings():
    # It warns that torchcodec finds no FFmpeg libraries; they are not needed, as audio is passed as arrays.
    warnings.simplefilter("ignore")
    from pyannote.audio import Pipeline
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.core import Annotation

from voicekit.config.yaml_file import load_yaml
from voicekit.engines.protocols import ProgressCallback
from voicekit.errors import EngineError, ModelCorrupt
from voicekit.models.catalogue import Weights
from voicekit.types import Audio, Diarization, Turn

_STEPS = {"segmentation": (0.0, 0.25), "embeddings": (0.25, 1.0)}
"""Begin and end of each of pyannote's steps as shares of the total time, measured on a CPU."""

_SOURCE = "Download it from pyannote's own page"


class Pyannote:
    """Engine `pyannote`. It is stateless between recordings.

    Args:
        weights: Those of `community-1`.
        device: cpu, cuda or cuda:1.
    """

    def __init__(self, weights: dict[str, Weights], device: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if weights["community-1"].origin == "path":  # all others are pyannote's own, at the pinned commit
                _refuse_code(weights["community-1"].path)
            pipeline = Pipeline.from_pretrained(weights["community-1"].path)
            if pipeline is None:
                raise EngineError("pyannote could not load community-1", "Run `voicekit models verify community-1`")
            pipeline.segmentation_batch_size = pipeline.embedding_batch_size = 32
        self.pipeline = pipeline.to(torch.device(device))

    def diarize(
        self, audio: Audio, speakers: int | None, low: int | None, high: int | None, progress: ProgressCallback
    ) -> tuple[Diarization, list[str]]:
        """Find who speaks when. See `Diarizer`."""
        output = io.StringIO()

        def hook(step: str, *_: Any, total: int = 0, completed: int = 0, **__: Any) -> None:
            if total and step in _STEPS:
                begin, end = _STEPS[step]
                progress(begin + (end - begin) * completed / total)

        file = {"waveform": torch.from_numpy(audio.mono[None]), "sample_rate": audio.rate, "uri": "recording"}
        with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(output):
            warnings.simplefilter("always")
            result = self.pipeline(file, num_speakers=speakers, min_speakers=low, max_speakers=high, hook=hook)
        messages = [line for line in output.getvalue().splitlines() if line.strip()]
        messages += [" ".join(str(w.message).split()) for w in caught if "number of speakers" in str(w.message)]
        turns = _turns(result.speaker_diarization)
        centroids = {
            label: tuple(round(float(x), 6) for x in row)
            for label, row in zip(
                result.speaker_diarization.labels(), np.nan_to_num(result.speaker_embeddings), strict=True
            )
        }
        return Diarization(turns, _turns(result.exclusive_speaker_diarization), centroids), messages


def _refuse_code(folder: Path) -> None:
    """Raise ModelCorrupt if a checkpoint or config.yaml of a pipeline's folder makes pyannote run other code."""
    in_hub_cache = folder.parent.name == "snapshots" and folder.parent.parent.name.startswith("models--")
    root = (folder.parent.parent if in_hub_cache else folder).resolve()  # the files of a snapshot are links to blobs
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() and (path.is_dir() or not path.resolve().is_relative_to(root)):
            raise ModelCorrupt(f"{path} is a link to something outside the model", _SOURCE)
        if path.suffix in (".bin", ".ckpt", ".pt", ".pth"):
            _refuse_pickled_code(path)
        elif path.name == "config.yaml":
            config = load_yaml(path)
            pipeline = config.get("pipeline", {})
            name = pipeline.get("name") if isinstance(pipeline, dict) else None
            if name not in (None, "pyannote.audio.pipelines.SpeakerDiarization") or "preprocessors" in config:
                raise ModelCorrupt(f"{path} refers to code other than pyannote's", _SOURCE)
            _refuse_other_models(pipeline, path)


_MODELS = ("segmentation", "embedding", "plda")
"""Parameters of a pipeline that name a model: `$model/FOLDER`, inside the pipeline's folder."""


def _refuse_other_models(config: Any, path: Path, key: str = "") -> None:
    """Raise ModelCorrupt if a config.yaml names models elsewhere: in another folder, or on the hub."""
    if isinstance(config, dict):
        for name, value in config.items():
            if name in _MODELS and not isinstance(value, str):
                raise ModelCorrupt(f"{path}: {name} is not a folder of the model", _SOURCE)
            _refuse_other_models(value, path, str(name))
    elif isinstance(config, list):
        for value in config:
            _refuse_other_models(value, path, key)
    elif (
        isinstance(config, str)
        and (key in _MODELS or config.startswith("$model"))
        and not re.fullmatch(r"\$model(?:/(?!\.)[\w.-]+)+", config)
    ):
        raise ModelCorrupt(f"{path}: {key} names {config!r}, which is not inside the model", _SOURCE)


def _refuse_pickled_code(checkpoint: Path) -> None:
    """Raise ModelCorrupt if a checkpoint could run code when pyannote loads it.

    pyannote 4.0.7 unpickles without weights_only and imports the module that a checkpoint names. Reading it with
    weights_only first fails for anything but tensors, plain values and the four allowed classes; and the module must
    be pyannote's own.
    """
    allowed: list[Any] = [Specifications, Problem, Resolution, TorchVersion]
    try:
        with torch.serialization.safe_globals(allowed):
            contents = torch.load(checkpoint, map_location="cpu", weights_only=True)
        module = str(contents["pyannote.audio"]["architecture"]["module"])
    except (pickle.UnpicklingError, KeyError, TypeError, RuntimeError) as error:
        raise ModelCorrupt(f"{checkpoint} is not a plain pyannote checkpoint", _SOURCE) from error
    if not module.startswith("pyannote.audio.models."):
        raise ModelCorrupt(f"{checkpoint} refers to the code of {module}", _SOURCE)


def _turns(annotation: Annotation) -> tuple[Turn, ...]:
    tracks = annotation.itertracks(yield_label=True)
    turns = [Turn(round(max(s.start, 0.0), 3), round(s.end, 3), str(label)) for s, _, label in tracks]
    return tuple(sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker)))
