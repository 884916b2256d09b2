"""voicekit schema: the contracts that scripts rely on, as JSON Schema."""

from __future__ import annotations

import importlib
import json
from typing import Annotated, Any

import typer

from voicekit.errors import UsageError

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

HOMES = {
    "transcript": "types:Transcript",
    "edits": "report.corrections:Edits",
    "eval": "evaluation.result:Evaluation",
    "compare": "report.compare:Comparison",
    "takes": "takes.records:Takes",
    "timeline": "dialogues.timeline:Timeline",
    "clone": "config.clone:CloneJob",
    "transcribe": "config.transcribe:TranscribeOptions",
    "clean": "config.clean:CleanPreset",
    "subtitle": "config.subtitles:SubtitleStyle",
}
"""By name: module and class, ours with a `json_schema`, or a model of pydantic's."""

NAMES = tuple(HOMES)


@app.command()
def schema(name: Annotated[str, typer.Argument(metavar="NAME", help=", ".join(NAMES))]) -> None:
    """Print a JSON Schema: transcript (transcript.json), edits (what a report's page saves), eval and compare (their
    --json), takes (takes.json), timeline (timeline.json), clone (job files), transcribe (--config files), clean and
    subtitle (presets)."""
    print(json.dumps(_schema(name), indent=1, ensure_ascii=False))


def _schema(name: str) -> dict[str, Any]:
    if name not in HOMES:
        raise UsageError(f"no schema {name!r}", f"Known: {', '.join(NAMES)}")
    module, _, kind = HOMES[name].partition(":")
    home = getattr(importlib.import_module(f"voicekit.{module}"), kind)
    found: dict[str, Any] = home.json_schema() if hasattr(home, "json_schema") else home.model_json_schema()
    return found
