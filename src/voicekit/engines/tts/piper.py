"""Piper (VITS voices in ONNX) through piper-tts.

The graph's RandomNormalLike nodes, which no seed reaches, are replaced by inputs, so that results are reproducible.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from piper import PiperVoice

from voicekit.config.engines import PiperParams
from voicekit.engines.tts.espeak import respell_interjections
from voicekit.errors import EngineError, ModelCorrupt
from voicekit.models.catalogue import Weights
from voicekit.seeds import RandomStreams
from voicekit.types import Audio, SynthesizedSpeech, Voice

FRAMES_PER_PHONEME = 12
"""First estimate of how many frames of noise a phoneme needs; doubled when the graph asks for more."""

MAX_FRAMES_PER_PHONEME = 1000
"""Frames of noise at which the failure has another cause than too little noise."""


class Piper:
    """A loaded voice. Durations and audio are sampled."""

    def __init__(self, weights: Weights, device: str) -> None:
        models = sorted(weights.path.glob("*.onnx"))
        if len(models) != 1:
            raise ModelCorrupt(f"{weights.path} has {len(models)} .onnx files", "Give a folder with exactly one")
        try:
            self.voice = PiperVoice.load(models[0])
            graph, self.noise_channels = _noise_as_inputs(onnx.load(str(models[0])))
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelCorrupt(f"cannot load piper voice {models[0].name}: {error}", "Download it again") from error
        providers = ["CUDAExecutionProvider"] if device.startswith("cuda") else []
        available = [name for name in providers if name in onnxruntime.get_available_providers()]
        self.session = onnxruntime.InferenceSession(graph, providers=[*available, "CPUExecutionProvider"])
        self.rate = int(self.voice.config.sample_rate)
        self.name = weights.name

    def synthesize(self, text: str, voice: Voice, params: PiperParams, random: RandomStreams) -> SynthesizedSpeech:
        """Synthesize `text`. Raises EngineError if it has no speakable characters."""
        config = self.voice.config
        length = config.length_scale / params.speed
        scales = np.array([params.noise_scale, length, params.noise_w_scale], dtype=np.float32)
        parts = []
        for number, phonemes in enumerate(self.voice.phonemize(respell_interjections(text))):
            if phonemes:
                ids = self.voice.phonemes_to_ids(phonemes)
                parts.append(self._run(ids, scales, random.of(number)))
        if not parts:
            raise EngineError(f"nothing to speak in {text[:40]!r}", "Give a text with words")
        return SynthesizedSpeech(Audio(np.clip(np.concatenate(parts), -1.0, 1.0)[None, :], self.rate))

    def _run(self, ids: list[int], scales: Any, random: RandomStreams) -> Any:
        feeds = {
            "input": np.array([ids], dtype=np.int64),
            "input_lengths": np.array([len(ids)], dtype=np.int64),
            "scales": scales,
        }
        if self.voice.config.num_speakers > 1:
            feeds["sid"] = np.array([self.voice.config.default_speaker_id], dtype=np.int64)
        frames = max(1, round(len(ids) * FRAMES_PER_PHONEME * max(1.0, float(scales[1]))))
        while True:
            # One row of noise per frame: generating more rows leaves the first ones unchanged.
            noise = {
                name: random.numpy(f"piper{name}").standard_normal((frames, channels), dtype=np.float32)
                for name, channels in self.noise_channels.items()
            }
            try:
                return np.asarray(self.session.run(None, feeds | noise)[0], dtype=np.float32).reshape(-1)
            except onnxruntime.capi.onnxruntime_pybind11_state.RuntimeException:
                if frames > len(ids) * MAX_FRAMES_PER_PHONEME:
                    raise
                frames *= 2


def _noise_as_inputs(model: Any) -> tuple[bytes, dict[str, int]]:
    """Replace each RandomNormalLike node by an input of shape [frames, channels].

    Returns:
        The serialized model, and the number of channels by input name.
    """
    shapes = {
        value.name: [d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in onnx.shape_inference.infer_shapes(model).graph.value_info
    }
    graph, nodes = model.graph, []
    noise_channels: dict[str, int] = {}
    for node in graph.node:
        if node.op_type != "RandomNormalLike":
            nodes.append(node)
            continue
        name = f"_noise_{len(noise_channels)}"
        shape = shapes.get(node.output[0]) or shapes.get(node.input[0]) or []
        channels = shape[1] if len(shape) == 3 and shape[1] else (2 if "dp" in node.name else 192)
        noise_channels[name] = channels
        graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["frames" + name, channels]))
        for part, value in (("zero", [0]), ("two", [2]), ("three", [3])):
            graph.initializer.append(helper.make_tensor(name + part, TensorProto.INT64, [1], value))
        nodes += [
            helper.make_node("Shape", [node.input[0]], [name + "shape"]),
            helper.make_node("Slice", [name + "shape", name + "two", name + "three"], [name + "frames"]),
            helper.make_node("Slice", [name, name + "zero", name + "frames", name + "zero"], [name + "cut"]),
            helper.make_node("Transpose", [name + "cut"], [name + "transposed"], perm=[1, 0]),
            helper.make_node("Unsqueeze", [name + "transposed", name + "zero"], [node.output[0]]),
        ]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model.SerializeToString(), noise_channels
