"""Kill every command that writes, at random moments, and compare what comes of it with an undisturbed run.

    python -m tools.faults [KILLS] [SEED]

Each command is killed (SIGKILL), run again to its end, and compared: its results must be those of an undisturbed run,
and nothing temporary may be left. Two processes then run the same command at once, and cache entries are damaged. A
line for each command says how often it was killed in its work; the exit status is 1 if anything was lost.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.recordings import sample_recording

JOB = "voices: [joe]\ntakes: 2\nlines: [Hello there.]\nretry: {budget: 0}\n"
SCRIPT = "Ana: Hello there, how are you?\nBen: Fine, thank you.\nAna: Good.\n"
SUBTITLES = "1\n00:00:01,000 --> 00:00:03,000\nHello there, my friend.\n\n2\n00:00:04,000 --> 00:00:06,000\nBye.\n"

_TIMES = ("run.json", ".manifest.json", ".source", "tags.json")
"""Ends of the names of files that hold times, and so differ from run to run."""


@dataclass(frozen=True)
class Command:
    """A command that writes into the folder `out`. `weight`: its share of the kills."""

    arguments: Callable[[Path], list[str]]
    weight: int
    prepare: Callable[[Path], None] = lambda home: None


def inputs(home: Path) -> None:
    """Write the files that the commands read."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "job.yaml").write_text(JOB)
    (home / "talk.txt").write_text(SCRIPT)
    (home / "talk.srt").write_text(SUBTITLES)
    shutil.copy(sample_recording(), home / "talk.wav")


def copy_of_run(home: Path) -> None:
    """A finished run whose takes are tagged."""
    if not (home / "out").exists():
        shutil.copytree(home.parent / "finished run", home / "out", symlinks=True)


COMMANDS = {
    "subtitle": Command(lambda home: ["subtitle", str(home / "talk.srt"), "-f", "vtt", "-o", str(home / "out")], 5),
    "take tag": Command(lambda home: ["take", "tag", str(home / "out" / "job"), "001-2", "good"], 8, copy_of_run),
    "translate": Command(
        lambda home: ["translate", str(home / "talk.srt"), "--from", "en", "--to", "pt", "-o", str(home / "out")], 5
    ),
    "say": Command(lambda home: ["say", "Hello there.", "--voice", "joe", "-o", str(home / "out" / "a.wav")], 4),
    "transcribe": Command(
        lambda home: ["transcribe", str(home / "talk.wav"), "-o", str(home / "out"), "--diarizer", "none", "--model",
                      "tiny.en", "--beam-size", "1"], 4,
    ),
    "dialogue": Command(lambda home: ["dialogue", str(home / "talk.txt"), "-o", str(home / "out")], 2),
    "clone": Command(lambda home: ["clone", str(home / "job.yaml"), "-o", str(home / "out")], 1),
}  # fmt: skip


def start(arguments: list[str], cache: Path) -> int:
    """Run a command line in a fork of this process, which has everything imported; returns its process id."""
    if child := os.fork():
        return child
    status = 1
    try:
        os.environ["VOICEKIT_CACHE"] = str(cache)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        from voicekit.cli import run

        status = run(arguments)
    finally:
        os._exit(status)


