"""Subtitles in videos: real ffmpeg, real fonts, pixels looked at. A script without a font is skipped, saying so."""

from __future__ import annotations

import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from voicekit.audio.ffmpeg import ffmpeg_path
from voicekit.config.subtitles import subtitle_style
from voicekit.errors import MediaError, UsageError
from voicekit.formats.writers import to_srt
from voicekit.subtitles import fonts
from voicekit.subtitles.burn import burn, to_ass
from voicekit.subtitles.mux import codec_for_existing, iso639_2, mux
from voicekit.subtitles.video import Track
from voicekit.types import Segment, Transcript, spread

STYLE = subtitle_style("netflix")
SCRIPTS = {
    "latin": ("fr", "Façade, naïve, œuvre."), "cyrillic": ("ru", "Привет, мир."), "greek": ("el", "Γειά σου, κόσμε."),
    "hebrew": ("he", "שלום עולם."), "arabic": ("ar", "مرحبا بالعالم."), "devanagari": ("hi", "नमस्ते दुनिया।"),
    "thai": ("th", "สวัสดีชาวโลก"), "chinese": ("zh", "今天天气很好。"), "japanese": ("ja", "こんにちは、世界。"),
    "korean": ("ko", "안녕하세요 세계."),
}  # fmt: skip


def said(text: str, language: str = "en", start: float = 0.2, end: float = 1.8) -> Transcript:
    words = spread(text, start, end)
    return Transcript(
        "voicekit.transcript/1", language, 2.0, "x", (), (Segment(0, start, end, text, None, language, words),)
    )


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of blue with a tone, under a name that filters and shells trip over."""
    path = tmp_path_factory.mktemp("video") / '-it\'s, [a]: "b"; c=d%20\\e.mp4'
    source = ["-f", "lavfi", "-i", "color=c=navy:s=1280x720:d=2:r=5", "-f", "lavfi", "-i", "sine=d=2"]
    subprocess.run([ffmpeg_path(), "-loglevel", "error", *source, "-shortest", f"file:{path}"], check=True)
    return path


def frames(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_script_is_drawn(video: Path, tmp_path: Path, script: str) -> None:
    language, text = SCRIPTS[script]
    try:
        fonts.choose_fonts(text, language=language)
    except UsageError as error:
        pytest.skip(str(error))
    burn(video, said(text, language), STYLE, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [s.type for s in container.streams] == ["video", "audio"]
    before, *_, during = frames(tmp_path / "out.mp4")[:6]
    assert np.ptp(before[:400].astype(int)) < 20
    foot = during[500:].astype(int)
    assert (foot > 180).sum() > 200  # white letters
    assert np.ptp(during[:400].astype(int)) < 20  # and nothing elsewhere
    columns = (foot > 180).sum(axis=0)
    assert len(set(columns[columns > 0].tolist())) > 5  # letters, not one box after another


def test_accents_and_joiners_stay_with_their_letters() -> None:
    if not any(font.family == "Noto Sans" for font in fonts.installed_fonts()):
        pytest.skip("needs Noto Sans: apt install fonts-noto-core")
    text, _ = to_ass(said("e\u0301 می\u200cخواهم b\u200c x"), STYLE)
    assert "é {\\fnDejaVu Sans}می\u200cخواهم {\\fnNoto Sans}b\u200c x" in text


@pytest.mark.parametrize("size", ["360x640", "641x361", "480x360"])
def test_no_line_is_wider_than_the_picture(tmp_path: Path, size: str) -> None:
    """Tall pictures, odd sizes: letters at both ends are whole."""
    lavfi = ["-f", "lavfi", "-i", f"color=c=black:s={size}:d=2:r=5", "-pix_fmt", "yuv444p"]
    subprocess.run([ffmpeg_path(), "-loglevel", "error", *lavfi, str(tmp_path / "in.mkv")], check=True)
    words = "Mammoths swim homewards, mumbling womanly whims which warm my memory."
    burn(tmp_path / "in.mkv", said(words), STYLE, tmp_path / "out.mp4", quality=30, preset="ultrafast")
    frame = frames(tmp_path / "out.mp4")[5]
    width, height = map(int, size.split("x"))
    assert frame.shape == (height + height % 2, width + width % 2)
    ink = np.flatnonzero((frame > 128).any(axis=0))
    assert ink.min() > 3
    assert ink.max() < width - 4
    assert ink.max() - ink.min() > (0.6 if height > width else 0.4) * width


def test_the_way_a_video_is_turned_counts(tmp_path: Path) -> None:
    lavfi = ["-f", "lavfi", "-i", "color=c=black:s=640x360:d=2:r=5"]
    subprocess.run([ffmpeg_path(), "-loglevel", "error", *lavfi, str(tmp_path / "flat.mp4")], check=True)
    turn = ["-display_rotation", "90", "-i", str(tmp_path / "flat.mp4"), "-c", "copy", str(tmp_path / "in.mp4")]
    subprocess.run([ffmpeg_path(), "-loglevel", "error", *turn], check=True)
    burn(tmp_path / "in.mp4", said("Mammoths swim homewards, mumbling"), STYLE, tmp_path / "out.mp4")
    frame = frames(tmp_path / "out.mp4")[5]
    assert frame.shape == (640, 360)
    ink = np.flatnonzero((frame > 128).any(axis=0))
    assert 3 < ink.min() < ink.max() < 356


def test_a_glyph_that_libass_does_not_find_is_an_error(video: Path, tmp_path: Path) -> None:
    """Should the choice of fonts be wrong: what ffmpeg says of it is read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fonts.Font, "missing", lambda self, text: [])
        with pytest.raises(UsageError, match=r"no installed font has .*\(U\+10FFF0\)"):
            burn(video, said("a \U0010fff0"), STYLE, tmp_path / "out.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_broken_font_has_no_characters(tmp_path: Path) -> None:
    dejavu = next(font for font in fonts.installed_fonts() if font.family == "DejaVu Sans")
    data = bytearray(dejavu.path.read_bytes())
    for size in (1000, 20_000):
        (tmp_path / "x.ttf").write_bytes(data[:size])
        for font in fonts.faces(tmp_path / "x.ttf"):
            assert font.missing("a") == ["a"]
    broken = fonts.Font(tmp_path / "x.ttf", 0, "x", True)
    assert broken.missing("a") == ["a"]
    assert broken.advance("a") == 0


def test_a_character_that_no_font_has_is_an_error_with_a_package(video: Path, tmp_path: Path) -> None:
    only = Path(next(font.path for font in fonts.installed_fonts() if font.family == "DejaVu Sans"))
    one = list(fonts.faces(only))
    assert one[0].missing("a今") == ["今"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fonts, "installed_fonts", lambda more=None: tuple(one))
        with pytest.raises(UsageError, match=r"no installed font has 今 \(U\+4ECA\).*apt install fonts-noto-cjk"):
            burn(video, said("今天"), STYLE, tmp_path / "out.mp4")
        with pytest.raises(UsageError, match="fonts-thai-tlwg"):
            to_ass(said("สวัสดี"), STYLE)
    assert list(tmp_path.iterdir()) == []


def test_fonts_are_found_by_family_and_by_file() -> None:
    dejavu = next(font for font in fonts.installed_fonts() if font.family == "DejaVu Sans")
    assert [font.family for _, font in fonts.choose_fonts("abc", "dejavu sans")] == ["DejaVu Sans"]
    assert [font.family for _, font in fonts.choose_fonts("abc", str(dejavu.path))] == ["DejaVu Sans"]
    with pytest.raises(UsageError, match="there is no font family 'Comic Papyrus'"):
        fonts.choose_fonts("abc", "Comic Papyrus")
    with pytest.raises(UsageError, match="is not a readable font"):
        fonts.choose_fonts("abc", str(Path(__file__).with_suffix(".ttf")))


def test_runs_join_to_the_text_and_fonts_cover_them() -> None:
    text = "Hello, Привет e\u0301\u200d\n -> Γειά"
    runs = fonts.choose_fonts(text)
    assert "".join(part for part, _ in runs) == text
    assert all(not font.missing(part) for part, font in runs)


def test_markup_in_the_words_stays_text(video: Path, tmp_path: Path) -> None:
    ass, _ = to_ass(said(r"{\an8}up \N down {\p1}m 0 0"), STYLE)
    event = ass.strip().splitlines()[-1]
    assert "{\\an8}" not in event
    assert "{\\p1}" not in event
    burn(video, said(r"{\an8}up \N down"), STYLE, tmp_path / "out.mkv")
    assert np.ptp(frames(tmp_path / "out.mkv")[5][:400].astype(int)) < 20  # not at the top


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".mov", ".webm"])
def test_mux_keeps_the_streams_and_names_the_languages(video: Path, tmp_path: Path, ending: str) -> None:
    source = video
    if ending == ".webm":
        source = tmp_path / "source.webm"
        lavfi = ["-f", "lavfi", "-i", "color=c=navy:s=64x64:d=2:r=5"]
        subprocess.run([ffmpeg_path(), "-loglevel", "error", *lavfi, f"file:{source}"], check=True)
    tracks = [Track(to_srt(said("Olá."), STYLE), "pt-BR", "Português"), Track(to_srt(said("Hello."), STYLE), "en")]
    mux(source, tracks, tmp_path / f"out{ending}")
    with av.open(str(tmp_path / f"out{ending}")) as container:
        assert [s.type for s in container.streams if s.type != "audio"] == ["video", "subtitle", "subtitle"]
        assert [s.language for s in container.streams.subtitles] == ["por", "eng"]
        packets = [bytes(p) for p in container.demux(container.streams.subtitles[1]) if p.size]
    assert any(b"Hello." in packet for packet in packets)


