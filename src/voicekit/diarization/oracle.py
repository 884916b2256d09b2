"""Cluster: who is who among voices. Pure: `Voices` and a number of speakers in, turns out; seconds for an hour.

Two partitions compete. Voice prints of whole windows, each of up to 10 s of one voice, are robust, but inherit the
segmentation's mistakes: it takes voices that are close (synthetic ones, say) for one. Voice prints of units, stretches
between pauses, know nothing of each other, and tell close voices apart, but need a second or two each. The units'
partition is taken only where it fits clearly better, by silhouette (Rousseeuw 1987).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from voicekit.diarization.clustering import mean_by_label, turns_from_labels
from voicekit.diarization.windows import CHUNK_FRAMES, FIRST_FRAME, FRAME_SECONDS, SpeakerWindows, speakers_at_once
from voicekit.types import Turn


def oracle(voices: SpeakerWindows, spoken: Sequence[Turn]) -> tuple[Turn, ...]:
    """The turns that `cluster` would give if it knew of every voice of every window whose it is.

    What is wrong in them is the segmentation's fault, or what the windows cannot show. `spoken`: the truth.
    """
    names = list(dict.fromkeys(turn.speaker for turn in spoken))
    step = voices.step
    truth = np.zeros(((len(voices.activity) - 1) * step + CHUNK_FRAMES, len(names)), np.float32)
    for turn in spoken:
        begin, end = np.rint((np.array([turn.start, turn.end]) - FIRST_FRAME) / FRAME_SECONDS).astype(int)
        truth[max(0, begin) : max(0, end), names.index(turn.speaker)] = 1
    labels = np.full(voices.activity.shape[::2], -1, np.int64)
    for number, window in enumerate(voices.activity):
        common = window.T.astype(np.float32) @ truth[number * step : number * step + CHUNK_FRAMES]
        for voice, name in zip(*linear_sum_assignment(-common), strict=True):
            labels[number, voice] = name if common[voice, name] > 0 else -1
    heard = mean_by_label(voices.activity, labels, step, len(names))
    found = turns_from_labels(heard, speakers_at_once(voices.activity, step))
    return tuple(replace(turn, speaker=names[int(turn.speaker)]) for turn in found)
