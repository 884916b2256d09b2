"""YouTube on loopback for yt-dlp's own extractor: its pages, its API, a player script, media and captions."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from yt_dlp.networking import Request

from tests.support.server import Site
from voicekit.sources.network_guard import GuardedYoutubeDL
from voicekit.sources.ytdlp import DownloadOptions

VIDEO = "https://www.youtube.com/watch?v=abcdefghijk"
PLAYER = "/s/player/abcdef12/player_ias.vflset/en_US/base.js"

PLAYER_SCRIPT = """var _yt_player={};
(function(g){var window=this;
function Query(){this.values={}}
Query.prototype.set=function(key,value){this.values[key]=value};
Query.prototype.get=function(key){return this.values[key]};
Query.prototype.clone=function(){return this};
Query.prototype.transform=function(){var n=this.values.n;if(n){this.values.n=n.split("").reverse().join("")}};
var make=function(url,key,sig){var q=new Query();q.set("alr","yes");
if(sig){q.set(key,encodeURIComponent(decodeURIComponent(sig).split("").reverse().join("")))}return q};
})(_yt_player);
"""
"""The smallest player with what yt-dlp's solver looks for. It reverses signatures and the parameter n."""

OK = {"status": "OK"}


def refusal(reason: str, more: str = "", status: str = "UNPLAYABLE") -> dict[str, Any]:
    """A `playabilityStatus` with a reason."""
    screen = {"playerErrorMessageRenderer": {"reason": {"simpleText": reason}, "subreason": {"simpleText": more}}}
    return {"status": status, "reason": reason, **({"errorScreen": screen} if more else {})}


class Youtube:
    """The site.

    Attributes:
        status: `playabilityStatus` by the client's name; other clients get `default_status`.
        formats: What every client is offered.
        more: Further fields of the player's data.
        asked: Names of the clients that asked for the player's data.
        media_status: By the value of the parameter `c`, the client; others get 200 if n is solved.
        captions: Tracks (language, is automatic).
    """

    def __init__(self, site: Site, media: Path) -> None:
        self.site = site
        self.default_status: dict[str, Any] = OK
        self.status: dict[str, dict[str, Any]] = {}
        self.formats = [{"url": "https://r1.googlevideo.com/videoplayback?n=abc"}]
        self.more: dict[str, Any] = {}
        self.asked: list[str] = []
        self.media_status: dict[str, int] = {}
        self.captions: list[tuple[str, bool]] = [("en", True), ("de", False)]
        self.details: dict[str, Any] = {
            "title": "Talk",
            "author": "Ana",
            "shortDescription": "Notes",
            "lengthSeconds": "30",
        }
        self.about: dict[str, Any] = {"uploadDate": "2024-03-05T10:00:00-08:00"}
        site.add("/videoplayback", media, "audio/mp4")
        site.checks["/videoplayback"] = self._media
        site.text(PLAYER, PLAYER_SCRIPT, "text/javascript")
        site.pages = {"/youtubei/v1/player": self._player, "/youtubei/v1/next": self._next}
        for path in ("/watch", "/", "/tv", "/embed/abcdefghijk"):
            name = {"/tv": "TVHTML5", "/embed/abcdefghijk": "WEB_EMBEDDED_PLAYER"}.get(path, "WEB")
            site.pages[path] = functools.partial(self._page, name)

    def _page(self, name: str, query: str, body: bytes) -> bytes:
        context = {"client": {"clientName": name, "clientVersion": "1.0", "hl": "en", "visitorData": "visitor"}}
        config = {"PLAYER_JS_URL": PLAYER, "INNERTUBE_API_KEY": "key", "STS": 20000, "INNERTUBE_CONTEXT": context}
        return f"<html><title>Talk</title><script>ytcfg.set({json.dumps(config)});</script></html>".encode()

    def _next(self, query: str, body: bytes) -> bytes:
        owner = {"videoSecondaryInfoRenderer": {"owner": {"videoOwnerRenderer": {"title": {"simpleText": "Ana"}}}}}
        contents = {"results": {"results": {"contents": [owner]}}}
        return json.dumps({"contents": {"twoColumnWatchNextResults": contents}}).encode()

    def _player(self, query: str, body: bytes) -> bytes:
        client = json.loads(body)["context"]["client"]["clientName"]
        self.asked.append(client)
        status = self.status.get(client, self.default_status)
        answer: dict[str, Any] = {
            "playabilityStatus": status,
            "videoDetails": {"videoId": "abcdefghijk", **self.details},
            "microformat": {"playerMicroformatRenderer": self.about},
            **self.more,
        }
        if status["status"] == "OK":
            answer["streamingData"] = {"adaptiveFormats": [self._format(row, client) for row in self.formats]}
            tracks = [
                {
                    "baseUrl": f"https://www.youtube.com/api/timedtext?lang={language}",
                    "languageCode": language,
                    "vssId": f"a.{language}" if automatic else f".{language}",
                    "name": {"simpleText": language},
                    **({"kind": "asr"} if automatic else {}),
                }
                for language, automatic in self.captions
            ]
            answer["captions"] = {"playerCaptionsTracklistRenderer": {"captionTracks": tracks}}
        return json.dumps(answer).encode()

    def _format(self, row: dict[str, Any], client: str) -> dict[str, Any]:
        url = {"url": f"{row['url']}&c={client}"} if "url" in row else {}
        return {
            "itag": 140, "mimeType": 'audio/mp4; codecs="mp4a.40.2"', "bitrate": 128000, "approxDurationMs": "30000",
            "audioQuality": "AUDIO_QUALITY_MEDIUM", **row, **url,
        }  # fmt: skip

    def _media(self, query: str, cookies: str) -> int:
        values = parse_qs(query)
        client, n = (values.get(name, [""])[0] for name in ("c", "n"))
        return self.media_status.get(client, 200 if n == "cba" else 403)


def signed() -> dict[str, Any]:
    """A format whose URL needs a signature, and n."""
    url = quote("https://r1.googlevideo.com/videoplayback?n=abc")
    return {"signatureCipher": f"s=abcdef&sp=sig&url={url}"}


def redirect_requests(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send yt-dlp's requests for YouTube's hosts to a site on loopback."""
    urlopen = GuardedYoutubeDL.urlopen

    def to_loopback(self: GuardedYoutubeDL, request: Any) -> Any:
        request = Request(request) if isinstance(request, str) else request.copy()
        parts = urlsplit(request.url)
        if (parts.hostname or "").endswith(("youtube.com", "googlevideo.com")):
            request.url = site.url(parts.path) + (f"?{parts.query}" if parts.query else "")
        return urlopen(self, request)

    monkeypatch.setattr(GuardedYoutubeDL, "urlopen", to_loopback)


TRUSTING = DownloadOptions(allowed_hosts=("127.0.0.1",))
"""Options with which the loopback site may stand in for YouTube."""
