"""Servers, the recording of a question, and the table for the tests of the real clients."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from compat.live import CLIENTS, ROOT, Certificate, certificate, need, run, server, write_speech
from compat.table import Found, write

from voice_avatar.stages.tts import TtsEngine

Facts = dict[str, Any]
QUESTION = "What is the capital of France?"
NODE_FOLDER = ROOT / "build" / "compat"
_VERSIONS = pytest.StashKey[dict[str, str]]()
_NOTE = "compat"


class Table:
    """Writes the table at the end, in the process that hears of all tests (pytest-xdist)."""

    def __init__(self) -> None:
        self._found = Found()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, note in report.user_properties:
            if name == _NOTE and isinstance(note, list):
                self._found.note(*note)

    def pytest_sessionfinish(self) -> None:
        if self._found.columns:
            is_wanted = "VOICE_AVATAR_COMPAT_TABLE" in os.environ
            page = ROOT / "docs" / "compat.md" if is_wanted else None
            write(self._found.as_json(), NODE_FOLDER, page)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_VERSIONS] = {}
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Table())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Notes the outcome of each test that names a row of the table."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    client = item.get_closest_marker("client")
    if client and (report.when == "call" or report.failed):
        name = client.args[0]
        version = item.config.stash[_VERSIONS].get(name, "")
        for row in item.iter_markers("row"):
            note = [name, version, row.args[0], _outcome(report, call)]
            report.user_properties.append((_NOTE, note))
    return report  # type: ignore[return-value]


def _outcome(report: pytest.TestReport, call: pytest.CallInfo[None]) -> str:
    if report.outcome == "passed":
        return "pass"
    said = str(call.excinfo.value) if call.excinfo else report.outcome
    return " ".join(said.splitlines()[0].split())[:200].replace("|", "/")


# -- servers


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a server with scripted engines is."""
    with server(tmp_path_factory.mktemp("plain")) as address:
        yield address


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def secure_url(tmp_path_factory: pytest.TempPathFactory, tls: Certificate) -> Iterator[str]:
    """Where a server with scripted engines is that speaks TLS."""
    with server(tmp_path_factory.mktemp("secure"), tls=tls) as address:
        yield address


@pytest.fixture(scope="session")
def speech(piper: TtsEngine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WAV of a question, by Piper, 24 kHz."""
    path = tmp_path_factory.mktemp("speech") / "question.wav"
    write_speech(path, piper, QUESTION, 24_000)
    return path


# -- clients


@pytest.fixture(scope="session")
def versions(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Returns a function that notes a client's version in the table."""
    return request.config.stash[_VERSIONS].__setitem__


@pytest.fixture(scope="session")
def python_client(speech: Path, versions: Callable[[str, str], None]) -> Callable[..., Facts]:
    """Returns a function that runs one of the Python programs in its environment."""

    def tried(name: str, environment: str, program: str, address: str, *options: str) -> Facts:
        python = ROOT / f".venv-compat-{environment}" / "bin" / "python"
        need(environment, python)
        command = [python, CLIENTS / program, "--url", address, "--speech", speech, *options]
        facts = run(command)
        versions(name, facts["version"])
        return facts

    return tried


@pytest.fixture(scope="session")
def node_client(speech: Path, versions: Callable[[str, str], None]) -> Callable[..., Facts]:
    """Returns a function that runs one of the JavaScript programs."""
    need("npm", NODE_FOLDER / "node_modules")
    node = shutil.which("node")
    assert node is not None
    for program in CLIENTS.glob("*.mjs"):  # imports are looked for beside the file
        shutil.copy(program, NODE_FOLDER)

    def tried(name: str, program: str, address: str, **environment: str) -> Facts:
        command = [node, NODE_FOLDER / program, "--url", address, "--speech", speech]
        facts = run(command, **environment)
        versions(name, facts["version"])
        return facts

    return tried
