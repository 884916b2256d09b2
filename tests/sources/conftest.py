"""YouTube on loopback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.server import Site
from tests.support.youtube import Youtube, redirect_requests


@pytest.fixture
def youtube(site: Site, sample: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Youtube:
    """YouTube on loopback: yt-dlp's requests to YouTube's hosts go there; all else of yt-dlp is real."""
    redirect_requests(site, monkeypatch)
    return Youtube(site, sample)
