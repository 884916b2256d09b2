"""Stereo: one speaker a channel is told from anything else, and becomes one transcript."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from voicekit.diarization.channels import measure_cross_talk, merge_channels
from voicekit.transcription.session import Session
from voicekit.types import Segment, Word

RATE = 16_000


@pytest.fixture(scope="module")
def speech(sample: Path) -> NDArray[np.float32]:
    samples, _ = soundfile.read(sample, dtype="float32")
    return np.asarray(samples, np.float32)


def call(speech: NDArray[np.float32], leak: float = 0.0) -> NDArray[np.float32]:
    """The sample's two speakers, a channel each, by turns; `leak` of each in the other's channel."""
    left, right = speech.copy(), speech.copy()
    left[int(10 * RATE) : int(18 * RATE)] = 0
    left[int(22 * RATE) :] = 0
    right[: int(10 * RATE)] = 0
    right[int(18 * RATE) : int(22 * RATE)] = 0
    return np.stack([left + leak * right, right + leak * left], axis=1)


def written(folder: Path, samples: NDArray[np.float32]) -> Path:
    soundfile.write(folder / "stereo.wav", samples, RATE)
    return folder / "stereo.wav"


@pytest.mark.parametrize("leak", [0.0, 0.1, 0.2])
def test_a_call_is_one_speaker_per_channel(tmp_path: Path, speech: NDArray[np.float32], leak: float) -> None:
    assert measure_cross_talk(written(tmp_path, call(speech, leak))).one_speaker_per_channel


@pytest.mark.parametrize("what", ["same", "panned", "one dead", "silence", "noise"])
def test_other_stereo_is_not(tmp_path: Path, speech: NDArray[np.float32], what: str) -> None:
    quiet = np.zeros_like(speech)
    noise = np.random.default_rng(0).normal(0, 0.1, (len(speech), 2)).astype(np.float32)
    samples = {
        "same": np.stack([speech, speech], axis=1),
        "panned": np.stack([speech, 0.5 * speech], axis=1),
        "one dead": np.stack([speech, quiet], axis=1),
        "silence": np.stack([quiet, quiet], axis=1),
        "noise": noise,
    }[what]
    assert not measure_cross_talk(written(tmp_path, samples)).one_speaker_per_channel


def test_channels_become_one_transcript() -> None:
    def said(*times: float) -> tuple[Segment, ...]:
        words = [Word("word", t, t + 0.5, 1.0) for t in times]
        return tuple(Segment(n, w.start, w.end, w.text, None, "en", (w,)) for n, w in enumerate(words))

    segments, turns = merge_channels([said(5.0, 5.6), said(1.0, 8.0)])
    assert [(s.id, s.start, s.speaker) for s in segments] == [
        (0, 1.0, "SPEAKER_00"), (1, 5.0, "SPEAKER_01"), (2, 5.6, "SPEAKER_01"), (3, 8.0, "SPEAKER_00"),
    ]  # fmt: skip
    assert [(t.start, t.end, t.speaker) for t in turns] == [
        (1.0, 1.5, "SPEAKER_00"), (5.0, 6.1, "SPEAKER_01"), (8.0, 8.5, "SPEAKER_00"),
    ]  # fmt: skip


def test_a_call_is_transcribed_by_channel(tmp_path: Path, speech: NDArray[np.float32]) -> None:
    path = written(tmp_path, call(speech))
    with Session() as session:
        t = session.transcribe(path, model="tiny.en", beam_size=1)
    assert t.speakers == ("SPEAKER_00", "SPEAKER_01")
    left = [w for w in t.words if w.speaker == "SPEAKER_00"]
    assert left
    assert all(w.start < 10.5 or 17.5 < w.start < 22.5 for w in left)
    assert any(10 < w.start < 18 for w in t.words if w.speaker == "SPEAKER_01")
