"""Download: a URL becomes one media file, or a list of more URLs (playlist, channel, podcast feed). With yt-dlp.

Media lie in <cache>/downloads/<site>/<id>/, described by info.json, which is written last: a folder without it is
a download to be resumed. A URL fetched before needs no network. Only http and https are spoken, redirects included;
voicekit.network has the other limits. What a site says of its media may be anything, and is read as such.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voicekit.audio.decode import probe
from voicekit.errors import DownloadError, MediaError, VoicekitError
from voicekit.redact import without_secrets
from voicekit.sources.playlist import Listed, entries, unmark_entry
from voicekit.sources.site_info import display_url, list_field, number_field, text_field, unsmuggle
from voicekit.sources.ytdlp import RESUME, DownloadOptions, Site, open_ytdlp, youtube_hint
from voicekit.storage.files import digest, now, write_json
from voicekit.storage.locks import Hold, hold, locked
from voicekit.storage.paths import cache_dir, safe_name
from voicekit.storage.write_errors import cannot_write

INFO = "info.json"


@dataclass(frozen=True)
class Fetched:
    """A media file and what its site says of it.

    `identity` is `<extractor>:<id>`; `info` goes to run.json; `cached`: it was here already. While `held` lives,
    `voicekit cache clear` leaves the file alone.
    """

    path: Path
    title: str
    identity: str
    info: dict[str, Any] = field(default_factory=dict)
    cached: bool = field(default=True, compare=False)
    held: Hold | None = field(default=None, compare=False, repr=False)


def fetch(
    url: str,
    options: DownloadOptions,
    title: str = "",
    progress: Callable[[float], None] | None = None,
    note: Callable[[str], None] | None = None,
) -> Fetched | list[Listed]:
    """The media behind `url`, fetched unless it was before, or the entries of the playlist behind it.

    Args:
        url: http or https, or the url of a `Listed`.
        options: Cookies; `fresh` to fetch again.
        title: What a playlist calls it, where the media itself has no better name.
        progress: Called with the share done.
        note: Told, in words, what may keep this from working.

    Raises:
        DownloadError: with yt-dlp's reason and what to do about it.
        MediaError: what came is no sound.
        OutputError: the cache cannot be written, or the disk is full.
    """
    known = cache_dir() / "downloads" / "urls" / f"{digest(url)[:40]}.json"
    if not options.fresh and (have := _remembered(known)):
        return have
    url, entry = unmark_entry(url)
    if note and (hint := youtube_hint(url)):
        note(hint)
    named = entry.get("named") or url
    with open_ytdlp(options, named) as site:
        try:
            info = site.ask(lambda ydl: ydl.extract_info(entry.get("id") or url, False, entry.get("ie_key")), url)
        except DownloadError as error:
            if listed := _remembered_list(known):
                if note:
                    note(f"the list could not be fetched again ({error.message}): using the one of {listed[0]}")
                return listed[1]
            raise
        if info.get("_type") in ("playlist", "multi_video"):
            listed_now = entries(info, named)
            write_json(known, {"date": now(), "entries": [vars(entry) for entry in listed_now]})
            return listed_now
        if info.get("is_live") or info.get("live_status") in ("is_live", "is_upcoming"):
            raise DownloadError(f"{display_url(url)} is live and has no end", "Wait until it is over")
        folder = _folder(info, url)
        with locked(folder):
            have = None if options.fresh else _load(folder)
            if have is None:
                _empty(folder, all_of_it=options.fresh)
                have = _download(site, info, folder, title, url, progress)
            if note and site.skipped:
                note(site.skipped)
    write_json(known, {"folder": folder.relative_to(cache_dir()).as_posix()})
    return have


def describe(info: dict[str, Any], url: str, title: str) -> dict[str, Any]:
    """What run.json keeps of yt-dlp's info: who, what, when, where, chapters."""
    generic = info.get("extractor_key") == "Generic"
    own = text_field(info.get("title"))
    chapters = [
        {
            "start": number_field(c.get("start_time")),
            "end": number_field(c.get("end_time")),
            "title": text_field(c.get("title")),
        }
        for c in list_field(info.get("chapters"))
    ]
    date = text_field(info.get("upload_date")) or ""
    return {
        "title": (title if generic and title else own) or title or "untitled",
        "uploader": text_field(info.get("uploader")) or text_field(info.get("channel")),
        "date": f"{date[:4]}-{date[4:6]}-{date[6:]}" if re.fullmatch(r"[0-9]{8}", date) else None,
        "chapters": chapters,
        "url": display_url(text_field(info.get("webpage_url")) or url),
        "extractor": text_field(info.get("extractor_key")),
        "id": text_field(info.get("id")),
    }


