"""Speech: words that come through, chatterbox through us against its own `generate`, and memory over many takes.

    python -m benchmarks.speech

Chatterbox runs on the tests' small random weights: the same classes, fewer layers, noise for speech.
"""

from __future__ import annotations

import contextlib
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import soundfile
from whisper_normalizer.english import EnglishTextNormalizer

from benchmarks.recordings import sample_recording
from tests.support import small_chatterbox
from voicekit.audio.decode import decode
from voicekit.audio.levels import speech_level
from voicekit.config.engines import ChatterboxParams
from voicekit.engines.registry import load_engine
from voicekit.models.catalogue import Weights
from voicekit.seeds import RandomStreams
from voicekit.transcription.session import Session
from voicekit.tts.synthesizer import Synthesizer
from voicekit.types import Voice

SENTENCES = Path(__file__).with_name("sentences.txt").read_text().splitlines()
TOKENS = 60


def words() -> None:
    """WER of Whisper base over 40 sentences, for each packaged voice."""
    normal = EnglishTextNormalizer()
    with Synthesizer(device="cpu") as speaker, Session() as session, tempfile.TemporaryDirectory() as folder:
        for voice in ("joe", "jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo"):
            file = Path(folder, f"{voice}.wav")
            started = time.perf_counter()
            take = speaker.say("\n\n".join(SENTENCES), voice=voice, seed=1)
            took = time.perf_counter() - started
            heard = session.transcribe(take.save(file), diarizer="none", model="base", language="en").text
            wer = jiwer.wer(normal(" ".join(SENTENCES)), normal(heard))
            print(f"  {voice:<14} WER {wer:6.2%}   {take.audio.duration / took:5.1f} times real time")


def chapter() -> None:
    """2,000 words in paragraphs of five sentences: level and pace of the parts, jumps where they join."""
    order = np.random.default_rng(0)
    shuffled = [SENTENCES[i] for _ in range(7) for i in order.permutation(len(SENTENCES))]
    count = next(n for n in range(len(shuffled)) if sum(len(one.split()) for one in shuffled[:n]) >= 2000)
    text = "\n\n".join(" ".join(shuffled[at : min(at + 5, count)]) for at in range(0, count, 5))
    with Synthesizer(device="cpu") as speaker:
        for voice in ("joe", "jf_tebukuro"):
            started = time.perf_counter()
            take = speaker.say(text, voice=voice, seed=1)
            took = time.perf_counter() - started
            rate, samples = take.audio.rate, take.audio.mono
            parts = [samples[round(start * rate) : round(end * rate)] for start, end in take.parts]
            levels = np.array([speech_level(part, rate) for part in parts])
            pace = np.array(
                [sum(c.isalpha() for c in said) / (end - start)
                 for said, (start, end) in zip(take.said, take.parts, strict=True)]
            )  # fmt: skip
            thirds = np.array_split(np.arange(len(parts)), 3)
            jumps = max(
                float(np.abs(np.diff(samples[max(0, at - 20) : at + 20])).max(initial=0.0))
                for start, end in take.parts
                for at in (round(start * rate), round(end * rate))
            )
            drift = [f"{levels[third].mean() - levels.mean():+.2f}" for third in thirds]
            quicker = [f"{pace[third].mean() / pace.mean() - 1:+.1%}" for third in thirds]
            print(f"  {voice:<12} {len(text.split())} words in {len(parts)} parts")
            print(f"    {take.audio.duration:.0f} s of sound made in {took:.0f} s")
            print(f"    level: standard deviation {levels.std():.2f} dB, of the thirds {' '.join(drift)} dB")
            print(f"    pace: standard deviation {pace.std() / pace.mean():.1%}, of the thirds {' '.join(quicker)}")
            print(f"    largest jump at a join: {jumps:.4f} of full scale")


