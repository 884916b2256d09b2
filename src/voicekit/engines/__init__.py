"""One file per third-party model; no other file imports the model's library.

Other packages add speech engines through the entry point group `voicekit.engines`: see docs/add-an-engine.md.
"""

from voicekit.engines.protocols import SpeechModel
from voicekit.engines.registry import SpeechEngine, load_engine, speech_engine, speech_engines

__all__ = ["SpeechEngine", "SpeechModel", "load_engine", "speech_engine", "speech_engines"]
