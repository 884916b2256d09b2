"""The best diarization that clustering could reach with a given segmentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from voicekit.diarization.clustering import support_by_label, turns_from_support
from voicekit.diarization.windows import CHUNK_FRAMES, FIRST_FRAME, FRAME_SECONDS, SpeakerWindows, count_speakers
from voicekit.types import Turn


def oracle_turns(windows: SpeakerWindows, reference: Sequence[Turn]) -> tuple[Turn, ...]:
    """Return the turns if the speaker of every local voice were known. Their errors are errors of the segmentation.

    Args:
        windows: Of a recording.
        reference: Who really spoke when.
    """
    from scipy.optimize import linear_sum_assignment

    names = list(dict.fromkeys(turn.speaker for turn in reference))
    step = windows.step
    truth = np.zeros(((len(windows.activity) - 1) * step + CHUNK_FRAMES, len(names)), np.float32)
    for turn in reference:
        begin, end = np.rint((np.array([turn.start, turn.end]) - FIRST_FRAME) / FRAME_SECONDS).astype(int)
        truth[max(0, begin) : max(0, end), names.index(turn.speaker)] = 1
    labels = np.full(windows.activity.shape[::2], -1, np.int64)
    for number, window in enumerate(windows.activity):
        common = window.T.astype(np.float32) @ truth[number * step : number * step + CHUNK_FRAMES]
        for voice, name in zip(*linear_sum_assignment(-common), strict=True):
            labels[number, voice] = name if common[voice, name] > 0 else -1
    support = support_by_label(windows.activity, labels, step, len(names))
    turns = turns_from_support(support, count_speakers(windows.activity, step))
    return tuple(replace(turn, speaker=names[int(turn.speaker)]) for turn in turns)
