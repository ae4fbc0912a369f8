"""The shape of the code: layers, pure files, and what an import may cost.

A file imports lower layers only; within a layer only what `WITHIN` lists. The files of layers 0 to
2 hold every decision and are pure: no task, socket, thread, clock, chance or file.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from importlib.util import find_spec
from pathlib import Path

import pytest

SPEC = find_spec("voice_avatar")
assert SPEC is not None
assert SPEC.origin is not None
ROOT = Path(SPEC.origin).parent

LAYERS: dict[int, str] = {
    0: "__init__ audio errors events",
    1: "attention body chance deixis idle_life mutual_gaze presence surroundings sympathy thinking"
    " abbreviations backchannel bearing capture chunking clips denoise gesture_rules gestures llm"
    " markup memory numbers_en own_words persona pitch playout speakable speakable_en speakable_zh"
    " speech_plot stress stt tags threads tts turn vad viseme_sets viseme_tables visemes vocabulary"
    " boundaries fitted_durations loudness mouth echo echo_delay echo_filter loudspeaker"
    " face face_blinks face_curves face_mouth face_tables"
    " affect face_planner gaze_planner gesture_options hand_planner head_planner mood spoken_chunk"
    " autonomic budget tools tool_text"
    " aside g711",
    2: "client_rules face_frames"
    " codes config config_doc frames holding listening message_schemas negotiation protocol"
    " protocol_tables realtime replay replies resumption retraction session timeline tool_use wire",
    3: "blas codec cores engines gathering hearing logs metrics model_fetch model_files model_table"
    " generated_files models outbox pipeline recorder speaking tally thread_trials thread_tuning"
    " warm_up wavs workers",
    4: "connection_face"
    " client client_audio client_link client_reply client_tools closing connection connection_audio"
    " connection_pcm connection_realtime foreign_edge http_edge line"
    " protocol_schema roster served server",
    5: "conformance"
    " __main__ bench cli command_chat command_doctor command_microphone command_models"
    " command_say command_serve",
}
"""Every file's layer; a folder stands for all files in it."""