def _download(
    site: Site, info: dict[str, Any], folder: Path, title: str, url: str, progress: Callable[[float], None] | None
) -> Fetched:
    def hook(status: dict[str, Any]) -> None:
        total = status.get("total_bytes") or status.get("total_bytes_estimate")
        if progress and total:
            progress(min(1.0, (status.get("downloaded_bytes") or 0) / total))

    site.ydl.params["outtmpl"] = {"default": str(folder).replace("%", "%%") + "/media.%(ext)s"}
    site.ydl.add_progress_hook(hook)
    try:
        done = site.ask(lambda ydl: ydl.process_ie_result(info, download=True), url)
        files = [Path(d["filepath"]) for d in done.get("requested_downloads") or [] if d.get("filepath")]
        if not files or not files[0].is_file():
            raise DownloadError(
                f"nothing was downloaded from {display_url(url)}", "Check that it plays in a browser without signing in"
            )
        _check(files[0], url)
        described = describe(done, url, title)
        identity = _identity(info, url)
        write_json(folder / INFO, {"file": files[0].name, "identity": identity, "info": described})
    except BaseException as error:
        if isinstance(error, VoicekitError) and error.remedy != RESUME:
            shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.rmdir()  # where nothing came
        raise
    return Fetched(files[0], described["title"], identity, described, False, hold(folder, shared=True))


def _check(path: Path, url: str) -> None:
    """Raises MediaError where a site sent a page, or what else is no sound, so that it is not taken for it again."""
    try:
        probe(path)
    except MediaError as error:
        raise MediaError(
            f"{display_url(url)}: what came is no sound ({error.message})",
            "Check in a browser that it plays without signing in",
        ) from error


def _folder(info: dict[str, Any], url: str) -> Path:
    site = safe_name(text_field(info.get("extractor_key")) or "")
    return cache_dir() / "downloads" / site / digest(_identity(info, url))[:40]


def _empty(folder: Path, all_of_it: bool) -> None:
    """Make the folder for a download that begins, or goes on."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # yt-dlp cannot tell whether a killed process had noted the last fragment it wrote, and may write it twice.
        for old in folder.glob("*" if all_of_it or any(folder.glob("*.ytdl")) else INFO):
            old.unlink()
    except OSError as error:
        raise cannot_write(folder, error) from error


def _identity(info: dict[str, Any], url: str) -> str:
    """`<extractor>:<id>`; for plain files, whose id is only their name, with a hash of the address.

    Of the whole address but for a password: `?key=` may open a file, and may as well name it.
    """
    name = f"{text_field(info.get('extractor_key'))}:{text_field(info.get('id'))}"
    generic = info.get("extractor_key") == "Generic"
    return f"{name}:{digest(without_secrets(unsmuggle(url)))[:12]}" if generic else name


def fetched_before(extractor: str, identity: str) -> Fetched | None:
    """The media that a run was made of, by what run.json says of it; None where it is not in the cache any more."""
    return _load(cache_dir() / "downloads" / safe_name(extractor) / digest(identity)[:40])


def _remembered(known: Path) -> Fetched | None:
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
        return _load(cache_dir() / json.loads(known.read_text(encoding="utf-8"))["folder"])
    return None


def _remembered_list(known: Path) -> tuple[str, list[Listed]] | None:
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
        kept = json.loads(known.read_text(encoding="utf-8"))
        return str(kept["date"]), [Listed(str(entry["url"]), str(entry["title"])) for entry in kept["entries"]]
    return None


def _load(folder: Path) -> Fetched | None:
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
        held = hold(folder, shared=True, wait=True)
        kept = json.loads((folder / INFO).read_text(encoding="utf-8"))
        path = folder / Path(kept["file"]).name
        if held and path.is_file():
            return Fetched(path, str(kept["info"]["title"]), str(kept["identity"]), dict(kept["info"]), held=held)
    return None
