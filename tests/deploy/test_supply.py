"""What an installation is made of: locks with hashes, images from locks, a bill of materials."""

from __future__ import annotations

import base64
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import sbom
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import voice_avatar
from voice_avatar.cli import serve
from voice_avatar.config.load import ServerOptions
from voice_avatar.models.table import DEFAULT_MODELS, MODELS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
LOCKS = (
    ROOT / "requirements.lock",
    DEPLOY / "requirements.lock",
    DEPLOY / "requirements-gpu.lock",
    ROOT / "requirements-vllm.lock",
)
CLIENTS = tuple(sorted((ROOT / "tests" / "compat").glob("requirements-*.txt")))
"""Locks of the clients of others, that are only tried here."""


def entries(lock: Path) -> list[str]:
    """Returns the requirements of a lock file, each with its hashes."""
    text = lock.read_text("utf-8")
    return [one for one in re.split(r"\n(?=\S)", text) if not one.startswith("#")]


def pins(lock: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for entry in entries(lock):
        requirement = Requirement(entry.splitlines()[0].removesuffix("\\"))
        (pin,) = requirement.specifier
        found.setdefault(canonicalize_name(requirement.name), set()).add(str(pin))
    return found


@pytest.mark.parametrize("lock", LOCKS + CLIENTS, ids=lambda lock: str(lock.relative_to(ROOT)))
def test_every_locked_package_has_its_hashes_and_names_no_host(lock: Path) -> None:
    assert len(entries(lock)) > (50 if lock in LOCKS else 15)
    for entry in entries(lock):
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry.splitlines()[0]
    text = lock.read_text("utf-8")
    assert not re.search(r"https?://|file:|--(?:extra-)?index-url|--find-links|--trusted", text)


def test_what_builds_the_package_is_locked_too() -> None:
    for lock in LOCKS:
        assert {"hatchling", "editables"} <= set(pins(lock))


def test_the_image_for_cpus_has_the_versions_that_are_tested() -> None:
    tested = pins(LOCKS[0])
    assert [name for name, versions in pins(LOCKS[1]).items() if not versions <= tested[name]] == []


def test_whatever_is_installed_is_held_to_a_lock_and_its_hashes() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = ("\n$(READY):", "\n$(VLLM_READY):", "\n.venv-compat-%/.ready:")
    recipes = [makefile.partition(target)[2].partition("@touch")[0] for target in targets]
    assert all(" install " in recipe for recipe in recipes)
    for text in (dockerfile, *recipes):
        for line in re.findall(r"\binstall (.*)", text):
            if "apt" not in line and "pip>=" not in line and "--yes" not in line:
                assert "--require-hashes" in line or "--no-deps --no-build-isolation" in line, line
    for name in re.findall(r"--requirement (\S+)", dockerfile):
        assert f"COPY deploy/{name} ." in dockerfile


def test_the_unit_may_open_many_sockets_and_is_reloaded_by_the_signal() -> None:
    unit = (DEPLOY / "voice-avatar.service").read_text("utf-8")
    assert "\nLimitNOFILE=65536\n" in unit
    assert "\nExecReload=/bin/kill -HUP $MAINPID\n" in unit


def test_no_supervisor_kills_a_server_that_still_drains() -> None:
    """It ends by itself, whatever hangs in it, and only then tells with its status that it did."""
    toml = tomllib.loads((DEPLOY / "voice-avatar.toml").read_text("utf-8"))
    drain_s = toml.get("server", {}).get("drain_s", ServerOptions().drain_s)
    assert serve._GRACE_S + serve._LAST_S <= 5.0
    unit = (DEPLOY / "voice-avatar.service").read_text("utf-8")
    (stop_s,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert int(stop_s) > drain_s + 5
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    for service in services.values():
        assert int(service["stop_grace_period"].removesuffix("s")) > drain_s + 5


def test_there_is_a_way_to_report_a_hole() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    for heading in ("Reporting", "Supported", "hardened"):
        assert re.search(rf"^## .*{heading}", text, re.M), heading


# -- the bill of materials


def test_the_bill_names_every_locked_package_once_with_its_hashes() -> None:
    bill = sbom.sbom(LOCKS[1])
    assert bill["metadata"]["component"]["version"] == voice_avatar.__version__
    packages = {c["bom-ref"]: c for c in bill["components"] if "pypi" in c["bom-ref"]}
    wanted = {
        f"pkg:pypi/{name}@{pin.removeprefix('==')}"
        for name, versions in pins(LOCKS[1]).items()
        for pin in versions
    }
    assert set(packages) == wanted
    for package in packages.values():
        (file,) = package["externalReferences"]
        assert all(len(one["content"]) == 64 for one in file["hashes"])
        assert file["hashes"]


def test_the_bill_knows_what_wants_what() -> None:
    bill = sbom.sbom(LOCKS[1])
    refs = {c["bom-ref"] for c in bill["components"]} | {"voice-avatar"}
    needs = {one["ref"]: set(one["dependsOn"]) for one in bill["dependencies"]}
    assert set(needs) == refs
    assert set.union(*needs.values()) == refs - {"voice-avatar"}, "nothing is there for nothing"
    names = {ref.rpartition("/")[2].partition("@")[0] for ref in needs["voice-avatar"]}
    assert {"websockets", "piper-tts", "three"} <= names
    assert "h11" not in names


def test_the_bill_has_models_and_scripts_with_their_hashes() -> None:
    components: dict[str, Any] = {c["name"]: c for c in sbom.sbom(LOCKS[1])["components"]}
    for name in DEFAULT_MODELS:
        told = {part["name"]: part["hashes"] for part in components[name]["components"]}
        assert told == {
            file.name: [{"alg": "SHA-256", "content": file.sha256}] for file in MODELS[name].files
        }
    lock = json.loads((ROOT / "voice_avatar/web/package-lock.json").read_text("utf-8"))
    three = lock["packages"]["node_modules/three"]
    assert components["three"]["version"] == three["version"]
    (digest,) = components["three"]["hashes"]
    assert base64.b64encode(bytes.fromhex(digest["content"])).decode() in three["integrity"]
    assert not {"esbuild", "iwer", "typescript"} & set(components), "they only build"


def test_the_same_commit_gives_the_same_bill() -> None:
    first, second = (json.dumps(sbom.sbom(LOCKS[1])) for _ in range(2))
    assert first == second
    other = sbom.sbom(LOCKS[2])
    assert other["serialNumber"] != json.loads(first)["serialNumber"]
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", other["serialNumber"])