WITHIN: dict[str, str] = {
    "audio": "errors",
    "bench.boundary_fit": "command_say",
    "boundaries": "viseme_tables",
    "fitted_durations": "boundaries viseme_tables",
    "attention": "budget presence",
    "echo": "echo_delay echo_filter",
    "echo_delay": "echo_filter",
    "loudspeaker": "echo",
    "bearing": "backchannel body mutual_gaze",
    "body": "gesture_options",
    "chunking": "abbreviations markup speakable tags vocabulary",
    "affect": "gesture_rules",
    "face": "face_blinks face_curves face_mouth face_tables viseme_sets viseme_tables",
    "face_blinks": "face_curves face_tables",
    "face_curves": "face_tables",
    "face_mouth": "face_curves face_tables viseme_tables",
    "face_tables": "viseme_sets viseme_tables",
    "face_planner": "affect gesture_options gesture_rules mood spoken_chunk vocabulary",
    "gaze_planner": "chance gesture_options gesture_rules spoken_chunk vocabulary",
    "clips.figure": "clips.library clips.rotations clips.skeleton",
    "clips.library": "clips.motion clips.poses clips.rotations clips.skeleton vocabulary",
    "clips.motion": "clips.rotations clips.skeleton",
    "clips.poses": "clips.reach clips.rotations clips.skeleton",
    "clips.reach": "clips.rotations clips.skeleton",
    "clips.skeleton": "clips.rotations",
    "clips.vrma": "clips.library clips.skeleton",
    "gestures": "face_planner gaze_planner gesture_options gesture_rules hand_planner head_planner"
    " mood spoken_chunk",
    "hand_planner": "chance gesture_options gesture_rules spoken_chunk vocabulary",
    "head_planner": "gesture_options gesture_rules spoken_chunk vocabulary",
    "idle_life": "body chance",
    "markup": "tags vocabulary",
    "memory": "llm",
    "tool_text": "tools",
    "mouth": "loudness viseme_tables visemes",
    "mood": "vocabulary",
    "persona": "mood vocabulary",
    "speech_plot": "viseme_sets",
    "speakable": "markup speakable_en speakable_zh",
    "speakable_en": "numbers_en",
    "spoken_chunk": "gesture_rules stress",
    "mutual_gaze": "chance",
    "surroundings": "attention body presence",
    "sympathy": "affect body",
    "thinking": "body",
    "tags": "vocabulary",
    "threads": "llm stt tts",
    "viseme_sets": "viseme_tables",
    "visemes": "viseme_tables",
    "config": "session",
    "config_doc": "config",
    "face_frames": "frames",
    "frames": "wire",
    "message_schemas": "wire",
    "negotiation": "protocol wire",
    "protocol": "frames wire",
    "protocol_tables": "codes message_schemas wire",
    "listening": "holding",
    "realtime.avatar": "protocol realtime.responses realtime.server_events realtime.settings wire",
    "realtime.client_events": "realtime.refusals",
    "realtime.dialect": "realtime.avatar realtime.beta realtime.client_events"
    " realtime.items realtime.microphone realtime.refusals realtime.responses"
    " realtime.server_events realtime.settings realtime.steps realtime.turns realtime.wishes"
    " replies",
    "realtime.items": "realtime.client_events realtime.refusals realtime.server_events",
    "realtime.microphone": "realtime.client_events realtime.refusals realtime.settings",
    "realtime.responses": "realtime.client_events realtime.items realtime.server_events"
    " realtime.settings",
    "realtime.settings": "realtime.client_events realtime.refusals",
    "realtime.steps": "realtime.server_events",
    "realtime.turns": "realtime.items realtime.microphone realtime.server_events realtime.settings",
    "realtime.wishes": "realtime.client_events realtime.items realtime.refusals"
    " realtime.responses realtime.settings",
    "retraction": "wire",
    "session": "listening replies tool_use",
    "engines.faster_whisper_stt": "models",
    "engines.llamacpp_llm": "engines.chat_stream engines.gguf_weights engines.relay"
    " engines.tool_stream models",
    "engines.openai_http_llm": "engines.chat_stream models",
    "engines.piper_tts": "engines.piper_graph engines.piper_spelling models",
    "engines.registry": "blas models workers",
    "engines.relay": "engines.chat_stream",
    "engines.scripted": "models",
    "engines.silero_vad": "engines.onnx_cpu models",
    "engines.smart_turn": "engines.onnx_cpu models",
    "engines.vllm_llm": "engines.chat_stream engines.relay engines.tool_stream models",
    "engines.webrtc_denoise": "models",
    "model_fetch": "model_table",
    "model_files": "model_table",
    "models": "model_fetch model_files model_table",
    "metrics": "tally",
    "pipeline": "hearing outbox speaking workers",
    "recorder": "pipeline",
    "speaking": "outbox workers",
    "thread_trials": "engines.registry models",
    "thread_tuning": "cores model_files models thread_trials",
    "warm_up": "workers",
    "workers": "gathering hearing",
    "bench.gestures": "command_say",
    "bench.lipsync": "command_say",
    "client": "client_audio client_link client_reply client_tools",
    "client_reply": "client_audio",
    "connection": "closing line served",
    "connection_audio": "closing",
    "connection_pcm": "closing connection line served",
    "connection_realtime": "closing connection line served",
    "foreign_edge": "connection connection_realtime http_edge",
    "line": "closing",
    "client_rules.movement": "retraction wire",
    "client_rules.reactions": "client_rules.reconnecting frames protocol wire",
    "client_rules.reconnecting": "codes",
    "resumption": "codes",
    "roster": "closing served",
    "served": "connection_audio connection_face",
    "server": "closing connection connection_pcm connection_realtime foreign_edge http_edge line"
    " roster served",
    "__main__": "cli",
    "cli": "bench.command command_chat command_doctor command_models command_say command_serve"
    " conformance.command",
    "command_chat": "command_microphone command_serve",
    "command_doctor": "command_serve",
}
"""The imports that are allowed within a layer, each for a reason of its own. Files of `bench`,
and of `conformance`, may import one another: each is one program."""

IMPURE = frozenset(
    "asyncio concurrent ctypes glob http io logging multiprocessing os queue random sched secrets"
    " select selectors shutil signal socket ssl subprocess tempfile threading time urllib uuid"
    " filelock httpx platformdirs websockets".split()
)
"""Modules that reach out of a function: tasks, threads, clocks, chance, processes, files, wires."""

IMPURE_CALLS = frozenset("breakpoint compile eval exec input open print".split())
IMPURE_METHODS = frozenset("now utcnow today read_text read_bytes write_text write_bytes".split())

DATA_READERS = frozenset(
    "clips.library face_tables affect config gesture_rules persona viseme_tables vocabulary".split()
)
"""Pure files that read the package's own data, the same for everybody."""

