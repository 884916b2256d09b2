"""YouTube on loopback, read by yt-dlp's own extractor with the packaged deno and the packaged solver scripts."""

from __future__ import annotations

import datetime
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yt_dlp.version
from yt_dlp.extractor.youtube.jsc._builtin import ejs

from tests.support.youtube import TRUSTING, VIDEO, Youtube, refusal, signed
from voicekit.errors import DownloadError
from voicekit.sources import js_runtime
from voicekit.sources import youtube as youtube_module
from voicekit.sources.download import FetchedMedia, fetch
from voicekit.sources.network_guard import GuardedYoutubeDL
from voicekit.sources.youtube import is_youtube, outdated_warning, youtube_hint


def found_runtime() -> tuple[str, str]:
    runtime = js_runtime.find_js_runtime()
    assert runtime is not None
    return runtime.name, runtime.version


def download(**options: Any) -> FetchedMedia:
    media = fetch(VIDEO, TRUSTING, **options)
    assert isinstance(media, FetchedMedia)
    return media


def test_a_video_is_downloaded_by_solving_the_player_s_challenges(youtube: Youtube, sample: Path) -> None:
    """The media are sent only for the n that the player script computes."""
    youtube.details["shortDescription"] = "Notes\u0007\n0:00 Intro\n0:10 Main\n0:20 End\n" + "x" * 30_000
    youtube.captions = [("en", True), ("de", False)]
    warnings: list[str] = []
    media = download(warn=warnings.append)
    assert media.path.read_bytes() == sample.read_bytes()
    assert warnings == []
    metadata = media.info["metadata"]
    assert (metadata["title"], metadata["uploader"], metadata["date"]) == ("Talk", "Ana", "2024-03-05")
    assert metadata["description"].startswith("Notes\n0:00 Intro")
    assert len(metadata["description"]) == 20_000
    assert [(c["title"], c["start"], c["end"]) for c in metadata["chapters"]] == [
        ("Intro", 0, 10), ("Main", 10, 20), ("End", 20, 30),
    ]  # fmt: skip
    assert metadata["thumbnail"].startswith("https://i.ytimg.com/")
    assert metadata["subtitles"] == [{"language": "de", "automatic": False}, {"language": "en", "automatic": True}]


def test_signatures_are_solved(youtube: Youtube, sample: Path) -> None:
    signatures: list[str] = []
    youtube.formats = [signed()]
    youtube.site.checks["/videoplayback"] = lambda query, cookies: [signatures.append(query), 200][1]
    assert download().path.read_bytes() == sample.read_bytes()
    assert "sig=fedcba" in signatures[0]
    assert "n=cba" in signatures[0]


NOT_A_BOT = refusal("Sign in to confirm you\u2019re not a bot", status="LOGIN_REQUIRED")


@pytest.mark.parametrize(
    ("status", "media_status"),
    [
        (NOT_A_BOT, {}),
        ({"status": "OK"}, {"TVHTML5": 403, "VISIONOS": 403, "WEB": 403}),
    ],
    ids=["not a bot", "media refused"],
)
def test_another_client_is_tried(
    youtube: Youtube, sample: Path, status: dict[str, Any], media_status: dict[str, int]
) -> None:
    youtube.status = dict.fromkeys(("TVHTML5", "VISIONOS", "WEB"), status)
    youtube.media_status = media_status
    assert download().path.read_bytes() == sample.read_bytes()
    assert "WEB_EMBEDDED_PLAYER" in youtube.asked


