"""voicekit translate: parse, call `translate_files`, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from voicekit.config.translate import TranslateOptions

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def _option(field: str, *names: str) -> Any:
    """A command-line option for a config field: its help and default are the field's."""
    default = TranslateOptions.model_fields[field].default
    shown = ",".join(default) if isinstance(default, tuple) else default
    flags = names if any(name.startswith("--") for name in names) else (*names, "--" + field.replace("_", "-"))
    help_text = TranslateOptions.model_fields[field].description
    return typer.Option(*flags, help=help_text, show_default=str(shown) if shown else False)


@app.command(epilog="Results: <name>.<language>.{json,srt,...} and .manifest.json beside each file, or in --out")
def translate(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="transcript.json, .srt, .vtt, or a run's folder")
    ],
    to: Annotated[str | None, _option("to", "-t")] = None,
    source: Annotated[str | None, _option("source", "--from")] = None,
    engine: Annotated[str | None, _option("engine", "-e")] = None,
    model: Annotated[str | None, _option("model", "-m")] = None,
    base_url: Annotated[str | None, _option("base_url")] = None,
    glossary: Annotated[str | None, _option("glossary", "-g")] = None,
    audio: Annotated[
        Path | None, typer.Option("--audio", help="The recording, for --engine whisper; a run knows its own")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder for results; beside each file if left out")
    ] = None,
    format: Annotated[str | None, _option("format", "-f")] = None,
    subtitles: Annotated[str | None, _option("subtitles", "-s", "--subtitles")] = None,
    context: Annotated[int | None, _option("context")] = None,
    beam_size: Annotated[int | None, _option("beam_size")] = None,
    timeout: Annotated[float | None, _option("timeout")] = None,
    device: Annotated[str | None, _option("device")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Use nothing from the cache")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Never ask the model hub")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print errors only")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print events as JSON lines, for machines")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error")] = False,
) -> int:
    """Translate transcripts and subtitles, whole sentences at a time; speakers and times stay.

    \b
    voicekit translate outputs/talk/latest --to pt
    voicekit translate talk.srt --from en --to es,de --engine nllb --glossary terms.csv
    voicekit translate talk.srt --from en --to ja --base-url http://localhost:8000/v1

    Addresses, tags, numbers, names and the glossary's terms come through unchanged. A server's key is taken from
    VOICEKIT_API_KEY or OPENAI_API_KEY.
    """
    from voicekit.cli.reporters import reporter
    from voicekit.config.schema import build

    given = {
        "to": to, "source": source, "engine": engine, "model": model, "base_url": base_url, "glossary": glossary,
        "format": format, "subtitles": subtitles, "context": context, "beam_size": beam_size, "timeout": timeout,
        "device": device,
    }  # fmt: skip
    options = build(TranslateOptions, {name: value for name, value in given.items() if value is not None}, "options")
    if offline:
        from voicekit.models.hub import go_offline

        go_offline()
    from voicekit.transcription.session import Outcome
    from voicekit.translation.files import translate_files

    with reporter(quiet=quiet, json=json, debug=debug) as report:
        results = list(translate_files(files, options, out, audio, report, fresh))
        if json:
            report.summary(
                [
                    Outcome(
                        one.name, next(iter(one.transcripts.values()), None),
                        one.files[0].parent if one.files else None, one.error, one.seconds, one.cached,
                    )
                    for one in results
                ]
            )  # fmt: skip
    failed = [one.error.exit_status for one in results if one.error]
    return max(failed) if failed and len(failed) == len(results) and set(failed) == {2} else int(bool(failed))
