"""Page: a template, data and what it is called, to one HTML file that asks for nothing.

Nothing of a run is code. Jinja2 escapes what it fills in; data for the script are JSON in a script element that no
browser runs, with the letters escaped that could end it; the Content-Security-Policy lets run only the page's own
script and style, by their hashes, and lets nothing be fetched but media beside the page.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicekit.storage.files import write_text

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"

_ESCAPES = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}


def script_json(value: Any) -> str:
    """Compact strict JSON that may stand in a script element: no letter of it can end the element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode().translate(_ESCAPES)  # a lone surrogate is no UTF-8


def render(kind: str, title: str, data: Any, **context: Any) -> str:
    """The HTML of a page.

    Args:
        kind: One of PARTS; templates/KIND.html is its template.
        title: Of the page.
        data: JSON for the script.
        **context: For the template; texts are escaped.
    """
    from markupsafe import Markup

    style, script = (_joined(kind, ending) for ending in ("css", "js"))
    return (
        _environment()
        .get_template(f"{kind}.html")
        .render(
            title=title,
            policy=_policy(style, script),
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            data=Markup(script_json(data)),  # noqa: S704 - escaped by script_json
            **context,
        )
    )


def write(path: Path, html: str) -> Path:
    """Write a page atomically; returns its path. Raises OutputError where it cannot be written."""
    write_text(path, html)
    return path


def clock(seconds: float) -> str:
    """1:05, 12:00, 3:00:00."""
    whole = int(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@functools.cache
def _environment() -> jinja2.Environment:
    import jinja2

    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["clock"] = clock
    return found


PARTS = {
    "transcript": ("base", "transcript"),
    "takes": ("base", "take", "takes"),
    "compare": ("base", "compare"),
    "gallery": ("base", "take", "gallery"),
}
"""Styles and scripts of each page, in order."""


def _joined(kind: str, ending: str) -> str:
    return "\n".join((TEMPLATES / f"{name}.{ending}").read_text(encoding="utf-8") for name in PARTS[kind])


def _policy(style: str, script: str) -> str:
    media = "'self' file: data: blob:"
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src {media}; "
        f"media-src {media}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
