"""Speak a script with two voices, transcribe the mix, and score the transcript against the script.

python examples/dialogue_read_back.py
"""

from __future__ import annotations

import sys

import voicekit

SCRIPT = """
Alice: Good morning. Is the water hot already?
Ben: It was, {mm-hm} but I made coffee with it.
Alice: Then put the kettle on again, please.
"""


def main(out: str = "outputs") -> None:
    mix = voicekit.dialogue(SCRIPT, cast={"Alice": "jf_alpha", "Ben": "joe"}, out=out, seed=3)
    for entry in mix.timeline.entries:
        print(f"{entry.start:6.2f} to {entry.end:6.2f}  {entry.speaker}: {entry.text}")

    transcript = voicekit.transcribe(mix.path, speakers=2, language="en", channels="mix")
    result = voicekit.evaluate(transcript, mix.transcript, metrics=("wer", "cpwer", "der"))
    for metric, score in result.total.items():
        print(f"{metric}: {score.value:.1%}")


if __name__ == "__main__":
    main(*sys.argv[1:])
