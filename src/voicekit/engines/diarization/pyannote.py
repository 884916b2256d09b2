"""Speaker diarization with pyannote.audio's own pipelines: community-1, from the hub or a folder."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.torch_version import TorchVersion

os.environ.setdefault("PYANNOTE_METRICS_ENABLED", "0")  # its telemetry is on by default
with warnings.catch_warnings():
    # It warns that torchcodec finds no FFmpeg libraries. Sound reaches it as arrays, so it needs none.
    warnings.simplefilter("ignore")
    from pyannote.audio import Pipeline
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.core import Annotation

from voicekit.config.yaml_file import load_yaml
from voicekit.engines.protocols import OnProgress
from voicekit.errors import EngineError, ModelCorrupt
from voicekit.models.catalogue import Weights
from voicekit.types import Audio, Diarization, Turn

# Share of the whole time that each of pyannote's steps takes, for one progress bar (measured on a CPU).
_STEPS = {"segmentation": (0.0, 0.25), "embeddings": (0.25, 1.0)}


class Pyannote:
    """Engine `pyannote`. Loaded once, used for many recordings; keeps nothing between them."""

    def __init__(self, weights: dict[str, Weights], device: str) -> None:
        """`weights` holds `community-1`."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if weights["community-1"].origin == "path":  # else it is pyannote's own, at the pinned commit
                _refuse_code(weights["community-1"].path)
            pipeline = Pipeline.from_pretrained(weights["community-1"].path)
            if pipeline is None:
                raise EngineError("pyannote could not load community-1", "`voicekit models verify community-1`")
            pipeline.segmentation_batch_size = pipeline.embedding_batch_size = 32
        self.pipeline = pipeline.to(torch.device(device))

    def diarize(
        self, audio: Audio, speakers: int | None, low: int | None, high: int | None, progress: OnProgress
    ) -> tuple[Diarization, list[str]]:
        said = io.StringIO()

        def hook(step: str, *_: Any, total: int = 0, completed: int = 0, **__: Any) -> None:
            if total and step in _STEPS:
                begin, end = _STEPS[step]
                progress(begin + (end - begin) * completed / total)

        file = {"waveform": torch.from_numpy(audio.mono[None]), "sample_rate": audio.rate, "uri": "recording"}
        with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(said):
            warnings.simplefilter("always")
            result = self.pipeline(file, num_speakers=speakers, min_speakers=low, max_speakers=high, hook=hook)
        notes = [line for line in said.getvalue().splitlines() if line.strip()]
        notes += [" ".join(str(w.message).split()) for w in caught if "number of speakers" in str(w.message)]
        turns = _turns(result.speaker_diarization)
        centroids = {
            label: tuple(round(float(x), 6) for x in row)
            for label, row in zip(
                result.speaker_diarization.labels(), np.nan_to_num(result.speaker_embeddings), strict=True
            )
        }
        return Diarization(turns, _turns(result.exclusive_speaker_diarization), centroids), notes


_ELSEWHERE = "Get it from pyannote's own page"


def _refuse_code(folder: Path) -> None:
    """Refuse a pipeline's folder whose checkpoints or config.yaml ask for code of their own.

    Raises:
        ModelCorrupt: naming the file.
    """
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".bin", ".ckpt", ".pt", ".pth"):
            _refuse_pickled_code(path)
        elif path.name == "config.yaml":
            config = load_yaml(path)
            pipeline = config.get("pipeline", {})
            name = pipeline.get("name") if isinstance(pipeline, dict) else None
            if name not in (None, "pyannote.audio.pipelines.SpeakerDiarization") or "preprocessors" in config:
                raise ModelCorrupt(f"{path} asks for code of its own", _ELSEWHERE)


def _refuse_pickled_code(checkpoint: Path) -> None:
    """Refuse a checkpoint that could run code when pyannote loads it.

    pyannote 4.0.7 unpickles without weights_only and imports the module that a checkpoint names. So it is first read
    with weights_only, which fails on anything but tensors, plain values and these four classes; and the module must be
    pyannote's own.
    """
    allowed: list[Any] = [Specifications, Problem, Resolution, TorchVersion]
    try:
        with torch.serialization.safe_globals(allowed):
            kept = torch.load(checkpoint, map_location="cpu", weights_only=True)
        module = str(kept["pyannote.audio"]["architecture"]["module"])
    except (pickle.UnpicklingError, KeyError, TypeError, RuntimeError) as error:
        raise ModelCorrupt(f"{checkpoint} is no plain pyannote checkpoint", _ELSEWHERE) from error
    if not module.startswith("pyannote.audio.models."):
        raise ModelCorrupt(f"{checkpoint} asks for the code of {module}", _ELSEWHERE)


def _turns(annotation: Annotation) -> tuple[Turn, ...]:
    tracks = annotation.itertracks(yield_label=True)
    turns = [Turn(round(max(s.start, 0.0), 3), round(s.end, 3), str(label)) for s, _, label in tracks]
    return tuple(sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker)))
