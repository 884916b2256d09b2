"""--cookies-from-browser with profiles as Firefox and Chromium write them, against a server that wants the cookie."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from yt_dlp.aes import aes_cbc_encrypt_bytes

from tests.support.server import Site
from voicekit.errors import DownloadError, UsageError
from voicekit.sources.download import FetchedMedia, fetch
from voicekit.sources.ytdlp import DownloadOptions

HOST = "127.0.0.1"

FIREFOX = """
CREATE TABLE moz_cookies (id INTEGER PRIMARY KEY, originAttributes TEXT NOT NULL DEFAULT '', name TEXT, value TEXT,
host TEXT, path TEXT, expiry INTEGER, lastAccessed INTEGER, creationTime INTEGER, isSecure INTEGER, isHttpOnly INTEGER,
inBrowserElement INTEGER DEFAULT 0, sameSite INTEGER DEFAULT 0, schemeMap INTEGER DEFAULT 0,
isPartitionedAttributeSet INTEGER DEFAULT 0,
CONSTRAINT moz_uniqueid UNIQUE (name, host, path, originAttributes));
PRAGMA user_version = 16;
"""

CHROMIUM = """
CREATE TABLE meta (key LONGVARCHAR NOT NULL UNIQUE PRIMARY KEY, value LONGVARCHAR);
CREATE TABLE cookies (creation_utc INTEGER NOT NULL, host_key TEXT NOT NULL, top_frame_site_key TEXT NOT NULL,
name TEXT NOT NULL, value TEXT NOT NULL, encrypted_value BLOB NOT NULL, path TEXT NOT NULL, expires_utc
INTEGER NOT NULL, is_secure INTEGER NOT NULL, is_httponly INTEGER NOT NULL, last_access_utc INTEGER NOT NULL,
has_expires INTEGER NOT NULL, is_persistent INTEGER NOT NULL, priority INTEGER NOT NULL, samesite INTEGER NOT
NULL, source_scheme INTEGER NOT NULL, source_port INTEGER NOT NULL, last_update_utc INTEGER NOT NULL,
source_type INTEGER NOT NULL, has_cross_site_ancestor INTEGER NOT NULL);
"""


def firefox_profile(folder: Path) -> Path:
    folder.mkdir(parents=True)
    with sqlite3.connect(folder / "cookies.sqlite") as database:
        database.executescript(FIREFOX)
        database.execute(
            "INSERT INTO moz_cookies (name, value, host, path, expiry, isSecure, isHttpOnly) VALUES (?,?,?,?,?,0,1)",
            ("session", "secret", HOST, "/", int((time.time() + 3600) * 1000)),
        )
    return folder


def chromium_profile(folder: Path, plain: str = "", encrypted: bytes = b"", version: int = 24) -> Path:
    (folder / "Network").mkdir(parents=True)
    expires = int((time.time() + 11644473600 + 3600) * 1e6)
    row = (0, HOST, "", "session", plain, encrypted, "/", expires, 0, 1, 0, 1, 1, 1, 0, 1, 80, 0, 0, 0)
    with sqlite3.connect(folder / "Network" / "Cookies") as database:
        database.executescript(CHROMIUM)
        database.execute("INSERT INTO meta VALUES ('version', ?)", (str(version),))
        database.execute(f"INSERT INTO cookies VALUES ({','.join('?' * len(row))})", row)
    return folder


def v10(value: bytes, version: int = 24) -> bytes:
    """Encrypt a cookie as Chromium does on Linux without a keyring; since version 24 with a hash of the host."""
    key = hashlib.pbkdf2_hmac("sha1", b"peanuts", b"saltysalt", 1, 16)
    text = (hashlib.sha256(HOST.encode()).digest() if version >= 24 else b"") + value
    return b"v10" + bytes(aes_cbc_encrypt_bytes(text, key, b" " * 16))


@pytest.fixture
def members_only(site: Site, sample: Path, own_cache: Path) -> str:
    """The URL of a file that is sent only with the cookie."""
    site.checks["/talk.wav"] = lambda query, cookies: 200 if "session=secret" in cookies else 403
    return site.add("/talk.wav", sample, "audio/wav")


PROFILES: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "firefox": ("firefox", firefox_profile),
    "chromium, plain": ("chromium", lambda folder: chromium_profile(folder, plain="secret")),
    "chromium, v10": ("chromium", lambda folder: chromium_profile(folder, encrypted=v10(b"secret"))),
    "chrome, v10 before 24": ("chrome", lambda folder: chromium_profile(folder, "", v10(b"secret", 23), 23)),
    "chrome with keyring": ("chrome+basictext", lambda folder: chromium_profile(folder, encrypted=v10(b"secret"))),
}


@pytest.mark.parametrize("case", PROFILES)
def test_cookies_of_a_profile_are_sent(members_only: str, sample: Path, tmp_path: Path, case: str) -> None:
    browser, make = PROFILES[case]
    profile = make(tmp_path / "profiles" / "x.default")
    with pytest.raises(DownloadError, match="403"):
        fetch(members_only, DownloadOptions())
    media = fetch(members_only, DownloadOptions(cookies_from_browser=f"{browser}:{profile}"))
    assert isinstance(media, FetchedMedia)
    assert media.path.read_bytes() == sample.read_bytes()


def test_the_default_profile_is_found(members_only: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    firefox_profile(tmp_path / ".mozilla" / "firefox" / "x.default-release")
    assert isinstance(fetch(members_only, DownloadOptions(cookies_from_browser="firefox")), FetchedMedia)


@pytest.mark.parametrize(
    ("browser", "message"),
    [
        ("netscape", "unsupported browser: .*netscape"),
        ("firefox:/nowhere", "could not find firefox cookies database"),
        ("chrome+purse", "unsupported keyring: .*PURSE"),
        (":profile", "names no browser"),
    ],
)
def test_unusable_browsers_are_reported(members_only: str, browser: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        fetch(members_only, DownloadOptions(cookies_from_browser=browser))
    assert "\n" not in str(caught.value)


def test_cookies_without_their_key_are_reported(members_only: str, tmp_path: Path) -> None:
    """v11: the key is in a keyring that does not exist here."""
    profile = chromium_profile(tmp_path / "x", encrypted=b"v11" + v10(b"secret")[3:])
    with pytest.raises(UsageError, match=r"cannot decrypt v11 cookies.*--cookies FILE"):
        fetch(members_only, DownloadOptions(cookies_from_browser=f"chrome+basictext:{profile}"))
