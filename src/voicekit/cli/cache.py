"""voicekit cache: what stages and downloads have left, and how to be rid of it."""

from __future__ import annotations

import json as jsonlib
import re
import time
from typing import Annotated

import typer

from voicekit.errors import UsageError
from voicekit.storage.cache import CacheItem, cache_items, remove_cache_items
from voicekit.storage.locks import sweep_cache
from voicekit.storage.paths import cache_dir

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True,
    help="Cached stage results and downloads. Runs and models are not touched by anything here.",
)  # fmt: skip


@app.command("list")
def list_cache(json: Annotated[bool, typer.Option("--json", help="For machines")] = False) -> None:
    """What the cache holds, by stage."""
    items = cache_items()
    kinds = {kind: [i for i in items if i.kind == kind] for kind in sorted({i.kind for i in items})}
    if json:
        rows = {k: {"entries": len(v), "bytes": _bytes(v)} for k, v in kinds.items()}
        print(jsonlib.dumps({"folder": str(cache_dir()), "kinds": rows}, indent=1))
        return
    print(cache_dir())
    for kind, some in kinds.items():
        print(f"  {kind:<12} {len(some):>6} entries  {_size(_bytes(some)):>10}")
    print(f"  {'total':<12} {len(items):>6} entries  {_size(_bytes(items)):>10}")


@app.command()
def prune(
    older_than: Annotated[str | None, typer.Option("--older-than", help="Not used for so long: 30d, 12h")] = None,
    max_size: Annotated[str | None, typer.Option("--max-size", help="Least recently used first, down to: 20GB")] = None,
) -> None:
    """Remove what was not used for long, or the oldest down to a size."""
    if older_than is None and max_size is None:
        raise UsageError("prune by what?", "Give --older-than 30d, or --max-size 20GB, or both")
    limit = time.time() - _seconds(older_than) if older_than else None
    room = _parse_size(max_size) if max_size else None
    items = cache_items()
    gone = [item for item in items if limit is not None and item.used < limit]
    kept = [item for item in items if item not in gone]
    while room is not None and kept and _bytes(kept) > room:
        gone.append(kept.pop(0))
    _remove(gone)


@app.command()
def clear() -> None:
    """Remove all of it but what another voicekit is making or reading."""
    _remove(cache_items())


def _remove(items: list[CacheItem]) -> None:
    freed = remove_cache_items(items)
    sweep_cache()
    left = sum(item.path.exists() for item in items)
    in_use = f"; {left} in use and left" if left else ""
    print(f"{len(items) - left} entries, {_size(freed)} freed{in_use}")


def _bytes(items: list[CacheItem]) -> int:
    return sum(item.bytes for item in items)


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", text.strip())
    if not found:
        raise UsageError(f"cannot read the time {text!r}", "Write 30d, 12h, 90m")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[found[2]]


def _parse_size(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMGT]?)B?", text.strip(), re.I)
    if not found:
        raise UsageError(f"cannot read the size {text!r}", "Write 20GB, 500MB")
    return float(found[1]) * {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}[found[2].lower()]
