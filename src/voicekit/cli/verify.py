"""voicekit verify: parse, call `verify`, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voicekit.redact import one_line
from voicekit.verification import Check, to_json, verify

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def main(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or one with `latest` in it")],
    take: Annotated[
        list[str] | None,
        typer.Option("--take", metavar="TAKE", help="This take, or a line's pick; repeat for more"),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:1")] = "auto",
    json: Annotated[bool, typer.Option("--json", help="Print the checks as JSON, for machines")] = False,
) -> int:
    """Make a run again from what it says of itself, and say what held: bit for bit, or by how much not, and why.

    Takes are rendered again, a transcript is transcribed again, with nothing from the cache. Exit status 1 where
    something is not the same.

    \b
    voicekit verify outputs/packaged/latest
    voicekit verify outputs/packaged/latest --take 004-2
    voicekit verify outputs/talk/latest
    """
    checks = []
    for check in verify(run, take or (), device):
        checks.append(check)
        if not json:
            print(_row(check), flush=True)
    if json:
        print(to_json(checks))
    else:
        print(f"{sum(check.same is True for check in checks)} of {len(checks)} held")
    return int(not all(check.same for check in checks))


def _row(check: Check) -> str:
    if check.same:
        return f"{check.name}: the same, bit for bit"
    state = "not the same" if check.same is False else "could not be made again"
    why = f" (then {'; '.join(check.why[:4])}{' ...' if len(check.why) > 4 else ''})" if check.why else ""
    return one_line(f"{check.name}: {state}: {check.difference}{why}")
