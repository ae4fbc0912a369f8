"""The own options of an engine reach it, and cost nothing until it is loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

from voice_avatar.engines.openai_http_llm import OpenAiHttpLlm, OpenAiHttpOptions
from voice_avatar.engines.registry import load_engine
from voice_avatar.engines.tables import EngineTables, LlmTables
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.llm import LlmOptions

LIBRARIES = frozenset(
    "ctranslate2 faster_whisper filelock gguf httpx livekit onnx onnxruntime opencc piper torch"
    " transformers vllm xllamacpp".split()
)


@pytest.mark.parametrize("warms", [False, True])
async def test_the_registry_gives_an_engine_its_own_options(store: ModelStore, warms: bool) -> None:
    own = OpenAiHttpOptions(warms_by_request=warms)
    tables = EngineTables(llm=LlmTables(openai_http=own))
    llm: OpenAiHttpLlm = load_engine("llm", LlmOptions("openai_http"), store, tables)
    assert llm.capabilities.has_prefix_cache is warms
    await llm.aclose()


def test_an_engine_without_own_options_takes_those_of_its_stage_alone(store: ModelStore) -> None:
    llm = load_engine("llm", LlmOptions("scripted", context_tokens=77), store, EngineTables())
    assert llm.capabilities.context_tokens == 77


@pytest.mark.parametrize("module", ["voice_avatar.engines.tables", "voice_avatar.config.load"])
def test_options_of_an_engine_load_no_library_of_an_engine(module: str) -> None:
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & LIBRARIES
