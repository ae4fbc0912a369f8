"""Prints what an installation is made of: a CycloneDX 1.6 bill of materials, as JSON.

    python deploy/sbom.py [LOCK] > sbom.cdx.json

Packages are those of a lock file with hashes (default: deploy/requirements.lock, the `cpu` image),
beside them what pip does not know of: the models that are fetched by default, and the JavaScript
that the page carries. The same commit gives the same bytes: there is no time and no chance in it.
Licences of packages are in NOTICE.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import voice_avatar
from voice_avatar.models.table import DEFAULT_MODELS, MODELS

ROOT = Path(__file__).parents[1]

Component = dict[str, Any]


def sbom(lock: Path) -> dict[str, Any]:
    """Returns the bill of materials of what is installed from a lock file."""
    packages, wanted_by = locked(lock.read_text("utf-8"))
    itself = {
        "type": "application",
        "bom-ref": "voice-avatar",
        "name": "voice-avatar",
        "version": voice_avatar.__version__,
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }
    components = [*packages, *scripts(), *models()]
    named = {component["name"]: component["bom-ref"] for component in packages}
    needs: dict[str, set[str]] = {"voice-avatar": set()}
    for component in components:
        needs.setdefault(component["bom-ref"], set())
        for parent in wanted_by.get(component["bom-ref"], ["voice-avatar"]):
            needs.setdefault(named.get(parent, "voice-avatar"), set()).add(component["bom-ref"])
    told = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": itself},
        "components": components,
        "dependencies": [
            {"ref": ref, "dependsOn": sorted(parts)} for ref, parts in sorted(needs.items())
        ],
    }
    name = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(told, sort_keys=True))
    return {**told, "serialNumber": f"urn:uuid:{name}"}


def locked(text: str) -> tuple[list[Component], dict[str, list[str]]]:
    """Returns the packages of a lock file, and for each the packages that want it."""
    components, wanted_by = [], {}
    for entry in re.split(r"\n(?=[A-Za-z0-9])", f"\n{text}"):
        head, *rest = entry.replace("\\\n", "\n").splitlines() or [""]
        if not head or head.startswith("#"):
            continue
        requirement = Requirement(head)
        (pin,) = requirement.specifier
        purl = f"pkg:pypi/{canonicalize_name(requirement.name)}@{pin.version}"
        hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", entry)
        component: Component = {
            "type": "library",
            "bom-ref": purl,
            "name": requirement.name,
            "version": pin.version,
            "purl": purl,
            # One of a wheel for each platform, and of the source: any of them may be installed.
            "externalReferences": [
                {
                    "type": "distribution",
                    "url": purl,
                    "hashes": [{"alg": "SHA-256", "content": one} for one in hashes],
                }
            ],
        }
        if requirement.marker:
            note = {"name": "voice-avatar:marker", "value": str(requirement.marker)}
            component["properties"] = [note]
        components.append(component)
        parents = [line.strip().lstrip("# ").removeprefix("via").strip() for line in rest]
        names = [one for one in parents if re.fullmatch(r"[a-z0-9][a-z0-9.-]*", one)]
        wanted_by[purl] = names or ["voice-avatar"]
    return components, wanted_by


def scripts() -> Iterator[Component]:
    """Yields what is bundled into the page's `vendor` folder."""
    lock = json.loads((ROOT / "voice_avatar" / "web" / "package-lock.json").read_text("utf-8"))
    for path, package in sorted(lock["packages"].items()):
        if not path or package.get("dev") or package.get("optional"):
            continue
        name = path.rpartition("node_modules/")[2]
        purl = f"pkg:npm/{name.replace('@', '%40')}@{package['version']}"
        digest = base64.b64decode(package["integrity"].removeprefix("sha512-")).hex()
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": package["version"],
            "purl": purl,
            "hashes": [{"alg": "SHA-512", "content": digest}],
            "licenses": [{"license": {"name": package["license"]}}],
        }


def models() -> Iterator[Component]:
    """Yields the models that are fetched by default, with their files."""
    for name in DEFAULT_MODELS:
        model = MODELS[name]
        yield {
            "type": "machine-learning-model",
            "bom-ref": f"model:{name}",
            "name": name,
            "description": model.about,
            "licenses": [{"license": {"name": model.licence}}],
            "components": [
                {
                    "type": "file",
                    "bom-ref": f"model:{name}/{file.name}",
                    "name": file.name,
                    "hashes": [{"alg": "SHA-256", "content": file.sha256}],
                }
                for file in model.files
            ],
        }


def main() -> None:
    """Prints it."""
    lock = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "deploy" / "requirements.lock"
    print(json.dumps(sbom(lock), indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
