"""The peer in diarization: pyannote's own pipeline on segmentation-3.0 and CAM++, empty masks skipped. Frozen.

What voicekit used before it had a diarizer of its own: pyannote.audio 4's `SpeakerDiarization` with agglomerative
clustering, windows of 10 s every second, batches of 32, one call of CAM++ for each voice of each window.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchaudio.compliance.kaldi as kaldi
from numpy.typing import NDArray

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pyannote.audio import Model
    from pyannote.audio.core.plda import PLDA
    from pyannote.audio.pipelines import SpeakerDiarization
    from pyannote.audio.pipelines.clustering import AgglomerativeClustering
    from pyannote.core import SlidingWindowFeature

from voicekit.engines.networks.campplus import CamPlusPlusNetwork
from voicekit.engines.networks.torch_network import load_network
from voicekit.models.torch_checkpoint import read_tensors
from voicekit.types import Audio, Turn

RATE, DIMENSION, BANDS, MIN_FRAMES, LENGTH_STEP = 16_000, 192, 80, 20, 20
STARTER_PARAMETERS = {
    "segmentation": {"min_duration_off": 0.0},
    "clustering": {"method": "centroid", "threshold": 0.65, "min_cluster_size": 12},
}


class CamPlusPlus:
    """Embeds the voice in masked parts of sound. Same answer for the same input, whatever came before."""

    dimension = DIMENSION

    def __init__(self, weights: Path, device: torch.device) -> None:
        self.network = load_network(CamPlusPlusNetwork(), read_tensors(weights), weights).to(device)
        self.device = device

    def filterbank(self, samples: torch.Tensor) -> torch.Tensor:
        """float32 [n] at full scale 1.0 -> [frames, 80], not normalised."""
        return kaldi.fbank(samples[None], num_mel_bins=BANDS, sample_frequency=RATE, dither=0.0)

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def embed(self, features: torch.Tensor, masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        """One embedding a mask.

        Args:
            features: One sound's filterbank [frames, 80].
            masks: [m, frames of any resolution], which parts of the sound to hear; stretched to the filterbank's.

        Returns:
            float32 [m, 192]; NaN where a mask leaves less than MIN_FRAMES.
        """
        out = np.full((len(masks), DIMENSION), np.nan, np.float32)
        frames = features.shape[0]
        index = (np.arange(frames) * masks.shape[1] // max(frames, 1)).astype(int)
        for row, mask in zip(out, masks, strict=True):
            kept = features[torch.from_numpy(mask[index])]
            if len(kept) < MIN_FRAMES:
                continue
            kept = kept[: len(kept) // LENGTH_STEP * LENGTH_STEP]
            kept = (kept - kept.mean(dim=0))[None].to(self.device)
            row[:] = self.network(kept)[0].float().cpu().numpy()
        return out


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


class StockPyannote:
    """Loads what it needs once."""

    def __init__(self, segmentation: Path, campplus: Path, device: str = "cpu") -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = Model.from_pretrained(segmentation)
            pipeline = StarterDiarization(model, CamPlusPlus(campplus, torch.device(device)), 32)
            pipeline.instantiate(pipeline.default_parameters())
        self.pipeline = pipeline.to(torch.device(device))

    def turns(self, audio: Audio) -> list[Turn]:
        file = {"waveform": torch.from_numpy(audio.mono[None]), "sample_rate": audio.rate, "uri": "recording"}
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            found = self.pipeline(file).speaker_diarization
        return [Turn(max(s.start, 0.0), s.end, str(label)) for s, _, label in found.itertracks(yield_label=True)]
