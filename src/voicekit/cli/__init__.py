"""The command line. `COMMANDS` lists all commands; a command's module is imported only when it is called.

Exit status: 0 success, 1 something failed, 2 wrong usage or configuration; 128 and the number of the signal that ended
the work: 130 Ctrl-C, 143 SIGTERM, 129 a terminal that was closed.
"""

from __future__ import annotations

import _thread
import contextlib
import difflib
import importlib
import io
import json
import os
import shutil
import signal
import sys
import textwrap
import threading
import traceback
from pathlib import Path
from typing import NoReturn

from voicekit.cli.terminal import echo

# Name -> one line of help. The module below this package has the same name.
COMMANDS: dict[str, str] = {
    "transcribe": "Transcribe recordings and URLs, with speaker labels and subtitles",
    "subtitle": "Make subtitles in a style; check, shift, join, split and retime them",
    "translate": "Translate transcripts and subtitles; speakers and times stay",
    "say": "Speak a text with a bundled voice, or clone one from a reference clip",
    "dialogue": "Speak a script with several voices and natural turns; write mix, stems and subtitles",
    "convert": "Convert a recording to another voice",
    "watermark": "Check an audio file for the watermark added to cloned speech",
    "voice": "List, show, prepare and add voices",
    "clone": "Run a batch job from YAML: several takes of each line, scored, the best kept",
    "judge": "Score takes for WER, speaker similarity, quality, pace, pitch and artifacts; optionally repair them",
    "take": "List the takes of a run; tag them good, bad or weird",
    "verify": "Re-run a job from its manifest and compare the results",
    "eval": "Score transcripts against references: WER, cpWER, DER and more, with intervals",
    "report": "Make an HTML report of a run: words with their audio, takes with their scores",
    "compare": "Compare runs: differences with intervals, and a blind listening test",
    "gallery": "Make a page of good, bad and weird takes, by tag and by artifact",
    "transcript": "Apply corrections from a report to a transcript",
    "models": "List, download, locate and verify model weights",
    "cache": "List, prune or clear cached stage results and downloads",
    "schema": "Print the JSON Schema of a file format",
    "doctor": "Check this machine: GPU, libraries, tools, hub access",
    "licenses": "List the licences of installed packages and known models",
}

_INTERRUPTED = 130
"""What typer returns after any KeyboardInterrupt."""


_STOPPING = {
    name: text
    for name, text in (("SIGINT", "interrupted"), ("SIGTERM", "terminated"), ("SIGHUP", "the terminal was closed"))
    if hasattr(signal, name)
}
"""Signals that end the work in good order, and what is then reported."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, or another of the signals that end the work.

    Attributes:
        number: The last signal that was received.

    A subclass, because Python ends the process on a plain KeyboardInterrupt raised inside `exec`, even if it is caught
    (CPython's `_Py_UnhandledKeyboardInterrupt`), and libraries use `exec` a lot.
    """

    number: int = signal.SIGINT


def main() -> None:
    """Entry point of the `voicekit` command."""
    for name in _STOPPING:
        number = getattr(signal, name)
        # Another handler means that the signal is ignored: in the background, or under nohup.
        if signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL):
            signal.signal(number, _raise_interrupt)
    sys.unraisablehook = _raise_again
    for stream in (sys.stdout, sys.stderr):  # a terminal that cannot show a title must not end the work
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _run_and_flush(sys.argv[1:])
        _exit_on_interrupt()
    except KeyboardInterrupt:  # during an import or a cleanup
        _exit_on_interrupt()
        status = _report_interrupt()
    sys.exit(status)


def _run_and_flush(arguments: list[str]) -> int:
    """Run, and write what is still in stdout; where that fails, Python would print a traceback at the end."""
    status = 1
    try:
        status = run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = None
    except OSError as error:
        sys.stdout = None
        return _fail(f"the output could not be written: {error.strerror}", 1)
    return status


def _raise_interrupt(number: int, _: object) -> NoReturn:
    Interrupted.number = number
    raise Interrupted


def _raise_again(lost: sys.UnraisableHookArgs) -> None:
    """Repeat an interrupt that was raised where it is lost: in a destructor or a callback."""
    if issubclass(lost.exc_type, Interrupted):
        threading.Timer(0.05, _thread.interrupt_main).start()
    else:
        sys.__unraisablehook__(lost)


