"""Read podcast feeds: RSS and Atom with feedparser, over all pages of a paged feed (RFC 5005).

yt-dlp reads only RSS whose enclosures have a media extension. Here every enclosure is an item; whether it is audio is
found after the download.
"""

from __future__ import annotations

import contextlib
import datetime
import html
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from voicekit.errors import DownloadError
from voicekit.sources.expand import MEDIA_SUFFIXES
from voicekit.sources.metadata import MAX_DESCRIPTION, SourceMetadata, clean_text, image_url, read_chapters
from voicekit.sources.playlist import PlaylistEntry, mark_entry, server_of
from voicekit.sources.site_info import display_url, name_in_url

if TYPE_CHECKING:
    from voicekit.sources.ytdlp import Page, Site

MAX_PAGES = 1000
"""Pages of one feed that are followed."""

_HEAD = 4096
"""Bytes in which the root element of a feed must begin."""

_ROOT = re.compile(rb"<(\w+:)?(rss|feed|rdf)\b", re.IGNORECASE)


@dataclass(frozen=True)
class FeedItem:
    """One item of a feed. `url`: of its media."""

    title: str
    url: str
    metadata: SourceMetadata = field(default_factory=SourceMetadata)


@dataclass(frozen=True)
class Feed:
    """One page of a feed.

    Attributes:
        items: Those with media, in the feed's order.
        without_media: Titles of the items that have neither media nor a page.
        next_page: URL of the next page, if there is one.
    """

    items: tuple[FeedItem, ...]
    without_media: tuple[str, ...] = ()
    next_page: str | None = None


def feed_entries(site: Site, url: str, user_url: str, warn: Callable[[str], None]) -> list[PlaylistEntry] | None:
    """Return the entries of the feed at a URL; None if there is something else.

    Args:
        site: For requests.
        url: Of the feed.
        user_url: The URL that the user gave; its server is kept with each entry, as in `playlist_entries`.
        warn: Called with warnings: items without media, pages that cannot be read.
    """
    if _suffix(url) in MEDIA_SUFFIXES or not site.is_generic(url):
        return None
    page: Page | None = None
    with contextlib.suppress(DownloadError):  # yt-dlp meets the same error, and reports it
        page = site.read_page(url, _HEAD, is_feed)
    if page is None:
        return None
    feed = parse_feed(page.content, page.url, page.content_type)
    items, without_media, visited = list(feed.items), list(feed.without_media), {url, page.url}
    while feed.next_page and feed.next_page not in visited and len(visited) < MAX_PAGES:
        visited.add(feed.next_page)
        try:
            page = site.read_page(feed.next_page, _HEAD, is_feed)
        except DownloadError as error:
            warn(f"a page of the feed could not be read, so older items are missing: {error.message}")
            break
        if page is None:
            warn(f"{display_url(feed.next_page)} is not a page of the feed: older items are missing")
            break
        feed = parse_feed(page.content, page.url, page.content_type)
        items += feed.items
        without_media += feed.without_media
    if without_media:
        warn(f"{len(without_media)} items of the feed have no media and were left out, the first: {without_media[0]}")
    server = server_of(user_url)
    distinct: dict[tuple[str, str], FeedItem] = {}
    for item in items:
        distinct.setdefault((item.title, item.url), item)
    return [
        PlaylistEntry(mark_entry(item.url, {"named": server}), item.title, item.metadata) for item in distinct.values()
    ]


def is_feed(head: bytes) -> bool:
    """Whether a document starts like an RSS or Atom feed."""
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xfe\xff \t\r\n")
    start = re.match(rb"(?s)(\s*<\?.*?\?>|\s*<!--.*?-->|\s*<!DOCTYPE[^>]*>)*\s*", text, re.IGNORECASE)
    return start is not None and _ROOT.match(text, start.end()) is not None


