"""Sources that are broken, hostile or only odd, among good ones: each gets its answer, and harms nothing else."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.support.hostile import WORDS, Hostile, boxes, ffmpeg, opened, small_disk, untidy
from tests.support.server import Site
from voicekit.audio import flac_cache
from voicekit.audio.clean import clean
from voicekit.audio.decode import decode
from voicekit.audio.ffmpeg import run_ffmpeg
from voicekit.audio.flac_cache import write_flac
from voicekit.audio.probe import probe
from voicekit.cli import run
from voicekit.config.clean import clean_preset
from voicekit.config.transcribe import TranscribeOptions
from voicekit.errors import DownloadError, MediaError, ModelCorrupt, OutputError, SourceError, VoicekitError
from voicekit.models.resolve import resolve
from voicekit.redact import redact_urls
from voicekit.sources import network_guard
from voicekit.sources.download import FetchedMedia, fetch
from voicekit.sources.expand import expand_all
from voicekit.sources.playlist import PlaylistEntry, playlist_entries
from voicekit.sources.ytdlp import DownloadOptions
from voicekit.transcription.session import Outcome, Session
from voicekit.types import Audio, Transcript

QUICK = TranscribeOptions(diarizer="none", model="tiny.en", beam_size=1, format=("json", "srt"))
ARGUMENTS = ["--diarizer", "none", "--model", "tiny.en", "--beam-size", "1"]
IMPATIENT = DownloadOptions(timeout=1.0, retries=20)


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    server = Hostile()
    yield server
    server.stop()


def wav(samples: np.ndarray, rate: int, bits: int, form: int) -> bytes:
    """A WAV by hand, so that its header can lie. `form`: 1 integers, 3 floats."""
    data = samples.tobytes()
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, form, 1, rate,
                       rate * bits // 8, bits // 8, bits)  # fmt: skip
    return head + struct.pack("<4sI", b"data", len(data)) + data


# --- files ----------------------------------------------------------------------------------------------------------


def plain(talk: Path) -> np.ndarray:
    samples, _ = soundfile.read(talk, dtype="float32")
    return np.asarray(samples)


def lying_header(size: int) -> Callable[[Path, Path], None]:
    def write(path: Path, talk: Path) -> None:
        data = bytearray(wav((plain(talk) * 32767).astype("<i2"), 16_000, 16, 1))
        data[40:44] = struct.pack("<I", size)
        path.write_bytes(data)

    return write


def with_odd_numbers(path: Path, talk: Path) -> None:
    samples = plain(talk).astype("<f4")
    samples[100:110] = np.nan
    samples[200] = np.inf
    samples[201] = -np.inf
    path.write_bytes(wav(samples, 16_000, 32, 3))


def with_wrong_duration(path: Path, talk: Path) -> None:
    """An MP4 that says it lasts for weeks."""
    ffmpeg("-i", talk, path)
    data = bytearray(path.read_bytes())
    for kind, offset in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):
        at = data.index(kind) + offset
        data[at : at + 4] = struct.pack(">I", 0x7FFFFFF0)
    path.write_bytes(data)


def eight_channels(path: Path, talk: Path) -> None:
    ffmpeg("-i", talk, "-af", "pan=7.1|FC=c0|FL=0.1*c0|BR=0.1*c0", path)


GOOD: dict[str, Callable[[Path, Path], Any]] = {
    "8 kHz.wav": lambda path, talk: ffmpeg("-i", talk, "-ar", 8000, path),
    "192 kHz.wav": lambda path, talk: ffmpeg("-i", talk, "-ar", 192_000, path),
    "7.1.wav": eight_channels,
    "7.1 float.wav": lambda path, talk: ffmpeg("-i", talk, "-ac", 8, "-c:a", "pcm_f32le", path),
    "24 bit.wav": lambda path, talk: ffmpeg("-i", talk, "-c:a", "pcm_s24le", path),
    "no number.wav": with_odd_numbers,
    "data size 0.wav": lying_header(0),
    "data size most.wav": lying_header(0xFFFFFFFF),
    "data size too large.wav": lying_header(0x7FFFFFFF),
    "wrong duration.mp4": with_wrong_duration,
    "it's \"quoted\".wav": lambda path, talk: shutil.copy(talk, path),
    "two\nlines.wav": lambda path, talk: shutil.copy(talk, path),
    "🎙 emoji.wav": lambda path, talk: shutil.copy(talk, path),
    "--speakers.wav": lambda path, talk: shutil.copy(talk, path),
    "$(reboot);`id`.wav": lambda path, talk: shutil.copy(talk, path),
    "%(title)s %03d.wav": lambda path, talk: shutil.copy(talk, path),
    "concat:a|b.wav": lambda path, talk: shutil.copy(talk, path),
    "n" * 251 + ".wav": lambda path, talk: shutil.copy(talk, path),
    "é" * 125 + ".wav": lambda path, talk: shutil.copy(talk, path),
    "link.wav": lambda path, talk: path.symlink_to(talk),
}  # fmt: skip

SILENT: dict[str, Callable[[Path, Path], Any]] = {
    "silence.wav": lambda path, _: soundfile.write(path, np.zeros(32_000), 16_000),
    "one sample.wav": lambda path, _: path.write_bytes(wav(np.zeros(1, "<i2"), 16_000, 16, 1)),
    "only no numbers.wav": lambda path, _: path.write_bytes(wav(np.full(16_000, np.nan, "<f4"), 16_000, 32, 3)),
}

BAD: dict[str, tuple[Callable[[Path, Path], Any], str]] = {
    "text.mp3": (lambda path, _: path.write_text("This is not sound. " * 200), "not media"),
    "random.wav": (lambda path, _: path.write_bytes(np.random.default_rng(1).bytes(50_000)), "not media"),
    "empty.wav": (lambda path, _: path.touch(), "0 bytes"),
    "header only.wav": (lambda path, _: path.write_bytes(wav(np.zeros(0, "<i2"), 16_000, 16, 1)), "could not be|not"),
    "mute.mp4": (
        lambda path, _: ffmpeg("-f", "lavfi", "-i", "color=size=64x64:duration=1", path),
        "no audio stream",
    ),
    "loop.wav": (lambda path, _: path.symlink_to(path.name), "symbolic links"),
    "nowhere.wav": (lambda path, _: path.symlink_to("not-there.wav"), "No such file"),
    "pipe.wav": (lambda path, _: os.mkfifo(path), "a pipe or a device"),
    "list.wav": (
        lambda path, talk: path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{talk}\n"),
        "not media",
    ),
    "list.ffconcat": (lambda path, talk: path.write_text(f"ffconcat version 1.0\nfile '{talk}'\n"), "not media"),
}


def test_files_of_every_kind_in_one_command(
    talk: Path, tmp_path: Path, own_cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name, make in [*GOOD.items(), *SILENT.items(), *((name, make) for name, (make, _) in BAD.items())]:
        make(folder / name, talk)
    (folder / "nothing here").mkdir()
    monkeypatch.chdir(folder)
    wrong = ["", "x" * 256 + ".wav", "y" * 5000, "nul\0.wav", "http://[", "ftp://x/y", "~nobody-of-this-name/x.wav",
             "/dev/zero", "nothing here", "https://" + "z" * 5000]  # fmt: skip
    names = [*GOOD, *SILENT, *BAD]
    first, last = shutil.copy(talk, folder / "first.wav"), shutil.copy(talk, folder / "last.wav")
    assert run(["transcribe", *ARGUMENTS, "-o", str(out), "--", str(first), *names, *wrong, str(last)]) == 1
    printed = capsys.readouterr()
    errors = [line for line in printed.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == len(BAD) + len(wrong), "\n".join(errors)
    for name, (_, says) in BAD.items():
        (line,) = [line for line in errors if name in line]
        assert re.search(says, line), line
        assert re.search(r"\. [A-Z].+", line), line  # and a remedy
    heard = {}
    for path in out.glob("*/latest/transcript.json"):
        transcript = Transcript.from_json(path.read_text())
        heard[transcript.source] = transcript
    assert set(heard) == {"first.wav", "last.wav", *GOOD, *SILENT}
    for name in ("first.wav", "last.wav", *GOOD):
        assert WORDS in heard[name].text, name
    for name in SILENT:
        assert heard[name].segments == (), name
    assert heard["first.wav"].words == heard["last.wav"].words
    assert len([line for line in printed.err.splitlines() if "no speech was found" in line]) == len(SILENT)
    assert untidy(out, own_cache) == []


def cleaned(path: Path) -> tuple[Audio, list[str]] | MediaError:
    try:
        return clean(path, clean_preset("light"))
    except MediaError as error:
        return error


@pytest.mark.parametrize("kind", ["", "faststart", "frag_keyframe+empty_moov"])
def test_an_mp4_cut_at_every_box(talk: Path, tmp_path: Path, kind: str) -> None:
    """What is left is decoded, with a warning where something is missing, or refused."""
    path, refused, decoded = tmp_path / "cut.mp4", 0, 0
    fragments = ("-frag_duration", "500000") if kind.startswith("frag") else ()
    ffmpeg("-i", talk, *(("-movflags", kind) if kind else ()), *fragments, path)
    whole = path.read_bytes()
    length = probe(path).duration or 0.0
    cuts = [at for at in boxes(whole) if 0 < at < len(whole)]
    assert len(cuts) > 20
    cuts.append(len(whole) * 3 // 4)
    for cut in cuts:
        path.write_bytes(whole[:cut])
        found = cleaned(path)
        if isinstance(found, MediaError):
            refused += 1
            assert found.remedy
        else:
            decoded += 1
            sound, warnings = found
            assert np.isfinite(sound.samples).all()
            assert sound.duration <= length + 0.1
            # Of one in fragments, so many of them as there are is a whole file.
            assert warnings or sound.duration > length - 1.2 or kind.startswith("frag"), cut
    assert refused > 10
    assert decoded > 0 or kind == ""  # all that tells how to decode comes last


def test_one_bad_sample_costs_one_sample(tmp_path: Path, talk: Path) -> None:
    """A filter remembers: one sample that is no number would make all later ones so."""
    for codec, kind in (("pcm_f32le", "<f4"), ("pcm_f64le", "<f8")):
        samples = plain(talk).astype(kind)
        samples[1000] = np.nan
        (tmp_path / "x.wav").write_bytes(wav(samples, 16_000, samples.itemsize * 8, 3))
        assert probe(tmp_path / "x.wav").codec == codec
        for preset in ("off", "light", "speech"):
            marred = clean(tmp_path / "x.wav", clean_preset(preset))[0].mono
            good = clean(talk, clean_preset(preset))[0].mono
            assert np.abs(marred[1200:] - good[1200:]).max() < 0.02, preset


def test_only_the_end_of_a_long_log_is_kept() -> None:
    """ffmpeg says something of every damaged packet, and there can be millions."""
    code = "import sys; sys.stderr.write('x' * 20_000_000 + 'the reason'); print('out')"
    status, out, log = run_ffmpeg([sys.executable, "-c", code])
    assert (status, out) == (0, b"out\n")
    assert len(log) == 65_536
    assert log.endswith("xthe reason")


# --- limits ---------------------------------------------------------------------------------------------------------


def test_what_is_decoded_is_limited_whatever_the_header_says(
    talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOICEKIT_MAX_HOURS", str(2 / 3600))  # the talk is 2.5 s
    for name in ("off", "speech"):
        with pytest.raises(MediaError, match=r"talk\.wav is longer than .* hours\. .*VOICEKIT_MAX_HOURS"):
            clean(talk, clean_preset(name))
    soundfile.write(tmp_path / "days.flac", np.zeros(24_000), 16_000)
    data = bytearray((tmp_path / "days.flac").read_bytes())
    data[22:26] = b"\xff" * 4  # how many samples
    (tmp_path / "days.flac").write_bytes(data)
    assert (probe(tmp_path / "days.flac").duration or 0) > 86_400
    assert decode(tmp_path / "days.flac")[0].duration == pytest.approx(1.5)
    monkeypatch.setenv("VOICEKIT_MAX_HOURS", "many")
    with pytest.raises(VoicekitError, match="VOICEKIT_MAX_HOURS is 'many'"):
        decode(talk)


def test_a_small_file_of_much_silence_is_limited(talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sound keeps its place in time, so a few kilobytes with a gap in it can be any length."""
    monkeypatch.setenv("VOICEKIT_MAX_HOURS", "0.01")
    ffmpeg("-i", talk, "-af", "asetpts=PTS+gt(T\\,1)*7200/TB", "-c:a", "libopus", tmp_path / "gap.mkv")
    assert (tmp_path / "gap.mkv").stat().st_size < 50_000
    with pytest.raises(MediaError, match=r"longer than 0\.01 hours"):
        decode(tmp_path / "gap.mkv")


