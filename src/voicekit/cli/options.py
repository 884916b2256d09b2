"""Command-line options: those made from the fields of an option model, and those that many commands share."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic import BaseModel
from typer.models import ArgumentInfo

from voicekit.errors import UsageError


def new_app(**settings: Any) -> typer.Typer:
    """Return an application with plain help texts, for one command or a group."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, **settings)


def _apply_offline(offline: bool) -> None:
    if offline:
        from voicekit.models.hub import go_offline

        go_offline()


Out = Annotated[Path, typer.Option("-o", "--out", help="Folder for results")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:1")]
EngineModel = Annotated[str | None, typer.Option("--model", help="Folder or hub id of the engine's weights")]
NoWatermark = Annotated[bool, typer.Option("--no-watermark", help="Do not watermark the speech")]
AsWritten = Annotated[bool, typer.Option("--as-written", help="Leave numbers, dates and units to the engine")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Ignore the cache")]
Offline = Annotated[bool, typer.Option("--offline", help="Never contact the model hub", callback=_apply_offline)]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print errors only")]
JsonEvents = Annotated[bool, typer.Option("--json", help="Print events as JSON lines")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**63 - 1, help="Seed; the same one gives the same audio")]
Encoding = Annotated[
    str | None,
    typer.Option("--encoding", help="Encoding of subtitle files: cp1251, gb18030 ... (default: it is detected)"),
]
FrameRate = Annotated[
    float | None, typer.Option("--fps", help="Frame rate of times with frames (00:00:01:12), such as 25 or 29.97")
]
SpeakerPrefix = Annotated[
    bool | None,
    typer.Option(
        "--speaker-prefix/--no-speaker-prefix",
        help="Whether a name before a colon is the speaker (default: if it recurs or is in capitals)",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error")]


def options_from(
    model: type[BaseModel], flags: Mapping[str, str] = {}, *, exclude: tuple[str, ...] = (), default: str | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command one option for each field of a model.

    The command takes them as `**given`; a value of None means that the option was not given. Help texts and defaults
    are those of the fields.

    Args:
        model: The option model.
        flags: By field, the flags to use in place of `--field-name`, separated by spaces. These fields come first in
            the help, in this order.
        exclude: Fields without an option.
        default: Default to show for every option, if it is not the model's.
    """
    fields = [*flags, *(name for name in model.model_fields if name not in flags and name not in exclude)]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(command, eval_str=True)
        named = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        first = [p for p in named if p.name == "out" or _is_argument(p)]
        made = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=_option(model, name, flags.get(name, ""), default),
            )
            for name in fields
        ]
        parameters = [
            p.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for p in [*first, *made, *(p for p in named if p not in first)]
        ]
        command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return command

    return decorate


def _is_argument(parameter: inspect.Parameter) -> bool:
    return any(isinstance(item, ArgumentInfo) for item in getattr(parameter.annotation, "__metadata__", ()))


def _option(model: type[BaseModel], name: str, flags: str, default: str | None) -> Any:
    field = model.model_fields[name]
    value_type = _value_type(field.annotation)
    names = flags.split() or [f"--{name.replace('_', '-')}"]
    if not any(flag.startswith("--") for flag in names):
        names.append(f"--{name.replace('_', '-')}")
    if default is None:
        value = ",".join(field.default) if isinstance(field.default, tuple) else field.default
        shown: str | bool = str(value) if value not in ("", None, False) else False
    else:
        shown = default
    return Annotated[value_type | None, typer.Option(*names, help=field.description, show_default=shown)]


def _value_type(annotation: Any) -> Any:
    """Return the type that the command line parses for a field; the model validates the rest."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _value_type(args[0])
    if origin is Literal:
        return type(args[0])
    if origin is Union or str(origin) == "<class 'types.UnionType'>":
        return _value_type(next(arg for arg in args if arg is not type(None)))
    return annotation if annotation in (int, float, bool) else str


def given_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: value for name, value in given.items() if value not in (None, [])}


def split_settings(pairs: list[str] | None, example: str) -> list[tuple[str, str]]:
    """Split the NAME=VALUE arguments of --set; names may have dashes. Raises as `split_pairs`."""
    return [(name.replace("-", "_"), value) for name, value in split_pairs(pairs, f"--set {example}")]


def split_pairs(pairs: list[str] | None, example: str) -> list[tuple[str, str]]:
    """Split NAME=VALUE arguments.

    Raises:
        UsageError: An argument has no name or no `=`.
    """
    split = []
    for pair in pairs or []:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"{pair!r} is not NAME=VALUE", f"Write {example}")
        split.append((name, value))
    return split


def worst_status(errors: list[Any], total: int) -> int:
    """Return the exit status of a command on several items: 2 if all failed on usage, 1 if any failed, else 0."""
    statuses = {error.exit_status for error in errors if error}
    failed = sum(error is not None for error in errors)
    return 2 if failed and failed == total and statuses == {2} else int(bool(failed))
