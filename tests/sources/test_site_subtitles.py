"""A site's own subtitles: which track is chosen, and how it is downloaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import Site
from tests.support.youtube import TRUSTING, VIDEO, Youtube
from voicekit.errors import DownloadError
from voicekit.sources import subtitles
from voicekit.sources.subtitles import choose_track, fetch_subtitles
from voicekit.sources.ytdlp import DownloadOptions

VTT = "WEBVTT\n\n00:01.000 --> 00:05.000\nHello there\n"
NOW = DownloadOptions()


def track(*extensions: str, url: str = "https://example.org/s") -> list[dict[str, Any]]:
    return [{"ext": extension, "url": url} for extension in extensions]


@pytest.mark.parametrize(
    ("manual", "automatic", "language", "expected"),
    [
        ({"en": track("vtt")}, {}, "en", ("en", False, "vtt")),
        ({"de": track("vtt")}, {"en": track("vtt")}, "en", ("en", True, "vtt")),
        ({"en": track("vtt")}, {"en": track("vtt")}, "en", ("en", False, "vtt")),
        ({"en-GB": track("vtt"), "en": track("vtt")}, {}, "en", ("en", False, "vtt")),
        ({"de": track("vtt"), "en-GB": track("vtt")}, {}, "en", ("en-GB", False, "vtt")),
        ({"pt_BR": track("vtt")}, {}, "pt", ("ptBR", False, "vtt")),
        ({"zh-Hant": track("vtt"), "zh-Hans": track("vtt")}, {}, "zh", ("zh-Hans", False, "vtt")),
        ({}, {"en": track("vtt"), "en-orig": track("vtt")}, "en", ("en", True, "vtt")),
        ({"en": track("json3", "srt", "vtt")}, {}, "en", ("en", False, "vtt")),
        ({"en": track("json3", "srt")}, {}, "en", ("en", False, "srt")),
        ({"en": track("json3", "ttml")}, {}, "en", None),
        ({"en": track("vtt", url="file:///etc/passwd")}, {}, "en", None),
        ({"en": track("vtt", url="rtmp://example.org/x")}, {}, "en", None),
        ({"live_chat": track("vtt")}, {}, "en", None),
        ({"und": track("vtt")}, {}, "en", ("und", False, "vtt")),
        ({"und": track("vtt"), "de": track("vtt")}, {}, "en", None),
        ({"de": track("vtt")}, {}, "und", ("de", False, "vtt")),
        ({"../../en": track("vtt")}, {}, "und", ("en", False, "vtt")),
        ({"not a tag!": track("vtt")}, {}, "en", None),
        (["x"], None, "en", None),
    ],
)
def test_which_track_is_chosen(manual: Any, automatic: Any, language: str, expected: Any) -> None:
    chosen = choose_track({"subtitles": manual, "automatic_captions": automatic}, language)
    assert (chosen and (chosen.language, chosen.automatic, chosen.file["ext"])) == expected


def page(site: Site, sample: Path, subtitles_url: str) -> str:
    site.add("/talk.wav", sample, "audio/wav")
    track = f'<track kind="subtitles" srclang="en" src="{subtitles_url}">'
    return site.text("/page.html", f'<html><video><source src="/talk.wav">{track}</video></html>', "text/html")


def test_subtitles_are_downloaded_once(site: Site, sample: Path, tmp_path: Path, own_cache: Path) -> None:
    site.text("/talk.vtt", VTT, "text/vtt")
    url = page(site, sample, "/talk.vtt")
    first = fetch_subtitles(url, tmp_path, "en", NOW)
    assert first is not None
    assert (first.path, first.language, first.automatic) == (tmp_path / "site.en.vtt", "en", False)
    assert first.path.read_text() == VTT
    requests = len(site.log)
    assert fetch_subtitles(url, tmp_path, "en", NOW) == first
    assert len(site.log) == requests
    assert fetch_subtitles(url, tmp_path, "en", replace(NOW, fresh=True)) == first
    assert len(site.log) > requests
    assert fetch_subtitles(url, tmp_path, "de", NOW) is None


def test_youtube_s_captions_are_downloaded(youtube: Youtube, tmp_path: Path) -> None:
    youtube.captions = [("en", True), ("de", False)]
    youtube.site.text("/api/timedtext", VTT, "text/vtt")
    for language, name, automatic in (("en", "site.en.auto.vtt", True), ("de", "site.de.vtt", False)):
        found = fetch_subtitles(VIDEO, tmp_path, language, TRUSTING)
        assert found is not None
        assert (found.path.name, found.automatic) == (name, automatic)
    assert fetch_subtitles(VIDEO, tmp_path, "fr", TRUSTING) is None


def test_subtitles_may_not_lead_into_the_network(
    site: Site, canary: Site, sample: Path, tmp_path: Path, own_cache: Path
) -> None:
    url = page(site, sample, canary.text("/talk.vtt", VTT, "text/vtt"))
    with pytest.raises(DownloadError, match="inside this machine"):
        fetch_subtitles(url, tmp_path, "en", NOW)
    site.redirects["/here.vtt"] = canary.url("/talk.vtt")
    url = page(site, sample, "/here.vtt")
    with pytest.raises(DownloadError, match="inside this machine"):
        fetch_subtitles(url, tmp_path, "en", NOW)
    assert canary.log == []


def test_subtitles_are_limited_in_size(
    site: Site, sample: Path, tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.text("/talk.vtt", VTT + "x" * 3_000_000, "text/vtt")
    url = page(site, sample, "/talk.vtt")
    monkeypatch.setattr(subtitles, "MAX_TRAFFIC", 1e6)
    with pytest.raises(DownloadError, match="larger than"):
        fetch_subtitles(url, tmp_path, "en", NOW)
    monkeypatch.setattr(subtitles, "MAX_TRAFFIC", 1e9)
    monkeypatch.setattr(subtitles, "MAX_BYTES", 1_000_000)
    with pytest.raises(DownloadError, match="larger than 1 MB"):
        fetch_subtitles(url, tmp_path, "en", NOW)
    assert not list(tmp_path.glob("site.*"))


@pytest.mark.parametrize("status", [404, 429])
def test_refused_subtitles_are_an_error(site: Site, sample: Path, tmp_path: Path, own_cache: Path, status: int) -> None:
    site.statuses["/talk.vtt"] = status
    with pytest.raises(DownloadError, match=str(status)):
        fetch_subtitles(page(site, sample, "/talk.vtt"), tmp_path, "en", replace(NOW, retries=0))