@pytest.mark.parametrize(
    ("status", "message", "attempts"),
    [
        (NOT_A_BOT, "not a bot. Pass your browser's cookies: --cookies-from-browser firefox", 3),
        (refusal("Sign in to confirm your age", status="LOGIN_REQUIRED"), "age-restricted.*signed in as an adult", 1),
        (refusal("Join this channel to get access to members-only content"), "members of the channel.*as a member", 1),
        (refusal("Private video", "Sign in if you've been granted access"), "is private. Ask the owner", 1),
        (refusal("Video unavailable", "This video has been removed by the uploader"), "has been removed. Look for", 1),
        (
            refusal("Video unavailable", "The uploader has not made this video available in your country"),
            "blocked in your country.*VPN",
            1,
        ),
        (refusal("This content isn't available, try again later"), "429.*Wait an hour", 1),
        (refusal("Premieres in 5 hours", status="LIVE_STREAM_OFFLINE"), "not been broadcast yet. Wait", 1),
        (refusal("This video requires payment to watch"), "paid for.*with the purchase", 1),
        (refusal("Video unavailable"), "unavailable. Check the URL in a browser", 1),
    ],
    ids=["bot", "age", "members", "private", "removed", "country", "rate", "premiere", "payment", "unavailable"],
)  # fmt: skip
def test_refusals_give_one_message(youtube: Youtube, status: dict[str, Any], message: str, attempts: int) -> None:
    youtube.default_status = status
    with pytest.raises(DownloadError, match=message) as caught:
        download()
    assert str(caught.value).startswith(VIDEO)
    assert [path for _, path, _ in youtube.site.log].count("/watch") == attempts


@pytest.mark.parametrize(
    ("formats", "status", "message"),
    [
        ([{}], {}, "only SABR streams"),
        ([], {}, r"offers no audio that can be downloaded. Update yt-dlp: pip install -U"),
        (
            [{"url": "https://r1.googlevideo.com/videoplayback?n=abc", "drmFamilies": ["WIDEVINE"]}],
            {},
            r"encrypted \(DRM\)",
        ),
        (
            [{"url": "https://r1.googlevideo.com/videoplayback?n=abc"}],
            dict.fromkeys(("TVHTML5", "VISIONOS", "WEB_EMBEDDED_PLAYER"), refusal("Video unavailable")),
            "PO token",
        ),
        (
            [{"url": "https://r1.googlevideo.com/videoplayback?n=abc", "mimeType": 'video/mp4; codecs="avc1.64001f"'}],
            {},
            "offers no audio",
        ),
    ],
    ids=["SABR", "none", "DRM", "PO token", "video only"],
)
def test_missing_formats_are_explained(
    youtube: Youtube, formats: list[dict[str, Any]], status: dict[str, Any], message: str
) -> None:
    youtube.formats, youtube.status = formats, status
    with pytest.raises(DownloadError, match=message):
        download()


def test_storyboards_are_no_audio(youtube: Youtube) -> None:
    youtube.formats = []
    spec = "https://i.ytimg.com/sb/abcdefghijk/storyboard3_L$L/$N.jpg|48#27#100#10#10#0#default#sig"
    youtube.more = {"storyboards": {"playerStoryboardSpecRenderer": {"spec": spec}}}
    with pytest.raises(DownloadError, match=r"offers no audio that can be downloaded\. Update yt-dlp"):
        download()
    assert "WEB_EMBEDDED_PLAYER" in youtube.asked