def parse_feed(content: bytes, url: str, content_type: str = "") -> Feed:
    """Parse one page of a feed.

    Args:
        content: As the server sent it.
        url: Where it was read; relative URLs refer to it.
        content_type: The server's Content-Type, whose charset is tried first.
    """
    import feedparser

    headers = {"content-location": url, **({"content-type": content_type} if content_type else {})}
    # A file object: feedparser would open a text that looks like a URL or a path.
    parsed = feedparser.parse(io.BytesIO(content.lstrip(b" \t\r\n")), response_headers=headers)
    items: list[FeedItem] = []
    without_media: list[str] = []
    for entry in parsed.entries:
        media = _absolute(url, _media_url(entry) or entry.get("link", ""))
        title = _plain(entry.get("title", ""))
        if media:
            title = title or name_in_url(media)
            items.append(
                FeedItem(title, _with_id(media, entry.get("id", "")), _metadata(entry, parsed.feed, title, url))
            )
        else:
            without_media.append(title or "untitled")
    links = [link.get("href", "") for link in parsed.feed.get("links", ()) if link.get("rel") == "next"]
    return Feed(tuple(items), tuple(without_media), _absolute(url, links[0]) if links else None)


def _metadata(entry: Any, feed: Any, title: str, base: str) -> SourceMetadata:
    """Return what a feed says about an item: `feed` fills what the item leaves out."""
    images = [i["href"] for i in (entry.get("image"), feed.get("image")) if isinstance(i, dict) and i.get("href")]
    published = entry.get("published_parsed") or entry.get("updated_parsed")
    chapters = entry.get("psc_chapters") or {}
    return SourceMetadata(
        title=clean_text(title),
        uploader=clean_text(_plain(entry.get("author") or feed.get("author") or feed.get("title") or "")),
        date=f"{published.tm_year:04}-{published.tm_mon:02}-{published.tm_mday:02}" if published else None,
        language=clean_text(feed.get("language")),
        description=clean_text(_paragraphs(_longest_text(entry)), MAX_DESCRIPTION),
        thumbnail=image_url(_absolute(base, str(images[0]))) if images else None,
        chapters=read_chapters(
            (_seconds(chapter.get("start_parsed")), None, chapter.get("title"))
            for chapter in (chapters.get("chapters") or () if isinstance(chapters, dict) else ())
        ),
    )


def _longest_text(entry: Any) -> str:
    """Return the longest of an item's summary and contents: feeds use either for the shownotes."""
    texts = [entry.get("summary", ""), *(content.get("value", "") for content in entry.get("content", ()))]
    return max((str(text or "") for text in texts), key=len)


def _paragraphs(text: str) -> str:
    """Turn HTML into plain text with line breaks."""
    text = re.sub(r"(?i)<(br|/p|/li|/div|/h[1-6])\b[^<>]*>", "\n", text)
    lines = [_plain(line) for line in text.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _seconds(value: Any) -> float | None:
    return value.total_seconds() if isinstance(value, datetime.timedelta) else None


def _absolute(base: str, url: str) -> str:
    """Return a URL of a feed as absolute; an invalid one as it is, so that only its own download fails."""
    with contextlib.suppress(ValueError):
        return urljoin(base, url.strip()) if url else ""
    return url


def _with_id(url: str, item_id: str) -> str:
    """Add an item's id to its URL as yt-dlp does in feeds: items that share a file are still different recordings."""
    from yt_dlp.utils import smuggle_url

    return str(smuggle_url(url, {"force_videoid": item_id})) if item_id else url


def _media_url(entry: Any) -> str:
    """Return the URL of an item's audio, else of its video, else of an enclosure of unknown type; "" without one."""
    candidates = [(link.get("href", ""), link.get("type", "")) for link in entry.get("enclosures", ())]
    candidates += [
        (media.get("url", ""), media.get("type", "") or media.get("medium", ""))
        for media in entry.get("media_content", ())
    ]
    ranked: dict[str, str] = {}
    for href, kind in candidates:
        main = kind.partition("/")[0].strip().lower()
        if main == "image" or not href:
            continue
        is_media = _suffix(href) in MEDIA_SUFFIXES
        ranked.setdefault(main if main in ("audio", "video") else "audio" if is_media else "unknown", href)
    return next((ranked[rank] for rank in ("audio", "video", "unknown") if rank in ranked), "")


def _plain(title: str) -> str:
    return " ".join(html.unescape(re.sub(r"</?[a-zA-Z][^<>]*>", "", title)).split())


def _suffix(url: str) -> str:
    with contextlib.suppress(ValueError):
        return PurePosixPath(unquote(urlsplit(url).path)).suffix.lower()
    return ""
