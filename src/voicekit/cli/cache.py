"""voicekit cache."""

from __future__ import annotations

import json as jsonlib
import re
import time
from typing import Annotated

import typer

from voicekit.cli.options import Json, new_app
from voicekit.cli.terminal import echo
from voicekit.errors import UsageError
from voicekit.storage.cache import CacheItem, cache_items, remove_cache_items
from voicekit.storage.locks import remove_stale_cache_files
from voicekit.storage.paths import cache_dir

app = new_app(
    no_args_is_help=True,
    help="List, prune or clear cached stage results and downloads. Runs and models are not touched.",
)


@app.command("list")
def list_cache(json: Json = False) -> None:
    """List what the cache holds, by stage."""
    items = cache_items()
    by_kind = {kind: [item for item in items if item.kind == kind] for kind in sorted({item.kind for item in items})}
    if json:
        rows = {kind: {"entries": len(group), "bytes": _total_bytes(group)} for kind, group in by_kind.items()}
        echo(jsonlib.dumps({"folder": str(cache_dir()), "kinds": rows}, indent=1))
        return
    echo(cache_dir())
    for kind, group in by_kind.items():
        echo(f"  {kind:<12} {len(group):>6} entries  {_format_size(_total_bytes(group)):>10}")
    echo(f"  {'total':<12} {len(items):>6} entries  {_format_size(_total_bytes(items)):>10}")


@app.command()
def prune(
    older_than: Annotated[
        str | None, typer.Option("--older-than", help="Remove what was not used for: 30d, 12h")
    ] = None,
    max_size: Annotated[
        str | None, typer.Option("--max-size", help="Remove the least recently used until this is left: 20GB")
    ] = None,
) -> None:
    """Remove cached results by age or down to a size."""
    if older_than is None and max_size is None:
        raise UsageError("neither an age nor a size is given", "Give --older-than 30d, or --max-size 20GB, or both")
    oldest = time.time() - _parse_duration(older_than) if older_than else None
    room = _parse_size(max_size) if max_size else None
    items = cache_items()
    removed = [item for item in items if oldest is not None and item.used < oldest]
    kept = [item for item in items if item not in removed]
    while room is not None and kept and _total_bytes(kept) > room:
        removed.append(kept.pop(0))
    _remove(removed)


@app.command()
def clear() -> None:
    """Remove everything that no other voicekit process is using."""
    _remove(cache_items())


def _remove(items: list[CacheItem]) -> None:
    freed = remove_cache_items(items)
    remove_stale_cache_files()
    left = sum(item.path.exists() for item in items)
    in_use = f"; {left} kept because they are in use" if left else ""
    echo(f"{len(items) - left} entries, {_format_size(freed)} freed{in_use}")


def _total_bytes(items: list[CacheItem]) -> int:
    return sum(item.bytes for item in items)


def _format_size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _parse_duration(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", text.strip())
    if not match:
        raise UsageError(f"cannot read the time {text!r}", "Write 30d, 12h, 90m")
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[match[2]]


def _parse_size(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMGT]?)B?", text.strip(), re.I)
    if not match:
        raise UsageError(f"cannot read the size {text!r}", "Write 20GB, 500MB")
    return float(match[1]) * {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}[match[2].lower()]
