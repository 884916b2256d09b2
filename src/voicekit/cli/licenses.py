"""voicekit licenses: what the installed packages and known models say of their licences."""

from __future__ import annotations

import json as jsonlib
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def licenses(json: Annotated[bool, typer.Option("--json", help="For machines")] = False) -> None:
    """Licences of the installed packages (from their own metadata) and of the models voicekit knows."""
    from voicekit.models.catalogue import CATALOGUE
    from voicekit.models.licences import package_licences

    packages = list(package_licences())
    if json:
        rows = [{"package": n, "version": v, "licence": text} for n, v, text in packages]
        rows += [{"model": m.name, "licence": m.licence} for m in CATALOGUE]
        print(jsonlib.dumps(rows, indent=1))
        return
    for name, version, text in packages:
        mark = "*" if "GPL" in text.upper() or "GNU GENERAL" in text.upper() else " "
        print(f"{mark} {name:<36} {version:<18} {text}")
    print()
    for model in CATALOGUE:
        print(f"  model {model.name:<30} {'':<18} {model.licence}")
    print("\n* GPL family (some are LGPL): see NOTICE for what follows from it.")
