"""voicekit judge."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from voicekit.audio.encode import write_audio
from voicekit.audio.probe import probe
from voicekit.cli.console import new_console
from voicekit.cli.options import Device, new_app, split_settings
from voicekit.cli.reporters import decode_with_warnings, print_error
from voicekit.cli.say import read_text
from voicekit.cli.terminal import echo
from voicekit.config.quality import Gates
from voicekit.config.schema import build
from voicekit.errors import UsageError, VoicekitError
from voicekit.quality.artifacts.kinds import KINDS
from voicekit.quality.gates import Verdict, assess
from voicekit.quality.judge import Judge, measures_to_json
from voicekit.redact import one_line
from voicekit.storage.paths import refuse_collisions, refuse_overwrite
from voicekit.takes.repair import RepairResult, repair_and_verify
from voicekit.types import Audio, Measures

app = new_app()

WIDTH = 100


@app.command()
def main(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Audio or video files")],
    text: Annotated[
        str | None,
        typer.Option("--text", metavar="TEXT", help="Text that was to be spoken; - reads stdin, @FILE reads a file"),
    ] = None,
    reference: Annotated[
        Path | None, typer.Option("--reference", metavar="CLIP", help="Recording of the voice to compare with")
    ] = None,
    language: Annotated[str, typer.Option("-l", "--language", help="BCP-47 tag of the text")] = "en",
    repair: Annotated[
        Path | None,
        typer.Option("--repair", metavar="FOLDER", help="Repair artifacts, and write the files that improved here"),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="GATE=VALUE", help=f"Change a gate; null disables it: {', '.join(Gates.model_fields)}"
        ),
    ] = None,
    model: Annotated[str, typer.Option("--model", help="Whisper model: name, folder or hub id")] = "auto",
    device: Device = "auto",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object per file")] = False,
) -> int:
    """Score takes for WER, speaker similarity, quality, pace, pitch and artifacts; optionally repair them.

    \b
    voicekit judge take.wav --text "Hello there." --reference ana.wav
    voicekit judge takes/*.flac --text @line.txt --set max_wer=0.1
    voicekit judge take.wav --repair repaired

    Exit status 1: a take fails a gate or cannot be read. docs/judge.md explains the scores.
    """
    gates = build(Gates, _gate_settings(set_), "--set")
    target_text = read_text(text) if text is not None else ""
    if reference is not None:
        probe(reference)
    if repair is not None:
        refuse_collisions((repair / f"{path.stem}.wav", path) for path in files)
        for path in files:
            refuse_overwrite(repair / f"{path.stem}.wav", *files)
    failed = 0
    with Judge(device, model=model) as judge:

        def measure(audio: Audio) -> Measures:
            return judge.measure(audio, target_text, language, reference)

        for path in files:
            try:
                audio = decode_with_warnings(path, _analysis_rate(path))
                measures, result = measure(audio), None
                if repair is not None:
                    result = repair_and_verify(audio, measures, measure, lambda scores: assess(scores, gates))
                    if result.done:
                        write_audio(result.audio, repair / f"{path.stem}.wav")
            except UsageError:
                raise
            except VoicekitError as error:
                print_error(one_line(str(path)), error, debug=False)
                failed = 1
                continue
            verdict = result.verdict if result else assess(measures, gates)
            failed |= not verdict.passed
            if json:
                echo(jsonlib.dumps(_to_json(path, measures, verdict, result), ensure_ascii=False))
            else:
                _print_scores(path, measures, verdict, gates, result)
    return failed


def _analysis_rate(path: Path) -> int:
    """Return the file's own sample rate within 16 to 48 kHz: artifacts above 8 kHz count too."""
    return max(16_000, min(48_000, probe(path).rate))


def _gate_settings(pairs: list[str] | None) -> dict[str, Any]:
    return {
        name: None if value in ("null", "none", "") and name != "artifacts" else value
        for name, value in split_settings(pairs, "max_wer=0.1")
    }


def _to_json(path: Path, measures: Measures, verdict: Verdict, result: RepairResult | None) -> dict[str, Any]:
    row = {
        "file": str(path),
        "passed": verdict.passed,
        "reasons": verdict.reasons,
        "score": verdict.score,
        "parts_of_score": verdict.parts_of_score,
        "measures": jsonlib.loads(measures_to_json(result.measures if result else measures)),
    }
    if result:
        row["repair"] = {
            "done": result.done, "before": result.before, "after": result.after, "why_not": result.why_not,
        }  # fmt: skip
    return row


def _print_scores(path: Path, measures: Measures, verdict: Verdict, gates: Gates, result: RepairResult | None) -> None:
    console = new_console()
    console = console if console.is_terminal else new_console(width=WIDTH)
    final = result.measures if result else measures
    heading = Text(one_line(str(path)), style="bold")
    heading.append(f"  {final.seconds:.1f} s  score {verdict.score:.2f}  ")
    heading.append("passed" if verdict.passed else "failed", style="green" if verdict.passed else "red")
    console.print(heading)
    console.print(_score_table(final, gates))
    for artifact in final.artifacts:
        start, end = artifact.start, artifact.end
        place = f"at {start:.2f} s" if end - start < 0.005 else f"{start:.2f} to {end:.2f} s"
        strength = f"{artifact.value:.3g} {artifact.unit} (at most {artifact.limit:g})"
        console.print(Text(f"  {artifact.kind:<11} {place}: {strength}: {KINDS[artifact.kind].description}"))
    for reason in verdict.reasons:
        console.print(Text(f"  failed: {reason}", style="red"))
    if result:
        console.print(Text(f"  repair: {_describe_repair(result)}"))


def _score_table(measures: Measures, gates: Gates) -> Table:
    """One row per score: value, gate and details."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    transcript = f"recognized: {one_line(measures.heard)}" if measures.heard else "nothing recognized"
    if measures.wer is not None:
        table.add_row("  WER", f"{measures.wer:.1%}", Text(_gate("at most", gates.max_wer, "{:.0%}") + transcript))
    else:
        table.add_row("  words", "-", Text(transcript))
    pitch_range = f", range {measures.pitch_range:.1f} semitones" if measures.pitch_range is not None else ""
    rows = (
        ("similarity", measures.similarity, "{:.2f}", _gate("at least", gates.min_similarity, "{:.2f}")),
        ("DNSMOS", measures.mos, "{:.2f}", _gate("at least", gates.min_mos, "{:.2f}") + _mos_parts(measures)),
        ("pace", measures.pace, "{:.0f}", "words per minute"),
        ("pitch", measures.pitch, "{:.0f}", f"Hz{pitch_range}"),
        ("energy", measures.energy_range, "{:.1f}", "dB from soft to loud speech"),
    )
    for name, value, form, note in rows:
        if value is not None:
            table.add_row(f"  {name}", form.format(value), Text(note))
    return table


def _gate(word: str, limit: float | None, form: str) -> str:
    return f"({word} {form.format(limit)}) " if limit is not None else ""


def _mos_parts(measures: Measures) -> str:
    parts = (("speech", measures.mos_signal), ("background", measures.mos_background), ("P.808", measures.mos_p808))
    return ", ".join(f"{name} {value:.2f}" for name, value in parts if value is not None)


def _describe_repair(result: RepairResult) -> str:
    if result.why_not:
        return f"tried and discarded: {result.why_not}"
    if not result.done:
        return "nothing to repair"
    before, after = result.before, result.after
    changes = [
        f"{name} {before[name]:.2f} to {value:.2f}"
        for name, value in after.items()
        if name != "score" and name in before and round(value, 2) != round(before[name], 2)
    ]
    details = f" ({', '.join(changes)})" if changes else ""
    return f"{'; '.join(result.done)}; score {before.get('score', 0.0):.2f} to {after.get('score', 0.0):.2f}{details}"