@pytest.mark.parametrize(("before", "after"), [(".mp4", ".mkv"), (".mkv", ".mp4"), (".mkv", ".mkv"), (".mp4", ".mp4")])
def test_mux_keeps_the_subtitles_that_are_there(video: Path, tmp_path: Path, before: str, after: str) -> None:
    mux(video, [Track(to_srt(said("Il y a."), STYLE), "fr", "Old")], tmp_path / f"a{before}")
    new = [Track(to_srt(said("New."), STYLE), "en", "New"), Track(to_srt(said("Signs."), STYLE), "de", forced=True)]
    mux(tmp_path / f"a{before}", new, tmp_path / f"b{after}")
    with av.open(str(tmp_path / f"b{after}")) as container:
        some = container.streams.subtitles
        assert [s.language for s in some] == ["eng", "ger", "fre"]
        assert [s.disposition.name for s in some] == ["default", "forced", None]
        packets = [bytes(p) for p in container.demux(some[2]) if p.size]
        assert len(container.streams.audio) == 1
    assert any(b"Il y a." in packet for packet in packets)


def test_subtitles_that_a_container_cannot_hold_are_not_dropped() -> None:
    assert codec_for_existing("hdmv_pgs_subtitle", ".mkv", "srt", Path("x.mkv")) == "copy"
    with pytest.raises(UsageError, match=r"x\.mkv has hdmv_pgs_subtitle subtitles, which \.mp4 cannot hold"):
        codec_for_existing("hdmv_pgs_subtitle", ".mp4", "mov_text", Path("x.mkv"))


def test_what_cannot_be() -> None:
    with pytest.raises(UsageError, match=r"\.avi cannot hold subtitles"):
        mux(Path("x.mp4"), [Track("")], Path("out.avi"))
    with pytest.raises(UsageError, match="cannot burn into"):
        burn(Path("x.mp4"), said("a"), STYLE, Path("out.webm"))
    assert (iso639_2("de-AT"), iso639_2("und"), iso639_2("xx-nonsense")) == ("ger", "und", "und")


def test_no_video_and_no_picture(tmp_path: Path, sample: Path) -> None:
    (tmp_path / "x.mp4").write_text("no video")
    with pytest.raises(MediaError, match=r"x\.mp4 is not media"):
        burn(tmp_path / "x.mp4", said("a"), STYLE, tmp_path / "out.mp4")
    with pytest.raises(UsageError, match="has no picture"):
        burn(sample, said("a"), STYLE, tmp_path / "out.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["x.mp4"]
