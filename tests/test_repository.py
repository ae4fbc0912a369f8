"""What every commit must keep: no machine in the files, licences, lock, links, timeouts."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import voice_avatar
from voice_avatar.config.load import Config, load
from voice_avatar.models.table import MODELS

ROOT = Path(__file__).parents[1]

# Spelt so that this file does not contain what it looks for.
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|tmp|home/\w+|Users/\w+)(?=/)")
REGISTRY_HOST = re.compile(
    "|".join(
        name.replace(" ", r"\.")
        for name in (
            *("pypi org", "pythonhosted org", "npmjs (?:org|com)", "download pytorch org"),
            *("deb debian org", "archive ubuntu com", "crates io", "conda anaconda org"),
        )
    )
)
HUB_HOST = re.compile(r"huggingface\.co|hf\.co")


@cache
def committed() -> dict[str, str]:
    """Returns the text files of the checkout: path -> contents."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout")
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    texts = {}
    for name in filter(None, listing.stdout.split("\0")):
        path = ROOT / name
        if path.is_file():  # it may be deleted in the work tree
            data = path.read_bytes()
            if b"\0" not in data:
                texts[name] = data.decode("utf-8")
    return texts


def lines_with(pattern: re.Pattern[str], names: str = r".*") -> list[str]:
    return [
        f"{name}:{number}: {line.strip()}"
        for name, text in committed().items()
        if re.fullmatch(names, name)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


@cache
def settings() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def requirements(*extras: str) -> list[Requirement]:
    """Returns the project's direct dependencies: those always needed, and those of the extras."""
    project = settings()["project"]
    wanted = list(project["dependencies"])
    for extra in extras or project["optional-dependencies"]:
        wanted += project["optional-dependencies"][extra]
    return [Requirement(text) for text in wanted]


@cache
def locked() -> dict[str, list[Version]]:
    """Returns what requirements.lock pins: name -> versions (one per Python version)."""
    pins: dict[str, list[Version]] = {}
    for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines():
        if line and not line.startswith((" ", "#")):
            requirement = Requirement(line.removesuffix("\\"))
            (specifier,) = requirement.specifier
            assert specifier.operator == "=="
            pins.setdefault(canonicalize_name(requirement.name), []).append(
                Version(specifier.version)
            )
    return pins


def test_no_committed_file_names_a_path_of_one_machine() -> None:
    assert lines_with(MACHINE_PATH) == []


def test_no_committed_file_names_the_host_of_a_package_registry() -> None:
    assert lines_with(REGISTRY_HOST) == []


def test_the_code_names_no_model_hub_host() -> None:
    assert lines_with(HUB_HOST, r"voice_avatar/.*\.py") == []


def test_the_lock_pins_every_dependency_of_users_and_developers_within_its_bounds() -> None:
    for requirement in requirements("embedded", "denoise", "opus", "dev"):
        versions = locked()[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(version) for version in versions), requirement


def test_notice_names_every_dependency_and_every_locked_package() -> None:
    listed = set(re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)*", (ROOT / "NOTICE").read_text("utf-8")))
    wanted = {canonicalize_name(r.name) for r in requirements()} | set(locked())
    assert sorted(wanted - listed) == []


def test_notice_names_every_model() -> None:
    notice = (ROOT / "NOTICE").read_text("utf-8")
    assert [name for name in MODELS if f"  {name} " not in notice] == []


def test_the_licence_is_the_whole_apache_licence() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert settings()["project"]["license"] == "Apache-2.0"


def test_the_changelog_has_a_section_for_what_is_here() -> None:
    headings = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert {"Unreleased", voice_avatar.__version__} & set(headings)


def test_every_test_has_a_time_limit() -> None:
    assert settings()["tool"]["pytest"]["ini_options"]["timeout"] > 0
    switched_off = re.compile(r"mark\.timeout\(\s*(?:0|None)\b")
    assert lines_with(switched_off, r"tests/.*\.py") == []


@pytest.mark.parametrize(
    "target",
    "run test check bench clean lock test-unity test-vllm cover doctor".split(),
)
def test_every_documented_make_target_has_a_recipe(target: str) -> None:
    if shutil.which("make") is None:
        pytest.skip("no make")
    made = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    assert made.stdout.strip()


def test_the_ci_script_is_executable_bash_that_runs_the_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    text = script.read_text("utf-8")
    assert "set -euo pipefail" in text
    assert "make test" in text


def test_the_example_configuration_has_only_options_that_exist() -> None:
    example = (ROOT / "deploy" / "voice-avatar.toml").read_text("utf-8")
    assert load(example) == Config()


def test_every_relative_link_of_the_documentation_leads_somewhere() -> None:
    link = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)|<img[^>]*src=\"([^\"]+)\"")
    broken = []
    for name, text in committed().items():
        if name.endswith(".md"):
            for match in link.finditer(text):
                target = match.group(1) or match.group(2)
                if not re.match(r"[a-z]+:", target):
                    path = (ROOT / name).parent / target
                    broken += [] if path.exists() else [f"{name}: {target}"]
    assert broken == []


def test_every_picture_is_well_formed_and_says_in_words_what_it_shows() -> None:
    pictures = [ROOT / name for name in committed() if name.endswith(".svg")]
    for picture in pictures:
        root = ET.parse(picture).getroot()
        texts = {child.tag.rpartition("}")[2]: child.text for child in root}
        assert texts.get("title"), picture.name
        assert texts.get("desc"), picture.name
