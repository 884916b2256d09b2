"""Damaged files: what is missing or wrong is said with its times, and a healthy file gets no warning."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.hostile import ffmpeg
from voicekit.audio.decode import decode
from voicekit.cli import run

KINDS = {
    "wav": [], "flac": [], "mp3": ["-b:a", "64k"], "ogg": ["-c:a", "libvorbis"], "opus": ["-b:a", "32k"],
    "m4a": ["-b:a", "64k"], "mka": ["-c:a", "aac"], "webm": ["-c:a", "libopus"], "aac": [], "ac3": [],
}  # fmt: skip
SECONDS = 12.0


@pytest.fixture(scope="module")
def healthy(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    """The bytes of 12 s of speech in a format."""
    folder = tmp_path_factory.mktemp("healthy")

    def read(kind: str) -> bytes:
        path = folder / f"talk.{kind}"
        if not path.exists():
            ffmpeg("-i", sample, "-t", str(SECONDS), *KINDS[kind], path)
        return path.read_bytes()

    return read


def warnings_of(path: Path, data: bytes) -> list[str]:
    path.write_bytes(data)
    return decode(path)[1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_healthy_file_is_not_called_damaged(healthy: Callable[[str], bytes], tmp_path: Path, kind: str) -> None:
    assert warnings_of(tmp_path / f"talk.{kind}", healthy(kind)) == []


def test_one_changed_bit_of_flac_is_found(healthy: Callable[[str], bytes], tmp_path: Path) -> None:
    """It is decoded to noise, and only the checksum of the frame shows it."""
    data = bytearray(healthy("flac"))
    data[len(data) // 2] ^= 4
    (warning,) = warnings_of(tmp_path / "talk.flac", bytes(data))
    found = re.fullmatch(r"talk.flac is damaged: sound is missing or wrong at ([\d.]+) s \(CRC error\)", warning)
    assert found
    assert float(found[1]) == pytest.approx(6.7, abs=0.2)  # of 12 s: silence takes fewer bytes than speech


@pytest.mark.parametrize("kind", ["flac", "mp3", "ogg", "opus", "m4a", "mka", "webm", "aac", "ac3"])
def test_a_zeroed_stretch_is_said_with_its_time(healthy: Callable[[str], bytes], tmp_path: Path, kind: str) -> None:
    data = bytearray(healthy(kind))
    start, length = len(data) // 2, len(data) // 20
    data[start : start + length] = bytes(length)
    (warning,) = warnings_of(tmp_path / f"talk.{kind}", bytes(data))
    found = re.search(r"damaged: sound is missing or wrong at ([\d.]+)", warning)
    assert found, warning
    assert float(found[1]) == pytest.approx(6, abs=1.0)


def test_lost_frames_shift_what_follows(healthy: Callable[[str], bytes], tmp_path: Path) -> None:
    data = bytearray(healthy("flac"))
    del data[len(data) // 2 : len(data) // 2 + len(data) // 20]
    (warning,) = warnings_of(tmp_path / "talk.flac", bytes(data))
    assert re.search(r"0\.\d s are missing, and later times are early by as much", warning)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("wav", r"damaged: it was cut off at 6.0 s; its header says 12 s"),
        ("flac", r"damaged: it was cut off at 6.\d s; its header says 12 s"),
        ("mp3", r"damaged: it was cut off at 6.0 s; its header says 12 s"),
        ("mka", r"damaged: it was cut off at 6.\d s; its header says 12 s"),
        ("ogg", "may be cut off: the mark of its end is missing"),
        ("opus", "may be cut off: the mark of its end is missing"),
    ],
)
def test_half_a_file_is_said_to_be_cut_off(
    healthy: Callable[[str], bytes], tmp_path: Path, kind: str, says: str
) -> None:
    data = healthy(kind)
    (warning,) = warnings_of(tmp_path / f"talk.{kind}", data[: len(data) // 2])
    assert re.search(says, warning)


def test_a_short_wav_that_lacks_a_bit_is_said(healthy: Callable[[str], bytes], tmp_path: Path) -> None:
    """1.5 s of 12: the loose limit for containers whose duration is only roughly that of the sound did not see it."""
    (tmp_path / "whole.wav").write_bytes(healthy("wav"))
    ffmpeg("-i", tmp_path / "whole.wav", "-t", "1.5", tmp_path / "short.wav")
    data = (tmp_path / "short.wav").read_bytes()
    (warning,) = warnings_of(tmp_path / "talk.wav", data[: len(data) // 2])
    assert "cut off at 0.7 s; its header says 1.50 s" in warning


@pytest.mark.parametrize("kind", ["mp3", "aac", "flac", "ogg"])
@pytest.mark.parametrize("tail", ["ID3v1", "zeros", "junk"])
def test_what_follows_the_sound_is_no_damage(
    healthy: Callable[[str], bytes], tmp_path: Path, kind: str, tail: str
) -> None:
    tails = {"ID3v1": b"TAG" + b"Title".ljust(125), "zeros": bytes(5000), "junk": bytes(range(1, 250)) * 12}
    assert warnings_of(tmp_path / f"talk.{kind}", healthy(kind) + tails[tail]) == []


@pytest.mark.parametrize("command", ["judge", "watermark"])
def test_commands_that_only_measure_say_it_too(
    healthy: Callable[[str], bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    data = healthy("wav")
    (tmp_path / "talk.wav").write_bytes(data[: len(data) // 4])
    run([command, str(tmp_path / "talk.wav")])
    assert "warning: talk.wav is damaged: it was cut off" in capsys.readouterr().err
