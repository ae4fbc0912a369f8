"""Model files on disk: joined, whole or absent, and what is known of them."""

from __future__ import annotations

import hashlib
import zipfile
from io import BytesIO, RawIOBase
from pathlib import Path
from typing import IO, cast

import msgspec
import pytest

from voice_avatar.errors import ModelCorrupt
from voice_avatar.models import store
from voice_avatar.models.files import (
    FileFact,
    Manifest,
    fill_from_installed,
    hub_files,
    pinned_facts,
    read_manifest,
    sha256,
    write_durably,
    write_pinned,
)
from voice_avatar.models.store import ModelStore
from voice_avatar.models.table import HubSource, Model, ModelFile, WheelMember

DATA = b"first half, second half"
DIGEST = hashlib.sha256(DATA).hexdigest()
FILE = ModelFile("model.bin", len(DATA), DIGEST, (WheelMember("no-such-project", "1.0", "a.bin"),))
TOY = Model(name="toy", kind="stt", licence="MIT", about="a toy", files=(FILE,))


def test_parts_are_joined_into_the_pinned_file(tmp_path: Path) -> None:
    write_pinned(TOY, FILE, tmp_path, [BytesIO(DATA[:12]), BytesIO(DATA[12:])])
    assert (tmp_path / "model.bin").read_bytes() == DATA
    assert sha256(tmp_path / "model.bin") == DIGEST


def test_parts_in_another_order_are_not_the_pinned_file(tmp_path: Path) -> None:
    with pytest.raises(ModelCorrupt, match=r"toy: model\.bin"):
        write_pinned(TOY, FILE, tmp_path, [BytesIO(DATA[12:]), BytesIO(DATA[:12])])


def test_what_the_table_says_of_a_model_is_known_of_its_files() -> None:
    assert pinned_facts(TOY) == {"model.bin": FileFact(DIGEST, len(DATA))}


def test_a_package_that_is_not_installed_fills_nothing(tmp_path: Path) -> None:
    assert not fill_from_installed(TOY, tmp_path)
    assert not list(tmp_path.iterdir())


def test_files_of_a_hub_come_in_the_order_of_the_patterns_without_common_folders(
    tmp_path: Path,
) -> None:
    for name in ("en/joe/voice.onnx", "en/joe/voice.onnx.json", ".cache/en/joe/x.onnx", "README"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    found = hub_files(tmp_path, ["*.json", "*.onnx", "*.onnx"])
    assert list(found) == ["voice.onnx.json", "voice.onnx"]
    assert found["voice.onnx"] == tmp_path / "en/joe/voice.onnx"
    assert hub_files(tmp_path, ["*.bin"]) == {}


def test_a_small_file_is_whole_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    for data in (b"{}", b"{ }"):
        write_durably(path, data)
        assert path.read_bytes() == data
        assert [one.name for one in tmp_path.iterdir()] == ["manifest.json"]


def test_a_manifest_comes_back_and_a_broken_one_is_none(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    assert read_manifest(path) is None
    assert read_manifest(tmp_path / "absent" / "manifest.json") is None
    manifest = Manifest("PyPI", pinned_facts(TOY))
    write_durably(path, msgspec.json.encode(manifest))
    assert read_manifest(path) == manifest
    assert read_manifest(path / "below a file") is None
    for broken in (b"", b"[]", b'{"source":"x"}', b'{"source":"x","files":{"a":{}}}'):
        path.write_bytes(broken)
        assert read_manifest(path) is None


# -- no more is written than is pinned

CONTENTS = b"weights" * 300_000
BIG_FILE = ModelFile(
    "model.bin",
    len(CONTENTS),
    hashlib.sha256(CONTENTS).hexdigest(),
    (WheelMember("toy-model", "1.0", "toy_model/model.bin"),),
)
BIG = Model(name="toy", kind="stt", licence="MIT", about="a file", files=(BIG_FILE,))


class Endless(RawIOBase):
    """A stream without an end, that counts what is taken from it."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "all of it"
        self.taken += size
        return bytes(size)


def test_what_is_larger_than_pinned_stops_at_that_size(tmp_path: Path) -> None:
    endless = Endless()
    with pytest.raises(ModelCorrupt, match="larger"):
        write_pinned(BIG, BIG_FILE, tmp_path, [cast("IO[bytes]", endless)])
    assert endless.taken == BIG_FILE.size_bytes + 1
    assert (tmp_path / "model.bin").stat().st_size <= BIG_FILE.size_bytes


def test_parts_may_not_be_larger_together_than_the_file(tmp_path: Path) -> None:
    endless = Endless()
    parts = [BytesIO(CONTENTS), cast("IO[bytes]", endless)]
    with pytest.raises(ModelCorrupt, match="larger"):
        write_pinned(BIG, BIG_FILE, tmp_path, parts)
    assert endless.taken == 1
    assert (tmp_path / "model.bin").stat().st_size == BIG_FILE.size_bytes


def test_a_file_that_is_too_short_is_refused_by_its_hash(tmp_path: Path) -> None:
    with pytest.raises(ModelCorrupt, match="not the pinned"):
        write_pinned(BIG, BIG_FILE, tmp_path, [BytesIO(CONTENTS[:-1])])


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
        ModelStore(tmp_path, offline=True, table={"toy": BIG}).pull("toy")
    assert written[0] <= BIG_FILE.size_bytes
    assert not wheel.exists(), "else the next pull would trip over it again"


def test_files_of_the_hub_with_another_size_are_not_hashed_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = HubSource("someone/models", "main", ("model.bin",))
    pinned = Model(name="toy", kind="stt", licence="MIT", about="", files=(BIG_FILE,), hub=hub)

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
