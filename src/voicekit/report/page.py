"""Render a template and data to one HTML file that works offline.

Content of runs is never executed. Jinja2 escapes what it fills in; data for the script are JSON in a script element
that browsers do not run, with the characters escaped that could end it. The Content-Security-Policy allows only the
page's own script and style, by their hashes, and only media beside or within the page.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicekit.runtime.progress import format_duration
from voicekit.storage.files import write_text

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"

_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def script_json(value: Any) -> str:
    """Compact JSON without NaN and Infinity that is safe in a script element: nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode().translate(_ESCAPES)  # lone surrogates cannot be encoded


def render_page(kind: str, title: str, data: Any, **context: Any) -> str:
    """Render a page.

    Args:
        kind: A key of PARTS; the template is templates/KIND.html.
        title: Of the page.
        data: JSON for the script.
        **context: For the template; texts are escaped.

    Returns:
        The HTML.
    """
    from markupsafe import Markup

    style, script = (_join_parts(kind, suffix) for suffix in ("css", "js"))
    return (
        _environment()
        .get_template(f"{kind}.html")
        .render(
            title=title,
            policy=_content_security_policy(style, script),
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            data=Markup(script_json(data)),  # noqa: S704 - escaped by script_json
            **context,
        )
    )


def write_page(path: Path, html: str) -> Path:
    """Write a page atomically and return its path. Raises OutputError if it cannot be written."""
    write_text(path, html)
    return path


def _clock(seconds: float) -> str:
    """Full seconds as 1:05, 12:00 or 3:00:00."""
    return format_duration(int(seconds))


@functools.cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clock"] = _clock
    return environment


PARTS = {
    "transcript": ("base", "transcript"),
    "takes": ("base", "take", "takes"),
    "compare": ("base", "compare"),
    "gallery": ("base", "take", "gallery"),
}
"""Names of the style sheets and scripts that each page joins, in order."""


def _join_parts(kind: str, suffix: str) -> str:
    return "\n".join((TEMPLATES / f"{name}.{suffix}").read_text(encoding="utf-8") for name in PARTS[kind])


def _content_security_policy(style: str, script: str) -> str:
    media = "'self' file: data: blob:"
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src {media}; "
        f"media-src {media}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
