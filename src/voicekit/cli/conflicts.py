"""Options of commands that have no effect beside another one, so that none is ignored silently.

Those of option models are in `voicekit.config`, where Python and YAML meet them too.
"""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from voicekit.errors import UsageError

_RUN = ("fresh", "quiet", "json")

WITHOUT_EFFECT: dict[str, dict[str, tuple[str, ...]]] = {
    "say": {
        "show_text": ("seed", "preset", "set_", "model", "device", "out", "rate", "loudness", "no_watermark", "json")
    },
    "clone": {"dry_run": _RUN},
    "dialogue": {"check": _RUN},
}
"""Command -> option -> the parameters that have no effect when it is given."""


class CheckedCommand(TyperCommand):
    """A command that raises UsageError for options without effect."""

    def invoke(self, ctx: Any) -> Any:
        given = {
            parameter.name: next((name for name in parameter.opts if name.startswith("--")), parameter.opts[0])
            for parameter in self.params
            if getattr(ctx.get_parameter_source(parameter.name), "name", "") == "COMMANDLINE"
        }
        for option, others in WITHOUT_EFFECT[ctx.info_name.split()[-1]].items():
            ignored = [given[other] for other in others if other in given]
            if option in given and ignored:
                verb = "has" if len(ignored) == 1 else "have"
                raise UsageError(f"{' and '.join(ignored)} {verb} no effect with {given[option]}", "Leave one out")
        return super().invoke(ctx)
