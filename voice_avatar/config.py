"""The configuration: every option of every stage, from five sources. Pure.

`Config` is made of the stages' own options. Each source goes over the one before: defaults, preset,
TOML text, environment, command line. In TOML an option is a key of its stage's table; in the
environment it is `VOICE_AVATAR_<STAGE>_<OPTION>`; on the command line `--set stage.option=value`.
Whatever does not fit is a `ConfigError` that names the key, where it came from, and, for a name
that does not exist, the nearest one that does.
"""

from __future__ import annotations

import difflib
import math
import tomllib
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

from voice_avatar.body import BodyOptions
from voice_avatar.capture import CaptureOptions
from voice_avatar.chunking import ChunkingOptions
from voice_avatar.conversation.options import SessionOptions
from voice_avatar.conversation.playout import PlayoutOptions
from voice_avatar.denoise import DenoiseOptions
from voice_avatar.echo import EchoOptions
from voice_avatar.errors import ConfigError
from voice_avatar.gesture_options import GestureOptions
from voice_avatar.llm import LlmOptions
from voice_avatar.memory import MemoryOptions
from voice_avatar.stt import SttOptions
from voice_avatar.threads import ThreadOptions
from voice_avatar.tts import TtsOptions
from voice_avatar.turn import TurnOptions
from voice_avatar.vad import VadOptions

PREFIX: Final = "VOICE_AVATAR_"
"""What the environment variables of options begin with."""

NOT_OPTIONS: Final = frozenset(
    f"{PREFIX}{name}" for name in ("HOME", "PRESET", "SPEECH_DIR", "CLIPS_DIR", "CI_BUDGET_S")
)
"""Variables with the prefix that are no options: the folder of models, the preset, and those of
tests, bench and CI."""

DEFAULT_PRESET: Final = "embedded"

_PRESETS = resources.files("voice_avatar") / "data" / "presets"


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Where the server listens, whom it lets in, and what it writes down.

    Attributes:
        host: address to listen on; "0.0.0.0" or "::" = all of this machine's.
        port: TCP port, 0..65535; 0 = any free one.
        origins: origins of web pages that may connect ("https://example.org"), besides pages of
            localhost and, unless only this machine is listened to, of the server's own host.
            Programs send none and may always connect.
        tokens: accepted bearer tokens; none = whoever reaches the port may talk.
        tls_cert: PEM file with the certificate chain, "" = no TLS.
        tls_key: PEM file with its private key, "" = it is in the file of the certificate.
        persona: name of a built-in persona, or a TOML file.
        max_sessions: conversations at once, 1 or more; further clients are told to try again.
        hello_timeout_s: time from the handshake to a client's hello, seconds.
        ping_s: time between WebSocket pings, seconds; 0 = none.
        ping_timeout_s: time for the answer to a ping, seconds; 0 = for ever.
        slow_consumer_s: time that a frame may wait for a client to read, seconds, until the
            client is disconnected.
        resume_ttl_s: time that a session is kept for a client whose connection is lost, seconds;
            0 = it ends with the connection.
        drain_s: time that replies get to finish when the server is stopped, seconds.
        record_dir: folder in which every session is recorded, words and voices; "" = none.
        log_format: "text" for people, "json" for programs.
        log_level: least severe records that are logged.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    origins: tuple[str, ...] = ()
    tokens: tuple[str, ...] = field(default=(), repr=False)
    tls_cert: str = ""
    tls_key: str = ""
    persona: str = "ava"
    max_sessions: int = 8
    hello_timeout_s: float = 10.0
    ping_s: float = 20.0
    ping_timeout_s: float = 20.0
    slow_consumer_s: float = 5.0
    resume_ttl_s: float = 60.0
    drain_s: float = 30.0
    record_dir: str = ""
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"


