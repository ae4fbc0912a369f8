"""Writing model files: no more of a file is written than is pinned."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import IO, cast

import pytest

from voice_avatar.errors import ModelCorrupt
from voice_avatar.models import store
from voice_avatar.models.files import write_pinned
from voice_avatar.models.store import ModelStore
from voice_avatar.models.table import HubSource, Model, ModelFile, WheelMember

CONTENTS = b"weights" * 300_000
MEMBERS = (WheelMember("toy-model", "1.0", "toy_model/model.bin"),)
FILE = ModelFile("model.bin", len(CONTENTS), hashlib.sha256(CONTENTS).hexdigest(), MEMBERS)
TOY = Model(name="toy", kind="stt", licence="MIT", about="a file", files=(FILE,))


class Endless(io.RawIOBase):
    """A stream without an end, that counts what is taken from it."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "all of it"
        self.taken += size
        return bytes(size)


def test_a_file_of_the_pinned_size_is_written(tmp_path: Path) -> None:
    halves = [io.BytesIO(CONTENTS[:1_000_000]), io.BytesIO(CONTENTS[1_000_000:])]
    write_pinned(TOY, FILE, tmp_path, halves)
    assert (tmp_path / "model.bin").read_bytes() == CONTENTS


def test_what_is_larger_than_pinned_stops_at_that_size(tmp_path: Path) -> None:
    endless = Endless()
    with pytest.raises(ModelCorrupt, match="larger"):
        write_pinned(TOY, FILE, tmp_path, [cast("IO[bytes]", endless)])
    assert endless.taken == FILE.size_bytes + 1
    assert (tmp_path / "model.bin").stat().st_size <= FILE.size_bytes


def test_parts_may_not_be_larger_together_than_the_file(tmp_path: Path) -> None:
    endless = Endless()
    parts = [io.BytesIO(CONTENTS), cast("IO[bytes]", endless)]
    with pytest.raises(ModelCorrupt, match="larger"):
        write_pinned(TOY, FILE, tmp_path, parts)
    assert endless.taken == 1
    assert (tmp_path / "model.bin").stat().st_size == FILE.size_bytes


def test_a_file_that_is_too_short_is_refused_by_its_hash(tmp_path: Path) -> None:
    with pytest.raises(ModelCorrupt, match="not the pinned"):
        write_pinned(TOY, FILE, tmp_path, [io.BytesIO(CONTENTS[:-1])])


def test_a_small_wheel_with_a_huge_file_fills_no_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "downloads").mkdir()
    wheel = tmp_path / "downloads" / "toy_model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("toy_model/model.bin", bytes(20 * len(CONTENTS)))
    assert wheel.stat().st_size < 100_000
    written = []

    def noted(model: Model, file: ModelFile, folder: Path, parts: object) -> None:
        try:
            write_pinned(model, file, folder, parts)  # type: ignore[arg-type]
        finally:
            written.append((folder / file.name).stat().st_size)

    monkeypatch.setattr(store, "write_pinned", noted)
    with pytest.raises(ModelCorrupt, match="larger"):
        ModelStore(tmp_path, offline=True, table={"toy": TOY}).pull("toy")
    assert written[0] <= FILE.size_bytes
    assert not wheel.exists(), "else the next pull would trip over it again"


def test_files_of_the_hub_with_another_size_are_not_hashed_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = HubSource("someone/models", "main", ("model.bin",))
    pinned = Model(name="toy", kind="stt", licence="MIT", about="", files=(FILE,), hub=hub)

    def fetch(source: HubSource, folder: Path, progress: object) -> None:
        with (folder / "model.bin").open("wb") as out:
            out.truncate(1 << 36)  # 64 GB that take no place

    def no_wheel(*_: object) -> None:
        raise AssertionError("nobody asked for one")

    monkeypatch.setattr(store, "fill_from_installed", lambda *_: False)
    here = ModelStore(tmp_path, table={"toy": pinned}, wheels=no_wheel, hub=fetch)
    with pytest.raises(ModelCorrupt, match="not the pinned"):
        here._fill_from_hub(pinned, tmp_path, lambda *_: None)
    assert not (tmp_path / "downloads" / "toy").exists()
