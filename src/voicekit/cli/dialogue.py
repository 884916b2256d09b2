"""voicekit dialogue."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicekit.cli.conflicts import CheckedCommand
from voicekit.cli.options import Encoding, Fresh, JsonEvents, Out, Quiet, new_app, options_from
from voicekit.cli.reporters import CliProgress, JsonLines, plain_table, reporter, wide_console
from voicekit.config.dialogue import DialogueOptions
from voicekit.redact import list_names, one_line

if TYPE_CHECKING:
    from rich.table import Table

    from voicekit.dialogues.casting import Casting
    from voicekit.dialogues.mix import Mix

app = new_app()


@app.command(
    cls=CheckedCommand,
    epilog="Results: <out>/<name>/latest/{mix.wav,stems/,timeline.json,mix.srt,mix.vtt,mix.rttm,takes/,run.json}",
)
@options_from(
    DialogueOptions,
    {
        "timing": "", "seed": "", "fillers": "", "room": "", "loudness": "", "true_peak": "", "rate": "",
        "format": "-f", "judge": "--judge/--no-judge", "retakes": "", "device": "",
    },
    exclude=("normalize", "watermark"),
)  # fmt: skip
def dialogue(
    script: Annotated[
        str,
        typer.Argument(
            metavar="SCRIPT",
            help="Script as text (docs/dialogue.md), .yaml, .fountain, transcript.json or .srt; or a name in "
            "configs/dialogue",
        ),
    ],
    cast: Annotated[
        Path | None, typer.Option("--cast", help="YAML file of speakers and voices, like configs/dialogue/cast.yaml")
    ] = None,
    out: Out = Path("outputs"),
    check: Annotated[
        bool, typer.Option("--check", "--dry-run", help="Print who says what, with voices and warnings, and stop")
    ] = False,
    as_written: Annotated[
        bool | None, typer.Option("--as-written", help="Leave numbers, dates and units to the engine")
    ] = None,
    no_watermark: Annotated[bool | None, typer.Option("--no-watermark", help="Do not watermark the speech")] = None,
    encoding: Encoding = None,
    fresh: Fresh = False,
    quiet: Quiet = False,
    json: JsonEvents = False,
    **given: Any,
) -> int:
    """Speak a script as a conversation with natural turns; write the mix, one stem per speaker, and subtitles.

    \b
    voicekit dialogue talk.txt
    voicekit dialogue talk.txt --cast cast.yaml --timing slow --format m4a
    voicekit dialogue talk.txt --check
    voicekit dialogue play.fountain --judge --retakes 10
    """
    from voicekit.dialogues.casting import read_cast
    from voicekit.dialogues.dialogue import load_casting
    from voicekit.dialogues.script_readers import find_script

    given["normalize"] = None if as_written is None else not as_written
    given["watermark"] = None if no_watermark is None else not no_watermark
    path = find_script(script)
    casting = load_casting(path, read_cast(cast) if cast else None, encoding=encoding, **given)
    if check:
        _print_casting(casting)
        return 0
    from voicekit.dialogues.dialogue import build_dialogue
    from voicekit.provenance import software_versions
    from voicekit.storage.cache import StageCache
    from voicekit.tts.synthesizer import Synthesizer

    with (
        reporter(quiet=quiet, json=json, debug=False) as progress,
        Synthesizer(device=casting.options.device) as synthesizer,
    ):
        mix = build_dialogue(casting, out, synthesizer, StageCache(fresh, software_versions), progress, source=path)
        _print_mix(mix, progress)
    return int(bool(mix.timeline.failed))


def _print_casting(casting: Casting) -> None:
    from voicekit.dialogues.script import by_kind

    table = plain_table("speaker", "voice", "engine", "lines", "words", right=("lines", "words"))
    for speaker in casting.roles:
        utterances = [utterance for utterance in casting.utterances if utterance.speaker == speaker]
        voice = utterances[0].request.voice.voice
        lines = len({utterance.line for utterance in utterances if utterance.inside is None})
        words = sum(len(utterance.text.split()) for utterance in utterances)
        table.add_row(one_line(speaker), voice.name, voice.engine, str(lines), str(words))
    console = wide_console(markup=False)
    console.print(table)
    console.print(_lines_table(casting))
    for kind, texts in by_kind(casting.unspoken).items():
        places = list_names([str(each.line) for each in texts])
        console.print(f"not spoken: {kind} in line {places}, such as {one_line(texts[0].text)[:40]!r}")
    for note in casting.notes:
        console.print(f"note: {note}")


def _lines_table(casting: Casting) -> Table:
    """Who says what, by lines of the file."""
    from voicekit.tts.readable import spoken_if_different

    table = plain_table("line", "speaker", "says", right=("line",))
    for number, line in enumerate(casting.script.lines):
        if line.topic is not None:
            table.add_row("", "", f"# {one_line(line.topic)}".rstrip())
        for utterance in sorted(casting.turn_parts(number) + casting.backchannels(number), key=lambda each: each.id):
            own = utterance.inside is None
            text = one_line(utterance.text)
            table.add_row(str(line.at[0]), one_line(utterance.speaker), text if own else f"{{{text}}}")
            request = utterance.request
            if spoken := spoken_if_different(utterance.text, request.voice, request.normalize):
                table.add_row("", "", f"spoken: {one_line(spoken)}")
    return table


def _print_mix(mix: Mix, progress: CliProgress) -> None:
    timeline, scores = mix.timeline, mix.scores
    if isinstance(progress, JsonLines):
        progress.event(
            "run", folder=str(mix.folder), cached=mix.cached, utterances=len(timeline.entries),
            failed=[entry.id for entry in timeline.failed], duration=timeline.duration, loudness=timeline.loudness,
            true_peak=timeline.true_peak, heard=jsonlib.loads(scores.to_json()) if scores else None,
        )  # fmt: skip
        return
    level = "silent" if timeline.loudness is None else f"{timeline.loudness:.1f} LUFS, {timeline.true_peak:.1f} dBTP"
    progress.note(f"{len(timeline.entries)} utterances, {timeline.duration:.1f} s, {level}")
    if (turns := timeline.turns) is not None:
        from voicekit.dialogues.turn_taking import PUBLISHED

        low, median, high = turns.quartiles
        progress.note(
            f"{turns.changes} speaker changes: {turns.overlaps:.0%} overlap, median gap {median:.2f} s "
            f"(quartiles {low:.2f} and {high:.2f}), mode {turns.mode:.2f} s"
        )
        (fewest, most), (shortest, longest) = PUBLISHED["overlaps"], PUBLISHED["median"]
        progress.note(
            f"real conversations: {fewest:.0%} to {most:.0%} overlap, median {shortest:.2f} to {longest:.2f} s, "
            f"mode up to {PUBLISHED['mode'][1]:.1f} s (docs/dialogue.md)"
        )
    if scores is not None:
        values = {
            "WER": scores.wer,
            "cpWER": scores.cpwer,
            "DER": scores.der,
            "DER of the true turns": scores.oracle_der,
        }
        listed = ", ".join(f"{name} {value:.1%}" for name, value in values.items() if value is not None)
        progress.note(f"transcribed back: {listed}; {scores.speakers} of {len(timeline.speakers)} speakers found")
    progress.note(str(mix.folder.parent / "latest" / "mix.wav"))
