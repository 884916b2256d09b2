"""Piper: VITS voices as ONNX, by piper-tts. Its two random nodes become inputs, so that a seed reaches them."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from piper import PiperVoice

from voicekit.config.engines import PiperParams
from voicekit.engines.tts.espeak import hummed
from voicekit.errors import EngineError, ModelCorrupt
from voicekit.models.catalogue import Weights
from voicekit.seeds import RandomStreams
from voicekit.types import Audio, SynthesizedSpeech, Voice

FRAMES_A_PHONEME = 12
"""Room for noise at first; doubled where a voice speaks slower."""


class Piper:
    """One voice. Draws random numbers for durations and for the sound."""

    def __init__(self, weights: Weights, device: str) -> None:
        models = sorted(weights.path.glob("*.onnx"))
        if len(models) != 1:
            raise ModelCorrupt(f"{weights.path} holds {len(models)} piper voices", "Give a folder with one .onnx")
        try:
            self.voice = PiperVoice.load(models[0])
            self.model, self.noises = _with_noise_inputs(onnx.load(str(models[0])))
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelCorrupt(f"piper voice {models[0].name} does not load: {error}", "Get it again") from error
        providers = ["CUDAExecutionProvider"] if device.startswith("cuda") else []
        able = [name for name in providers if name in onnxruntime.get_available_providers()]
        self.session = onnxruntime.InferenceSession(self.model, providers=[*able, "CPUExecutionProvider"])
        self.rate = int(self.voice.config.sample_rate)
        self.name = weights.name

    def synthesize(self, text: str, voice: Voice, params: PiperParams, draws: RandomStreams) -> SynthesizedSpeech:
        """What `text` sounds like. Raises EngineError where nothing in it can be said."""
        config = self.voice.config
        length = config.length_scale / params.speed
        scales = np.array([params.noise_scale, length, params.noise_w_scale], dtype=np.float32)
        parts = []
        for number, phonemes in enumerate(self.voice.phonemize(hummed(text))):
            if phonemes:
                ids = self.voice.phonemes_to_ids(phonemes)
                parts.append(self._run(ids, scales, draws.of(number)))
        if not parts:
            raise EngineError(f"nothing to say in {text[:40]!r}", "Give a text with words")
        return SynthesizedSpeech(Audio(np.clip(np.concatenate(parts), -1.0, 1.0)[None, :], self.rate))

    def _run(self, ids: list[int], scales: Any, draws: RandomStreams) -> Any:
        feeds = {
            "input": np.array([ids], dtype=np.int64),
            "input_lengths": np.array([len(ids)], dtype=np.int64),
            "scales": scales,
        }
        if self.voice.config.num_speakers > 1:
            feeds["sid"] = np.array([self.voice.config.default_speaker_id], dtype=np.int64)
        room = max(1, round(len(ids) * FRAMES_A_PHONEME * max(1.0, float(scales[1]))))
        while True:
            # A row of noise for each frame, so that more room does not change what comes first.
            noise = {
                name: draws.numpy(f"piper{name}").standard_normal((room, channels), dtype=np.float32)
                for name, channels in self.noises.items()
            }
            try:
                return np.asarray(self.session.run(None, feeds | noise)[0], dtype=np.float32).reshape(-1)
            except onnxruntime.capi.onnxruntime_pybind11_state.RuntimeException:
                if room > len(ids) * 1000:
                    raise
                room *= 2


def _with_noise_inputs(model: Any) -> tuple[bytes, dict[str, int]]:
    """The model with an input [frames, channels] in place of each random node; and their channels by name."""
    shapes = {
        value.name: [d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in onnx.shape_inference.infer_shapes(model).graph.value_info
    }
    graph, nodes = model.graph, []
    noises: dict[str, int] = {}
    for node in graph.node:
        if node.op_type != "RandomNormalLike":
            nodes.append(node)
            continue
        name = f"_noise_{len(noises)}"
        shape = shapes.get(node.output[0]) or shapes.get(node.input[0]) or []
        channels = shape[1] if len(shape) == 3 and shape[1] else (2 if "dp" in node.name else 192)
        noises[name] = channels
        graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["frames" + name, channels]))
        for part, value in (("zero", [0]), ("two", [2]), ("three", [3])):
            graph.initializer.append(helper.make_tensor(name + part, TensorProto.INT64, [1], value))
        nodes += [
            helper.make_node("Shape", [node.input[0]], [name + "shape"]),
            helper.make_node("Slice", [name + "shape", name + "two", name + "three"], [name + "frames"]),
            helper.make_node("Slice", [name, name + "zero", name + "frames", name + "zero"], [name + "cut"]),
            helper.make_node("Transpose", [name + "cut"], [name + "turned"], perm=[1, 0]),
            helper.make_node("Unsqueeze", [name + "turned", name + "zero"], [node.output[0]]),
        ]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model.SerializeToString(), noises