# --- disks and rights -----------------------------------------------------------------------------------------------


def outcomes(
    session: Session, sources: list[object], out: Path | None, options: DownloadOptions = IMPATIENT
) -> list[Outcome]:
    return list(session.transcribe_all([str(source) for source in sources], QUICK, out, options))


def failure(outcome: Outcome) -> VoicekitError:
    """The error of a source that failed: one line, with a remedy."""
    error = outcome.error
    assert error is not None, outcome
    assert error.remedy
    assert "please report" not in str(error)
    assert "\n" not in str(error)
    return error


@pytest.mark.parametrize("full", ["cache", "out"])
def test_a_full_disk(session: Session, talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: str) -> None:
    """With room for so many blocks and no more: it works, or it is said, and then nothing is left that is not whole."""
    folders = {name: tmp_path / name for name in ("cache", "out")}
    said = []
    with small_disk(folders[full], "400k") as mounted:
        if not mounted:
            pytest.skip("may not mount a file system; the test with a limit on file sizes stands in for this one")
        monkeypatch.setenv("VOICEKIT_CACHE", str(folders["cache"]))
        for blocks in (0, 1, 2, 3, 4, 6, 8, 16, 24, 40):
            filler = folders[full] / "filler"
            filler.write_bytes(b"x" * (400 * 1024 - 4096 * blocks))
            (outcome,) = outcomes(session, [talk], folders["out"])
            filler.unlink()
            if outcome.error is None:
                break
            error = failure(outcome)
            assert isinstance(error, OutputError)
            assert re.search(r"No space left.*The disk is full: free some space", str(error)), error
            said.append(blocks)
            assert untidy(*folders.values()) == []
            assert not list(folders["out"].rglob("run.json"))
        assert len(said) >= 3
        (outcome,) = outcomes(session, [talk], folders["out"])
        assert outcome.transcript
        assert WORDS in outcome.transcript.text
        assert untidy(*folders.values()) == []


