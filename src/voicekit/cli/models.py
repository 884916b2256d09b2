"""voicekit models."""

from __future__ import annotations

import json as jsonlib
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicekit import models
from voicekit.cli.options import Json, new_app
from voicekit.cli.terminal import echo
from voicekit.errors import ModelCorrupt, ModelNotFound, UsageError, VoicekitError

if TYPE_CHECKING:
    from voicekit.runtime.device import Device

app = new_app(no_args_is_help=True, help="List, download, locate and verify model weights.")


@app.command("list")
def list_models(json: Json = False) -> None:
    """List the known models with task, licence, size, origin and folder."""
    rows = [_row(model) for model in models.CATALOGUE]
    if json:
        echo(jsonlib.dumps(rows, indent=1))
        return
    titles = ("name", "task", "licence", "size", "origin", "folder")
    cells = [titles] + [
        (r["name"], r["task"], r["licence"], f"{r['bytes'] / 1e6:,.0f} MB", r["how"], r["where"] or "") for r in rows
    ]
    widths = [max(len(row[i]) for row in cells) for i in range(len(titles))]
    for row in cells:
        echo("  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip())
    echo("\n`voicekit models path NAME` prints the folder; `voicekit models pull NAME` downloads a model.")


@app.command()
def pull(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", help="Names, hub ids (owner/name), `recommended` or `starter`"),
    ],
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask before downloading `recommended`")] = False,
) -> None:
    """Download models at pinned revisions, and verify them.

    `recommended` stands for the models that suit this machine, and asks first. `starter` stands for the weights of the
    bundled diarizer, which are missing if voicekit was installed without its lock file.
    """
    for name in _expand(names, yes):
        weights = models.resolve(name, _task(name), refresh=True, progress=lambda text: echo(text, flush=True))
        models.verify(weights)
        echo(f"{weights.name}: {weights.path}")


def _expand(names: list[str], yes: bool) -> list[str]:
    """Replace `recommended` and `starter` by the models that are missing."""
    from voicekit.models.recommend import recommended_models, starter_models
    from voicekit.runtime.device import choose_device

    expanded: list[str] = []
    for name in names:
        if name not in ("recommended", "starter"):
            expanded.append(name)
            continue
        device = choose_device()
        if name == "starter":
            chosen = [model for model in starter_models() if models.find_local(model) is None]
        else:
            chosen = recommended_models(device)
        if not chosen:
            echo(f"{name}: everything is installed")
        elif name == "starter" or _agreed(chosen, device, yes):
            expanded += [model.name for model in chosen]
    return list(dict.fromkeys(expanded))


def _agreed(chosen: list[models.Model], device: Device, yes: bool) -> bool:
    """Print what would be downloaded, and ask. Raises UsageError without a terminal to ask on."""
    echo(f"recommended for {device.name or device.kind}:")
    for model in chosen:
        echo(f"  {model.name:<16} {model.bytes / 1e6:>6,.0f} MB  {model.note}")
    total = sum(model.bytes for model in chosen) / 1e6
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(f"{total:,.0f} MB would be downloaded, and there is no terminal to ask on", "Add --yes")
    return typer.confirm(f"Download {total:,.0f} MB?", default=True)


@app.command()
def path(name: Annotated[str, typer.Argument(metavar="NAME")]) -> None:
    """Print the folder of an installed model."""
    echo(models.resolve(name, _task(name), download=False).path)


@app.command()
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="Models (default: all installed)")
    ] = None,
) -> int:
    """Compare the files of models with their checksums."""
    chosen = [models.find_model(name) for name in names] if names else list(models.CATALOGUE)
    if None in chosen:
        raise UsageError("unknown model", "`voicekit models list` shows the known ones")
    failed = intact = 0
    for model in chosen:
        assert model is not None
        try:
            weights = models.resolve(model.name, model.task, download=False)
            models.verify(weights)
        except ModelNotFound:
            if names:
                echo(f"{model.name}: not installed")
                failed += 1
            continue
        except ModelCorrupt as error:
            echo(f"{model.name}: {error}")
            failed += 1
            continue
        intact += 1
        echo(f"{model.name}: intact ({weights.revision})")
    echo(f"{intact} intact, {failed} not")
    return int(failed > 0)


def _task(name: str) -> models.Task:
    model = models.find_model(name)
    return model.task if model else "transcribe"


def _row(model: models.Model) -> dict[str, Any]:
    try:
        weights = models.resolve(model.name, model.task, download=False)
    except ModelNotFound:
        origin, folder, size = "-", None, model.bytes
    except VoicekitError as error:
        origin, folder, size = "unusable", str(error), model.bytes
    else:
        origin, folder = weights.origin, str(weights.path)
        size = sum((weights.path / name).stat().st_size for name in weights.sha256)
    return {
        "name": model.name, "task": model.task, "licence": model.licence, "bytes": size, "how": origin, "where": folder,
        "note": model.note, "gated": bool(model.hub and model.hub.gated),
    }  # fmt: skip
