"""Generate src/voicekit/config/keywords.py and docs/cli.md from the option models and the commands.

python tools/generate.py           write them
python tools/generate.py --check   exit with status 1 if they are out of date
"""

from __future__ import annotations

import contextlib
import io
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

ROOT = Path(__file__).parents[1]
KEYWORDS = ROOT / "src" / "voicekit" / "config" / "keywords.py"
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

SAY = '''

class SayKeywords(EngineKeywords, total=False):
    """Keyword arguments of `voicekit.say`: voice, seed, and the parameters of the engine."""

    voice: str
    """Name in refs/, one of the engine's own voices, or a clip to clone (default: the engine's first voice)"""
    engine: str
    """Speech engine: kokoro, piper, chatterbox ... (default: the voice's)"""
    seed: int
    """Seed; the same one gives the same audio"""
    preset: str
    """Preset in configs/sampling/ENGINE (default: the voice's)"""
    language: str
    """BCP-47 tag (default: the voice's)"""
    model: str
    """Folder or hub id of the weights (default: the engine's)"""
    normalize: bool
    """Write out numbers, dates and units as words first"""
    watermark: bool
    """Watermark the speech, if the engine can"""
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
    return text + SAY


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
    from voicekit.cli import run

    with plain_terminal(), contextlib.redirect_stdout(io.StringIO()) as output:
        run([*arguments, "--help"])
    return output.getvalue().strip("\n")


def cli_page() -> str:
    """Return the text of docs/cli.md: the help of every command and subcommand."""
    from voicekit.cli import COMMANDS

    text = "# Commands\n\nThe `--help` of every command, generated by `make docs`.\n"
    for name in COMMANDS:
        lines = help_of([name])
        text += f"\n## voicekit {name}\n\n```text\n{lines}\n```\n"
        commands = lines.partition("Commands:\n")[2]
        for subcommand in re.findall(r"^  ([a-z-]+)(?:  |$)", commands, re.M):
            text += f"\n### voicekit {name} {subcommand}\n\n```text\n{help_of([name, subcommand])}\n```\n"
    return re.sub(r" +$", "", text, flags=re.M)


def formatted(source: str) -> str:
    import subprocess

    ruff = Path(sys.executable).with_name("ruff")
    done = subprocess.run(
        [str(ruff), "format", "-"], input=source, capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout


def main() -> int:
    files = {KEYWORDS: formatted(keywords()), CLI_PAGE: cli_page()}
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
