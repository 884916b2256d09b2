"""Speaker diarization with pyannote.audio: community-1 from the hub, or the packaged starter pair.

The starter pair is segmentation-3.0 with CAM++ voice prints. pyannote 4 takes only its own embedding models and
fetches its default PLDA from the hub, so `StarterDiarization` subclasses its pipeline and hands it CAM++.
"""

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
    from pyannote.audio import Model, Pipeline
    from pyannote.audio.core.plda import PLDA
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.pipelines import SpeakerDiarization
    from pyannote.audio.pipelines.clustering import AgglomerativeClustering
    from pyannote.core import Annotation, SlidingWindowFeature

from voicekit.config import load_yaml
from voicekit.data import Audio, Diarization, Turn
from voicekit.engines import Progress
from voicekit.engines.campplus import DIMENSION, CamPlusPlus
from voicekit.errors import EngineError, ModelCorrupt
from voicekit.models import Weights

# Share of the whole time that each of pyannote's steps takes, for one progress bar (measured on a CPU).
_STEPS = {"segmentation": (0.0, 0.25), "embeddings": (0.25, 1.0)}

# Centroid linkage on unit vectors; found on pyannote's sample and AMI excerpts, see benchmarks/RESULTS.md.
STARTER_PARAMETERS = {
    "segmentation": {"min_duration_off": 0.0},
    "clustering": {"method": "centroid", "threshold": 0.65, "min_cluster_size": 12},
}


class NoPlda(PLDA):  # type: ignore[misc]
    """Stands where the base class wants a PLDA; agglomerative clustering never reads it."""

    def __init__(self) -> None:
        pass


class StarterDiarization(SpeakerDiarization):  # type: ignore[misc]
    """pyannote's pipeline with segmentation-3.0 and CAM++, agglomerative clustering, and no silent masks embedded."""

    def __init__(self, segmentation: Model, embedding: CamPlusPlus, batch_size: int) -> None:
        # OracleClustering is the one choice for which the base class loads neither embedding nor PLDA.
        super().__init__(
            segmentation=segmentation, clustering="OracleClustering", plda=NoPlda(), segmentation_batch_size=batch_size
        )
        self.klustering = "AgglomerativeClustering"
        self.clustering = AgglomerativeClustering(metric="cosine")
        self._expects_num_speakers = False
        self._embedding = embedding

    def default_parameters(self) -> dict[str, Any]:
        return STARTER_PARAMETERS

    def get_embeddings(
        self,
        file: Any,
        binary_segmentations: SlidingWindowFeature,
        exclude_overlap: bool = False,
        hook: Any = None,
    ) -> np.ndarray:
        """[chunks, speakers, 192]: the filterbank once a chunk, the network once an active speaker, NaN for silence.

        `exclude_overlap` has no effect: hearing speakers only where alone scored worse (benchmarks/RESULTS.md).
        """
        masks = np.nan_to_num(binary_segmentations.data) > 0.5
        chunks, _, speakers = masks.shape
        window = binary_segmentations.sliding_window
        samples = file["waveform"][0]
        size = round(window.duration * file["sample_rate"])
        embeddings = np.full((chunks, speakers, DIMENSION), np.nan, np.float32)
        for i in range(chunks):
            active = masks[i].any(axis=0)
            if active.any():
                start = round((window.start + i * window.step) * file["sample_rate"])
                chunk = torch.nn.functional.pad(piece := samples[start : start + size], (0, size - len(piece)))
                features = self._embedding.filterbank(chunk)
                embeddings[i, active] = self._embedding.embed(features, masks[i].T[active])
            if hook is not None:
                hook("embeddings", None, total=chunks, completed=i + 1)
        return embeddings


class Pyannote:
    """Engine `pyannote`. Loaded once, used for many recordings; keeps nothing between them."""

    def __init__(self, weights: dict[str, Weights], device: str) -> None:
        """`weights` holds `community-1`, or `segmentation-3.0` and `campplus`."""
        where = torch.device(device)
        batch = 32
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if "community-1" in weights:
                if weights["community-1"].origin == "path":  # else it is pyannote's own, at the pinned commit
                    _refuse_code(weights["community-1"].path)
                pipeline = Pipeline.from_pretrained(weights["community-1"].path)
                if pipeline is None:
                    raise EngineError("pyannote could not load community-1", "`voicekit models verify community-1`")
                pipeline.segmentation_batch_size = pipeline.embedding_batch_size = batch
            else:
                checkpoint = weights["segmentation-3.0"].path / "pytorch_model.bin"
                _refuse_pickled_code(checkpoint)
                segmentation = Model.from_pretrained(checkpoint)
                campplus = CamPlusPlus(_only_file(weights["campplus"].path), where)
                pipeline = StarterDiarization(segmentation, campplus, batch)
                pipeline.instantiate(pipeline.default_parameters())
        self.pipeline = pipeline.to(where)

    def diarize(
        self, audio: Audio, speakers: int | None, low: int | None, high: int | None, progress: Progress
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


def _only_file(folder: Path) -> Path:
    return next(path for path in sorted(folder.iterdir()) if path.suffix == ".pt")
