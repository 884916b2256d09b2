"""Decoding and cleaning real audio with the real ffmpeg; files that try to reach beyond themselves."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from voicekit.audio.clean import clean, measure_loudness
from voicekit.audio.decode import decode
from voicekit.audio.ffmpeg import ffmpeg_path
from voicekit.audio.probe import MODEL_RATE, probe
from voicekit.config.clean import clean_preset
from voicekit.errors import MediaError


def ffmpeg(*arguments: object) -> None:
    subprocess.run([ffmpeg_path(), "-loglevel", "error", "-y", *map(str, arguments)], check=True)


@pytest.mark.parametrize("name", ["off", "light", "speech", "noisy"])
def test_presets_keep_length_and_the_original(sample: Path, name: str) -> None:
    before = sample.read_bytes()
    sound, warnings = clean(sample, clean_preset(name))
    assert warnings == []
    assert sound.rate == MODEL_RATE
    assert sound.samples.shape[0] == 1
    assert sound.samples.dtype == np.float32
    assert sound.duration == pytest.approx(30.0, abs=0.05)
    assert np.isfinite(sound.samples).all()
    assert sample.read_bytes() == before


def test_off_is_the_sound_itself(sample: Path) -> None:
    original, rate = soundfile.read(sample, dtype="float32")
    assert rate == MODEL_RATE
    np.testing.assert_allclose(clean(sample, clean_preset("off"))[0].mono, original, atol=1e-6)


def test_light_takes_away_what_lies_below_speech(tmp_path: Path) -> None:
    t = np.arange(MODEL_RATE * 2) / MODEL_RATE
    path = tmp_path / "hum.wav"
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * 20 * t) + 0.1 * np.sin(2 * np.pi * 1000 * t), MODEL_RATE)
    spectrum = np.abs(np.fft.rfft(clean(path, clean_preset("light"))[0].mono[MODEL_RATE:]))
    assert 20 * np.log10(spectrum[20] / spectrum[1000]) < -7  # was +9.5 dB


@pytest.mark.parametrize("gain", [-30, 0, 6])
def test_speech_reaches_its_loudness(sample: Path, tmp_path: Path, gain: int) -> None:
    path = tmp_path / "x.wav"
    ffmpeg("-i", sample, "-af", f"volume={gain}dB", "-c:a", "pcm_f32le", path)
    sound, _ = clean(path, clean_preset("speech"))
    out = tmp_path / "out.wav"
    soundfile.write(out, sound.mono, sound.rate, subtype="FLOAT")
    reached = measure_loudness(out, clean_preset("speech").model_copy(update={"steps": ()}))
    assert reached is not None
    # Within 1.5 LU: where one gain would pass the true peak, loudnorm compresses, and lands a little off.
    assert float(reached["measured_I"]) == pytest.approx(-20, abs=1.5)
    assert float(reached["measured_TP"]) <= -1.0


def test_silence_has_no_loudness_and_still_comes_through(tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(MODEL_RATE * 2), MODEL_RATE)
    assert np.abs(clean(path, clean_preset("speech"))[0].mono).max() < 1e-4


@pytest.mark.parametrize(
    "name", ["plain.mp3", "sp ace.m4a", "-dash.ogg", "q'uo\"te.flac", "new\nline.wav", "emoji🎙.opus", "a:b|c%03d.mp3",
             "concat:x.mp3"],
)  # fmt: skip
def test_any_name_and_format(sample: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    ffmpeg("-i", sample, "-ac", 2, "-ar", 48_000, f"file:{tmp_path}/x{Path(name).suffix}")
    (tmp_path / f"x{Path(name).suffix}").rename(path)
    found = probe(path)
    assert (found.channels, found.duration) == (2, pytest.approx(30, abs=0.2))
    assert decode(path)[0].duration == pytest.approx(30, abs=0.2)


def test_sound_that_starts_late_keeps_its_place(sample: Path, tmp_path: Path) -> None:
    path = tmp_path / "late.mkv"
    ffmpeg("-f", "lavfi", "-i", "color=size=64x64:duration=33", "-itsoffset", "2", "-i", sample, "-c:a", "flac", path)
    sound, _ = decode(path)
    assert sound.duration == pytest.approx(32, abs=0.1)
    assert np.abs(sound.mono[: MODEL_RATE * 2 - 1000]).max() == 0


def test_of_two_sound_tracks_the_first_is_heard(sample: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.mkv"
    ffmpeg("-i", sample, "-f", "lavfi", "-i", "sine=duration=5", "-map", "0:a", "-map", "1:a", path)
    for name in ("off", "light", "speech"):
        assert clean(path, clean_preset(name))[0].duration == pytest.approx(30, abs=0.1)


def test_a_truncated_file_is_said(sample: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.flac"
    ffmpeg("-i", sample, whole)
    path = tmp_path / "cut.flac"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 3])
    sound, warnings = decode(path)
    assert sound.duration < 20
    assert "damaged" in warnings[0]


def test_a_wrong_ffmpeg_is_said(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from voicekit.audio import ffmpeg
    from voicekit.errors import MissingPackage

    ffmpeg.ffmpeg_path.cache_clear()
    monkeypatch.setenv("VOICEKIT_FFMPEG", "/nonexistent/ffmpeg")
    try:
        with pytest.raises(MissingPackage, match="VOICEKIT_FFMPEG"):
            decode(sample)
    finally:
        ffmpeg.ffmpeg_path.cache_clear()


def test_not_a_number_is_silence(tmp_path: Path) -> None:
    samples = np.full(MODEL_RATE, 0.1, np.float32)
    samples[100:200] = np.nan
    samples[300] = np.inf
    soundfile.write(tmp_path / "x.wav", samples, MODEL_RATE, subtype="FLOAT")
    assert np.isfinite(decode(tmp_path / "x.wav")[0].samples).all()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.mp3", b"", "empty"),
        ("x.mp3", b"this is not sound" * 100, "not media"),
        (
            "x.m3u8",
            b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
            "not media",
        ),
        ("x.mp3", b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nsecret.wav\n#EXT-X-ENDLIST\n", "not media"),
        ("x.ffconcat", b"ffconcat version 1.0\nfile secret.wav\n", "not media"),
        ("x.sdp", b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n", "not media"),
    ],
)
def test_what_is_no_recording_is_refused(sample: Path, tmp_path: Path, name: str, content: bytes, says: str) -> None:
    """Lists of other files above all: the file they name is there and would play."""
    (tmp_path / "secret.wav").write_bytes(sample.read_bytes())
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MediaError, match=says):
        probe(path)
    if content:
        with pytest.raises(MediaError):
            decode(path)


def test_video_without_sound(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "color=size=64x64:duration=1", tmp_path / "x.mp4")
    with pytest.raises(MediaError, match="no audio stream"):
        probe(tmp_path / "x.mp4")


def test_video_with_sound(sample: Path, tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "color=size=64x64:duration=30", "-i", sample, "-shortest", tmp_path / "x.mp4")
    assert decode(tmp_path / "x.mp4")[0].duration == pytest.approx(30, abs=0.3)
