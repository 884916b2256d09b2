"""What long work tells about itself. The work calls a `Reporter`; the command line and notebooks subclass it."""

from __future__ import annotations

from pathlib import Path

from voicekit.errors import VoicekitError


def duration(seconds: float) -> str:
    """As 1:02:03 or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


class Progress:
    """Hears everything and says nothing."""

    def item_started(self, name: str) -> None:
        """Work on a source began."""

    def stage_started(self, stage: str, seconds: float) -> None:
        """A stage began on `seconds` of sound (0 where unknown)."""

    def loading(self, stage: str) -> None:
        """The stage's model is being loaded before it can begin."""

    def stage_progress(self, share: float) -> None:
        """Share of the stage done, 0 to 1."""

    def stage_done(self, stage: str, took: float, cached: bool) -> None:
        """The stage ended after `took` seconds; `cached`: the result was there already."""

    def note(self, text: str) -> None:
        """Something worth knowing that is no fault."""

    def warning(self, text: str) -> None:
        """Something the user may want to act on."""

    def item_done(self, name: str, folder: Path | None, again: bool) -> None:
        """Results are written; `again`: an earlier run had them all."""

    def item_failed(self, name: str, error: VoicekitError) -> None:
        """This source failed; the others go on."""
