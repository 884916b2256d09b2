"""Progress reporting: long work calls a `Progress`; the command line and notebooks subclass it."""

from __future__ import annotations

from pathlib import Path

from voicekit.errors import VoicekitError


def format_duration(seconds: float) -> str:
    """Format as 1:02:03 or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


class Progress:
    """Receives progress events and ignores them."""

    def item_started(self, name: str) -> None:
        """Work on a source started."""

    def stage_started(self, stage: str, seconds: float) -> None:
        """A stage started on `seconds` of audio (0 if unknown)."""

    def loading(self, stage: str) -> None:
        """The stage's model is being loaded."""

    def stage_progress(self, share: float) -> None:
        """Share of the stage that is done, 0 to 1."""

    def stage_done(self, stage: str, took: float, cached: bool) -> None:
        """The stage ended after `took` seconds. `cached`: the result came from the cache."""

    def note(self, text: str) -> None:
        """Information that needs no action."""

    def warning(self, text: str) -> None:
        """Something the user may want to act on."""

    def item_done(self, name: str, folder: Path | None, again: bool) -> None:
        """Results are written. `again`: an earlier run already had all of them."""

    def item_failed(self, name: str, error: VoicekitError) -> None:
        """This source failed; the others continue."""
