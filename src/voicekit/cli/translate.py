"""voicekit translate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from voicekit.cli.options import (
    Debug,
    Fresh,
    JsonEvents,
    Offline,
    Quiet,
    given_options,
    new_app,
    options_from,
    worst_status,
)
from voicekit.config.schema import build
from voicekit.config.translate import TranslateOptions

app = new_app()


@app.command(epilog="Results: <name>.<language>.{json,srt,...} and .manifest.json beside each file, or in --out")
@options_from(
    TranslateOptions,
    {
        "to": "-t", "source": "--from", "encoding": "", "engine": "-e", "model": "-m", "base_url": "", "glossary": "-g",
        "format": "-f", "subtitles": "-s",
    },
)  # fmt: skip
def translate(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="transcript.json, .srt, .vtt, or a run's folder")
    ],
    audio: Annotated[
        Path | None, typer.Option("--audio", help="Recording for --engine whisper (default: the run's)")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder for results (default: beside the file)")
    ] = None,
    fresh: Fresh = False,
    offline: Offline = False,
    quiet: Quiet = False,
    json: JsonEvents = False,
    debug: Debug = False,
    **given: Any,
) -> int:
    """Translate transcripts and subtitles, sentence by sentence; speakers and times stay.

    \b
    voicekit translate outputs/talk/latest --to pt
    voicekit translate talk.srt --from en --to es,de --engine nllb --glossary terms.csv
    voicekit translate talk.srt --from en --to ja --base-url http://localhost:8000/v1

    URLs, tags, numbers, names and glossary terms are kept. The key of a server is read from VOICEKIT_API_KEY or
    OPENAI_API_KEY.
    """
    from voicekit.cli.reporters import reporter

    options = build(TranslateOptions, given_options(given), "options")
    from voicekit.transcription.session import Outcome
    from voicekit.translation.files import translate_files

    with reporter(quiet=quiet, json=json, debug=debug) as progress:
        results = list(translate_files(files, options, out, audio, progress, fresh))
        if json:
            progress.summary(
                [
                    Outcome(
                        result.name, next(iter(result.transcripts.values()), None),
                        result.files[0].parent if result.files else None, result.error, result.seconds, result.cached,
                    )
                    for result in results
                ]
            )  # fmt: skip
    return worst_status([result.error for result in results], len(results))
