"""Writes the `.meta` file of every asset and folder of the Unity package.

    python tests/unity/make_meta.py

Unity keeps an asset's identity in its `.meta` file, and ignores assets without one in packages that
come from git. The GUID is the MD5 of the asset's path in the package, so that it never changes as
long as the file is not moved. Folders that end in `~` are not imported and need none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "unity_client_protocol" / "com.voiceavatar.client"

IMPORTERS = {
    ".cs": (
        "MonoImporter:\n  externalObjects: {}\n  serializedVersion: 2\n  defaultReferences: []\n"
        "  executionOrder: 0\n  icon: {instanceID: 0}\n"
    ),
    ".asmdef": "AssemblyDefinitionImporter:\n  externalObjects: {}\n",
    ".json": "PackageManifestImporter:\n  externalObjects: {}\n",
    ".md": "TextScriptImporter:\n  externalObjects: {}\n",
    ".xml": "TextScriptImporter:\n  externalObjects: {}\n",
}
TAIL = "  userData: \n  assetBundleName: \n  assetBundleVariant: \n"


def assets(package: Path = PACKAGE) -> Iterator[Path]:
    """Yields every file and folder that Unity imports."""
    for path in sorted(package.rglob("*")):
        parts = path.relative_to(package).parts
        is_hidden = any(part.startswith(".") or part.endswith("~") for part in parts)
        if not is_hidden and path.suffix != ".meta":
            yield path


def guid(path: Path, package: Path = PACKAGE) -> str:
    """Returns the GUID of an asset, 32 hexadecimal digits."""
    name = f"{package.name}/{path.relative_to(package).as_posix()}"
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def meta(path: Path, package: Path = PACKAGE) -> str:
    """Returns the text of an asset's `.meta` file."""
    head = f"fileFormatVersion: 2\nguid: {guid(path, package)}\n"
    if path.is_dir():
        return f"{head}folderAsset: yes\nDefaultImporter:\n  externalObjects: {{}}\n{TAIL}"
    return f"{head}{IMPORTERS[path.suffix]}{TAIL}"


def meta_of(path: Path) -> Path:
    """Returns where an asset's `.meta` file lies."""
    return path.with_name(f"{path.name}.meta")


def main() -> None:
    """Writes what is missing or differs, and removes what belongs to nothing."""
    wanted = {meta_of(path): meta(path) for path in assets()}
    for path in PACKAGE.rglob("*.meta"):
        if path not in wanted:
            path.unlink()
    for path, text in wanted.items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
