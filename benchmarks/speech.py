"""Speech: words that come through, chatterbox through us against its own `generate`, and memory over many takes.

    python -m benchmarks.speech

Chatterbox runs on the tests' small random weights: the same classes, fewer layers, noise for speech.
"""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import jiwer
import soundfile
from whisper_normalizer.english import EnglishTextNormalizer

from benchmarks.recordings import sample_recording
from tests import small_chatterbox
from voicekit import Session, Speaker
from voicekit.audio import decode
from voicekit.config import ChatterboxParams
from voicekit.data import Voice
from voicekit.engines import load_engine
from voicekit.models import Weights
from voicekit.seeds import Draws

SENTENCES = Path(__file__).with_name("sentences.txt").read_text().splitlines()
TOKENS = 60


def words() -> None:
    """WER of Whisper base over 40 sentences, for each packaged voice."""
    normal = EnglishTextNormalizer()
    with Speaker(device="cpu") as speaker, Session() as session, tempfile.TemporaryDirectory() as folder:
        for voice in ("joe", "jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo"):
            file = Path(folder, f"{voice}.wav")
            started = time.perf_counter()
            take = speaker.say("\n\n".join(SENTENCES), voice=voice, seed=1)
            took = time.perf_counter() - started
            heard = session.transcribe(take.save(file), diarizer="none", model="base", language="en").text
            wer = jiwer.wer(normal(" ".join(SENTENCES)), normal(heard))
            print(f"  {voice:<14} WER {wer:6.2%}   {take.audio.duration / took:5.1f} times real time")


def memory() -> None:
    """Peak memory after 20 and after 200 kokoro takes."""
    with Speaker(device="cpu") as speaker:
        for count in range(1, 201):
            speaker.say(SENTENCES[count % len(SENTENCES)], voice="jf_alpha")
            if count in (20, 200):
                print(
                    f"  after {count:>3} takes: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.2f} GiB"
                )


def chatterbox() -> None:
    """Through us and called directly: same weights, text, tokens; the median of five in turn."""
    import torch
    from chatterbox.tts import ChatterboxTTS

    folder = small_chatterbox.folder()
    with small_chatterbox.layers(), tempfile.TemporaryDirectory() as place:
        clip = Path(place, "clip.wav")
        sound, _ = decode(sample_recording(), rate=24_000)
        soundfile.write(clip, sound.mono[7 * 24_000 : 12 * 24_000], 24_000)
        ours: Any = load_engine("speak.chatterbox")(Weights("small", folder, "path", "1"), "cpu")
        direct = ChatterboxTTS.from_local(folder, "cpu")
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
        times: dict[str, list[float]] = {"direct": [], "ours": []}
        for turn in range(6):
            draws = Draws(turn)
            for name in times:
                with draws.torch("tokens"):  # the same tokens for both
                    torch.manual_seed(draws.number("tokens"))
                    started = time.perf_counter()
                    if name == "direct":
                        direct.generate("Hello there, how are you today?")
                    else:
                        ours.synthesize("Hello there, how are you today?", voice, params, draws)
                    if turn:  # the first warms up
                        times[name].append(time.perf_counter() - started)
        for line in SENTENCES[:14]:
            ours._tokens(line, "en", ours.conditionals(clip), ChatterboxParams(max_tokens=10), Draws(1))
        ratio = statistics.median(times["ours"]) / statistics.median(times["direct"])
        print(
            f"  ours / direct: {ratio:.2f} of its time ({statistics.median(times['ours']):.1f} s for {TOKENS} tokens)"
        )
        print(f"  conditionals made {prepared} time for 20 lines")


def main() -> None:
    """All of it."""
    print("WER of Whisper base over 40 sentences:")
    words()
    print("memory over kokoro takes:")
    memory()
    print("chatterbox, small random weights, CPU:")
    chatterbox()


if __name__ == "__main__":
    main()
