"""voicekit schema."""

from __future__ import annotations

import importlib
import json
from typing import Annotated, Any

import typer

from voicekit.cli.options import new_app
from voicekit.cli.terminal import echo
from voicekit.errors import UsageError

app = new_app()

# Name -> "module:class" below voicekit. The class is a pydantic model, or has a method `json_schema`.
SCHEMAS = {
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


@app.command()
def schema(name: Annotated[str, typer.Argument(metavar="NAME", help=", ".join(SCHEMAS))]) -> None:
    """Print the JSON Schema of a file format.

    Results: transcript (transcript.json), takes (takes.json), timeline (timeline.json), edits (corrections saved by a
    report), eval and compare (their --json). Inputs: clone (job files), transcribe (--config files), clean and
    subtitle (presets).
    """
    echo(json.dumps(_schema(name), indent=1, ensure_ascii=False))


def _schema(name: str) -> dict[str, Any]:
    if name not in SCHEMAS:
        raise UsageError(f"unknown schema {name!r}", f"Known: {', '.join(SCHEMAS)}")
    module, _, class_name = SCHEMAS[name].partition(":")
    documented = getattr(importlib.import_module(f"voicekit.{module}"), class_name)
    result: dict[str, Any] = (
        documented.json_schema() if hasattr(documented, "json_schema") else documented.model_json_schema()
    )
    return result
