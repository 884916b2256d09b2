"""Known failures of yt-dlp: what its messages mean, what to do, and whether another YouTube client may succeed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from voicekit.errors import DownloadError, OutputError, VoicekitError
from voicekit.redact import redact_urls
from voicekit.sources.js_runtime import TIMED_OUT, UPDATE, runtime_problem
from voicekit.sources.site_info import display_url

RESUME = "Run the same command again: it resumes"
"""The remedy if the partial download is kept."""

COOKIES = "Pass your browser's cookies: --cookies-from-browser firefox"
_UPDATE = f"Update yt-dlp: {UPDATE}"
_BROWSER = "Check the URL in a browser"


@dataclass(frozen=True)
class Failure:
    """A known failure.

    Attributes:
        pattern: Regular expression for yt-dlp's message, without regard to case.
        reason: What to report; "" for yt-dlp's own text.
        remedy: What to do about it.
        retry: Whether another YouTube client may succeed.
        youtube: Whether the row is for YouTube only.
    """

    pattern: str
    reason: str
    remedy: str
    retry: bool = False
    youtube: bool = False


UNAVAILABLE = Failure(
    r"Video unavailable\.?$|This video is (unavailable|not available)\.?$",
    "the site says that it is unavailable",
    _BROWSER,
)

NO_AUDIO = Failure(
    r"Requested format is not available|No video formats found|Only images are available",
    "the site offers no audio that can be downloaded",
    _UPDATE,
    retry=True,
)

_VAGUE = (UNAVAILABLE, NO_AUDIO)
"""Failures whose cause is in an earlier warning, if there is one."""

# Warnings that explain a vague failure; the first match counts.
CAUSES = (
    Failure(
        TIMED_OUT,
        "the JavaScript runtime hangs on the site's player, so its audio cannot be read",
        f"Try again; if it recurs, install a newer one: {UPDATE}",
    ),
    Failure(
        r"No usable challenge solver|Remote components? .* skipped|challenge solver \w+ script version",
        "the scripts that solve YouTube's challenges (yt-dlp-ejs) are missing or too old",
        f"Run {UPDATE}",
    ),
    Failure(r"No supported JavaScript runtime", "YouTube needs a JavaScript runtime", f"Run {UPDATE}"),
    Failure(r"DRM", "the media are encrypted (DRM) and cannot be read", "Choose another recording", retry=True),
    Failure(
        r"(n challenge|Signature) solving failed|Error solving",
        "yt-dlp could not solve the challenges of the site's player",
        _UPDATE,
        retry=True,
    ),
    Failure(
        r"SABR",
        "YouTube offers this session only SABR streams, which yt-dlp cannot read",
        f"Try again later or without cookies. {_UPDATE}",
        retry=True,
    ),
    Failure(
        r"PO Token",
        "YouTube wants a PO token, which proves that a browser plays the video",
        "Try again later, or install a PO token plugin of yt-dlp such as bgutil-ytdlp-pot-provider; for a server "
        "of it on this machine, add --allow-host 127.0.0.1",
        retry=True,
    ),
)

# The first match counts.
FAILURES = (
    Failure(
        r"m3u8 download detected but ffmpeg",
        "",
        "The stream is encrypted in a way that cannot be read here: save it with another program and give the file",
    ),
    Failure(
        r"connection adapters|url scheme|No request handlers", "", "Only http and https are allowed, for redirects too"
    ),
    Failure(r"not a bot|captcha", "the site wants proof that you are not a bot", COOKIES, retry=True),
    Failure(
        r"HTTP Error 429|Too Many Requests|rate-limited|IP is likely being blocked",
        "the site limits how much you may request (429)",
        "Wait an hour and try again; --cookies-from-browser firefox raises the limit of some sites",
    ),
    Failure(
        r"members[- ]only|channel's members|Join this channel",
        "it is for members of the channel only",
        "Pass the cookies of a browser that is signed in as a member: --cookies-from-browser firefox",
    ),
    Failure(
        r"requires payment|Premium members",
        "it has to be paid for",
        "Pass the cookies of a browser that is signed in with the purchase: --cookies-from-browser firefox",
    ),
    Failure(
        r"age[- ]restricted|confirm your age|age-verif|inappropriate for some users",
        "it is age-restricted",
        "Pass the cookies of a browser that is signed in as an adult: --cookies-from-browser firefox",
    ),
    Failure(
        r"private (video|playlist)|(video|playlist) is private",
        "it is private",
        "Ask the owner for access and pass the cookies of a browser that is signed in: --cookies-from-browser firefox",
    ),
    Failure(
        r"in your country|your (location|region)|geo.?restrict",
        "it is blocked in your country",
        "Download it with a VPN or proxy of another country (HTTPS_PROXY)",
    ),
    Failure(
        r"Premieres? in|Premiere will begin|(event|stream) will begin|Premieres? (shortly|soon)",
        "it has not been broadcast yet",
        "Wait until it is over",
    ),
    Failure(
        r"has been removed|no longer available|account .*terminated|isn't available any ?more|been deleted",
        "it has been removed",
        "Look for another copy",
    ),
    UNAVAILABLE,
    NO_AUDIO,
    Failure(r"DRM protected", "the media are encrypted (DRM) and cannot be read", "Choose another recording"),
    Failure(r"sign in|log ?in|private|registered users", "", COOKIES),
    Failure(r"JavaScript runtime", "YouTube needs a JavaScript runtime", f"Run {UPDATE}"),
    Failure(
        r"HTTP Error 403",
        "YouTube refuses to send the media (403)",
        f"Try again later or with --cookies-from-browser firefox. {_UPDATE}",
        retry=True,
        youtube=True,
    ),
    Failure(r"HTTP Error 40[34]|HTTP Error 410", "", _BROWSER),
    Failure(r"Unsupported URL", "", "Give the URL of the page or file that plays"),
    Failure(r"resolve|getaddrinfo|Network is unreachable|Connection refused", "", "Check the network and the URL"),
    Failure(r"timed out|reset|closed|IncompleteRead|HTTP Error 5|bytes read|more expected", "", RESUME),
    Failure(
        r"player response|Unable to extract|An extractor error has occurred",
        "yt-dlp cannot read the site's page, which may have changed",
        _UPDATE,
        retry=True,
        youtube=True,
    ),
)


def find_failure(text: str, messages: Sequence[str], youtube: bool) -> Failure:
    """Return the known failure behind an error.

    Args:
        text: yt-dlp's error message.
        messages: Its warnings so far.
        youtube: Whether the site is YouTube.
    """
    known = (f for f in FAILURES if (youtube or not f.youtube) and re.search(f.pattern, text, re.I))
    failure = next(known, Failure("", "", f"Update yt-dlp, sites change often: {UPDATE}"))
    only_video = "Requested format" in text and not any("Only images" in message for message in messages)
    if failure not in _VAGUE or only_video:
        return failure
    if youtube and (problem := runtime_problem()):
        return Failure(failure.pattern, *problem)
    return next((c for c in CAUSES if any(re.search(c.pattern, m, re.I) for m in messages)), failure)


def explain(text: str, url: str, messages: Sequence[str], youtube: bool) -> tuple[VoicekitError, bool]:
    """Return the error for a message of yt-dlp, and whether another YouTube client may succeed.

    Args:
        text: The message.
        url: What was being downloaded.
        messages: yt-dlp's warnings so far.
        youtube: Whether the site is YouTube.
    """
    text = re.sub(r"\x1b\[[0-9;]*m", "", text).removeprefix("ERROR: ").replace("\u2019", "'")
    text = text.partition("; please report this issue")[0].partition(" Use --cookies")[0].partition("(caused by")[0]
    text = redact_urls(text).strip()
    if re.search(r"No space left|quota exceeded|unable to (write|open for writing)", text, re.I):
        remedy = "Free some space, run `voicekit cache prune`, or set VOICEKIT_CACHE"
        return OutputError(f"{display_url(url)}: {text}", remedy), False
    failure = find_failure(text, messages, youtube)
    return DownloadError(f"{display_url(url)}: {failure.reason or text}", failure.remedy), failure.retry and youtube
