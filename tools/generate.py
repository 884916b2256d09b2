"""Generate config/keywords.py, cli/help.json and docs/cli.md from the option models and the commands.

python tools/generate.py           write them
python tools/generate.py --check   exit with status 1 if they are out of date
"""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from voicekit.config.dialogue import DialogueOptions
from voicekit.config.engines import ChatterboxParams, KokoroParams, PiperParams, TurboParams
from voicekit.config.evaluate import EvalOptions
from voicekit.config.report import CompareOptions, GalleryOptions, ReportOptions
from voicekit.config.transcribe import TranscribeOptions
from voicekit.config.translate import TranslateOptions
from voicekit.tts.synthesizer import Synthesizer

ROOT = Path(__file__).parents[1]
KEYWORDS = ROOT / "src" / "voicekit" / "config" / "keywords.py"
HELP_TEXTS = ROOT / "src" / "voicekit" / "cli" / "help.json"
CLI_PAGE = ROOT / "docs" / "cli.md"

# Class -> option models whose fields it has, without fields that are named parameters of the function.
TYPED_DICTS: dict[str, tuple[str, tuple[type[BaseModel], ...], tuple[str, ...]]] = {
    "TranscribeKeywords": ("`voicekit.transcribe` and `Session.transcribe`", (TranscribeOptions,), ()),
    "TranslateKeywords": ("`voicekit.translate`", (TranslateOptions,), ("to",)),
    "EngineKeywords": (
        "an engine: its parameters; see docs/speech.md for which engine has which",
        (KokoroParams, PiperParams, ChatterboxParams, TurboParams),
        (),
    ),
    "DialogueKeywords": ("`voicekit.dialogue`", (DialogueOptions,), ()),
    "EvaluateKeywords": ("`voicekit.evaluate`", (EvalOptions,), ()),
    "CompareKeywords": ("`voicekit.compare`", (CompareOptions,), ()),
    "ReportKeywords": ("`voicekit.write_report`", (ReportOptions,), ()),
    "GalleryKeywords": ("`write_gallery`", (GalleryOptions,), ()),
}

HEADER = '''"""Keyword arguments of the public functions, for editors and type checkers.

Generated from the option models by tools/generate.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict
'''


def type_of(annotation: Any) -> str:
    """Return the source text of the type that a caller may pass for a field."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_of(args[0])
    if origin in (Union, UnionType):
        return " | ".join(type_of(arg) for arg in args)
    if origin is tuple:
        return f"str | Sequence[{type_of(args[0])}]"
    if origin is Literal:
        return f"Literal[{', '.join(repr(arg).replace(chr(39), chr(34)) for arg in args)}]"
    return "None" if annotation is type(None) else annotation.__name__


def keywords() -> str:
    """Return the text of config/keywords.py."""
    text = HEADER
    for name, (of, models, without) in TYPED_DICTS.items():
        text += f'\n\nclass {name}(TypedDict, total=False):\n    """Keyword arguments of {of}."""\n\n'
        seen = set(without)
        for model in models:
            for field, info in model.model_fields.items():
                if field not in seen:
                    seen.add(field)
                    text += f'    {field}: {type_of(info.annotation)}\n    """{info.description}"""\n'
    return text + say_keywords()


def say_keywords() -> str:
    """Return the class with the parameters of `Synthesizer.say`, documented as there."""
    text = "\n\nclass SayKeywords(EngineKeywords, total=False):\n"
    text += '    """Keyword arguments of `voicekit.say`: those of `Synthesizer.say`."""\n\n'
    documented = dict(re.findall(r"^ +(\w+): (.+)$", Synthesizer.say.__doc__ or "", re.M))
    for parameter in inspect.signature(Synthesizer.say).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY:
            text += f'    {parameter.name}: {parameter.annotation}\n    """{documented[parameter.name]}"""\n'
    return text


@contextlib.contextmanager
def plain_terminal() -> Iterator[None]:
    """Print help without colours, 100 columns wide, whatever the terminal is."""
    before = dict(os.environ)
    os.environ.update({"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1", "TERM": "dumb"})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def help_of(arguments: list[str]) -> str:
    from voicekit.cli import run_command

    with plain_terminal(), contextlib.redirect_stdout(io.StringIO()) as output:
        run_command(arguments[0], [*arguments[1:], "--help"])
    return re.sub(r" +$", "", output.getvalue().strip("\n"), flags=re.M)


def help_texts() -> dict[str, str]:
    """Return the help of every command and subcommand by its name."""
    from voicekit.cli import COMMANDS

    texts = {}
    for name in COMMANDS:
        texts[name] = help_of([name])
        commands = texts[name].partition("Commands:\n")[2]
        for subcommand in re.findall(r"^  ([a-z-]+)(?:  |$)", commands, re.M):
            texts[f"{name} {subcommand}"] = help_of([name, subcommand])
    return texts


def cli_page(texts: dict[str, str]) -> str:
    """Return the text of docs/cli.md."""
    page = "# Commands\n\nThe `--help` of every command, generated by `make docs`.\n"
    for name, text in texts.items():
        page += f"\n{'###' if ' ' in name else '##'} voicekit {name}\n\n```text\n{text}\n```\n"
    return page


def formatted(source: str) -> str:
    import subprocess

    ruff = Path(sys.executable).with_name("ruff")
    done = subprocess.run(
        [str(ruff), "format", "-"], input=source, capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout


def main() -> int:
    texts = help_texts()
    files = {
        KEYWORDS: formatted(keywords()),
        HELP_TEXTS: json.dumps(texts, indent=1, ensure_ascii=False) + "\n",
        CLI_PAGE: cli_page(texts),
    }
    stale = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is out of date: run `make docs`", file=sys.stderr)
        return int(bool(stale))
    for path in stale:
        path.write_text(files[path], encoding="utf-8")
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
