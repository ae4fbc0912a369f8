"""Weights of a GGUF file in a format that llama.cpp multiplies quickly on a CPU.

llama.cpp has a fast path (weights rearranged for the vector units) for some formats only. A small
model in Q4_1 or Q5_x is slower than the same weights in 8 bits, though those are half as long
again: SmolLM2-135M on one core 17.6 ms a token and 14.2 ms (docs/decisions.md).
"""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, Final

SLOW_FORMATS: Final = frozenset({"Q4_1", "Q5_0", "Q5_1"})
"""Formats of four and five bits that llama.cpp has no rearranged kernels for."""

MAX_BYTES: Final = 600_000_000
"""Larger files are left as they are: their speed is that of memory, where fewer bits win."""

_FILE_TYPE_Q8_0: Final = 7
"""`general.file_type` of "mostly Q8_0" (llama.h: LLAMA_FTYPE_MOSTLY_Q8_0)."""

_CONTROL_TYPES: Final = frozenset({3, 4})
"""`tokenizer.ggml.token_type` of control tokens, and of those that were added."""

_U32: Final = struct.Struct("<I")
_U64: Final = struct.Struct("<Q")
_STRING: Final = 8
_ARRAY: Final = 9
_SIZES: Final = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of a value of each type of a GGUF file's head."""


def quick_weights(source: Path, folder: Path, fingerprint: str) -> Path:
    """Returns a file with the same weights that is quick on a CPU; `source` if that is one.

    It is made once and kept. The values differ from those of `source` by at most 1/220 of the
    largest of 32 neighbours: less than rounding them to four bits had cost.

    Args:
        source: the model.
        folder: where to keep what is made; it need not exist.
        fingerprint: what tells this model from others and from its other versions.
    """
    if source.stat().st_size > MAX_BYTES:
        return source
    marked = "".join(c for c in fingerprint if c.isalnum())[:16]
    kept = folder / f"{source.stem}.{marked}.q8_0.gguf"
    if kept.is_file():
        return kept
    try:
        return _converted(source, kept)
    except (ValueError, KeyError, IndexError):
        return source  # whether that is a model is for llama.cpp to say
    except OSError:
        return source  # no room, or no right to write: the model runs, only slower


def control_tokens(source: Path) -> tuple[str, ...]:
    """Returns the tokens of a model that no text may hold: its control and its added tokens.

    None where that is no model, or holds no list of them.
    """
    try:
        with source.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            return _control_tokens(data)
    except (OSError, ValueError, KeyError, OverflowError, struct.error):
        return ()


def _control_tokens(data: mmap) -> tuple[str, ...]:
    """Walks the head of a file: gguf's own reader takes seconds for a large vocabulary."""
    _, _, _, count = struct.unpack_from("<4sIQQ", data)
    at = 24
    kinds: tuple[int, ...] = ()
    places: list[tuple[int, int]] = []
    for _ in range(count):
        size = _U64.unpack_from(data, at)[0]
        name, at = data[at + 8 : at + 8 + size], at + 8 + size
        kind, at = _U32.unpack_from(data, at)[0], at + 4
        length = 1
        if kind == _ARRAY:
            kind, length = struct.unpack_from("<IQ", data, at)
            at += 12
        if kind == _STRING:
            is_wanted = name == b"tokenizer.ggml.tokens"
            for _ in range(length):
                size = _U64.unpack_from(data, at)[0]
                if is_wanted:
                    places.append((at + 8, size))
                at += 8 + size
        else:
            if name == b"tokenizer.ggml.token_type":
                kinds = struct.unpack_from(f"<{length}i", data, at)
            at += _SIZES[kind] * length
        if places and kinds:
            break
    return tuple(
        data[start : start + size].decode("utf-8", "replace")
        for (start, size), kind in zip(places, kinds, strict=True)
        if kind in _CONTROL_TYPES
    )


def _converted(source: Path, kept: Path) -> Path:
    import gguf

    reader = gguf.GGUFReader(source)
    if not any(tensor.tensor_type.name in SLOW_FORMATS for tensor in reader.tensors):
        return source
    kept.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=kept.parent))
    try:
        scratch = work / kept.name
        _write(gguf, reader, scratch)
        os.replace(scratch, kept)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return kept


def _write(gguf: Any, reader: Any, path: Path) -> None:
    writer = gguf.GGUFWriter(path, reader.fields["general.architecture"].contents())
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue  # the writer's own
        kind = field.types[0]
        value = _FILE_TYPE_Q8_0 if field.name == "general.file_type" else field.contents()
        part = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, value, kind, sub_type=part)
    wide = gguf.GGMLQuantizationType.Q8_0
    for tensor in reader.tensors:
        if tensor.tensor_type.name in SLOW_FORMATS:
            values = gguf.dequantize(tensor.data, tensor.tensor_type)
            writer.add_tensor(tensor.name, gguf.quantize(values, wide), raw_dtype=wide)
        else:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
