"""Podcast feeds as the world writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.server import Site
from voicekit.sources.download import FetchedMedia, fetch
from voicekit.sources.feeds import is_feed, parse_feed
from voicekit.sources.playlist import PlaylistEntry, unmark_entry
from voicekit.sources.ytdlp import DownloadOptions

NOW = DownloadOptions()
BASE = "https://example.org/shows/feed.xml"
AUDIO = '<enclosure url="/media.php?id=1" type="audio/mpeg" length="1"/>'


def rss(*items: str, head: str = '<?xml version="1.0" encoding="utf-8"?>', more: str = "") -> str:
    rows = "".join(f"<item>{item}</item>" for item in items)
    return (
        f'{head}<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/" xmlns:atom="http://www.w3.org/2005/Atom">'
        + (f"<channel><title>Show</title>{more}{rows}</channel></rss>")
    )


ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Show</title><entry><title>One</title>
<link rel="alternate" href="/one.html"/><link rel="enclosure" type="audio/ogg" href="one.ogg"/></entry></feed>"""

LATIN = '<?xml version="1.0" encoding="ISO-8859-1"?>'


@pytest.mark.parametrize(
    ("content", "kind", "items"),
    [
        (rss(f"<title>One</title>{AUDIO}"), "", [("One", "https://example.org/media.php?id=1")]),
        ("\ufeff" + rss(f"<title>One</title>{AUDIO}"), "", [("One", "https://example.org/media.php?id=1")]),
        ("\n\n  " + rss(f"<title>One</title>{AUDIO}"), "text/xml", [("One", "https://example.org/media.php?id=1")]),
        (
            rss(f"<title>Caf\u00e9 \u00fcber</title>{AUDIO}", head=LATIN).encode("latin-1"),
            "text/xml",
            [("Caf\u00e9 \u00fcber", "https://example.org/media.php?id=1")],
        ),
        (
            rss(f"<title>It\u2019s \u201ca\u201d</title>{AUDIO}", head="").encode("cp1252"),
            "application/rss+xml; charset=windows-1252",
            [("It\u2019s \u201ca\u201d", "https://example.org/media.php?id=1")],
        ),
        (
            rss(f"<title>It\u2019s</title>{AUDIO}", head="").encode("cp1252"),
            "application/rss+xml",
            [("It\u2019s", "https://example.org/media.php?id=1")],
        ),
        (ATOM, "application/atom+xml", [("One", "https://example.org/shows/one.ogg")]),
        (
            rss('<title>V</title><media:content url="v.mp4" medium="video"/><media:content url="i.jpg"/>'),
            "",
            [("V", "https://example.org/shows/v.mp4")],
        ),
        (
            rss('<title>G</title><media:group><media:content url="g.mp3" type="audio/mpeg"/></media:group>'),
            "",
            [("G", "https://example.org/shows/g.mp3")],
        ),
        (
            rss('<title>Two</title><enclosure url="c.jpg" type="image/jpeg"/><enclosure url="e" type="audio/aac"/>'),
            "",
            [("Two", "https://example.org/shows/e")],
        ),
        (rss("<title>Page</title><link>/watch/1</link>"), "", [("Page", "https://example.org/watch/1")]),
        (rss(f"<title>A &amp;amp; <![CDATA[<b>B</b>]]></title>{AUDIO}"), "", [("A & B", "https://example.org/media.php?id=1")]),
        (rss('<enclosure url="ep%201.mp3" type="audio/mpeg"/>'), "", [("ep 1", "https://example.org/shows/ep%201.mp3")]),
        (rss(f"<title>One</title>{AUDIO}").replace("</channel></rss>", ""), "", [("One", "https://example.org/media.php?id=1")]),
    ],
    ids=[
        "no extension", "BOM", "blank lines", "ISO-8859-1", "charset of the server", "undeclared cp1252", "Atom",
        "media:content", "media:group", "image first", "page only", "entities and CDATA", "no title", "cut off",
    ],
)  # fmt: skip
def test_items_of_a_feed(content: str | bytes, kind: str, items: list[tuple[str, str]]) -> None:
    document = content.encode() if isinstance(content, str) else content
    assert is_feed(document)
    assert [(item.title, item.url) for item in parse_feed(document, BASE, kind).items] == items


