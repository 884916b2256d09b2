"""voicekit schema: the contracts that scripts rely on, as JSON Schema."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from voicekit.errors import UsageError

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

NAMES = ("transcript", "edits", "eval", "compare", "takes", "timeline", "clone", "transcribe", "clean", "subtitle")


@app.command()
def schema(name: Annotated[str, typer.Argument(metavar="NAME", help=", ".join(NAMES))]) -> None:
    """Print a JSON Schema: transcript (transcript.json), edits (what a report's page saves), eval and compare (their
    --json), takes (takes.json), timeline (timeline.json), clone (job files), transcribe (--config files), clean and
    subtitle (presets)."""
    print(json.dumps(_schema(name), indent=1, ensure_ascii=False))


def _schema(name: str) -> dict[str, Any]:
    if name == "transcript":
        from voicekit.data import Transcript

        return Transcript.json_schema()
    if name == "eval":
        from voicekit.judge.evaluate import Evaluation

        return Evaluation.json_schema()
    if name == "edits":
        from voicekit.report.edits import Edits

        return Edits.json_schema()
    if name == "compare":
        from voicekit.report.compare import Comparison

        return Comparison.json_schema()
    if name == "takes":
        from voicekit.speech.takes import Takes

        return Takes.json_schema()
    if name == "timeline":
        from voicekit.conversation.timeline import Timeline

        return Timeline.json_schema()
    from voicekit.config import CleanPreset, CloneJob, SubtitleStyle, TranscribeOptions

    if name == "clone":
        return CloneJob.model_json_schema()

    if name == "transcribe":
        return TranscribeOptions.model_json_schema()
    if name == "clean":
        return CleanPreset.model_json_schema()
    if name == "subtitle":
        return SubtitleStyle.model_json_schema()
    raise UsageError(f"no schema {name!r}", f"Known: {', '.join(NAMES)}")
