"""voicekit judge: parse, call `Judge` and `verdict`, print."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from voicekit.audio.decode import decode, probe
from voicekit.audio.encode import write
from voicekit.cli.reporters import say_error
from voicekit.cli.say import text_of
from voicekit.config.quality import Gates
from voicekit.config.schema import build
from voicekit.errors import UsageError, VoicekitError
from voicekit.quality.artifacts.kinds import KINDS
from voicekit.quality.gates import Verdict, verdict
from voicekit.quality.judge import Judge, to_json
from voicekit.redact import one_line
from voicekit.takes.repair import Repaired, repair_and_verify
from voicekit.types import Audio, Measures

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

WIDTH = 100


@app.command()
def main(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Sound or video")],
    text: Annotated[
        str | None,
        typer.Option("--text", metavar="TEXT", help="What they should say; - reads it from stdin, @FILE from a file"),
    ] = None,
    reference: Annotated[
        Path | None, typer.Option("--reference", metavar="CLIP", help="Sound of the voice that they should have")
    ] = None,
    language: Annotated[str, typer.Option("-l", "--language", help="BCP-47 of the text")] = "en",
    repair: Annotated[
        Path | None,
        typer.Option("--repair", metavar="FOLDER", help="Mend what can be, and write what is better for it there"),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="GATE=VALUE", help=f"A gate, or null for none: {', '.join(Gates.model_fields)}"),
    ] = None,
    model: Annotated[str, typer.Option("--model", help="Whisper: name, folder or hub id")] = "auto",
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:1")] = "auto",
    json: Annotated[bool, typer.Option("--json", help="Print a JSON object a file, for machines")] = False,
) -> int:
    """Judge takes: right words, the right voice, how good they sound, pace and pitch, and faults with their times.

    \b
    voicekit judge take.wav --text "Hello there." --reference ana.wav
    voicekit judge takes/*.flac --text @line.txt --set max_wer=0.1
    voicekit judge take.wav --repair mended

    Exit status 1: a take fails a gate, or could not be read. docs/judge.md says what the numbers mean.
    """
    gates = build(Gates, dict(_gates(set_ or [])), "--set")
    meant = text_of(text) if text is not None else ""
    if reference is not None:
        probe(reference)
    if repair is not None and len({path.stem for path in files}) < len(files):
        raise UsageError("two files have one name", "Repair them one by one, in folders of their own")
    if repair is not None and any((repair / f"{path.stem}.wav").resolve() == path.resolve() for path in files):
        raise UsageError("the repaired takes would take the place of the takes", "Give --repair another folder")
    failed = 0
    with Judge(device, model=model) as judge:
        for path in files:
            try:
                sound = _sound(path)
                measures = judge.measure(sound, meant, language, reference)
                mended = None
                if repair is not None:
                    mended = repair_and_verify(
                        sound, measures, lambda audio: judge.measure(audio, meant, language, reference),
                        lambda found: verdict(found, gates),
                    )  # fmt: skip
                    if mended.done:
                        write(mended.audio, repair / f"{path.stem}.wav")
            except UsageError:
                raise
            except VoicekitError as error:
                say_error(one_line(str(path)), error, debug=False)
                failed = 1
                continue
            found = mended.verdict if mended else verdict(measures, gates)
            failed |= not found.passed
            if json:
                print(jsonlib.dumps(_told(path, measures, found, mended), ensure_ascii=False))
            else:
                _print(path, measures, found, gates, mended)
    return failed


def _sound(path: Path) -> Audio:
    """At its own rate, within what the models and the ear make use of: faults above 8 kHz are faults, too."""
    return decode(path, rate=max(16_000, min(48_000, probe(path).rate)))[0]


def _gates(pairs: list[str]) -> Iterator[tuple[str, Any]]:
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"{pair!r} sets nothing", "Write --set max_wer=0.1")
        yield name.replace("-", "_"), None if value in ("null", "none", "") and name != "artifacts" else value


def _told(path: Path, measures: Measures, found: Verdict, mended: Repaired | None) -> dict[str, Any]:
    told = {
        "file": str(path),
        "passed": found.passed,
        "reasons": found.reasons,
        "score": found.score,
        "parts_of_score": found.parts_of_score,
        "measures": jsonlib.loads(to_json(mended.measures if mended else measures)),
    }
    if mended:
        told["repair"] = {
            "done": mended.done, "before": mended.before, "after": mended.after, "why_not": mended.why_not,
        }  # fmt: skip
    return told


def _print(path: Path, measures: Measures, found: Verdict, gates: Gates, mended: Repaired | None) -> None:
    console = Console()
    console = console if console.is_terminal else Console(width=WIDTH)
    now = mended.measures if mended else measures
    style = "green" if found.passed else "red"
    head = Text(one_line(str(path)), style="bold")
    head.append(f"  {now.seconds:.1f} s  score {found.score:.2f}  ")
    console.print(head.append("passed" if found.passed else "failed", style=style))
    console.print(_measures(now, found, gates))
    for one in now.artifacts:
        where = f"at {one.start:.2f} s" if one.end - one.start < 0.005 else f"{one.start:.2f} to {one.end:.2f} s"
        console.print(
            Text(
                f"  {one.kind:<11} {where}: {one.value:.3g} {one.unit} (at most {one.limit:g}): {KINDS[one.kind].what}"
            )
        )
    for reason in found.reasons:
        console.print(Text(f"  failed: {reason}", style="red"))
    if mended:
        console.print(Text(f"  repair: {_repair(mended)}"))


def _measures(measures: Measures, found: Verdict, gates: Gates) -> Table:
    """A row a measure: value, the gate, and what it gives to the score."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    heard = f"heard: {one_line(measures.heard)}" if measures.heard else "nothing was heard"
    if measures.wer is not None:
        table.add_row("  words wrong", f"{measures.wer:.1%}", Text(_gate("at most", gates.max_wer, "{:.0%}") + heard))
    else:
        table.add_row("  words", "-", Text(heard))
    rows = (
        ("similarity", measures.similarity, "{:.2f}", _gate("at least", gates.min_similarity, "{:.2f}")),
        ("DNSMOS", measures.mos, "{:.2f}", _gate("at least", gates.min_mos, "{:.2f}") + _parts(measures)),
        ("pace", measures.pace, "{:.0f}", "words a minute"),
        ("pitch", measures.pitch, "{:.0f}", f"Hz{_more(measures.pitch_range, ', over {:.1f} semitones')}"),
        ("energy", measures.energy_range, "{:.1f}", "dB from soft to loud speech"),
    )
    for name, value, form, note in rows:
        if value is not None:
            table.add_row(f"  {name}", form.format(value), Text(note))
    return table


def _gate(word: str, limit: float | None, form: str) -> str:
    return f"({word} {form.format(limit)}) " if limit is not None else ""


def _parts(measures: Measures) -> str:
    parts = (("speech", measures.mos_signal), ("background", measures.mos_background), ("P.808", measures.mos_p808))
    return ", ".join(f"{name} {value:.2f}" for name, value in parts if value is not None)


def _more(value: float | None, form: str) -> str:
    return form.format(value) if value is not None else ""


def _repair(mended: Repaired) -> str:
    before, after = mended.before.get("score", 0.0), mended.after.get("score", 0.0)
    if mended.why_not:
        return f"tried and not kept: {mended.why_not}"
    if not mended.done:
        return "nothing to mend"
    moved = [
        f"{name} {mended.before[name]:.2f} to {value:.2f}"
        for name, value in mended.after.items()
        if name != "score" and name in mended.before and round(value, 2) != round(mended.before[name], 2)
    ]
    more = f" ({', '.join(moved)})" if moved else ""
    return f"{'; '.join(mended.done)}; score {before:.2f} to {after:.2f}{more}"
