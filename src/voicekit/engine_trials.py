"""Run each engine once, in a process of its own: `voicekit doctor --engines`.

`python -m voicekit.engine_trials NAME` is that process; `engines/trials.py` starts it and keeps the result.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

from voicekit.engines.registry import ENGINES, load_engine, speech_engines
from voicekit.engines.trials import MISSING_STATUS, Trial, try_engine
from voicekit.errors import MissingPackage, ModelNotFound, VoicekitError
from voicekit.models.resolve import resolve
from voicekit.redact import one_line


def engine_names() -> list[str]:
    """Return the names of all engines that run on this machine: those of ENGINES, and `speak.` with TTS engines."""
    return [name for name in ENGINES if name in _TRIALS] + [f"speak.{name}" for name in speech_engines()]


def try_engines() -> Iterator[Trial]:
    """Try every engine and yield the results one by one."""
    yield from map(try_engine, engine_names())


def _noise(seconds: float) -> Any:
    import numpy as np

    rng = np.random.default_rng(7)
    return rng.normal(0, 0.1, int(seconds * 16_000)).astype(np.float32)


def _whisper() -> None:
    from voicekit.runtime.device import choose_device

    engine = load_engine("transcribe.faster-whisper")(
        resolve("base", "transcribe", download=False), choose_device("cpu"), "int8"
    )
    segments, _ = engine.model.transcribe(_noise(2.0), language="en", beam_size=1, max_new_tokens=4)
    list(segments)


def _detect_speech() -> None:
    load_engine("listen.speech")(_noise(1.0))


def _campplus() -> None:
    weights = resolve("campplus", "embed", download=False)
    (file,) = weights.sha256
    load_engine("embed.campplus")(weights.path / file, "cpu").embed([(_noise(1.0), None)])


def _starter() -> None:
    from voicekit.types import Audio

    names = {"segmentation-3.0": "segment", "campplus": "embed"}
    weights = {name: resolve(name, task, download=False) for name, task in names.items()}  # type: ignore[arg-type]
    load_engine("diarize.starter")(weights, "cpu").embed_windows(Audio(_noise(2.0)[None], 16_000), lambda share: None)


def _pyannote() -> None:
    from voicekit.types import Audio

    load = load_engine("diarize.pyannote")
    weights = {"community-1": resolve("community-1", "diarize", download=False)}
    load(weights, "cpu").diarize(Audio(_noise(2.0)[None], 16_000), None, None, None, lambda share: None)


def _dnsmos() -> None:
    import numpy as np

    from voicekit.engines.quality.dnsmos import WINDOW

    load_engine("judge.dnsmos")(resolve("dnsmos", "judge", download=False))(np.resize(_noise(1.0), WINDOW))


def _perth() -> None:
    from voicekit.types import Audio

    load_engine("mark.perth")().detect(Audio(_noise(1.0)[None], 16_000))


def _bergamot() -> None:
    from voicekit.engines.protocols import Line

    weights = resolve("bergamot-en-pt", "translate", download=False)
    load_engine("translate.bergamot")(weights).translate([Line("The house is blue.")], "en", "pt", lambda share: None)


def _nllb() -> None:
    from voicekit.engines.protocols import Line
    from voicekit.runtime.device import choose_device

    load = load_engine("translate.nllb")
    model = load(resolve("nllb-600m", "translate", download=False), choose_device("cpu"), "int8")
    model.translate([Line("The house is blue.")], "en", "de", lambda share: None)


def _speak(name: str) -> None:
    from voicekit.seeds import RandomStreams
    from voicekit.types import Voice

    engine = speech_engines()[name]
    load = load_engine(f"speak.{name}", try_first=False)
    weights = resolve(engine.weights, "speak", download=False) if engine.weights else None
    model = load(weights, "cpu", watermark=False) if engine.watermarks else load(weights, "cpu")
    if engine.speakers:
        voice = Voice(engine.speakers[0], name, engine.speakers[0], language=engine.languages[0])
        model.synthesize("Hello.", voice, engine.params(), RandomStreams(7))


_TRIALS: dict[str, Callable[[], None]] = {
    "transcribe.faster-whisper": _whisper,
    "diarize.pyannote": _pyannote,
    "diarize.starter": _starter,
    "listen.speech": _detect_speech,
    "embed.campplus": _campplus,
    "judge.dnsmos": _dnsmos,
    "mark.perth": _perth,
    "translate.bergamot": _bergamot,
    "translate.nllb": _nllb,
}
"""How each engine is run once; `translate.openai` only sends requests."""


def main(name: str) -> int:
    """Run one engine in this process and return the exit status."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            if name.startswith("speak."):
                _speak(name.removeprefix("speak."))
            else:
                _TRIALS[name]()
    except Exception as error:
        reason = str(error) if isinstance(error, VoicekitError) else f"{type(error).__name__}: {error}"
        sys.stderr.write(f"\n{one_line(reason)}\n")
        return MISSING_STATUS if isinstance(error, MissingPackage | ModelNotFound) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