@pytest.mark.parametrize("most", [0, 30, 2000, 20_000])
def test_files_that_may_not_grow(
    session: Session, talk: Path, tmp_path: Path, own_cache: Path, capfd: pytest.CaptureFixture[str], most: int
) -> None:
    """A write that fails midway, wherever that is, by the limit on the size of files."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        (outcome,) = outcomes(session, [talk], tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert isinstance(failure(outcome), OutputError)
    assert "ulimit" in str(outcome.error)
    assert untidy(own_cache, tmp_path / "out") == []
    (outcome,) = outcomes(session, [talk], tmp_path / "out")
    assert outcome.transcript


@pytest.mark.parametrize("size", ["8k", "16k", "32k", "64k", "100k", "200k", "300k", "400k", "480k", "500k"])
def test_a_failed_write_of_sound_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str], size: str) -> None:
    """libsndfile loses the reason, soundfile asserts, and cffi prints: each of them at other sizes."""
    with small_disk(tmp_path / "disk", size) as mounted:
        if not mounted:
            pytest.skip("may not mount a file system")
        noise = np.random.default_rng(0).normal(0, 0.1, (1, 320_000)).astype(np.float32)
        with pytest.raises(OutputError, match="No space left"):
            write_flac(tmp_path / "disk", Audio(noise, 16_000), [])
        assert list((tmp_path / "disk").iterdir()) == []
        assert capfd.readouterr().err == ""


def test_an_interrupt_while_sound_is_written_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """libsndfile calls Python back to write, and what is raised there goes nowhere."""
    tell = flac_cache._ErrorKeepingFile.tell

    def interrupted(told: flac_cache._ErrorKeepingFile) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return tell(told)

    monkeypatch.setattr(flac_cache._ErrorKeepingFile, "tell", interrupted)
    old = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            write_flac(tmp_path, Audio(np.zeros((1, 16_000), np.float32), 16_000), [])
    finally:
        signal.signal(signal.SIGINT, old)
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_written(session: Session, talk: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (outcome,) = outcomes(session, [talk], tmp_path / "file" / "out")
    assert re.search(r"cannot write .*Choose another folder with -o", str(failure(outcome)))
    with small_disk(tmp_path / "disk", "1m") as mounted:
        if not mounted:
            pytest.skip("may not mount a file system")
        os.system(f"mount -o remount,ro {tmp_path / 'disk'}")
        (outcome,) = outcomes(session, [talk], tmp_path / "disk" / "out")
        assert "Read-only file system" in str(failure(outcome))


def test_a_cache_that_cannot_be_written(
    session: Session, talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("VOICEKIT_CACHE", str(tmp_path / "file" / "cache"))
    (outcome,) = outcomes(session, [talk], tmp_path / "out")
    assert "VOICEKIT_CACHE" in str(failure(outcome))


def test_folders_and_files_without_rights(talk: Path) -> None:
    """As a user who may not read them; root, who may read all, becomes one for the while."""
    home = Path(tempfile.mkdtemp(prefix="voicekit-rights-"))
    home.chmod(0o755)
    try:
        for name in ("locked", "open"):
            (home / name).mkdir()
            shutil.copy(talk, home / name / "a.wav")
        shutil.copy(talk, home / "open" / "mine alone.wav")
        (home / "open" / "mine alone.wav").chmod(0)
        (home / "locked").chmod(0)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65_534)
        try:
            found = list(expand_all([str(home / "locked"), str(home), str(home / "locked" / "a.wav")]))
            unreadable = outcomes(Session(), [home / "open" / "mine alone.wav"], None)
        finally:
            if root:
                os.seteuid(0)
        kinds = [type(each).__name__ for each in found]
        assert kinds == ["SourceError", "PosixPath", "PosixPath", "SourceError", "SourceError"]
        assert all("Check" in str(e) and "permissions" in str(e) for e in found if isinstance(e, SourceError))
        assert "Permission denied" in str(failure(unreadable[0]))
    finally:
        (home / "locked").chmod(0o700)
        shutil.rmtree(home)


# --- the network ----------------------------------------------------------------------------------------------------


def test_servers_of_every_kind_in_one_run(
    session: Session, hostile: Hostile, site: Site, talk: Path, tmp_path: Path, own_cache: Path
) -> None:
    good = site.add("/talk.wav", talk, "audio/wav")
    bad = {
        hostile.url("/silent.mp3"): "timed out",
        hostile.url("/silent-body.mp3"): r"too slow: \d+ bytes in [4-6] s",
        hostile.url("/slow-head.mp3"): "too slow: no answer",
        hostile.url("/slow-body.mp3"): r"too slow: \d+ bytes in 4 s",
        hostile.url("/terabyte.mp3"): r"1000 GB is larger than the 50 GB allowed.*VOICEKIT_MAX_GB",
        hostile.url("/page"): "Unsupported URL.*Give the URL of the page or file that plays",
        hostile.url("/page-as-sound.mp3"): "the download is not audio.*signing in",
        site.url("/gone.mp3"): "404.*Check the URL",
    }
    found = outcomes(session, [good, *bad, good], tmp_path / "out")
    assert len(found) == len(bad) + 2
    for outcome, says in zip(found[1:-1], bad.values(), strict=True):
        assert re.search(says, str(failure(outcome))), outcome.error
    for outcome in (found[0], found[-1]):
        assert outcome.transcript
        assert WORDS in outcome.transcript.text
    left = [name for name in untidy(tmp_path / "out", own_cache) if not name.endswith((".part", "/"))]
    assert left == []  # what silence interrupted may be resumed, the rest is gone


def test_what_came_before_a_server_fell_silent_is_kept(hostile: Hostile, own_cache: Path) -> None:
    with pytest.raises(DownloadError, match="it resumes"):
        fetch(hostile.url("/silent-body.mp3"), DownloadOptions(timeout=0.5, retries=0))
    (part,) = own_cache.rglob("*.part")
    assert part.stat().st_size == 1000


def test_titles_of_every_kind(session: Session, site: Site, talk: Path, tmp_path: Path, own_cache: Path) -> None:
    titles = ["é" * 5000, "..", "/etc/passwd", "latest", "a\x1b[31mb", "CON", "🎙" * 100, "-rf", ".hidden", " "]
    media = [site.add(f"/{number}.wav", talk, "audio/wav") for number in range(len(titles))]
    items = [(title.replace("\x1b", "&#x2028;"), url) for title, url in zip(titles, media, strict=True)]
    found = outcomes(session, [site.feed("/feed.xml", "Feed", items)], tmp_path / "out")
    assert len(found) == len({outcome.folder.parent for outcome in found if outcome.folder}) == len(titles)
    for outcome in found:
        assert outcome.folder
        assert outcome.folder.parents[1] == tmp_path / "out"
        assert outcome.name.isprintable()
    assert untidy(tmp_path / "out", own_cache) == []


def test_lists_in_lists_end(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server can always name one more."""
    asked = []

    def always_a_list(url: str, *_: object) -> list[PlaylistEntry]:
        asked.append(url)
        return [PlaylistEntry(f"{url}/{number}", "more") for number in range(2)]

    monkeypatch.setattr("voicekit.sources.recordings.fetch", always_a_list)
    found = outcomes(session, ["https://example.org"], None)
    assert {str(outcome.error) for outcome in found} == {
        "more is nested 5 playlists deep. Give the URL of one of its entries"
    }
    assert len(asked) == sum(2**depth for depth in range(6))


