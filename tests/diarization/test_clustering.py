"""Voices told apart: the segmentation is pyannote's, close voices are separated, counts are kept, memory is bounded."""

from __future__ import annotations

import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster import hierarchy

from benchmarks.dialogue import dialogue
from voicekit.audio.clean import clean
from voicekit.diarization import clustering as module
from voicekit.diarization.clustering import cluster, silhouette
from voicekit.diarization.windows import CHUNK_FRAMES, SpeakerWindows, find_units, unit_length
from voicekit.engines.diarization.local import STEP, Starter
from voicekit.evaluation.evaluate import evaluate
from voicekit.models.resolve import resolve
from voicekit.types import Audio, Diarization, Transcript


@pytest.fixture(scope="module")
def starter() -> Starter:
    weights = {"segmentation-3.0": resolve("segmentation-3.0", "segment"), "campplus": resolve("campplus", "embed")}
    return Starter(weights, "cpu")


def told_apart(voices: SpeakerWindows, speakers: int | None = None) -> Diarization:
    return cluster(voices, speakers, None, None, lambda share: None)[0]


def test_the_segmentation_is_pyannotes(starter: Starter, sample: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyannote.audio import Model

        theirs = Model.from_pretrained(resolve("segmentation-3.0", "segment").path / "pytorch_model.bin").eval()
    samples = torch.from_numpy(clean(sample, _none())[0].mono.copy())
    hop = STEP * 270
    with torch.inference_mode():
        ours = torch.from_numpy(starter.segmentation.network.scores(samples[: 160_000 + 3 * hop].numpy(), hop))
        for window in range(4):
            expected = theirs(samples[None, None, window * hop : window * hop + 160_000])[0]
            assert torch.allclose(ours[window].log_softmax(-1), expected, atol=1e-3)


def _none() -> object:
    from voicekit.config.clean import clean_preset

    return clean_preset("off")


def test_voices_survive_the_cache(starter: Starter, sample: Path, tmp_path: Path) -> None:
    voices, _ = starter.embed_windows(clean(sample, _none())[0], lambda share: None)
    voices.save(tmp_path / "voices.npz")
    again = SpeakerWindows.load(tmp_path / "voices.npz")
    for name, value in vars(voices).items():
        assert np.array_equal(value, getattr(again, name), equal_nan=name.endswith("embeddings")), name
    assert told_apart(again) == told_apart(voices)


@pytest.mark.slow
def test_close_voices_are_told_apart_by_their_units(starter: Starter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four voices of one synthesizer: pyannote's windows hear two of them."""
    made = dialogue()
    voices, _ = starter.embed_windows(Audio(made.samples[None], 16_000), lambda share: None)
    found = told_apart(voices)
    assert len(found.speakers) == 4

    def confusion(diarization: Diarization) -> float:
        def transcript(turns: object) -> Transcript:
            return Transcript("voicekit.transcript/1", "en", len(made.samples) / 16_000, "x", (), (), tuple(turns))  # type: ignore[arg-type]

        return evaluate(transcript(diarization.turns), transcript(made.turns), metrics=("der",)).total["der"].value

    with_units = confusion(found)
    monkeypatch.setattr(module, "partition_units", lambda *args: None)
    assert len(told_apart(voices).speakers) < 4
    assert confusion(told_apart(voices)) > with_units + 0.25


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_number_asked_for(starter: Starter, sample: Path, count: int) -> None:
    voices, _ = starter.embed_windows(clean(sample, _none())[0], lambda share: None)
    found, notes = cluster(voices, count, None, None, lambda share: None)
    assert len(found.speakers) == count or notes == [
        f"{len(found.speakers)} speakers found where {count} were asked for"
    ]
    assert len(found.speakers) <= count
    if count <= 2:
        assert len(found.speakers) == count


def synthetic(hours: float, speakers: int, seed: int = 0) -> SpeakerWindows:
    """Voices as of a long recording: each window has one or two of `speakers`, whose prints are noisy directions."""
    rng = np.random.default_rng(seed)
    windows = int(hours * 3600 / (STEP * 270 / 16_000))
    activity = np.zeros((windows, CHUNK_FRAMES, 3), bool)
    who = np.repeat(rng.integers(speakers, size=windows // 5 + 30), 5)
    frames = np.repeat(who, STEP)
    for number in range(windows):
        here = frames[number * STEP : number * STEP + CHUNK_FRAMES]
        for voice, name in enumerate(dict.fromkeys(here.tolist())):
            if voice < 3:
                activity[number, :, voice] = here == name
    directions = rng.normal(size=(speakers, 192))
    index = np.argwhere(activity.any(axis=1))
    index = index[index[:, 0] % 5 == 0]
    names = [frames[n * STEP + int(np.flatnonzero(activity[n, :, v])[0])] for n, v in index]
    prints = directions[names] + 0.7 * rng.normal(size=(len(index), 192))
    units = find_units(activity, STEP)
    unit_names = frames[np.clip(((units.mean(axis=1)) * 16_000 / 270).astype(int), 0, len(frames) - 1)]
    unit_embeddings = directions[unit_names] + 0.7 * rng.normal(size=(len(units), 192))
    return SpeakerWindows(activity, STEP, index, prints.astype(np.float32), units, unit_embeddings.astype(np.float32))


def test_an_hour_is_told_apart_in_seconds() -> None:
    voices = synthetic(1.0, 5)
    assert len(told_apart(voices).speakers) == 5
    started = time.monotonic()
    assert len(told_apart(voices, 3).speakers) == 3
    assert time.monotonic() - started < 30  # it takes one or two; the machine may be busy


@pytest.mark.parametrize("seed", [5, 12, 18, 19])
def test_never_more_than_asked_for(seed: int) -> None:
    """Of voice prints that mean nothing, too: no cut of their tree has three large clusters, but some have four."""
    prints = unit_length(np.random.default_rng(seed).normal(size=(55, 4)))
    for most in (1, 2, 3):
        assert len(module.window_centroids(prints, 4.0, 1, most)) <= most


def test_long_recordings_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    linkage = hierarchy.linkage
    monkeypatch.setattr(hierarchy, "linkage", lambda rows, *a, **k: sizes.append(len(rows)) or linkage(rows, *a, **k))
    monkeypatch.setattr(module, "MAX_EMBEDDINGS", 150)
    found = told_apart(synthetic(0.5, 4))
    assert len(found.speakers) == 4
    assert max(sizes) <= 150


def test_nobody_speaks() -> None:
    nobody = SpeakerWindows(
        np.zeros((3, CHUNK_FRAMES, 3), bool), STEP, np.zeros((0, 2), np.int64), np.zeros((0, 192), np.float32),
        np.zeros((0, 2)), np.zeros((0, 192), np.float32),
    )  # fmt: skip
    assert cluster(nobody, None, None, None, lambda share: None) == (Diarization((), ()), [])


def test_speech_too_short_for_a_print() -> None:
    activity = np.zeros((1, CHUNK_FRAMES, 3), bool)
    activity[0, 100:110, 1] = True
    windows = np.array([[0, 1]])
    voices = SpeakerWindows(
        activity, STEP, windows, np.full((1, 192), np.nan, np.float32), np.zeros((0, 2)), np.zeros((0, 192), np.float32)
    )
    assert len(told_apart(voices).turns) == 1


@settings(deadline=None)  # the first call imports scikit-learn
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(6, 30))
def test_silhouette_is_scikit_learns(seed: int, clusters: int, size: int) -> None:
    from sklearn.metrics import silhouette_score

    rng = np.random.default_rng(seed)
    prints = unit_length(rng.normal(size=(size, 8)))
    labels = np.concatenate([np.arange(clusters), rng.integers(clusters, size=size - clusters)])
    distances = 1 - prints @ prints.T
    np.fill_diagonal(distances, 0)
    expected = silhouette_score(np.maximum(distances, 0), labels, metric="precomputed")
    assert silhouette(np.maximum(distances, 0), labels) == pytest.approx(expected, abs=1e-4)
