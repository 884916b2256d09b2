"""Clone jobs: whether the picks are better than the takes they are picked from; a job again from the cache; memory.

    python -m benchmarks.clone [TAKES]

The first job is configs/clone/packaged.yaml. The second has joe say forty sentences, TAKES in all (200 when left out).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml

from voicekit.evaluation import bootstrap
from voicekit.quality.intelligibility import round_trip
from voicekit.takes.records import TakeRecord
from voicekit.takes.run import CloneRun, open_clone_run

ROOT = Path(__file__).parents[1]
SENTENCES = (ROOT / "benchmarks" / "sentences.txt").read_text().splitlines()


def command(job: Path, folder: Path, *options: str) -> tuple[float, float]:
    """`voicekit clone` in a process of its own: seconds, and GiB at its peak."""
    arguments = [sys.executable, "-m", "voicekit", "clone", str(job), "-o", str(folder / "out"), "-q", *options]
    started = time.perf_counter()
    process = subprocess.Popen(arguments, env={**os.environ, "VOICEKIT_CACHE": str(folder / "cache")}, cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return time.perf_counter() - started, usage.ru_maxrss / 1024**2


def errors(take: TakeRecord) -> tuple[int, int]:
    """Words wrong, and words."""
    assert take.measures
    trip = round_trip(take.text, take.measures.words, take.language)
    return trip.errors, len(trip.expected)


def told(run: CloneRun) -> None:
    """WER of the picks and of the mean take, over all lines and over those with a choice; the difference by line."""
    rows = []
    for line in run.lines:
        takes = [errors(take) for take in run.takes if take.line == line.id and take.measures]
        picked, words = errors(run.picked[line.id])
        rows.append((picked, float(np.mean([wrong for wrong, _ in takes])), words, len(takes)))
    table = np.array(rows)
    for name, some in (("all lines", table), ("lines with several takes", table[table[:, 3] > 1])):
        if not len(some):
            continue
        words = some[:, 2].sum()
        counts = np.stack([some[:, 0] - some[:, 1], some[:, 2]], axis=1)[:, None, :]
        low, high = bootstrap.interval(bootstrap.ratio(counts), len(some), 0) or (float("nan"), float("nan"))
        print(
            f"  {name}, {len(some)}: picked {some[:, 0].sum() / words:.2%}, mean take {some[:, 1].sum() / words:.2%}, "
            f"difference {(some[:, 0] - some[:, 1]).sum() / words:+.2%} (95 % {low:+.2%} to {high:+.2%})"
        )
    print(f"  flagged: {len(run.flagged)}; takes: {len(run.takes)}")


def main(takes: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds, peak = command(ROOT / "configs" / "clone" / "packaged.yaml", folder)
        print(f"configs/clone/packaged.yaml: {seconds:.0f} s, peak {peak:.2f} GiB")
        told(open_clone_run(folder / "out" / "packaged"))
        each = max(1, takes // len(SENTENCES))
        job = folder / "many.yaml"
        spec = {"voices": ["joe"], "lines": SENTENCES, "takes": each, "retry": {"budget": 0}}
        job.write_text(yaml.safe_dump(spec))
        seconds, peak = command(job, folder, "--limit", str(max(1, 20 // each)))
        print(f"joe, 20 takes: {seconds:.0f} s, peak {peak:.2f} GiB")
        seconds, peak = command(job, folder)
        run = open_clone_run(folder / "out" / "many")
        print(f"joe, {len(run.takes)} takes: {seconds:.0f} s, peak {peak:.2f} GiB")
        told(run)
        again = [command(job, folder)[0] for _ in range(3)]
        print(f"  the same again: {np.median(again):.2f} s (median of 3)")
        rebuilt = []
        for _ in range(3):
            shutil.rmtree(folder / "out" / "many")
            rebuilt.append(command(job, folder)[0])
        print(f"  its run made again from the cache: {np.median(rebuilt):.2f} s (median of 3)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
