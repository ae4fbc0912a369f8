"""stub"""
from __future__ import annotations
import re
from dataclasses import dataclass
from voice_avatar.events import ChunkWord

@dataclass(frozen=True, slots=True)
class Speakable:
    spoken: str
    words: tuple[ChunkWord, ...]

def speakable(text: str, language: str) -> Speakable:
    """Stub."""
    words = tuple(ChunkWord(m.start(), m.end(), m.start(), m.end()) for m in re.finditer(r"[\u4e00-\u9fff][^\w\s]*|[^\s\u4e00-\u9fff]*\w[^\s\u4e00-\u9fff]*", text))
    return Speakable(text, words)
