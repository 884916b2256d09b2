"""Recordings as people have them: joined, chained, late, inverted, unmarked, on the wrong scale, cut off.

Each case is a file made with ffmpeg, and where its sound must be. The sample's first sound is at 2.41 s.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.hostile import ffmpeg
from voicekit.audio.clean import clean
from voicekit.audio.decode import decode
from voicekit.audio.levels import frame_levels
from voicekit.audio.probe import probe
from voicekit.config.clean import clean_preset
from voicekit.errors import UsageError
from voicekit.types import Audio

FIRST_SOUND = 2.41
"""Seconds."""


def first_sound(audio: Audio) -> float:
    levels = frame_levels(audio.mono, audio.rate // 100)
    return float(np.flatnonzero(levels > levels.max() - 30)[0]) / 100


def joined(sample: Path, folder: Path, extension: str, *formats: tuple[object, ...]) -> Path:
    """Ten seconds of the sample for each of `formats`, joined byte by byte."""
    whole = folder / f"joined{extension}"
    data = b""
    for number, options in enumerate(formats):
        part = folder / f"{number}{extension}"
        ffmpeg("-ss", 10 * number, "-t", 10, "-i", sample, *options, part)
        data += part.read_bytes()
    whole.write_bytes(data)
    return whole


def late(sample: Path, folder: Path, extension: str) -> Path:
    """A film whose sound starts 3 s after its picture."""
    film = folder / f"late{extension}"
    picture = ("-f", "lavfi", "-i", "color=black:s=64x64:r=25:d=13")
    ffmpeg(*picture, "-itsoffset", 3, "-t", 10, "-i", sample, "-map", "0:v", "-map", "1:a", film)
    return film


@pytest.mark.parametrize(
    ("extension", "formats"),
    [
        (".mp3", [("-ar", 44100, "-ac", 2), ("-ar", 22050, "-ac", 1)]),
        (".aac", [("-ar", 44100, "-ac", 2), ("-ar", 22050, "-ac", 1)]),
        (".ac3", [("-ar", 48000, "-ac", 2), ("-ar", 32000, "-ac", 1)]),
        (".ts", [("-c:a", "aac", "-ac", 2), ("-c:a", "aac", "-ac", 1, "-output_ts_offset", 10)]),
        (".opus", [("-ac", 2, "-c:a", "libopus"), ("-ac", 1, "-c:a", "libopus")]),
        (".ogg", [("-ac", 2, "-ar", 48000, "-c:a", "libvorbis"), ("-ac", 1, "-ar", 22050, "-c:a", "libvorbis")]),
        (".mp3", [("-ar", 22050, "-ac", 1, "-b:a", "24k"), ("-ar", 44100, "-ac", 2, "-b:a", "192k")]),
        (".flac", [("-ar", 16000, "-ac", 1), ("-ar", 44100, "-ac", 2)]),
        (".flac", [("-ar", 44100, "-ac", 2), ("-ar", 16000, "-ac", 1)]),
        (".wav", [(), ("-ar", 44100, "-ac", 2)]),
        (".wav", [("-rf64", "always"), ("-c:a", "pcm_f32le")]),
        (".aiff", [(), ()]),
        (".w64", [(), ()]),
        (".caf", [(), ()]),
        (".m4a", [("-ac", 2), ("-ac", 1)]),
        (".mp4", [("-movflags", "frag_keyframe+empty_moov"), ("-movflags", "frag_keyframe+empty_moov")]),
        (".mka", [("-c:a", "flac"), ("-c:a", "flac")]),
        (".webm", [("-live", 1), ("-ac", 2)]),
    ],
)
def test_joined_parts_of_other_rates_and_channels(
    sample: Path, tmp_path: Path, extension: str, formats: list[tuple[object, ...]]
) -> None:
    path = joined(sample, tmp_path, extension, *formats)
    audio, warnings = decode(path)
    assert audio.duration == pytest.approx(20, abs=0.25)  # encoders pad
    assert warnings == []
    whole, _ = decode(sample)
    # The second part is where it belongs: the levels of its frames follow those of the sample, but for the padding.
    levels, expected = frame_levels(audio.mono, 160), frame_levels(whole.mono, 160)
    shifts = {shift: np.corrcoef(levels[1100 + shift : 1900 + shift], expected[1100:1900])[0, 1] for shift in range(25)}
    assert max(shifts.values()) > 0.9


def test_a_joined_part_that_is_broken_costs_only_itself(sample: Path, tmp_path: Path) -> None:
    path = joined(sample, tmp_path, ".wav", (), ())
    data = path.read_bytes()
    middle = data.index(b"RIFF", 4)
    path.write_bytes(data[:middle] + b"RIFF\xff\xff\xff\xffWAVEfmt " + bytes(100) + data[middle:])
    audio, warnings = decode(path)
    assert audio.duration == pytest.approx(20, abs=0.1)
    assert warnings == [f"{path.name} consists of 3 joined files; number 2 has no sound and is left out"]


@pytest.mark.parametrize("stated", [0, 1, 16_000, 0xFFFFFFFF])
def test_a_wav_file_that_states_less_than_it_holds_is_read_to_its_end(
    sample: Path, tmp_path: Path, stated: int
) -> None:
    path = tmp_path / "stream.wav"
    ffmpeg("-t", 5, "-i", sample, "-fflags", "+bitexact", path)
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    path.write_bytes(bytes(data[:at]) + stated.to_bytes(4, "little") + bytes(data[at + 4 :]))
    audio, warnings = decode(path)
    assert audio.duration == pytest.approx(5, abs=0.01)
    told = ["stream.wav: its header says less than the file holds; all of it is used"]
    assert warnings == (told if stated in (1, 16_000) else [])


@pytest.mark.parametrize("chunk", [b"LIST\x04\0\0\0INFO", b"\0" * 64, b"\0", b""])
def test_what_follows_the_sound_of_a_wav_file_is_not_sound(sample: Path, tmp_path: Path, chunk: bytes) -> None:
    path = tmp_path / "tagged.wav"
    ffmpeg("-t", 5, "-i", sample, path)
    path.write_bytes(path.read_bytes() + chunk)
    audio, warnings = decode(path)
    assert (len(audio.mono), warnings) == (80_000, [])


@pytest.mark.parametrize("extension", [".ts", ".m2ts", ".mpg", ".mkv", ".mp4", ".ogv"])
def test_sound_that_starts_after_the_picture(sample: Path, tmp_path: Path, extension: str) -> None:
    audio, warnings = decode(late(sample, tmp_path, extension))
    assert first_sound(audio) == pytest.approx(3 + FIRST_SOUND, abs=0.08)
    assert audio.duration == pytest.approx(13, abs=0.15)
    assert warnings == []


@pytest.mark.parametrize("extension", [".mp4", ".mkv", ".ts"])
def test_sound_that_is_shorter_than_the_picture_is_whole(sample: Path, tmp_path: Path, extension: str) -> None:
    film = tmp_path / f"short{extension}"
    ffmpeg("-f", "lavfi", "-i", "color=black:s=64x64:r=25:d=30", "-t", 12, "-i", sample, film)
    audio, warnings = decode(film)
    assert audio.duration == pytest.approx(12, abs=0.1)
    assert warnings == []


@pytest.mark.parametrize(("name", "kept"), [("cut.m4a", 100_000), ("cut.mka", 80_000), ("cut.wav", 480_000)])
def test_a_file_that_was_cut_off_says_where(sample: Path, tmp_path: Path, name: str, kept: int) -> None:
    whole, cut = tmp_path / f"whole-{name}", tmp_path / name
    ffmpeg("-i", sample, *(["-movflags", "faststart"] if name.endswith("m4a") else []), whole)
    cut.write_bytes(whole.read_bytes()[:kept])
    audio, warnings = decode(cut)
    assert warnings == [f"{name} is damaged: it was cut off at {audio.duration:.1f} s; its header says 30 s"]


@pytest.mark.parametrize("mix", ["pan=stereo|c0=c0|c1=-1*c0", "pan=stereo|c0=0.9*c0|c1=-0.7*c0"])
def test_an_inverted_channel_does_not_cancel_the_other(sample: Path, tmp_path: Path, mix: str) -> None:
    path = tmp_path / "inverted.wav"
    ffmpeg("-i", sample, "-af", mix, path)
    audio, warnings = decode(path)
    assert frame_levels(audio.mono, 160).max() > -25
    assert warnings == ["inverted.wav: the channels cancel each other (one is inverted); only the left one is used"]


@pytest.mark.parametrize("channels", [3, 6, 7, 8, 16])
def test_every_microphone_of_a_recorder_counts(sample: Path, tmp_path: Path, channels: int) -> None:
    """A WAV file that does not say what its channels are for. Only one of them has sound, each in turn."""
    import soundfile

    speech = decode(sample)[0].mono[: 5 * 16_000]
    for number in {0, 2, channels - 2, channels - 1}:
        samples = np.zeros((len(speech), channels), np.float32)
        samples[:, number] = speech
        soundfile.write(tmp_path / "recorder.wav", samples, 16_000, format="WAV")
        mixed, _ = decode(tmp_path / "recorder.wav")
        assert mixed.mono == pytest.approx(speech / channels, abs=1e-3), number
        alone, _ = decode(tmp_path / "recorder.wav", channel=number)
        assert alone.mono == pytest.approx(speech, abs=1e-3)


@pytest.mark.parametrize("scale", [32_768, 8_388_608, 2_147_483_648])
def test_float_samples_on_an_integer_scale(sample: Path, tmp_path: Path, scale: int) -> None:
    path = tmp_path / "float.wav"
    ffmpeg("-i", sample, "-af", f"volume={scale}:precision=double", "-c:a", "pcm_f32le", path)
    audio, warnings = decode(path)
    expected, _ = decode(sample)
    assert audio.mono == pytest.approx(expected.mono, abs=2e-3)
    assert warnings == [f"float.wav: its float samples are on an integer scale; they were divided by {scale}"]


def test_loud_float_samples_are_not_taken_for_integers(sample: Path, tmp_path: Path) -> None:
    ffmpeg("-i", sample, "-af", "volume=8:precision=float", "-c:a", "pcm_f32le", tmp_path / "loud.wav")
    assert decode(tmp_path / "loud.wav")[1] == []


@pytest.mark.parametrize("gain", [-30, -50])
@pytest.mark.parametrize("preset", ["off", "light", "speech"])
def test_quiet_speech_is_amplified(sample: Path, tmp_path: Path, preset: str, gain: int) -> None:
    """With a loud click, as of the button that stops the recorder."""
    path = tmp_path / "quiet.wav"
    click = "aeval=if(between(t\\,29.9\\,29.901)\\,0.9\\,val(0))"
    ffmpeg("-i", sample, "-af", f"volume={gain}dB,{click}", "-c:a", "pcm_s24le", path)
    audio, warnings = clean(path, clean_preset(preset))
    levels = frame_levels(audio.mono, 160)
    assert np.percentile(levels[levels > -90], 95) > -32
    assert any("very quiet; it was amplified by" in text for text in warnings) or preset == "speech"


def test_ordinary_speech_is_left_as_it_is(sample: Path) -> None:
    audio, warnings = clean(sample, clean_preset("off"))
    assert np.array_equal(audio.samples, decode(sample)[0].samples)
    assert warnings == []


# --- audio tracks -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def film(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tracks: English silence, and the sample in German, which is the default."""
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    ffmpeg(
        "-f", "lavfi", "-t", 30, "-i", "anullsrc=r=16000:cl=stereo", "-i", sample, "-map", "0:a", "-map", "1:a",
        "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=ger", "-metadata:s:a:1", "title=Dub",
        "-disposition:a:0", "0", "-disposition:a:1", "default", path,
    )  # fmt: skip
    return path


@pytest.mark.parametrize(
    ("track", "number", "has_sound"),
    [("default", 2, True), ("1", 1, False), ("2", 2, True), ("en", 1, False), ("de", 2, True), ("all", 0, True)],
)
def test_a_track_is_chosen(film: Path, track: str, number: int, has_sound: bool) -> None:
    media = probe(film, track)
    assert media.track == number
    assert [str(each) for each in media.tracks] == ["1 (eng, 2 ch)", "2 (ger, Dub, 1 ch)"]
    audio, _ = clean(film, clean_preset("off"), media=media)
    assert (frame_levels(audio.mono, 160).max() > -60) == has_sound


@pytest.mark.parametrize("track", ["3", "0", "fr", "nonsense"])
def test_a_track_that_is_not_there(film: Path, track: str) -> None:
    with pytest.raises(UsageError, match=rf"film.mkv has no audio track '{track}'"):
        probe(film, track)
