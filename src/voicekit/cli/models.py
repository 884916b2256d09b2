"""voicekit models: the catalogue and what of it is on this machine."""

from __future__ import annotations

import json as jsonlib
from typing import Annotated, Any

import typer

from voicekit import models
from voicekit.errors import ModelCorrupt, ModelNotFound, UsageError, VoicekitError

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True,
    help="Model weights: where they are and how they came.",
)  # fmt: skip

Json = Annotated[bool, typer.Option("--json", help="For machines")]


@app.command("list")
def list_models(json: Json = False) -> None:
    """All known models: task, licence, size, where they are and how they came."""
    rows = [_row(model) for model in models.CATALOGUE]
    if json:
        print(jsonlib.dumps(rows, indent=1))
        return
    titles = ("name", "task", "licence", "size", "how it came", "where")
    cells = [titles] + [
        (r["name"], r["task"], r["licence"], f"{r['bytes'] / 1e6:,.0f} MB", r["how"], r["where"] or "") for r in rows
    ]
    widths = [max(len(row[i]) for row in cells) for i in range(len(titles))]
    for row in cells:
        print("  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip())
    print("\n`voicekit models path NAME` prints the folder; `voicekit models pull NAME` fetches what is not here.")


@app.command()
def pull(names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names, or hub ids (owner/name)")]) -> None:
    """Fetch models from the Hugging Face hub, at pinned revisions, and check them."""
    for name in names:
        weights = models.resolve(name, _task(name), refresh=True, progress=lambda text: print(text, flush=True))
        models.verify(weights)
        print(f"{weights.name}: {weights.path}")


@app.command()
def path(name: Annotated[str, typer.Argument(metavar="NAME")]) -> None:
    """Print the folder of a model that is on this machine."""
    print(models.resolve(name, _task(name), download=False).path)


@app.command()
def verify(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="All that are here")] = None,
) -> int:
    """Hash the files of models again and compare with what they should be."""
    chosen = [models.find(name) for name in names] if names else list(models.CATALOGUE)
    if None in chosen:
        raise UsageError("unknown model", "`voicekit models list` shows them")
    failed = checked = 0
    for model in chosen:
        assert model is not None
        try:
            weights = models.resolve(model.name, model.task, download=False)
            models.verify(weights)
        except ModelNotFound:
            if names:
                print(f"{model.name}: not on this machine")
                failed += 1
            continue
        except ModelCorrupt as error:
            print(f"{model.name}: {error}")
            failed += 1
            continue
        checked += 1
        print(f"{model.name}: sound ({weights.revision})")
    print(f"{checked} sound, {failed} not")
    return int(failed > 0)


def _task(name: str) -> models.Task:
    model = models.find(name)
    return model.task if model else "transcribe"


def _row(model: models.Model) -> dict[str, Any]:
    try:
        weights = models.resolve(model.name, model.task, download=False)
    except ModelNotFound:
        how, where, size = "-", None, model.bytes
    except VoicekitError as error:
        how, where, size = "unusable", str(error), model.bytes
    else:
        how, where = weights.origin, str(weights.path)
        size = sum((weights.path / name).stat().st_size for name in weights.sha256)
    return {
        "name": model.name, "task": model.task, "licence": model.licence, "bytes": size, "how": how, "where": where,
        "note": model.note, "gated": bool(model.hub and model.hub.gated),
    }  # fmt: skip