def _exit_on_interrupt() -> None:
    """From here on, end the process on a signal: during shutdown Python would print a traceback."""

    def end(number: int, _: object) -> NoReturn:
        Interrupted.number = number
        os._exit(_report_interrupt())

    for name in _STOPPING:
        number = getattr(signal, name)
        if signal.getsignal(number) == _raise_interrupt:
            signal.signal(number, end)


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit status. Errors are printed to stderr as one line with the remedy."""
    name, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if name in ("-h", "--help", "help"):
        echo(_help())
        return 0
    if name == "--version":
        from voicekit import __version__

        echo(f"voicekit {__version__}")
        return 0
    if name not in COMMANDS:
        close = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        return _fail(f"unknown command {name!r}. {hint}Commands: {', '.join(COMMANDS)}", 2)
    if text := _stored_help([name, *rest]):
        echo(text)
        return 0
    return run_command(name, rest)


def _stored_help(arguments: list[str]) -> str | None:
    """Return the help of a command from help.json (`make docs`), as importing the command takes longer.

    None if the arguments are not `COMMAND [SUBCOMMAND] --help`, or if the terminal is narrower than the stored lines.
    """
    *command, last = arguments
    if last not in ("-h", "--help") or shutil.get_terminal_size().columns < 80:
        return None
    texts: dict[str, str] = json.loads(Path(__file__).with_name("help.json").read_text(encoding="utf-8"))
    return texts.get(" ".join(command))


def run_command(name: str, arguments: list[str]) -> int:
    """Import one command and run it with its arguments; returns its exit status."""
    import typer

    debug = "--debug" in arguments
    try:
        app = importlib.import_module(f"voicekit.cli.{name}").app
        command = typer.main.get_command(app)
        if debug and not any(parameter.name == "debug" for parameter in command.params):
            arguments = [argument for argument in arguments if argument != "--debug"]
        status = command.main(
            arguments, prog_name=f"voicekit {name}", standalone_mode=False, help_option_names=["-h", "--help"]
        )
    except KeyboardInterrupt:
        return _report_interrupt()
    except Exception as error:
        if debug:
            echo(traceback.format_exc(), err=True, end="")
        return _report(error, name)
    return _report_interrupt() if status == _INTERRUPTED else int(status or 0)  # typer returns 130 for Ctrl-C


def _report(error: Exception, name: str) -> int:
    """Print an error as one line and return the exit status."""
    import typer

    from voicekit.errors import interrupted
    from voicekit.runtime.failures import as_voicekit_error

    if interrupted(error):
        return _report_interrupt()
    if isinstance(error, typer.Abort):  # typer turns Ctrl-C and every EOFError into this
        if isinstance(error.__cause__, EOFError):
            return _fail("a file ended too early. --debug shows where", 1)
        return _report_interrupt()
    if isinstance(error, BrokenPipeError):  # the reader, such as `head`, closed the pipe
        sys.stdout = None
        return 1
    if type(error).__name__ == "NoArgsIsHelpError":
        echo(error)
        return 2
    if hasattr(error, "format_message"):  # a usage error of typer
        return _fail(f"{error.format_message()} See `voicekit {name} --help`", 2)
    failure = as_voicekit_error(error, f"voicekit {name}")
    return _fail(str(failure), failure.exit_status)


def _report_interrupt() -> int:
    number = signal.Signals(Interrupted.number)
    with contextlib.suppress(OSError):  # the terminal may be gone
        return _fail(f"{_STOPPING[number.name]}. Run the same command again to resume", 128 + number)
    return 128 + number


def _fail(text: str, status: int) -> int:
    echo(f"error: {text}", err=True)
    return status


def _help() -> str:
    width = max(len(name) for name in COMMANDS) + 2
    rows = [
        textwrap.fill(text, 79, initial_indent=f"  {name:<{width}}", subsequent_indent=" " * (width + 2))
        for name, text in COMMANDS.items()
    ]
    return "\n".join(
        [
            "Usage: voicekit COMMAND [OPTIONS]",
            "",
            "Local audio and speech toolkit. Try: voicekit transcribe talk.mp4 --speakers 2",
            "",
            "Commands:",
            *rows,
            "",
            "`voicekit COMMAND --help` explains a command; --debug shows the traceback of an",
            "error; `voicekit --version` prints the version.",
        ]
    )