def test_items_without_media_are_named() -> None:
    feed = parse_feed(rss("<title>News only</title>", f"<title>One</title>{AUDIO}").encode(), BASE)
    assert feed.without_media == ("News only",)
    assert len(feed.items) == 1


def test_an_invalid_url_costs_only_its_own_item() -> None:
    bad = '<title>Bad</title><enclosure url="http://[" type="audio/mpeg"/>'
    feed = parse_feed(rss(bad, f"<title>One</title>{AUDIO}").encode(), BASE)
    assert ("One", "https://example.org/media.php?id=1") in [(item.title, item.url) for item in feed.items]


@pytest.mark.parametrize(
    "content",
    [b"<!DOCTYPE html><html><head>", b"<html>", b"ID3\x04", b"", b"#EXTM3U", b"<?xml version='1.0'?><MPD>", b"<rssx>"],
)
def test_other_documents_are_no_feeds(content: bytes) -> None:
    assert not is_feed(content)


def test_entities_are_not_expanded() -> None:
    """Neither files nor gigabytes come out of a document type."""
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
        '<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    )
    feed = parse_feed(rss(f"<title>&b;&f;end</title>{AUDIO}", head=bomb).encode(), BASE)
    assert all("root:" not in item.title and len(item.title) < 100 for item in feed.items)


def entries(found: FetchedMedia | list[PlaylistEntry]) -> list[tuple[str, str]]:
    assert isinstance(found, list)
    return [(entry.title, unmark_entry(entry.url)[0]) for entry in found]


def test_a_paged_feed_is_read_to_its_end(site: Site, own_cache: Path) -> None:
    for page in range(5):
        items = [
            f'<title>{page}-{n}</title><enclosure url="/m.php?id={page}-{n}" type="audio/mpeg"/>' for n in range(100)
        ]
        following = f'<atom:link rel="next" href="/feed{(page + 1) % 5}"/>'  # the last page leads to the first
        site.text(f"/feed{page}", rss(*items, more=following), "application/xml")
    found = entries(fetch(site.url("/feed0"), NOW))
    assert len(found) == 500
    assert found[-1] == ("4-99", site.url("/m.php?id=4-99"))


def test_a_page_that_is_gone_is_a_warning(site: Site, own_cache: Path) -> None:
    following = '<atom:link rel="next" href="/gone"/>'
    feed = site.text("/feed", rss(f"<title>One</title>{AUDIO}", more=following), "application/rss+xml")
    warnings: list[str] = []
    assert len(entries(fetch(feed, NOW, warn=warnings.append))) == 1
    assert "older items are missing" in warnings[0]


def test_media_without_an_extension_are_downloaded(site: Site, sample: Path, own_cache: Path) -> None:
    site.add("/media.php", sample, "application/octet-stream")
    feed = site.text("/feed", rss(f"<title>One</title>{AUDIO}"), "text/html")
    found = fetch(feed, NOW)
    assert isinstance(found, list)
    media = fetch(found[0].url, NOW, found[0].title)
    assert isinstance(media, FetchedMedia)
    assert media.title == "One"
    assert media.path.read_bytes() == sample.read_bytes()


def test_a_page_inside_the_machine_is_not_followed(site: Site, own_cache: Path) -> None:
    """The feed is on the server that the user named; its next page is on another port."""
    other = Site()
    try:
        inside = other.text("/feed", rss(f"<title>Two</title>{AUDIO}"), "application/xml")
        following = f'<atom:link rel="next" href="{inside}"/>'
        feed = site.text("/feed", rss(f"<title>One</title>{AUDIO}", more=following), "application/xml")
        warnings: list[str] = []
        assert len(entries(fetch(feed, NOW, warn=warnings.append))) == 1
        assert "inside this machine" in warnings[0]
        assert other.log == []
    finally:
        other.stop()
