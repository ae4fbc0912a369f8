"""NumPy's matrix products: one thread, once an engine was loaded."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import numpy
from threadpoolctl import threadpool_info
from voice_avatar.engines.registry import load_engine
from voice_avatar.models.store import ModelStore
from voice_avatar.stages.vad import VadOptions

load_engine("vad", VadOptions(engine="scripted"), ModelStore())
print(*(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"))
"""


def test_numpy_multiplies_in_one_thread_once_an_engine_was_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"1"}
