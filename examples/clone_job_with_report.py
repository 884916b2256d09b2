"""Render several takes of each line, keep the best, and make a report with players and scores.

python examples/clone_job_with_report.py
"""

from __future__ import annotations

import sys

from voicekit import clone, write_report

JOB = {
    "name": "welcome",
    "voices": ["joe", "jm_kumo"],
    "voice": "all",  # each line in each voice
    "lines": ["Welcome back.", {"id": "train", "text": "The train to the coast leaves at 8:10."}],
    "takes": 2,
    "pick": {"gates": {"max_wer": 0.1}},
}


def main(out: str = "outputs") -> None:
    run = clone(JOB, out)
    for line in run.lines:
        take = run.picked[line.id]
        print(f"{line.id} ({line.voice}): {take.id}, score {take.score:.2f}, {line.why}")
    print(run.to_dataframe()[["id", "wer", "mos", "score"]])
    print(write_report(run.folder, embed=True).page)


if __name__ == "__main__":
    main(*sys.argv[1:])
