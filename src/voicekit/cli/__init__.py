"""The command line. `COMMANDS` is all of it; a command's module is imported only when it is called.

Exit status: 0 all well, 1 something failed, 2 wrong usage or configuration, 130 interrupted.
"""

from __future__ import annotations

import _thread
import importlib
import os
import signal
import sys
import textwrap
import threading
import traceback
from typing import NoReturn

# name -> (module below this package, one line of help)
COMMANDS: dict[str, tuple[str, str]] = {
    "transcribe": ("transcribe", "Recordings and URLs to speaker-labelled transcripts and subtitles"),
    "subtitle": ("subtitle", "Subtitles of a style from transcripts, SRT and VTT; check, move, join and cut them"),
    "translate": ("translate", "Transcripts and subtitles in other languages, with speakers and times kept"),
    "say": ("say", "Speak a text: packaged voices, or the voice of a reference clip"),
    "dialogue": ("dialogue", "Speak a script: several voices, natural turns, a mix with stems and subtitles"),
    "convert": ("convert", "A recording in another voice"),
    "watermark": ("watermark", "Whether a sound file has the mark that cloned speech is given"),
    "voice": ("voice", "Voices: list, show, prepare a reference clip, add one"),
    "clone": ("clone", "Batch jobs from YAML: several takes of each line, judged, the best kept"),
    "judge": ("judge", "Judge takes: words, voice, quality, pace, pitch, faults; mend what can be"),
    "take": ("take", "Takes of a run: list them, tag them good, bad or weird"),
    "verify": ("verify", "Make a run again, and say what held"),
    "eval": ("eval", "Score transcripts against references: WER, cpWER, DER and more, with intervals"),
    "report": ("report", "A page of a run: words with their sound, takes with their scores"),
    "compare": ("compare", "Runs against each other: what differs, how sure that is, and blind listening"),
    "gallery": ("gallery", "A page of good, bad and weird takes, by tag and by kind of fault"),
    "transcript": ("transcript", "Corrections that a report's page saved, back into a transcript"),
    "models": ("models", "List, fetch, find and check model weights"),
    "cache": ("cache", "List, prune or clear cached stage results and downloads"),
    "schema": ("schema", "Print the JSON Schema of a file format"),
    "doctor": ("doctor", "Check this machine: GPU, libraries, tools, network rights"),
    "licenses": ("licenses", "Licences of the installed packages and known models"),
}


_INTERRUPTED = 130


class Interrupted(KeyboardInterrupt):
    """Ctrl-C. Not the plain one: where that comes up in the text of an `exec`, as libraries have many, Python ends with
    the signal in spite of whoever catches it (CPython's `_Py_UnhandledKeyboardInterrupt`)."""


def main() -> None:
    """Entry point of the `voicekit` command."""
    if signal.getsignal(signal.SIGINT) == signal.default_int_handler:  # else it is ignored: we run in the background
        signal.signal(signal.SIGINT, _interrupt)
        sys.unraisablehook = _unraisable
    try:
        status = run(sys.argv[1:])
        _leave_at_once()
    except KeyboardInterrupt:  # while something was imported, or cleaned up
        _leave_at_once()
        status = _interrupted()
    sys.exit(status)


def _interrupt(*_: object) -> NoReturn:
    raise Interrupted


def _unraisable(lost: sys.UnraisableHookArgs) -> None:
    """An interrupt that came up where nothing can be raised, in a destructor or a callback, comes again."""
    if issubclass(lost.exc_type, Interrupted):
        threading.Timer(0.05, _thread.interrupt_main).start()
    else:
        sys.__unraisablehook__(lost)


def _leave_at_once() -> None:
    """From here on an interrupt ends the process, as Python's own end would tell of it with a traceback."""
    if signal.getsignal(signal.SIGINT) == _interrupt:
        signal.signal(signal.SIGINT, lambda *_: os._exit(_interrupted()))


def run(arguments: list[str]) -> int:
    """Run one command line; returns the exit status. Errors become one line on stderr, with the remedy."""
    name, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if name in ("-h", "--help", "help"):
        print(_help())
        return 0
    if name == "--version":
        from voicekit import __version__

        print(f"voicekit {__version__}")
        return 0
    if name not in COMMANDS:
        import difflib

        close = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        return _fail(f"no command {name!r}. {hint}Commands: {', '.join(COMMANDS)}", 2)
    return _call(name, rest)


def _call(name: str, arguments: list[str]) -> int:
    import typer

    from voicekit.errors import VoicekitError, interrupted

    debug = "--debug" in arguments
    if debug and name != "transcribe":
        arguments = [argument for argument in arguments if argument != "--debug"]
    try:
        app = importlib.import_module(f"voicekit.cli.{COMMANDS[name][0]}").app
        status = typer.main.get_command(app).main(
            arguments, prog_name=f"voicekit {name}", standalone_mode=False, help_option_names=["-h", "--help"]
        )
        if status != _INTERRUPTED:  # typer turns Ctrl-C into this
            return int(status or 0)
    except KeyboardInterrupt:
        pass
    except typer.Abort as error:  # typer makes it of Ctrl-C, and of any EOFError
        if isinstance(error.__cause__, EOFError):
            if debug:
                traceback.print_exc()
            return _fail("a file ended too early. --debug shows where", 1)
    except VoicekitError as error:
        if debug:
            traceback.print_exc()
        return _interrupted() if interrupted(error) else _fail(str(error), error.exit_status)
    except BrokenPipeError:  # the reader, such as `head`, has had enough
        sys.stdout = None
        return 1
    except Exception as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error)
            return 2
        if hasattr(error, "format_message"):  # typer's own: wrong usage
            return _fail(f"{error.format_message()} See `voicekit {name} --help`", 2)
        if debug:
            traceback.print_exc()
        if interrupted(error):
            return _interrupted()
        return _fail(f"{type(error).__name__}: {error}. --debug shows where; please report it", 1)
    return _interrupted()


def _interrupted() -> int:
    return _fail("interrupted. Run the same command again to go on where it stopped", _INTERRUPTED)


def _fail(text: str, status: int) -> int:
    print(f"error: {text}", file=sys.stderr)
    return status


def _help() -> str:
    width = max(len(name) for name in COMMANDS) + 2
    rows = [
        textwrap.fill(text, 79, initial_indent=f"  {name:<{width}}", subsequent_indent=" " * (width + 2))
        for name, (_, text) in COMMANDS.items()
    ]
    return "\n".join(
        [
            "Usage: voicekit COMMAND [OPTIONS]",
            "",
            "Local audio and speech. Try: voicekit transcribe talk.mp4 --speakers 2",
            "",
            "Commands:",
            *rows,
            "",
            "`voicekit COMMAND --help` explains one; --debug shows an error's traceback;",
            "`voicekit --version` prints the version.",
        ]
    )