HEAVY = frozenset(
    "av ctranslate2 faster_whisper httpx huggingface_hub livekit llama_cpp numpy onnx onnxruntime"
    " opencc piper pypinyin rich sounddevice soxr threadpoolctl torch transformers uvloop vllm"
    " websockets xllamacpp".split()
)


def module_of(path: Path) -> str:
    """Returns the dotted name of a file below the package ("engines.relay")."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts if parts[-1] != "__init__" else parts[:-1]) or "__init__"


MODULES = {module_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def layer_of(module: str) -> int | None:
    """Returns a file's layer, None where the table does not know it."""
    name = module.partition(".")[0]
    return next((layer for layer, names in LAYERS.items() if name in names.split()), None)


PURE = [module for module in MODULES if (layer_of(module) or 0) <= 2]


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def imports(module: str) -> Iterator[str]:
    """Yields the absolute names that a file imports, wherever in it."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import in line {node.lineno}"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def own_imports(module: str) -> set[str]:
    """Returns the files of the package that a file imports."""
    found = set()
    for name in imports(module):
        if name.split(".")[0] == "voice_avatar":
            inner = name.removeprefix("voice_avatar").lstrip(".")
            while inner and inner not in MODULES:
                inner = inner.rpartition(".")[0]
            found.add(inner or "__init__")
    return found


def calls(module: str) -> Iterator[ast.Call]:
    """Yields the calls of a file, but for what it does only when it is run as a script."""
    for statement in tree(module).body:
        is_script = isinstance(statement, ast.If) and "__main__" in ast.unparse(statement.test)
        for node in () if is_script else ast.walk(statement):
            if isinstance(node, ast.Call):
                yield node


@pytest.mark.parametrize("module", MODULES)
def test_every_file_has_a_layer(module: str) -> None:
    assert layer_of(module) is not None, (
        f"voice_avatar/{module.replace('.', '/')}.py is not in LAYERS: choose the lowest layer that"
        " is above all that it imports (0 to 2 if it is pure)."
    )


@pytest.mark.parametrize("module", MODULES)
def test_a_file_imports_lower_layers_and_what_the_table_allows(module: str) -> None:
    layer = layer_of(module)
    assert layer is not None
    allowed = WITHIN.get(module, "").split()
    for name in own_imports(module):
        lower = layer_of(name)
        assert lower is not None
        program = module.partition(".")[0]
        is_own = program in {"bench", "conformance"} and name.partition(".")[0] == program
        assert lower < layer or name in allowed or is_own, (
            f"{module} (layer {layer}) imports {name} (layer {lower})"
        )


def test_the_table_lists_no_file_and_no_import_that_does_not_exist() -> None:
    names = [name for layer in LAYERS.values() for name in layer.split()]
    assert len(names) == len(set(names))
    assert set(names) == {module.partition(".")[0] for module in MODULES}
    for module, allowed in WITHIN.items():
        unused = set(allowed.split()) - own_imports(module)
        assert not unused, f"{module} does not import {sorted(unused)}"
        assert {layer_of(name) for name in allowed.split()} == {layer_of(module)}


def test_no_files_import_one_another_in_a_circle() -> None:
    TopologicalSorter({module: own_imports(module) for module in MODULES}).prepare()


@pytest.mark.parametrize("module", PURE)
def test_a_pure_file_imports_nothing_that_reaches_out(module: str) -> None:
    reached = {name.split(".")[0] for name in imports(module)} & IMPURE
    assert not reached, f"{module} is pure and imports {sorted(reached)}"
    assert "importlib.resources" not in imports(module) or module in DATA_READERS


@pytest.mark.parametrize("module", PURE)
def test_a_pure_file_calls_nothing_that_reaches_out(module: str) -> None:
    for node in calls(module):
        if isinstance(node.func, ast.Name):
            assert node.func.id not in IMPURE_CALLS, f"{module}, line {node.lineno}"
        if isinstance(node.func, ast.Attribute) and module not in DATA_READERS:
            where = f"{module}, line {node.lineno}: {node.func.attr}"
            assert node.func.attr not in IMPURE_METHODS, where
            assert not _is_numpy_random(node.func), where


def _is_numpy_random(function: ast.Attribute) -> bool:
    inner = function.value
    return isinstance(inner, ast.Attribute) and inner.attr == "random"


@pytest.mark.parametrize("module", ["voice_avatar", "voice_avatar.cli"])
def test_importing_the_package_or_the_command_line_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split()) & HEAVY
    assert not loaded, f"import {module} loads {sorted(loaded)}"
