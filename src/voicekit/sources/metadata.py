"""What a site or a podcast feed says about a recording: one type for both, kept in the cache and in run.json."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from voicekit.jsonio import type_adapter
from voicekit.sources.site_info import display_url, list_field, number_field, text_field
from voicekit.text.controls import without_controls

MAX_DESCRIPTION = 20_000
"""Longest description in characters; the rest is cut off."""

MAX_TEXT = 1_000
"""Longest other text, in characters."""

MAX_ITEMS = 1_000
"""Most chapters, and most subtitle tracks."""

NOT_SPEECH = ("live_chat", "danmaku", "rechat", "comments")
"""Names under which yt-dlp lists comments among the subtitles."""


@dataclass(frozen=True)
class Chapter:
    """A chapter. `start`, `end`: seconds; None if the source does not give them."""

    start: float | None
    end: float | None
    title: str | None


@dataclass(frozen=True)
class SubtitleTrack:
    """Subtitles that the site has. `language`: its code for them; `automatic`: made by speech recognition."""

    language: str
    automatic: bool = False


@dataclass(frozen=True)
class SourceMetadata:
    """What a site or feed says about a recording; all of it is untrusted.

    Attributes:
        title: Of the recording.
        uploader: Person, channel or show.
        date: Of publication, YYYY-MM-DD.
        language: As the source names it.
        description: At most `MAX_DESCRIPTION` characters, without control characters.
        thumbnail: URL of the picture, without secrets.
        chapters: In the source's order.
        subtitles: Tracks that the site offers.
    """

    title: str | None = None
    uploader: str | None = None
    date: str | None = None
    language: str | None = None
    description: str | None = None
    thumbnail: str | None = None
    chapters: tuple[Chapter, ...] = ()
    subtitles: tuple[SubtitleTrack, ...] = ()

    @classmethod
    def from_site(cls, info: dict[str, Any]) -> SourceMetadata:
        """Read yt-dlp's result."""
        date = text_field(info.get("upload_date")) or text_field(info.get("release_date")) or ""
        chapters = [(c.get("start_time"), c.get("end_time"), c.get("title")) for c in list_field(info.get("chapters"))]
        return cls(
            title=clean_text(info.get("title")),
            uploader=clean_text(info.get("uploader")) or clean_text(info.get("channel")),
            date=f"{date[:4]}-{date[4:6]}-{date[6:]}" if re.fullmatch(r"[0-9]{8}", date) else None,
            language=clean_text(info.get("language")),
            description=clean_text(info.get("description"), MAX_DESCRIPTION),
            thumbnail=image_url(info.get("thumbnail")),
            chapters=read_chapters(chapters),
            subtitles=(*_tracks(info.get("subtitles"), False), *_tracks(info.get("automatic_captions"), True)),
        )

    @classmethod
    def from_json(cls, stored: Any) -> SourceMetadata:
        """Read what `to_json` returned. Raises ValueError if it is something else."""
        return type_adapter(cls).validate_python(stored)

    def to_json(self) -> dict[str, Any]:
        plain: dict[str, Any] = type_adapter(SourceMetadata).dump_python(self, mode="json")
        return plain

    def or_else(self, other: SourceMetadata) -> SourceMetadata:
        """Fill what is missing from `other`."""
        return replace(self, **{name: value or getattr(other, name) for name, value in vars(self).items()})


def clean_text(value: Any, limit: int = MAX_TEXT) -> str | None:
    """Return a text of at most `limit` characters without control characters; None without any."""
    text = without_controls((text_field(value) or "").replace("\r\n", "\n").replace("\r", "\n")).strip()
    return text[:limit] or None


def image_url(value: Any) -> str | None:
    """Return the http or https URL of an image, as it may be stored; None for anything else."""
    url = text_field(value) or ""
    return clean_text(display_url(url), 2 * MAX_TEXT) if url.startswith(("http://", "https://")) else None


def read_chapters(rows: Iterable[tuple[Any, Any, Any]]) -> tuple[Chapter, ...]:
    """Return the chapters of (start, end, title), which may hold anything."""
    chapters = [Chapter(number_field(start), number_field(end), clean_text(title)) for start, end, title in rows]
    return tuple(chapters[:MAX_ITEMS])


def _tracks(value: Any, automatic: bool) -> tuple[SubtitleTrack, ...]:
    names = [clean_text(name) for name in value] if isinstance(value, dict) else []
    return tuple(SubtitleTrack(name, automatic) for name in names[:MAX_ITEMS] if name and name not in NOT_SPEECH)


def current_record(stored: dict[str, Any]) -> dict[str, Any]:
    """Return what the cache keeps of a download in the current form; earlier versions kept all fields in one object.

    Raises:
        ValueError: The metadata are damaged.
    """
    metadata = stored.get("metadata")
    if metadata is None:
        metadata = {name: stored.get(name) for name in ("title", "uploader", "date")}
        metadata["chapters"] = stored.get("chapters") or ()
    record = {name: stored.get(name) for name in ("title", "url", "extractor", "id")}
    return {**record, "metadata": SourceMetadata.from_json(metadata).to_json()}
