"""Model folders and runs that name models elsewhere: nothing is loaded that could run code."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.server import Site
from tests.support.takes_run import takes_run
from voicekit.errors import ModelCorrupt
from voicekit.models.catalogue import Weights
from voicekit.verification import verify

GOOD = {"segmentation": "$model/segmentation", "embedding": "$model/embedding", "plda": "$model/plda"}


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def pipeline_folder(folder: Path, mark: Path, **models: Any) -> Path:
    """A pipeline, and beside it a model in a folder `extra` that runs code."""
    folder.mkdir(parents=True)
    config = {
        "version": "4.0.0",
        "pipeline": {"name": "pyannote.audio.pipelines.SpeakerDiarization", "params": {**GOOD, **models}},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    for name in ("segmentation", "embedding", "plda"):
        (folder / name).mkdir()
    extra = folder.parent / "extra"
    extra.mkdir(exist_ok=True)
    (extra / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb(mark)))
    return folder


ELSEWHERE: dict[str, Any] = {
    "parent": "$model/../extra",
    "parent in the middle": "$model/segmentation/../../extra",
    "only the parent": "$model/..",
    "absolute": "{extra}",
    "of the hub": "someone/harmful",
    "mapping": {"checkpoint": "someone/harmful"},
    "with a revision": "$model/segmentation@main",
    "hidden": "$model/.hidden",
}


@pytest.mark.parametrize("key", ["segmentation", "embedding", "plda"])
@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_pipeline_that_names_a_model_elsewhere_is_refused(name: str, key: str, tmp_path: Path) -> None:
    from voicekit.engines.diarization.pyannote import Pyannote

    value = ELSEWHERE[name]
    value = value.format(extra=tmp_path / "extra") if isinstance(value, str) else value
    folder = pipeline_folder(tmp_path / "model", tmp_path / "ran", **{key: value})
    with pytest.raises(ModelCorrupt, match=r"not inside the model|is not a folder of the model"):
        Pyannote({"community-1": Weights("model", folder, "path", "1")}, "cpu")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_pipeline_with_links_to_elsewhere_is_refused(kind: str, tmp_path: Path) -> None:
    from voicekit.engines.diarization.pyannote import Pyannote

    folder = pipeline_folder(tmp_path / "model", tmp_path / "ran")
    if kind == "folder":
        shutil.rmtree(folder / "segmentation")
        (folder / "segmentation").symlink_to(tmp_path / "extra")
    else:
        (folder / "segmentation" / "pytorch_model.bin").symlink_to(tmp_path / "extra" / "pytorch_model.bin")
    with pytest.raises(ModelCorrupt, match="is a link to something outside the model"):
        Pyannote({"community-1": Weights("model", folder, "path", "1")}, "cpu")
    assert not (tmp_path / "ran").exists()


def test_links_of_the_hub_cache_are_followed_and_their_pickles_refused(tmp_path: Path) -> None:
    """In the cache of the hub, a snapshot's files are links to blobs of the same repository."""
    from voicekit.engines.diarization.pyannote import Pyannote

    repository = tmp_path / "models--someone--pipeline"
    folder = pipeline_folder(repository / "snapshots" / "abc", tmp_path / "ran")
    (repository / "blobs").mkdir()
    (repository / "blobs" / "123").write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
    (folder / "segmentation" / "pytorch_model.bin").symlink_to("../../../blobs/123")
    with pytest.raises(ModelCorrupt, match="is not a plain pyannote checkpoint"):
        Pyannote({"community-1": Weights("model", folder, "path", "1")}, "cpu")
    assert not (tmp_path / "ran").exists()


def forged_transcript(folder: Path, **changes: Any) -> Path:
    folder.mkdir(parents=True)
    transcript = {
        "schema": "voicekit.transcript/1", "language": "en", "duration": 1.0, "source": "a.wav", "speakers": [],
        "segments": [],
    }  # fmt: skip
    (folder / "transcript.json").write_text(json.dumps(transcript))
    manifest: dict[str, Any] = {
        "schema": "voicekit.run/1", "kind": "transcript", "source": {"kind": "url", "url": "http://192.0.2.1/a.wav"},
        "inputs": [{"sha256": "0"}], "config": {"diarizer": "none", "model": "tiny.en"}, "outputs": [],
    }  # fmt: skip
    manifest["config"] |= changes.pop("config", {})
    (folder / "run.json").write_text(json.dumps(manifest | changes))
    return folder


@pytest.mark.parametrize("key", ["model", "diarizer_model"])
@pytest.mark.parametrize("value", ["{folder}", "someone/harmful", "../model"])
def test_a_run_cannot_choose_its_models(key: str, value: str, tmp_path: Path) -> None:
    model = pipeline_folder(tmp_path / "run" / "model", tmp_path / "ran", segmentation="$model/../extra")
    folder = forged_transcript(
        tmp_path / "run" / "talk", config={"diarizer": "pyannote", key: value.format(folder=model)}
    )
    (check,) = verify(folder)
    assert check.same is None
    assert "not in the catalogue" in check.difference
    assert not (tmp_path / "ran").exists()


def test_a_run_cannot_choose_a_cleaning_file(tmp_path: Path) -> None:
    (tmp_path / "clean.yaml").write_text("filters: [volume=1]\n")
    (check,) = verify(forged_transcript(tmp_path / "run", config={"clean": str(tmp_path / "clean.yaml")}))
    assert check.same is None
    assert "names the cleaning preset" in check.difference


def test_the_model_of_a_take_must_be_known(tmp_path: Path) -> None:
    folder = takes_run(tmp_path / "out", "forged", lines=1, takes=1)
    takes = json.loads((folder / "takes.json").read_text())
    takes["takes"][0]["model"] = str(tmp_path)
    (folder / "takes.json").write_text(json.dumps(takes))
    (check,) = verify(folder)
    assert "not in the catalogue" in check.difference
    (check,) = verify(folder, models=[str(tmp_path)])
    assert "not in the catalogue" not in check.difference


def test_a_run_cannot_reach_this_machine(tmp_path: Path) -> None:
    site = Site()
    try:
        folder = forged_transcript(tmp_path / "run", source={"kind": "url", "url": site.url("/a.wav")})
        (check,) = verify(folder)
        assert check.same is None
        assert "inside this machine or its network" in check.difference
        assert site.log == []
    finally:
        site.stop()


def test_a_recording_that_is_another_is_not_transcribed(tmp_path: Path) -> None:
    (tmp_path / "other.wav").write_bytes(b"RIFF")
    folder = forged_transcript(tmp_path / "run", source={"kind": "file", "path": str(tmp_path / "other.wav")})
    (check,) = verify(folder)
    assert "is not the recording that was transcribed" in check.difference