@dataclass(frozen=True, slots=True)
class RealtimeOptions:
    """The Realtime protocol at `/v1/realtime`.

    Attributes:
        max_ahead_s: reply audio sent before it is played, seconds: clients of this protocol
            buffer, and tell with `truncate` what they have not played. What is sent ahead is
            made ahead, and lost if the user interrupts.
    """

    max_ahead_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Config:
    """All options, by stage."""

    server: ServerOptions = field(default_factory=ServerOptions)
    capture: CaptureOptions = field(default_factory=CaptureOptions)
    denoise: DenoiseOptions = field(default_factory=DenoiseOptions)
    echo: EchoOptions = field(default_factory=EchoOptions)
    vad: VadOptions = field(default_factory=VadOptions)
    turn: TurnOptions = field(default_factory=TurnOptions)
    stt: SttOptions = field(default_factory=SttOptions)
    llm: LlmOptions = field(default_factory=LlmOptions)
    memory: MemoryOptions = field(default_factory=MemoryOptions)
    chunking: ChunkingOptions = field(default_factory=ChunkingOptions)
    tts: TtsOptions = field(default_factory=TtsOptions)
    gestures: GestureOptions = field(default_factory=GestureOptions)
    body: BodyOptions = field(default_factory=BodyOptions)
    playout: PlayoutOptions = field(default_factory=PlayoutOptions)
    session: SessionOptions = field(default_factory=SessionOptions)
    threads: ThreadOptions = field(default_factory=ThreadOptions)
    realtime: RealtimeOptions = field(default_factory=RealtimeOptions)


PER_SESSION: Final = frozenset(
    {
        "session.language",
        "turn.endpointing",
        "turn.names",
        "gestures.energy",
        "body.energy",
        "body.seed",
    }
)
"""Fields that are no options: persona and client set them for each session."""


@cache
def stages() -> Mapping[str, type[Any]]:
    """Returns the options class of every stage."""
    return typing.get_type_hints(Config)


@cache
def option_types(stage: str) -> Mapping[str, Any]:
    """Returns the type of every option of a stage."""
    hints = typing.get_type_hints(stages()[stage])
    return {name: kind for name, kind in hints.items() if f"{stage}.{name}" not in PER_SESSION}


# -- reading


def load(
    toml_text: str = "",
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
    preset: str = "",
) -> Config:
    """Puts the configuration together.

    Args:
        toml_text: contents of the configuration file.
        environ: environment variables; those without `PREFIX` and `NOT_OPTIONS` are ignored.
        overrides: `stage.option` -> value as text, from the command line.
        preset: name of the preset; "" = the variable `VOICE_AVATAR_PRESET`, else the key `preset`
            of the file, else `DEFAULT_PRESET`.

    Raises:
        ConfigError: something in it cannot be used.
    """
    environ, overrides = environ or {}, overrides or {}
    tables = _tables(toml_text, "the configuration file")
    named = tables.pop("preset", DEFAULT_PRESET)
    preset = preset or environ.get(f"{PREFIX}PRESET", "") or str(named)
    source = f"the preset {preset!r}"
    settings = _settings(_tables(_preset_text(preset), source), source)
    settings |= _settings(tables, "the configuration file")
    settings |= {key: (value, variable) for key, value, variable in _from_environment(environ)}
    settings |= {key: (value, f"--set {key}") for key, value in overrides.items()}
    config = Config()
    for key, (value, source) in settings.items():
        config = _with(config, key, value, source)
    _check(config.server)
    _check_threads(config)
    return config


def preset_names() -> tuple[str, ...]:
    """Returns the names of the presets."""
    names = (entry.name for entry in _PRESETS.iterdir() if entry.name.endswith(".toml"))
    return tuple(sorted(name.removesuffix(".toml") for name in names))


def _preset_text(name: str) -> str:
    if name not in preset_names():
        raise ConfigError(f"There is no preset {name!r}.{_suggestion(name, preset_names())}")
    return (_PRESETS / f"{name}.toml").read_text(encoding="utf-8")


