"""Which models suit a machine, and asking before they are downloaded."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from voicekit import models
from voicekit.cli import run
from voicekit.engines.select import select_whisper
from voicekit.models import recommend
from voicekit.models.recommend import recommended_models
from voicekit.runtime import device as devices
from voicekit.runtime.device import Device

LARGE, SMALL, CPU = Device("cuda", 0, "Large", 24 << 30), Device("cuda", 0, "Small", 4 << 30), Device("cpu")


@pytest.mark.parametrize(
    ("device", "token", "names"),
    [
        (LARGE, None, ["large-v3-turbo"]),
        (LARGE, "hf_x", ["large-v3-turbo", "community-1"]),
        (SMALL, None, ["small"]),
        (CPU, "hf_x", []),
    ],
)
def test_models_that_suit_a_machine(
    device: Device, token: str | None, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recommend, "hub_token", lambda: token)
    assert [model.name for model in recommended_models(device)] == names


def test_without_the_bundled_weights_they_are_recommended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recommend, "find_local", lambda model: None)
    assert [model.name for model in recommended_models(CPU)] == ["base", "segmentation-3.0", "campplus"]


def test_a_gpu_with_base_alone_is_told_of_a_better_model() -> None:
    notes: list[str] = []
    assert select_whisper("auto", LARGE, notes.append).name == "base"
    assert notes == ["large-v3-turbo has a lower word error rate on this GPU: `voicekit models pull recommended`"]
    assert select_whisper("auto", CPU, notes.append).name == "base"
    assert len(notes) == 1


@pytest.mark.parametrize(
    ("answer", "status", "downloads"), [("y\n", 0, ["large-v3-turbo"]), ("n\n", 0, []), (None, 2, [])]
)
def test_pull_recommended_asks_first(
    answer: str | None, status: int, downloads: list[str], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    pulled: list[str] = []
    weights = models.Weights("large-v3-turbo", models.resolve("base", "transcribe").path, "hub", "x")
    monkeypatch.setattr(devices, "choose_device", lambda wanted="auto": LARGE)
    monkeypatch.setattr(models, "resolve", lambda name, *args, **options: pulled.append(name) or weights)
    monkeypatch.setattr(models, "verify", lambda weights: None)
    lines = iter([answer or ""])
    terminal = SimpleNamespace(isatty=lambda: answer is not None, readline=lambda: next(lines))
    monkeypatch.setattr("sys.stdin", terminal)
    assert run(["models", "pull", "recommended"]) == status
    assert pulled == downloads
    shown = capsys.readouterr()
    assert "large-v3-turbo    1,621 MB" in shown.out
    assert ("Add --yes" in shown.err) == (answer is None)


def test_pull_recommended_with_yes_does_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "choose_device", lambda wanted="auto": CPU)
    assert run(["models", "pull", "recommended", "--yes"]) == 0
