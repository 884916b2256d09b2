"""yt-dlp against a real server on loopback, well and badly behaved."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.server import Site
from voicekit.audio.ffmpeg import ffmpeg_path
from voicekit.errors import DownloadError, UsageError
from voicekit.sources.download import FetchedMedia, fetch
from voicekit.sources.expand import expand, expand_all, is_url
from voicekit.sources.playlist import PlaylistEntry
from voicekit.sources.ytdlp import DownloadOptions

NOW = DownloadOptions()


@pytest.fixture(scope="module")
def mp3(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("media") / "talk.mp3"
    subprocess.run([ffmpeg_path(), "-loglevel", "error", "-i", sample, "-b:a", "64k", path], check=True)
    return path


def got(found: FetchedMedia | list[PlaylistEntry]) -> FetchedMedia:
    assert isinstance(found, FetchedMedia)
    return found


def test_a_media_file_is_fetched_once(site: Site, mp3: Path, own_cache: Path) -> None:
    url = site.add("/talk.mp3", mp3, "audio/mpeg")
    shares: list[float] = []
    first = got(fetch(url, NOW, progress=shares.append))
    assert first.path.read_bytes() == mp3.read_bytes()
    assert first.title == "talk"
    assert first.info["url"] == url
    assert first.identity.startswith("Generic:talk")
    assert shares[-1] == 1.0
    site.stop()
    assert got(fetch(url, NOW)) == first  # the server is gone: no network is needed


def test_fresh_fetches_again(site: Site, mp3: Path, sample: Path, own_cache: Path) -> None:
    url = site.add("/talk.mp3", mp3, "audio/mpeg")
    fetch(url, NOW)
    site.files["/talk.mp3"] = ("audio/mpeg", mp3.read_bytes()[:100_000])
    assert len(got(fetch(url, NOW)).path.read_bytes()) > 100_000
    assert len(got(fetch(url, DownloadOptions(fresh=True))).path.read_bytes()) == 100_000


def test_the_cookie_file_is_only_read(site: Site, mp3: Path, tmp_path: Path, own_cache: Path) -> None:
    cookies = tmp_path / "cookies.txt"
    text = "# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tkey\tvalue\n"
    cookies.write_text(text)
    fetch(site.add("/talk.mp3", mp3, "audio/mpeg"), DownloadOptions(cookies=cookies))
    assert cookies.read_text() == text
    assert any(cookie == "key=value" for cookie in site.cookies)


def test_two_servers_files_of_one_name_are_two(site: Site, mp3: Path, sample: Path, own_cache: Path) -> None:
    one = got(fetch(site.add("/a/talk.mp3", mp3, "audio/mpeg"), NOW))
    two = got(fetch(site.add("/b/talk.mp3", sample, "audio/wav"), NOW))
    assert one.identity != two.identity
    assert two.path.read_bytes() == sample.read_bytes()


def test_a_podcast_feed_is_a_list_whose_items_have_its_titles(site: Site, mp3: Path, own_cache: Path) -> None:
    media = site.add("/1.mp3", mp3, "audio/mpeg")
    feed = site.feed("/feed.xml", "My show", [("First: the beginning", media), ("Second", site.url("/gone.mp3"))])
    listed = fetch(feed, NOW)
    assert isinstance(listed, list)
    assert [entry.title for entry in listed] == ["First: the beginning", "Second"]
    assert got(fetch(listed[0].url, NOW, listed[0].title)).title == "First: the beginning"
    with pytest.raises(DownloadError, match=r"404.*Check the URL"):
        fetch(listed[1].url, NOW, listed[1].title)
    site.stop()
    notes: list[str] = []
    assert fetch(feed, NOW, warn=notes.append) == listed  # the list from before, and it says so
    assert "using the one of" in notes[0]


def test_a_server_that_dies_midway_is_resumed(site: Site, mp3: Path, own_cache: Path) -> None:
    url = site.add("/talk.mp3", mp3, "audio/mpeg")
    site.die_after = 60_000  # of 240 kB: four deaths
    assert got(fetch(url, NOW)).path.read_bytes() == mp3.read_bytes()
    assert site.deaths >= 3
    assert any(wanted and not wanted.startswith("bytes=0-") for _, _, wanted in site.log)


def test_a_server_that_stays_dead_is_resumed_by_the_next_command(site: Site, mp3: Path, own_cache: Path) -> None:
    url = site.add("/talk.mp3", mp3, "audio/mpeg")
    site.die_after = 60_000
    with pytest.raises(DownloadError, match="it resumes"):
        fetch(url, DownloadOptions(retries=0))
    assert not list(own_cache.rglob("info.json"))
    site.die_after = None
    before = len(site.log)
    assert got(fetch(url, NOW)).path.read_bytes() == mp3.read_bytes()
    assert any(wanted and not wanted.startswith("bytes=0-") for _, _, wanted in site.log[before:]), site.log


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x.mp3", "data:audio/wav;base64,UklGRg=="])
def test_redirects_to_other_schemes_are_refused(site: Site, own_cache: Path, target: str) -> None:
    site.redirects["/talk.mp3"] = target
    with pytest.raises(DownloadError) as caught:
        fetch(site.url("/talk.mp3"), NOW)
    assert "\n" not in str(caught.value)
    assert not list(own_cache.rglob("media*"))


@pytest.mark.parametrize("scheme", ["file", "ftp", "data", "rtmp", "javascript"])
def test_only_http_and_https_are_sources(scheme: str) -> None:
    with pytest.raises(UsageError, match="http or https"):
        is_url(f"{scheme}://x/etc/passwd")


def test_a_playlist_entry_of_another_scheme_is_refused(site: Site, own_cache: Path) -> None:
    feed = site.feed("/feed.xml", "x", [("evil", "file:///etc/passwd")])
    listed = fetch(feed, NOW)
    assert isinstance(listed, list)
    for entry in listed:
        with pytest.raises((DownloadError, UsageError)):
            is_url(entry.url)
            fetch(entry.url, NOW)


@pytest.mark.parametrize(("status", "says"), [(404, "Check the URL"), (500, "Run the same command again")])
def test_refusals_say_what_to_do(site: Site, own_cache: Path, status: int, says: str) -> None:
    site.statuses["/talk.mp3"] = status
    with pytest.raises(DownloadError, match=says):
        fetch(site.url("/talk.mp3"), NOW)


def test_nobody_there(own_cache: Path, site: Site) -> None:
    url = site.url("/talk.mp3")
    site.stop()
    with pytest.raises(DownloadError, match="Check the network"):
        fetch(url, NOW)


def test_passwords_in_addresses_are_not_kept(site: Site, mp3: Path, own_cache: Path) -> None:
    url = site.add("/talk.mp3", mp3, "audio/mpeg").replace("://", "://user:secret@")
    assert "secret" not in str(got(fetch(url, NOW)))
    assert not [p for p in own_cache.rglob("*.json") if "secret" in p.read_text()]


def test_folders_and_globs_give_media_in_order(tmp_path: Path) -> None:
    for name in ("b.mp3", "a.WAV", "notes.txt", ".hidden.mp3", "sub/c.ogg", "-dash.mp3"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "sub" / "loop").symlink_to(tmp_path)
    names = [Path(p).relative_to(tmp_path).as_posix() for p in expand(str(tmp_path))]
    assert names == ["-dash.mp3", "a.WAV", "b.mp3", "sub/c.ogg"]
    assert [Path(p).name for p in expand(str(tmp_path / "*.mp3"))] == ["-dash.mp3", "b.mp3"]


def test_bad_sources_stand_among_good_ones(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").touch()
    (tmp_path / "empty").mkdir()
    given = [str(tmp_path / "a.mp3"), "ftp://x/y", str(tmp_path / "em*"), "none", str(tmp_path / "a.mp3")]
    kinds = [type(found).__name__ for found in expand_all(given)]
    assert kinds == ["PosixPath", "UsageError", "SourceError", "SourceError", "PosixPath"]


def test_what_a_folder_scan_takes_and_leaves_out(tmp_path: Path) -> None:
    taken = "a.MTS b.m2ts c.VOB d.f4v e.3g2 f.mpga g.mxf h.eac3 i.qta j.amr k.caf l.wv m.ape n.dsf".split()
    for name in (*taken, "notes.txt", "x.srt", "y.pdf", "z.docx", ".hidden"):
        (tmp_path / name).touch()
    notes: list[str] = []
    assert [Path(path).name for path in expand(str(tmp_path), notes.append) if isinstance(path, Path)] == taken
    (note,) = notes
    assert note.endswith("4 files without a media extension were left out: notes.txt, x.srt, y.pdf and 1 more")