def _tables(toml_text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(toml_text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source.capitalize()} is not TOML: {error}.") from error


def _settings(tables: dict[str, Any], source: str) -> dict[str, tuple[object, str]]:
    """Returns `stage.option` -> (value, source)."""
    settings: dict[str, tuple[object, str]] = {}
    for stage, table in tables.items():
        _known(stage, stages(), "table", source)
        if not isinstance(table, dict):
            raise ConfigError(f"{stage} in {source} must be a table: [{stage}].")
        settings |= {f"{stage}.{name}": (value, source) for name, value in table.items()}
    return settings


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yields key, value and variable of the variables that are meant as options."""
    for variable, value in environ.items():
        if variable.startswith(PREFIX) and variable not in NOT_OPTIONS:
            stage, _, name = variable.removeprefix(PREFIX).lower().partition("_")
            yield f"{stage}.{name}", value, f"the variable {variable}"


def _with(config: Config, key: str, value: object, source: str) -> Config:
    """Returns `config` with one option changed."""
    _known(key, _keys(), "option", source)
    stage, _, name = key.partition(".")
    options = getattr(config, stage)
    kind = option_types(stage)[name]
    try:
        value = _parsed(value, kind) if isinstance(value, str) else _checked(value, kind)
    except (TypeError, ValueError):
        shown = "a secret" if name == "tokens" else repr(value)
        raise ConfigError(
            f"{key} must be {type_name(kind)}, not {shown} (from {source})."
        ) from None
    return replace(config, **{stage: replace(options, **{name: value})})


def _keys() -> Iterator[str]:
    for stage in stages():
        yield from (f"{stage}.{name}" for name in option_types(stage))


def _known(name: str, known: Iterable[str], what: str, source: str) -> None:
    """Raises `ConfigError` for a name that is not known."""
    names = tuple(known)
    if name not in names:
        raise ConfigError(f"There is no {what} {name!r} (from {source}).{_suggestion(name, names)}")


def _suggestion(name: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if not close:  # the right option in the wrong table
        close = [k for k in known if k.rpartition(".")[2] == name.rpartition(".")[2]][:1]
    return f" Did you mean {close[0]!r}?" if close else ""


def _check(server: ServerOptions) -> None:
    if not 0 <= server.port <= 65535:
        raise ConfigError(f"server.port must be between 0 and 65535, not {server.port}.")
    if server.max_sessions < 1:
        raise ConfigError(f"server.max_sessions must be 1 or more, not {server.max_sessions}.")
    if server.tls_key and not server.tls_cert:
        raise ConfigError("server.tls_key needs server.tls_cert.")


def _check_threads(config: Config) -> None:
    for key, value in {
        "threads.cores": config.threads.cores,
        "threads.tune_s": config.threads.tune_s,
        "stt.threads": config.stt.threads,
        "llm.threads": config.llm.threads,
        "tts.threads": config.tts.threads,
    }.items():
        if value < 0:
            raise ConfigError(f"{key} must be 0 or more, not {value}.")


# -- types


_SWITCH: Final = {"true": True, "yes": True, "on": True, "1": True} | {
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


def _parsed(text: str, kind: Any) -> object:
    """Reads a value written as text. Raises ValueError where it is none of `kind`."""
    text = text.strip()
    if kind is bool:
        if text.lower() not in _SWITCH:
            raise ValueError(text)
        return _SWITCH[text.lower()]
    if typing.get_origin(kind) is tuple:
        member = typing.get_args(kind)[0]
        return tuple(_parsed(part, member) for part in text.split(",") if part.strip())
    if kind is int:
        return int(text)
    if kind is float:
        return _checked(float(text), float)
    return _checked(text, kind)


def _checked(value: object, kind: Any) -> object:
    """Returns a TOML value as `kind`. Raises TypeError or ValueError where it is none."""
    if typing.get_origin(kind) is Literal:
        if value not in typing.get_args(kind):
            raise ValueError(value)
        return value
    if typing.get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise TypeError(value)
        return tuple(_checked(item, typing.get_args(kind)[0]) for item in value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise TypeError(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(value)
    return value


def type_name(kind: Any) -> str:
    """Returns what a type is called in messages and help."""
    if typing.get_origin(kind) is Literal:
        return " or ".join(f'"{name}"' for name in typing.get_args(kind))
    if typing.get_origin(kind) is tuple:
        return f"a list of {_PLURALS[typing.get_args(kind)[0]]}"
    return _NAMES[kind]


_NAMES: Final = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}
_PLURALS: Final = {str: "texts", float: "numbers"}