def memory() -> None:
    """Peak memory after 20 and after 200 kokoro takes."""
    with Synthesizer(device="cpu") as speaker:
        for count in range(1, 201):
            speaker.say(SENTENCES[count % len(SENTENCES)], voice="jf_alpha")
            if count in (20, 200):
                print(
                    f"  after {count:>3} takes: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.2f} GiB"
                )


def chatterbox(kind: str, device: str) -> None:
    """Through us and called directly: same weights, text, tokens; the median of five in turn."""
    import torch
    from chatterbox.tts import ChatterboxTTS

    folder = small_chatterbox.folder(kind)
    layers = contextlib.nullcontext() if kind == "full" else small_chatterbox.layers()
    with layers, tempfile.TemporaryDirectory() as place:
        clip = Path(place, "clip.wav")
        sound, _ = decode(sample_recording(), rate=24_000)
        soundfile.write(clip, sound.mono[7 * 24_000 : 12 * 24_000], 24_000)
        ours: Any = load_engine("speak.chatterbox")(Weights("random", folder, "path", "1"), device)
        direct = ChatterboxTTS.from_local(folder, device)
        direct.prepare_conditionals(str(clip))
        voice, params = Voice("clip", "chatterbox", None, clip), ChatterboxParams(max_tokens=TOKENS)
        prepared = 0
        prepare = ours.model.prepare_conditionals

        def counted(*arguments: Any, **more: Any) -> None:
            nonlocal prepared
            prepared += 1
            prepare(*arguments, **more)

        ours.model.prepare_conditionals = counted
        inference = direct.t3.inference
        direct.t3.inference = lambda **more: inference(**more | {"max_new_tokens": TOKENS})
        text = "Hello there, how are you today?"
        times: dict[str, list[float]] = {"direct": [], "ours": [], "tokens": []}
        made = []
        for turn in range(6):
            draws = RandomStreams(turn)
            with draws.torch("tokens"):  # the same tokens for both
                torch.manual_seed(draws.number("tokens"))
                seconds = {"direct": timed(lambda: direct.generate(text))}
            seconds["ours"] = timed(lambda draws=draws: made.append(ours.synthesize(text, voice, params, draws)))
            seconds["tokens"] = timed(
                lambda draws=draws: ours.generate_tokens(text, "en", ours.conditionals(clip), params, draws)
            )
            if turn:  # the first warms up
                for name, value in seconds.items():
                    times[name].append(value)
        for line in SENTENCES[:14]:
            ours.generate_tokens(line, "en", ours.conditionals(clip), ChatterboxParams(max_tokens=10), RandomStreams(1))
        median = {name: statistics.median(values) for name, values in times.items()}
        spoken = statistics.median(one.audio.duration for one in made)
        count = statistics.median(len(one.tokens) for one in made)
        print(f"  ours / direct: {median['ours'] / median['direct']:.2f} of its time")
        print(
            f"  {median['ours']:.2f} s for {spoken:.2f} s of sound ({median['ours'] / spoken:.2f} of real time),"
            f" direct {median['direct']:.2f} s; language model {median['tokens'] / median['ours']:.0%} of it,"
            f" {count / median['tokens']:.0f} tokens a second"
        )
        print(f"  conditionals made {prepared} time for 20 lines")


def timed(run: Callable[[], object]) -> float:
    """Seconds that it takes, to the end of what the GPU has to do."""
    import torch

    started = time.perf_counter()
    run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started


def main() -> None:
    """All of it."""
    print("WER of Whisper base over 40 sentences:")
    words()
    print("a chapter:")
    chapter()
    print("memory over kokoro takes:")
    memory()
    print("chatterbox, small random weights, CPU:")
    chatterbox("english", "cpu")
    from torch.cuda import is_available

    if is_available():
        print("chatterbox, random weights of full size, GPU:")
        chatterbox("full", "cuda")
    else:
        print("chatterbox on a GPU: not measured, there is none here")


if __name__ == "__main__":
    main()
