"""asyncapi.json is valid by the specification's own parser, an npm package."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "unity_client_protocol" / "asyncapi.json"
PARSER = "@asyncapi/parser@3.6.3"

pytestmark = pytest.mark.realtime


@pytest.fixture(scope="module")
def modules(pytestconfig: pytest.Config) -> Path:
    """The folder of the parser, installed once into pytest's cache."""
    if shutil.which("node") is None or (npm := shutil.which("npm")) is None:
        pytest.skip("node or npm is not installed")
    assert pytestconfig.cache is not None
    folder = Path(pytestconfig.cache.mkdir("asyncapi-parser"))
    installed = folder / "node_modules" / "@asyncapi" / "parser" / "package.json"
    if not installed.is_file():
        command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", PARSER]
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=180, check=False
            )
        except subprocess.TimeoutExpired:
            pytest.skip("the npm registry does not answer")
        if done.returncode != 0:
            pytest.skip(f"npm cannot install {PARSER}: {done.stderr.strip()[-200:]}")
    return folder / "node_modules"


def parsed(modules: Path, path: Path) -> dict[str, Any]:
    done = subprocess.run(
        ["node", str(ROOT / "tests" / "js" / "asyncapi.mjs"), str(modules), str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return dict(json.loads(done.stdout))


def test_the_document_has_no_errors_and_no_warnings(modules: Path) -> None:
    told = parsed(modules, DOCUMENT)
    assert told["isRead"]
    assert [one for one in told["diagnostics"] if one["severity"] <= 1] == []


def test_the_parser_finds_a_reference_that_leads_nowhere(modules: Path, tmp_path: Path) -> None:
    text = DOCUMENT.read_text("utf-8")
    broken = tmp_path / "asyncapi.json"
    broken.write_text(text.replace("#/components/schemas/State", "#/components/schemas/Gone", 1))
    codes = {one["code"] for one in parsed(modules, broken)["diagnostics"] if not one["severity"]}
    assert "invalid-ref" in codes
