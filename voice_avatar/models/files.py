"""Model files on disk: hashing, joining, writing so that a file is whole or absent, manifests."""

from __future__ import annotations

import fnmatch
import hashlib
import importlib.metadata
import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import msgspec

from voice_avatar.errors import ModelCorrupt
from voice_avatar.models.table import Model, ModelFile, WheelMember

_BLOCK_BYTES = 1 << 20
"""Read size when joining files."""


class FileFact(msgspec.Struct, frozen=True):
    """What the store knows of a file.

    Attributes:
        sha256: lower-case hexadecimal.
        size_bytes: length.
    """

    sha256: str
    size_bytes: int


Facts = dict[str, FileFact]
"""File name -> what is known of it, the main file first."""


class Manifest(msgspec.Struct, frozen=True):
    """Contents of `manifest.json` and of `trust/NAME.json`.

    Attributes:
        source: where the files came from, for a person.
        files: hash and size of every file.
    """

    source: str
    files: Facts


def pinned_facts(model: Model) -> Facts:
    """Returns what the model table says of the model's files."""
    return {file.name: FileFact(file.sha256, file.size_bytes) for file in model.files}


def fill_from_installed(model: Model, folder: Path) -> bool:
    """Copies the files from installed packages; False when they lack any of them, byte for byte."""
    for file in model.files:
        found = [_installed(member) for member in file.members]
        paths = [path for path in found if path is not None and path.is_file()]
        if len(paths) < len(found):
            return False
        try:
            write_pinned(model, file, folder, (path.open("rb") for path in paths))
        except ModelCorrupt:
            return False  # another version of the package
    return True


def _installed(member: WheelMember) -> Path | None:
    """Returns where an installed package has the file, without importing the package."""
    try:
        package = importlib.metadata.distribution(member.project)
    except importlib.metadata.PackageNotFoundError:
        return None
    return Path(str(package.locate_file(member.path)))


def hub_files(folder: Path, patterns: Iterable[str]) -> dict[str, Path]:
    """Returns what matches, in the order of `patterns`, named without their common folders."""
    every = (p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    inside = sorted(p for p in every if p.parts[0] != ".cache")  # the hub library's own notes
    wanted = [p for g in patterns for p in inside if fnmatch.fnmatchcase(p.as_posix(), g)]
    if not wanted:
        return {}
    shared = os.path.commonpath([p.parent for p in wanted])
    return {p.relative_to(shared).as_posix(): folder / p for p in dict.fromkeys(wanted)}


def write_pinned(model: Model, file: ModelFile, folder: Path, parts: Iterable[IO[bytes]]) -> None:
    """Joins `parts` into `folder/file.name`, hashing on the way, and no more than is pinned.

    A small archive can hold more than a disk does, so what is too long is not written first.

    Raises:
        ModelCorrupt: the result is not the pinned file.
    """
    digest = hashlib.sha256()
    left_bytes = file.size_bytes
    with (folder / file.name).open("wb") as out:
        for part in parts:
            with part:
                while block := part.read(min(_BLOCK_BYTES, left_bytes + 1)):
                    left_bytes -= len(block)
                    if left_bytes < 0:
                        raise ModelCorrupt(f"{model.name}: {file.name} is larger than it may be")
                    digest.update(block)
                    out.write(block)
        out.flush()
        os.fsync(out.fileno())
    if digest.hexdigest() != file.sha256:
        raise ModelCorrupt(f"{model.name}: {file.name} is not the pinned file")


def sha256(path: Path) -> str:
    """Returns the digest of a file, lower-case hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_durably(path: Path, data: bytes) -> None:
    """Writes a small file by rename, so that it is whole or absent."""
    scratch = path.with_name(path.name + ".new")
    with scratch.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    scratch.replace(path)


def read_manifest(path: Path) -> Manifest | None:
    """Returns a manifest, None when it is absent or unreadable."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None
