"""voicekit transcribe: parse, call Session.run, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from voicekit.config.transcribe import TranscribeOptions

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

_FIELDS = TranscribeOptions.model_fields


def _option(field: str, *names: str) -> Any:
    """A command-line option for a config field: its help and default are the field's."""
    default = _FIELDS[field].default
    shown = ",".join(default) if isinstance(default, tuple) else default
    flag = "--" + field.replace("_", "-")
    return typer.Option(*names, flag, help=_FIELDS[field].description, show_default=str(shown) if shown else False)


@app.command(epilog="Results: <out>/<name>/latest/transcript.{json,srt,vtt,txt,tsv,rttm,labels.txt} and run.json")
def transcribe(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...", help="Media files, folders, globs, or URLs (video, playlist, podcast feed)"
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for results")] = Path("outputs"),
    speakers: Annotated[int | None, _option("speakers", "-s")] = None,
    min_speakers: Annotated[int | None, _option("min_speakers")] = None,
    max_speakers: Annotated[int | None, _option("max_speakers")] = None,
    speaker_names: Annotated[str | None, _option("speaker_names")] = None,
    language: Annotated[str | None, _option("language", "-l")] = None,
    model: Annotated[str | None, _option("model", "-m")] = None,
    hotwords: Annotated[str | None, _option("hotwords")] = None,
    prompt: Annotated[str | None, _option("prompt")] = None,
    channels: Annotated[str | None, _option("channels")] = None,
    beam_size: Annotated[int | None, _option("beam_size")] = None,
    batch_size: Annotated[int | None, _option("batch_size")] = None,
    compute_type: Annotated[str | None, _option("compute_type")] = None,
    clean: Annotated[str | None, _option("clean")] = None,
    diarizer: Annotated[str | None, _option("diarizer")] = None,
    diarizer_model: Annotated[str | None, _option("diarizer_model")] = None,
    device: Annotated[str | None, _option("device")] = None,
    format: Annotated[str | None, _option("format", "-f")] = None,
    subtitles: Annotated[str | None, _option("subtitles")] = None,
    translate: Annotated[str | None, _option("translate")] = None,
    translate_engine: Annotated[str | None, _option("translate_engine")] = None,
    translate_model: Annotated[str | None, _option("translate_model")] = None,
    base_url: Annotated[str | None, _option("base_url")] = None,
    glossary: Annotated[str | None, _option("glossary")] = None,
    config: Annotated[
        str | None, typer.Option("-c", "--config", help="YAML file of these options, or a name in configs/transcribe")
    ] = None,
    cookies: Annotated[
        Path | None, typer.Option("--cookies", help="Netscape cookie file for the download", exists=True)
    ] = None,
    cookies_from_browser: Annotated[
        str | None, typer.Option("--cookies-from-browser", help="Browser to take cookies from: firefox, chrome ...")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Use nothing from the cache; fetch again")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Never ask the model hub")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print errors only")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print events as JSON lines, for machines")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error")] = False,
) -> int:
    """Turn recordings into transcripts and subtitles with speakers.

    \b
    voicekit transcribe talk.mp4 --speakers 2
    voicekit transcribe "https://example.org/feed.xml" -o transcripts
    voicekit transcribe interviews/ --language de --format srt,json
    """
    from voicekit.cli.reporters import reporter
    from voicekit.config.presets import preset
    from voicekit.config.transcribe import transcribe_options

    given = {
        "speakers": speakers, "min_speakers": min_speakers, "max_speakers": max_speakers,
        "speaker_names": speaker_names, "language": language, "model": model, "hotwords": hotwords, "prompt": prompt,
        "channels": channels, "clean": clean,
        "beam_size": beam_size, "batch_size": batch_size, "compute_type": compute_type,
        "diarizer": diarizer, "diarizer_model": diarizer_model, "device": device, "format": format,
        "subtitles": subtitles, "translate": translate, "translate_engine": translate_engine,
        "translate_model": translate_model, "base_url": base_url, "glossary": glossary,
    }  # fmt: skip
    options = transcribe_options(preset("transcribe", config) if config else None, **given)
    if offline:
        from voicekit.models.hub import go_offline

        go_offline()
    from voicekit.sources.ytdlp import DownloadOptions
    from voicekit.transcription.session import Session

    download = DownloadOptions(cookies, cookies_from_browser, fresh)
    with reporter(quiet=quiet, json=json, debug=debug) as report, Session(report) as session:
        outcomes = list(session.run(sources, options, out, download))
        report.summary(outcomes)
    failed = [outcome.error.exit_status for outcome in outcomes if outcome.error]
    return max(failed) if failed and len(failed) == len(outcomes) and set(failed) == {2} else int(bool(failed))