def test_an_endless_body_ends(hostile: Hostile, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEKIT_MAX_GB", "0.02")
    with pytest.raises(DownloadError, match=r"larger than the 0\.02 GB allowed.*VOICEKIT_MAX_GB"):
        fetch(hostile.url("/endless.mp3"), IMPATIENT)
    monkeypatch.setattr(network_guard, "MAX_PAGE", 1 << 20)
    with pytest.raises(DownloadError, match="the page is larger than 1 MB"):
        fetch(hostile.url("/endless-page"), IMPATIENT)
    assert untidy(own_cache) == []


@pytest.mark.parametrize("path", ["/terabyte.mp3", "/endless.mp3"])
def test_a_download_leaves_room_on_the_disk(
    hostile: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """The disk is a real one, of 24 MB; without the right to mount it, one that says it has 4 MB left."""
    monkeypatch.setenv("VOICEKIT_MAX_GB", "5000")
    monkeypatch.setattr(network_guard, "RESERVE", 8 << 20)
    monkeypatch.setattr(network_guard, "_CHECK_EVERY", 1 << 20)
    with small_disk(tmp_path / "disk", "24m") as mounted:
        if not mounted:
            monkeypatch.setattr(network_guard.DownloadLimits, "_free_bytes", lambda _: 4 << 20)
        monkeypatch.setenv("VOICEKIT_CACHE", str(tmp_path / "disk" / "cache"))
        with pytest.raises(OutputError, match=r"no room in .*Free some space"):
            fetch(hostile.url(path), IMPATIENT)
        assert not list(tmp_path.rglob("media*"))
        assert untidy(tmp_path / "disk" / "cache") == []


def test_a_disk_that_fills_up_meanwhile(hostile: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_guard, "RESERVE", 0)
    with small_disk(tmp_path / "disk", "8m") as mounted:
        if not mounted:
            pytest.skip("may not mount a file system")
        monkeypatch.setenv("VOICEKIT_CACHE", str(tmp_path / "disk" / "cache"))
        with pytest.raises(OutputError, match=r"No space left.*Free some space"):
            fetch(hostile.url("/endless.mp3"), IMPATIENT)
        assert untidy(tmp_path / "disk" / "cache") == []


def hls(*lines: str) -> bytes:
    head = "#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:3", "#EXT-X-MEDIA-SEQUENCE:0"
    return "\n".join([*head, *lines, "#EXT-X-ENDLIST", ""]).encode()


def lures(site: Site, target: str) -> list[str]:
    """Addresses on `site` that lead to `target`, each in another way."""
    kind = "application/vnd.apple.mpegurl"
    site.files["/piece.m3u8"] = (kind, hls("#EXTINF:3,", target))
    site.files["/later.m3u8"] = (kind, hls("#EXTINF:3,", "first.ts", "#EXTINF:3,", target))
    site.files["/key.m3u8"] = (kind, hls(f'#EXT-X-KEY:METHOD=AES-128,URI="{target}"', "#EXTINF:3,", "first.ts"))
    site.files["/map.m3u8"] = (kind, hls(f'#EXT-X-MAP:URI="{target}"', "#EXTINF:3,", "first.ts"))
    master = f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\n{target}\n"
    site.files["/master.m3u8"] = (kind, master.encode())
    site.files["/video.html"] = ("text/html", f'<html><video src="{target}"></video></html>'.encode())
    site.redirects["/moved.mp3"] = target
    names = "piece.m3u8", "later.m3u8", "key.m3u8", "map.m3u8", "master.m3u8", "video.html", "moved.mp3"
    return [*(site.url(f"/{name}") for name in names), site.feed("/feed.xml", "Feed", [("An item", target)])]


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_what_a_page_names_is_not_reached(
    session: Session, site: Site, canary: Site, talk: Path, tmp_path: Path, own_cache: Path, scheme: str
) -> None:
    """Ports of this machine, and its files, by lists, keys, pages, redirects and feeds from elsewhere."""
    (tmp_path / "private").mkdir()
    secret = Path(shutil.copy(talk, tmp_path / "private" / "secret.wav"))
    target = canary.add("/secret.wav", talk, "audio/wav") if scheme == "http" else f"file://{secret}"
    ffmpeg("-i", talk, "-c:a", "aac", tmp_path / "first.ts")
    site.add("/first.ts", tmp_path / "first.ts", "video/mp2t")
    local = tmp_path / "list.m3u8"
    local.write_bytes(hls("#EXTINF:3,", target))
    sources = [*lures(site, target), local]
    with opened(tmp_path / "private") as names:
        found = outcomes(session, [*sources, talk], tmp_path / "out")
    assert canary.log == []
    assert names == []
    assert len(found) == len(sources) + 1
    for outcome in found[:-1]:
        failure(outcome)
    assert found[-1].transcript
    assert untidy(tmp_path / "out", own_cache) == []


def test_the_lures_would_work(site: Site, talk: Path, tmp_path: Path, own_cache: Path) -> None:
    """On the server that the user named they do: it is the limit that stops them, nothing else."""
    ffmpeg("-i", talk, "-c:a", "aac", tmp_path / "first.ts")
    target = site.add("/first.ts", tmp_path / "first.ts", "video/mp2t")
    for lure in lures(site, target):
        if not re.search("key|map|master", lure):  # these want a target of another kind
            found = fetch(lure, IMPATIENT)
            got = fetch(found[0].url, IMPATIENT) if isinstance(found, list) else found
            assert isinstance(got, FetchedMedia), lure
            assert decode(got.path)[0].duration > 2, lure


def test_what_was_left_out_is_said(site: Site, talk: Path, tmp_path: Path, own_cache: Path) -> None:
    ffmpeg("-i", talk, "-c:a", "aac", tmp_path / "first.ts")
    site.add("/first.ts", tmp_path / "first.ts", "video/mp2t")
    lines = ("#EXTINF:3,", "first.ts", "#EXTINF:3,", "gone.ts", "#EXTINF:3,", "gone, too.ts", "#EXTINF:3,", "first.ts")
    site.files["/list.m3u8"] = ("application/vnd.apple.mpegurl", hls(*lines))
    notes: list[str] = []
    got = fetch(site.url("/list.m3u8"), DownloadOptions(retries=1), warn=notes.append)
    assert isinstance(got, FetchedMedia)
    assert notes == ["2 pieces of the recording could not be downloaded and are missing"]


def test_a_download_in_pieces_that_was_killed_begins_again(
    site: Site, talk: Path, tmp_path: Path, own_cache: Path
) -> None:
    """Else the piece that was written last might be written twice."""
    for number in range(3):
        ffmpeg("-i", talk, "-c:a", "aac", "-output_ts_offset", 3 * number, tmp_path / f"{number}.ts")
        site.add(f"/{number}.ts", tmp_path / f"{number}.ts", "video/mp2t")
    whole = hls(*(line for number in range(3) for line in ("#EXTINF:3,", f"{number}.ts")))
    site.files["/list.m3u8"] = ("application/vnd.apple.mpegurl", whole)
    first = fetch(site.url("/list.m3u8"), IMPATIENT)
    assert isinstance(first, FetchedMedia)
    media = first.path.read_bytes()
    part = first.path.with_name(f"{first.path.name}.part")
    first.path.rename(part)
    part.write_bytes(media[: len(media) * 2 // 3])  # two pieces, of which one was noted
    state = {"downloader": {"current_fragment": {"index": 1}, "fragment_count": 3}}
    first.path.with_name(f"{first.path.name}.ytdl").write_text(json.dumps(state))
    (first.path.parent / "info.json").unlink()
    again = fetch(site.url("/list.m3u8"), IMPATIENT)
    assert isinstance(again, FetchedMedia)
    assert again.path.read_bytes() == media


def test_cookies_that_cannot_be_used(site: Site, talk: Path, tmp_path: Path, own_cache: Path, session: Session) -> None:
    url = site.add("/talk.wav", talk, "audio/wav")
    (tmp_path / "text").write_text("no cookies")
    (tmp_path / "noise").write_bytes(b"\x00\xff")
    for options in (
        DownloadOptions(cookies=tmp_path / "text"),
        DownloadOptions(cookies=tmp_path / "noise"),
        DownloadOptions(cookies=tmp_path),
        DownloadOptions(cookies_from_browser="mosaic"),
        DownloadOptions(cookies_from_browser="firefox:/nowhere"),
    ):
        (outcome,) = outcomes(session, [url], None, options)
        assert re.search(r"the cookies .*(Export them|export the cookies)", str(failure(outcome))), options
        assert "StringIO" not in str(outcome.error)
    assert site.log == []


def test_an_entry_cannot_name_itself_for_the_user(site: Site, canary: Site, own_cache: Path) -> None:
    """The mark that tells where an entry was found is the last one, whatever the page writes into its addresses."""
    own = playlist_entries({"entries": [{"url": canary.url("/a.mp3")}]}, canary.url("/x"))[0].url
    feed = site.feed("/feed.xml", "Feed", [("Forged", own), ("Plain", canary.url("/a.mp3"))])
    listed = fetch(feed, IMPATIENT)
    assert isinstance(listed, list)
    assert len(listed) == 2
    for entry in listed:
        with pytest.raises(DownloadError, match="inside this machine"):
            fetch(entry.url, IMPATIENT, entry.title)
    assert canary.log == []


def test_an_entry_known_by_its_id_is_resolved_by_its_extractor() -> None:
    found = playlist_entries(
        {
            "entries": [
                {"_type": "url", "id": "dQw4w9WgXcQ", "ie_key": "Youtube", "url": "dQw4w9WgXcQ", "title": "By id"},
                {"_type": "url", "id": "x", "ie_key": "Youtube", "title": "No url"},
                {"_type": "url", "id": "y", "ie_key": "Youtube", "webpage_url": "https://example.org/watch?v=y"},
                {"url": "file:///etc/passwd", "ie_key": "Generic"},
                {"id": "nothing more"},
                "no entry",
            ]
        },
        "https://example.org/list",
    )
    assert [entry.url.partition("#")[0] for entry in found] == [
        "https://example.org/", "https://example.org/", "https://example.org/watch?v=y",
        "file:///etc/passwd", "",
    ]  # fmt: skip
    assert found[0].url != found[1].url


def test_resolving_by_id_asks_that_extractor(
    site: Site, talk: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from yt_dlp import YoutubeDL

    site.add("/talk.wav", talk, "audio/wav")
    (entry,) = playlist_entries({"entries": [{"id": "42", "ie_key": "Youtube", "url": "42"}]}, site.url("/list"))
    asked = []

    def extract(self: Any, url: str, down: bool, ie_key: str | None) -> Any:
        asked.append((url, ie_key))
        return {"extractor_key": ie_key, "id": url, "url": site.url("/talk.wav"), "ext": "wav", "title": "It",
                "webpage_url": "https://example.org/watch?v=42"}  # fmt: skip

    monkeypatch.setattr(YoutubeDL, "extract_info", extract)
    got = fetch(entry.url, IMPATIENT, entry.title)
    assert isinstance(got, FetchedMedia)
    assert asked == [("42", "Youtube")]
    assert (got.identity, got.info["url"]) == ("Youtube:42", "https://example.org/watch?v=42")
    assert got.path.read_bytes() == talk.read_bytes()


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.org/watch?v=abc&list=x&t=3", "https://example.org/watch?v=abc&list=x&t=3"),
        ("https://example.org/a.mp3?token=abc", "https://example.org/a.mp3"),
        ("https://example.org/a.mp3?v=1&token=abc&t=3", "https://example.org/a.mp3?v=1&t=3"),
        ("https://example.org/a.mp3?v=1&sig=abc#t=10", "https://example.org/a.mp3?v=1#t=10"),
        ("https://s3.example.org/a?X-Amz-Signature=9f&X-Amz-Credential=AK%2F1", "https://s3.example.org/a"),
        ("https://example.org/a?Signature=x&Key-Pair-Id=y&Policy=z", "https://example.org/a"),
        ("https://example.org/a?accessToken=x&page=2&monkey=1", "https://example.org/a?page=2"),
        ("https://example.org/a?code=x&ticket=x&hdnts=x&bearer=x&tok=x&sas=x", "https://example.org/a"),
        ("https://example.org/a?id=eyJhbGciOiJIUzI1NiJ9.e30.x", "https://example.org/a"),
        (f"https://example.org/a?id={'x' * 200}", "https://example.org/a"),
        ("https://example.org/a?SECRET", "https://example.org/a"),
        ("https://example.org/a;jsessionid=x/b.mp3;v=1", "https://example.org/a/b.mp3;v=1"),
        ("https://example.org/hdnts=exp=1~hmac=x/a.m3u8", "https://example.org/hdnts=***/a.m3u8"),
        ("https://user:p@SS@example.org/a@b", "https://example.org/a@b"),
        ("rtmp://user:pass@example.org/live?key=x", "rtmp://example.org/live"),
        ("https://example.org?x=a@b", "https://example.org"),
        ("https://example.org/a?to%6ben=x&auth=y&password=z", "https://example.org/a"),
        ("https://user:pass@example.org/a?authuser=0", "https://example.org/a"),
        ("https://example.org/#access_token=abc", "https://example.org/"),
        ("ERROR: https://example.org/a?key=abc is gone", "ERROR: https://example.org/a is gone"),
    ],
)
def test_the_canonical_url_opens_nothing(url: str, kept: str) -> None:
    assert redact_urls(url) == kept
    assert redact_urls(kept) == kept


def test_secrets_in_a_query_are_not_kept(
    site: Site, talk: Path, tmp_path: Path, own_cache: Path, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = site.add("/talk.wav", talk, "audio/wav")
    one, two = (f"{plain}?v=1&token=HUSH{n}&key={n}HUSH" for n in (1, 2))
    monkeypatch.setattr(sys, "argv", ["voicekit", "transcribe", one, two])
    found = outcomes(session, [one, two], tmp_path / "out")
    assert [outcome.transcript and outcome.transcript.source for outcome in found] == [f"{plain}?v=1"] * 2
    assert len({outcome.folder.parent for outcome in found if outcome.folder}) == 2  # a key may name a file
    for path in (*own_cache.rglob("*.json"), *(tmp_path / "out").rglob("transcript.*")):
        assert "HUSH" not in path.read_text(), path
    for outcome in found:
        assert outcome.folder
        assert "HUSH" not in (told := (outcome.folder / "run.json").read_text())
        assert json.loads(told)["command"] == ["voicekit", "transcribe", f"{plain}?v=1", f"{plain}?v=1"]
    site.statuses["/talk.wav"] = 403
    with pytest.raises(DownloadError) as caught:
        fetch(one.replace("v=1", "v=2"), IMPATIENT)
    assert "HUSH" not in str(caught.value)


# --- models ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("model.bin", None),
        ("model.bin", b""),
        ("model.bin", b"\x06\0\0\0"),
        ("model.bin", b"noise" * 1000),
        ("config.json", b"{"),
        ("vocabulary.txt", None),
    ],
)
def test_a_damaged_model_is_said(talk: Path, tmp_path: Path, file: str, content: bytes | None) -> None:
    """In a folder of the user's own; those voicekit knows are compared with their checksums (test_models.py)."""
    shutil.copytree(resolve("tiny.en", "transcribe").path, tmp_path / "mine")
    (tmp_path / "mine" / file).unlink()
    if content is not None:
        (tmp_path / "mine" / file).write_bytes(content)
    options = TranscribeOptions(diarizer="none", model=str(tmp_path / "mine"))
    with Session() as session:
        (outcome,) = session.transcribe_all([str(talk)], options, tmp_path / "out")
    error = failure(outcome)
    assert isinstance(error, ModelCorrupt)
    assert "model mine cannot be loaded" in str(error)
    assert not (tmp_path / "out").exists()


def test_offline_with_an_empty_cache(
    talk: Path, tmp_path: Path, own_cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came with a package works; what did not is named, with the way to get it."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    command = ["transcribe", str(talk), "-o", str(tmp_path / "out"), "--offline", "-q"]
    assert run([*command, *ARGUMENTS]) == 0
    for extra, says in (
        (["--model", "small", "--diarizer", "none"], r"model small is not on this machine.*models pull small"),
        (["--diarizer-model", "community-1"], "model community-1 is not on this machine.*HF_TOKEN"),
        (["--model", "me/mine", "--diarizer", "none"], "model me/mine is not on this machine"),
    ):
        assert run([*command, *extra]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert re.search(says, line)


def test_a_full_cache_and_a_model_to_be_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with small_disk(tmp_path / "disk", "1m") as mounted:
        if not mounted:
            pytest.skip("may not mount a file system")
        monkeypatch.setenv("VOICEKIT_CACHE", str(tmp_path / "disk"))
        with pytest.raises(OutputError, match="The disk is full"):
            resolve("base", "transcribe")
        assert not [path for path in (tmp_path / "disk").rglob("*") if path.is_file() and path.suffix != ".lock"]