def test_refused_media_are_explained(youtube: Youtube) -> None:
    youtube.site.checks["/videoplayback"] = lambda query, cookies: 403
    with pytest.raises(DownloadError, match=r"refuses to send the media \(403\).*--cookies-from-browser"):
        download()


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def only(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let only the runtimes of a folder be found."""
    monkeypatch.setattr(js_runtime, "_packaged_deno", lambda: None)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.skipif(os.name == "nt", reason="shell scripts")
@pytest.mark.parametrize(
    ("scripts", "message"),
    [
        ({}, "needs a JavaScript runtime: none is installed"),
        ({"deno": "echo 'deno 1.46.3 (stable)'"}, "deno 1.46.3 at .* is too old, 2.3 is needed"),
        ({"deno": "exec /bin/sleep 60"}, "does not print its version within 0.5 s"),
        ({"deno": "exit 3"}, "does not run"),
        ({"deno": "echo hello"}, "prints no version"),
        ({"deno": "echo 'deno 2.2.12'", "node": "echo v20.1.0"}, "deno 2.2.12 .* too old.*node 20.1.0 .* too old"),
    ],
    ids=["missing", "old", "hanging", "broken", "no version", "both old"],
)  # fmt: skip
def test_an_unusable_runtime_is_one_line(
    youtube: Youtube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scripts: dict[str, str], message: str
) -> None:
    for name, script in scripts.items():
        program(tmp_path / "bin" / name, script)
    only(monkeypatch, tmp_path / "bin")
    monkeypatch.setattr(js_runtime, "PROBE_SECONDS", 0.5)
    youtube.status = {"VISIONOS": refusal("Video unavailable")}
    warnings: list[str] = []
    started = time.monotonic()
    with pytest.raises(DownloadError):
        download(warn=warnings.append)
    assert time.monotonic() - started < 20
    (warning,) = warnings
    assert "\n" not in warning
    assert 'pip install -U "yt-dlp[default,deno]"' in warning
    assert re.search(message, warning)
    assert youtube_hint(VIDEO) == warning
    assert js_runtime.find_js_runtime() is None


@pytest.mark.skipif(os.name == "nt", reason="shell scripts")
def test_a_runtime_that_hangs_on_the_player_is_ended(
    youtube: Youtube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin" / "deno", '[ "$1" = --version ] && echo "deno 2.9.0" && exit\nexec /bin/sleep 600')
    only(monkeypatch, tmp_path / "bin")
    monkeypatch.setattr(js_runtime, "SOLVE_SECONDS", 0.5)
    youtube.status = {"VISIONOS": refusal("Video unavailable")}
    started = time.monotonic()
    with pytest.raises(DownloadError, match="JavaScript runtime hangs"):
        download()
    assert time.monotonic() - started < 20


@pytest.mark.skipif(os.name == "nt", reason="shell scripts")
def test_which_runtime_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = js_runtime.find_js_runtime()
    assert packaged is not None
    assert packaged.name == "deno"  # of the package
    only(monkeypatch, tmp_path / "bin")
    program(tmp_path / "bin" / "node", "echo v22.1.0")
    assert found_runtime() == ("node", "22.1.0")
    program(tmp_path / "bin" / "deno", "echo 'deno 2.3.0 (stable)'")
    assert found_runtime() == ("deno", "2.3.0")


def test_which_urls_are_youtube_s() -> None:
    assert all(
        map(is_youtube, ("https://www.youtube.com/watch?v=x", "https://youtu.be/x", "https://music.youtube.com/x"))
    )
    assert not any(map(is_youtube, ("https://example.org/youtube.com", "https://notyoutube.com/x", "http://[")))


@pytest.mark.parametrize(
    ("version", "day", "warned"),
    [
        ("2026.10.26", "2026-12-25", False),
        ("2026.10.26", "2026-12-26", True),
        ("2026.10.26.233119", "2027-10-26", True),
        ("2026.10.26", "2026-01-01", False),
        ("2026.13.99", "2027-10-26", False),
        ("unknown", "2027-10-26", False),
    ],
)
def test_the_age_of_yt_dlp(version: str, day: str, warned: bool) -> None:
    warning = outdated_warning(version, datetime.date.fromisoformat(day))
    assert bool(warning) is warned
    assert not warning or 'pip install -U "yt-dlp[default,deno]"' in warning


def test_an_old_yt_dlp_is_reported_once_and_for_sites_only(youtube: Youtube, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yt_dlp.version, "__version__", "2020.01.01")
    monkeypatch.setattr(youtube_module, "_warned", set())
    warnings: list[str] = []
    fetch(youtube.site.url("/videoplayback?n=cba"), TRUSTING, warn=warnings.append)
    assert warnings == []
    download(warn=warnings.append)
    assert len(warnings) == 1
    assert "2020.01.01 is" in warnings[0]
    assert youtube_module.outdated_warning_once() is None


def test_missing_solver_scripts_are_not_downloaded(youtube: Youtube, monkeypatch: pytest.MonkeyPatch) -> None:
    requested: list[str] = []
    urlopen = GuardedYoutubeDL.urlopen
    monkeypatch.setattr(ejs, "_has_ejs", None)

    def record(self: GuardedYoutubeDL, request: Any) -> Any:
        requested.append(request if isinstance(request, str) else request.url)
        return urlopen(self, request)

    monkeypatch.setattr(GuardedYoutubeDL, "urlopen", record)
    youtube.status = {"VISIONOS": refusal("Video unavailable")}
    with pytest.raises(DownloadError, match=r"\(yt-dlp-ejs\) are missing or too old. Run pip install -U"):
        download()
    assert requested
    assert not [url for url in requested if "github" in url or "npm" in url]
