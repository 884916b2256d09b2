"""Metadata of sites and feeds: one type, bounded and clean, in the cache and in run.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import Site
from voicekit.runtime.progress import Progress
from voicekit.sources.download import FetchedMedia, fetch
from voicekit.sources.metadata import MAX_DESCRIPTION, Chapter, SourceMetadata, SubtitleTrack
from voicekit.sources.recordings import open_recordings
from voicekit.sources.ytdlp import DownloadOptions

NOW = DownloadOptions()


def got(url: str, **options: Any) -> FetchedMedia:
    media = fetch(url, NOW, **options)
    assert isinstance(media, FetchedMedia)
    return media


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({}, SourceMetadata()),
        ({"title": 7, "uploader": None, "channel": "C"}, SourceMetadata(title="7", uploader="C")),
        ({"upload_date": "20240305"}, SourceMetadata(date="2024-03-05")),
        ({"upload_date": "5 March", "release_date": "20240306"}, SourceMetadata()),
        ({"description": "a\x1b[31m\r\nb\u202ec"}, SourceMetadata(description="a[31m\nb\u202ec\u202c")),
        ({"description": "x" * 30_000}, SourceMetadata(description="x" * MAX_DESCRIPTION)),
        ({"description": ["x"], "chapters": "x", "subtitles": [1], "thumbnail": {}}, SourceMetadata()),
        (
            {"thumbnail": "https://u:p@i.example/a.jpg?token=abc&w=10"},
            SourceMetadata(thumbnail="https://i.example/a.jpg?w=10"),
        ),
        ({"thumbnail": "javascript:alert(1)"}, SourceMetadata()),
        (
            {"chapters": [{"start_time": 0, "end_time": float("nan"), "title": "A\x07"}, "x"]},
            SourceMetadata(chapters=(Chapter(0, None, "A"),)),
        ),
        (
            {"subtitles": {"en": [], "live_chat": []}, "automatic_captions": {"de": []}},
            SourceMetadata(subtitles=(SubtitleTrack("en"), SubtitleTrack("de", True))),
        ),
    ],
)
def test_what_is_kept_of_a_site_s_answer(info: dict[str, Any], expected: SourceMetadata) -> None:
    metadata = SourceMetadata.from_site(info)
    assert metadata == expected
    assert SourceMetadata.from_json(json.loads(json.dumps(metadata.to_json(), allow_nan=False))) == metadata


def test_a_page_s_metadata_are_kept(site: Site, sample: Path, own_cache: Path) -> None:
    about = {
        "@context": "https://schema.org", "@type": "VideoObject", "name": "A talk", "description": "Long &amp; short",
        "uploadDate": "2024-03-05T10:00:00Z", "thumbnailUrl": site.url("/t.jpg?sig=abc"), "duration": "PT30S",
        "contentUrl": site.add("/talk.wav", sample, "audio/wav"),
    }  # fmt: skip
    page = f'<html><title>x</title><script type="application/ld+json">{json.dumps(about)}</script></html>'
    metadata = SourceMetadata.from_json(got(site.text("/page", page, "text/html")).info["metadata"])
    assert metadata == SourceMetadata(
        title="A talk", date="2024-03-05", description="Long & short", thumbnail=site.url("/t.jpg")
    )


FEED = """<?xml version="1.0"?><rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"
 xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:psc="http://podlove.org/simple-chapters"><channel>
<title>My show</title><language>de-DE</language><itunes:image href="/show.jpg?key=1"/>
<item><title>One</title><guid>1</guid><pubDate>Tue, 05 Mar 2024 10:00:00 GMT</pubDate><description>Short</description>
<content:encoded><![CDATA[<p>First <b>part</b></p><p>Second &amp; last</p>]]></content:encoded>
<psc:chapters version="1.2"><psc:chapter start="00:00:00" title="Intro"/>
<psc:chapter start="00:01:30.500" title="Main"/></psc:chapters>
<enclosure url="/talk.wav" type="audio/wav" length="1"/></item></channel></rss>"""

EPISODE = SourceMetadata(
    title="One",
    uploader="My show",
    date="2024-03-05",
    language="de-DE",
    description="First part\nSecond & last",
    chapters=(Chapter(0, None, "Intro"), Chapter(90.5, None, "Main")),
)


def test_a_feed_s_metadata_are_of_the_same_type(site: Site, sample: Path, own_cache: Path) -> None:
    site.add("/talk.wav", sample, "audio/wav")
    feed = site.text("/feed", FEED, "application/rss+xml")
    for _ in range(2):  # the second time from the cache
        (item,) = open_recordings([feed], NOW, Progress())
        assert item.recording is not None
        assert item.recording.about["kind"] == "url"
        metadata = SourceMetadata.from_json(item.recording.about["metadata"])
        assert metadata == SourceMetadata(**{**vars(EPISODE), "thumbnail": site.url("/show.jpg")})
        assert item.recording.about["title"] == "One"
    site.statuses["/feed"] = 500
    (item,) = open_recordings([feed], NOW, Progress())  # from the list that was stored
    assert item.recording is not None
    assert item.recording.about["metadata"]["description"] == EPISODE.description


def test_a_download_of_an_earlier_version_is_read(site: Site, sample: Path, own_cache: Path) -> None:
    url = site.add("/talk.wav", sample, "audio/wav")
    got(url)
    (path,) = own_cache.rglob("info.json")
    stored = json.loads(path.read_text())
    chapters = [{"start": 0.0, "end": 5.0, "title": "Intro"}]
    old = {"title": "talk", "uploader": "Ana", "date": "2024-03-05", "chapters": chapters}
    stored["info"] = {**old, "url": url, "extractor": "Generic", "id": "talk"}
    path.write_text(json.dumps(stored))
    media = got(url)
    assert media.cached
    assert media.info["url"] == url
    assert SourceMetadata.from_json(media.info["metadata"]) == SourceMetadata(
        title="talk", uploader="Ana", date="2024-03-05", chapters=(Chapter(0, 5, "Intro"),)
    )


def test_a_list_of_an_earlier_version_is_read(site: Site, sample: Path, own_cache: Path) -> None:
    site.add("/talk.wav", sample, "audio/wav")
    feed = site.text("/feed", FEED, "application/rss+xml")
    listed = fetch(feed, NOW)
    assert isinstance(listed, list)
    (index,) = (own_cache / "downloads" / "urls").glob("*.json")
    stored = json.loads(index.read_text())
    for entry in stored["entries"]:
        del entry["metadata"]
    index.write_text(json.dumps(stored))
    site.statuses["/feed"] = 500
    again = fetch(feed, NOW)
    assert isinstance(again, list)
    assert [(entry.url, entry.title, entry.metadata) for entry in again] == [(listed[0].url, "One", None)]
