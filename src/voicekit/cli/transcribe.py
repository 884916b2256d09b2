"""voicekit transcribe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from voicekit.cli.options import Debug, JsonEvents, Offline, Out, Quiet, new_app, options_from, worst_status
from voicekit.config.transcribe import TranscribeOptions, transcribe_options

app = new_app()


@app.command(epilog="Results: <out>/<name>/latest/transcript.{json,srt,vtt,txt,tsv,rttm,labels.txt} and run.json")
@options_from(
    TranscribeOptions,
    {
        "speakers": "-s", "min_speakers": "", "max_speakers": "", "speaker_names": "", "language": "-l", "model": "-m",
        "hotwords": "", "prompt": "", "channels": "", "beam_size": "", "batch_size": "", "compute_type": "",
        "clean": "", "diarizer": "", "diarizer_model": "", "device": "", "format": "-f",
    },
)  # fmt: skip
def transcribe(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...", help="Media files, folders, globs, or URLs (video, playlist, podcast feed)"
        ),
    ],
    out: Out = Path("outputs"),
    config: Annotated[
        str | None, typer.Option("-c", "--config", help="YAML file of these options, or a name in configs/transcribe")
    ] = None,
    cookies: Annotated[
        Path | None, typer.Option("--cookies", help="Netscape cookie file for the download", exists=True)
    ] = None,
    cookies_from_browser: Annotated[
        str | None, typer.Option("--cookies-from-browser", help="Browser to read cookies from: firefox, chrome ...")
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host", help="Host in a local network that downloads may connect to; repeatable, may hold *"
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ignore the cache and download again")] = False,
    offline: Offline = False,
    quiet: Quiet = False,
    json: JsonEvents = False,
    debug: Debug = False,
    **given: Any,
) -> int:
    """Transcribe recordings and label the speakers.

    \b
    voicekit transcribe talk.mp4 --speakers 2
    voicekit transcribe "https://example.org/feed.xml" -o transcripts
    voicekit transcribe interviews/ --language de --format srt,json
    """
    from voicekit.cli.reporters import reporter
    from voicekit.config.presets import preset

    options = transcribe_options(preset("transcribe", config) if config else None, **given)
    from voicekit.sources.ytdlp import DownloadOptions
    from voicekit.transcription.session import Session

    download = DownloadOptions(cookies, cookies_from_browser, fresh, allowed_hosts=tuple(allow_host or ()))
    with reporter(quiet=quiet, json=json, debug=debug) as progress, Session(progress) as session:
        outcomes = list(session.transcribe_all(sources, options, out, download))
        progress.summary(outcomes)
    return worst_status([outcome.error for outcome in outcomes], len(outcomes))
