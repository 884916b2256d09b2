"""voicekit licenses."""

from __future__ import annotations

import json as jsonlib

from voicekit.cli.options import Json, new_app
from voicekit.cli.terminal import echo

app = new_app()


@app.command()
def licenses(json: Json = False) -> None:
    """List the licences of the installed packages (from their metadata) and of the known models."""
    from voicekit.models.catalogue import CATALOGUE
    from voicekit.models.licences import package_licences

    packages = list(package_licences())
    if json:
        rows = [{"package": n, "version": v, "licence": text} for n, v, text in packages]
        rows += [{"model": m.name, "licence": m.licence} for m in CATALOGUE]
        echo(jsonlib.dumps(rows, indent=1))
        return
    for name, version, text in packages:
        mark = "*" if "GPL" in text.upper() or "GNU GENERAL" in text.upper() else " "
        echo(f"{mark} {name:<36} {version:<18} {text}")
    echo()
    for model in CATALOGUE:
        echo(f"  model {model.name:<30} {'':<18} {model.licence}")
    echo("\n* GPL family, including LGPL: see NOTICE for the consequences.")