def finish(child: int) -> int:
    """Wait for a process and return its exit status, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def results(home: Path) -> dict[str, bytes]:
    """The newest results, by a name without the id of the run; without those files that hold times."""
    found = {}
    for path in sorted((home / "out").rglob("*")):
        name = path.relative_to(home / "out")
        is_old = any(part[:2] == "20" and part[8:9] == "T" for part in name.parts)
        if path.is_file() and not is_old and not name.name.endswith(_TIMES):
            found[name.as_posix()] = path.read_bytes()
    for latest in (home / "out").glob("*/latest"):
        for path in sorted(latest.rglob("*")):
            name = path.relative_to(latest).as_posix()
            if path.is_file() and not name.endswith(_TIMES) and path.suffix not in (".parquet", ".json"):
                found[f"{latest.parent.name}/{name}"] = path.read_bytes()
    return found


def left_over(home: Path) -> list[str]:
    """Temporary files in the results and the cache; not those of espeak, since a fork ends without its cleanup."""
    return [
        str(path) for folder in (home / "out", home / "cache") for path in folder.rglob(".*")
        if path.name.startswith((".tmp-", ".partial-", ".change")) and path.parent.name != "espeak"
    ]  # fmt: skip


def new_home(base: Path, name: str, command: Command, models: Path) -> Path:
    home = base / name
    inputs(home)
    (home / "cache").mkdir()
    (home / "cache" / "models").symlink_to(models)
    command.prepare(home)
    return home


def check(home: Path, arguments: list[str], expected: dict[str, bytes]) -> list[str]:
    """Run a command to its end and return what is wrong with its results."""
    status = finish(start(arguments, home / "cache"))
    faults = [f"exit status {status}"] if status else []
    found = results(home)
    faults += [f"{name} differs or is missing" for name in expected if found.get(name) != expected[name]]
    return faults + left_over(home)


def damage_entries(cache: Path, chance: random.Random) -> int:
    """Change a byte in some files of the stage cache; returns of how many."""
    files = [path for path in cache.glob("stages/*/*/*") if path.is_file() and path.stat().st_size]
    for path in files[:: max(1, len(files) // 5)]:
        data = bytearray(path.read_bytes())
        data[chance.randrange(len(data))] ^= 255
        path.write_bytes(data)
    return len(files[:: max(1, len(files) // 5)])


def campaign(name: str, kills: int, base: Path, models: Path, chance: random.Random) -> list[str]:
    """Kill one command so often, and print how it went; returns what was lost."""
    command = COMMANDS[name]
    home = new_home(base, f"{name} undisturbed", command, models)
    started = time.monotonic()
    lost = [f"{name}, undisturbed: {fault}" for fault in check(home, command.arguments(home), {})]
    took = time.monotonic() - started
    expected, in_work = results(home), 0
    for number in range(kills):
        home = new_home(base, f"{name} {number}", command, models)
        child = start(command.arguments(home), home / "cache")
        moment = chance.uniform(0, 1.05 * took)
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
        in_work += finish(child) == -signal.SIGKILL
        faults = check(home, command.arguments(home), expected)
        lost += [f"{name}, killed after {moment:.3f} s: {fault}" for fault in faults]
        shutil.rmtree(home)
    home = new_home(base, f"{name} twice", command, models)
    pair = [start(command.arguments(home), home / "cache") for _ in range(2)]
    lost += [f"{name}, two at once: exit status {status}" for status in map(finish, pair) if status]
    lost += [f"{name}, two at once: {fault}" for fault in check(home, command.arguments(home), expected)]
    damaged = damage_entries(home / "cache", chance)
    shutil.rmtree(home / "out")
    command.prepare(home)
    lost += [f"{name}, damaged entries: {fault}" for fault in check(home, command.arguments(home), expected)]
    print(
        f"{name:<12} {kills} kills, {in_work} in its work of {took:.1f} s; {damaged} damaged entries; {len(lost)} lost",
        *lost, sep="\n  ", flush=True,
    )  # fmt: skip
    return lost


def main(kills: int, seed: int) -> int:
    """Run the campaign and return the exit status."""
    for module in ("subtitle", "take", "translate", "say", "transcribe", "dialogue", "clone"):
        importlib.import_module(f"voicekit.cli.{module}")
    chance = random.Random(seed)
    weights = sum(command.weight for command in COMMANDS.values())
    lost: list[str] = []
    with tempfile.TemporaryDirectory(prefix="voicekit-faults-") as folder:
        base = Path(folder)
        warm = base / "warm"
        inputs(warm)
        (warm / "cache").mkdir()
        for arguments in (COMMANDS["clone"].arguments(warm), COMMANDS["transcribe"].arguments(warm)):
            finish(start(arguments, warm / "cache"))
        (base / "finished run").mkdir()
        shutil.copytree(warm / "out" / "job", base / "finished run" / "job", symlinks=True)
        models = warm / "cache" / "models"
        for name, command in COMMANDS.items():
            lost += campaign(name, max(1, round(kills * command.weight / weights)), base, models, chance)
    print(json.dumps({"lost": len(lost)}))
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, int(sys.argv[2]) if len(sys.argv) > 2 else 1))
