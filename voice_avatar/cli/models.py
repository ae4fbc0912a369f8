"""`voice-avatar models`: the model store on the command line."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from voice_avatar.models.fetch import progress_bars
from voice_avatar.models.store import ModelStore, list_models
from voice_avatar.models.table import DEFAULT_MODELS


def models(action: str, names: Sequence[str]) -> int:
    """Runs `list`, `pull`, `verify` or `path`."""
    store = ModelStore()
    match action:
        case "pull":
            with progress_bars() as progress:
                for name in names or DEFAULT_MODELS:
                    store.pull(name, progress=progress)
                    print(f"{name}: ready")
        case "verify":
            for name in names or [m.name for m in list_models() if store.is_cached(m.name)]:
                store.verify(name)
                print(f"{name}: all files as they should be")
        case "path":
            for path in [store.path(name) for name in names] or [store.home]:
                print(path)
        case _:
            _list(store)
    return 0


def _list(store: ModelStore) -> None:
    table = Table("model", "kind", "size", "licence", "here")
    for model in list_models():
        is_here = "yes" if store.is_cached(model.name) else ""
        size_bytes = sum(file.size_bytes for file in model.files) or model.size_hint_bytes
        size = f"{size_bytes / 1e6:.0f} MB"
        table.add_row(model.name, model.kind, size, model.licence, is_here)
    Console().print(table)
