"""The configuration: every option of every stage, from five sources. Pure.

`Config` is made of the stages' own options. Each source goes over the one before: defaults, preset,
TOML text, environment, command line. In TOML an option is a key of its stage's table; in the
environment it is `VOICE_AVATAR_<STAGE>_<OPTION>`; on the command line `--set stage.option=value`.
Whatever does not fit is a `ConfigError` that names the key, where it came from, and, for a name
that does not exist, the nearest one that does.

The key is not always the path of the field (`places`). What only one engine knows is in a table of
that engine below its stage's, `[llm.vllm]`, `VOICE_AVATAR_LLM_VLLM_<OPTION>`, and in
`Config.engines`: the stages know no engines. And what a stage keeps together in a dataclass of its
own (`TurnOptions.interrupt`) is not one more table but a prefix of its keys
(`turn.interrupt_wait_s`): whoever configures a turn need not know how its code is cut.
"""

from __future__ import annotations

import difflib
import tomllib
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from importlib import resources
from typing import Any, Final

from voice_avatar.acting.gesture.options import GestureOptions
from voice_avatar.acting.presence.options import BodyOptions
from voice_avatar.config.access import check_tokens, place_to_listen
from voice_avatar.config.reports import LogOptions, MetricsOptions
from voice_avatar.config.values import checked, parsed, type_name
from voice_avatar.conversation.history import HistoryOptions
from voice_avatar.conversation.options import SessionOptions
from voice_avatar.conversation.playout import PlayoutOptions
from voice_avatar.engines.tables import EngineTables
from voice_avatar.errors import ConfigError
from voice_avatar.hearing.capture import CaptureOptions
from voice_avatar.hearing.echo import EchoOptions
from voice_avatar.machine.thread_plan import ThreadOptions
from voice_avatar.stages.denoise import DenoiseOptions
from voice_avatar.stages.llm import LlmOptions
from voice_avatar.stages.stt import SttOptions
from voice_avatar.stages.tts import TtsOptions
from voice_avatar.stages.turn import TurnOptions
from voice_avatar.stages.vad import VadOptions
from voice_avatar.text.chunking import ChunkingOptions

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
        hosts: names that the server is reached by ("avatar.example.org"), besides those of this
            machine and the address that is listened on; a request for another name is refused.
        origins: origins of web pages that may connect ("https://example.org"), besides the
            server's own page: same scheme, host and port. Programs send none and may always
            connect.
        tokens: accepted bearer tokens, each of 128 bits or more (`voice-avatar tokens new` makes
            one); none = whoever reaches the port may talk, which only loopback or `open` allows.
            Not taken from the command line, which everybody on the machine can read.
        open: whoever reaches the port may talk, also from other machines. Excludes `tokens`.
        trusted_proxies: addresses of reverse proxies; of those, the last address in
            `X-Forwarded-For` is taken for the client's.
        tls_cert: PEM file with the certificate chain, "" = no TLS.
        tls_key: PEM file with its private key, not encrypted, "" = it is in the file of the
            certificate. SIGHUP has all TLS files read again.
        tls_client_ca: PEM file with the authorities that a client's certificate must be from,
            "" = clients need none.
        persona: name of a built-in persona, or a TOML file.
        max_sessions: conversations at once, 1 or more; further clients are told to try again.
        per_address: connections without a conversation at once from one address (of IPv6, one
            /64 network); the oldest makes room. Twice as many a second are taken from there, and
            16 times as many at once. 0 = any number. Loopback is an address too, and so is a
            proxy that is not in `trusted_proxies`.
        hello_pool: connections at once that have not said hello; the oldest makes room.
        hello_timeout_s: time from the handshake to a client's hello, seconds; at most 3 for those
            who still owe a token.
        ping_s: time between WebSocket pings, seconds; 0 = none.
        ping_timeout_s: time for the answer to a ping, seconds; 0 = for ever.
        slow_consumer_s: time that a frame may wait for a client to read, seconds, until the
            client is disconnected.
        resume_ttl_s: time that a session is kept for a client whose connection is lost, seconds;
            0 = it ends with the connection.
        drain_s: time that replies get to finish when the server is stopped, seconds.
        engine_hang_s: time after which an engine that does not answer is given up and loaded again,
            seconds; a third of it for the voice detector and the turn detector, two thirds for the
            voice.
        exits_when_stuck: the server ends, with status 70, when an engine that was loaded again
            hangs within a minute, for whoever watches over it to start it anew.
        record_dir: folder in which every session is recorded, words and voices; "" = none.
        metrics: who may read its figures (`server.metrics_*`).
        log: how it logs (`server.log_*`).
    """

    host: str = "127.0.0.1"
    port: int = 8765
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    tokens: tuple[str, ...] = field(default=(), repr=False)
    open: bool = False
    trusted_proxies: tuple[str, ...] = ()
    tls_cert: str = ""
    tls_key: str = ""
    tls_client_ca: str = ""
    persona: str = "ava"
    max_sessions: int = 8
    per_address: int = 32
    hello_pool: int = 64
    hello_timeout_s: float = 10.0
    ping_s: float = 20.0
    ping_timeout_s: float = 20.0
    slow_consumer_s: float = 5.0
    resume_ttl_s: float = 60.0
    drain_s: float = 30.0
    engine_hang_s: float = 15.0
    exits_when_stuck: bool = True
    record_dir: str = ""
    metrics: MetricsOptions = field(default_factory=MetricsOptions)
    log: LogOptions = field(default_factory=LogOptions)


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
    """All options: by stage, and in `engines` what only single engines know."""

    server: ServerOptions = field(default_factory=ServerOptions)
    capture: CaptureOptions = field(default_factory=CaptureOptions)
    denoise: DenoiseOptions = field(default_factory=DenoiseOptions)
    echo: EchoOptions = field(default_factory=EchoOptions)
    vad: VadOptions = field(default_factory=VadOptions)
    turn: TurnOptions = field(default_factory=TurnOptions)
    stt: SttOptions = field(default_factory=SttOptions)
    llm: LlmOptions = field(default_factory=LlmOptions)
    history: HistoryOptions = field(default_factory=HistoryOptions)
    chunking: ChunkingOptions = field(default_factory=ChunkingOptions)
    tts: TtsOptions = field(default_factory=TtsOptions)
    gestures: GestureOptions = field(default_factory=GestureOptions)
    body: BodyOptions = field(default_factory=BodyOptions)
    playout: PlayoutOptions = field(default_factory=PlayoutOptions)
    session: SessionOptions = field(default_factory=SessionOptions)
    threads: ThreadOptions = field(default_factory=ThreadOptions)
    realtime: RealtimeOptions = field(default_factory=RealtimeOptions)
    engines: EngineTables = field(default_factory=EngineTables)


PER_SESSION: Final = frozenset(
    {
        "session.language",
        "turn.endpointing",
        "turn.interrupt_names",
        "gestures.energy",
        "body.energy",
        "body.seed",
    }
)
"""Fields that are no options: persona and client set them for each session."""

_MOVED_INTO: Final = {
    "denoise.webrtc": "gain high_pass suppress_noise",
    "stt.faster_whisper": "compute_type device min_window_frames retry_logprob retry_window_frames"
    " tokens_per_s",
    "llm.llamacpp": "gpu_layers widens_weights",
    "llm.openai_http": "api_key_env base_url connect_timeout_s warms_by_request",
    "llm.vllm": "dtype gpu_memory_fraction is_eager quantization tensor_parallel",
    "tts.piper": "espeak_voice first_frames han_espeak_voice heard_boundaries lead_frames"
    " max_frames noise_scale noise_w_scale piece_growth",
}
"""Table of an engine -> what stood in its stage's table before 0.1.0."""

MOVED: Final[Mapping[str, str]] = (
    {"memory": "history"}
    | {f"memory.{item.name}": f"history.{item.name}" for item in fields(HistoryOptions)}
    | {
        f"{table.partition('.')[0]}.{name}": f"{table}.{name}"
        for table, names in _MOVED_INTO.items()
        for name in names.split()
    }
)
"""Names that were, tables and options -> what they are called now. They are not taken any more, but
whoever writes one, or nearly one, is told the new one."""


@dataclass(frozen=True, slots=True)
class OptionPlace:
    """Where an option is.

    Attributes:
        table: its table in TOML, "llm" or "llm.vllm".
        name: its key there.
        options: the dataclass that it is a field of, and that describes it.
        path: names of fields that lead to it from `Config`.
        type: what it takes.
    """

    table: str
    name: str
    options: type[Any]
    path: tuple[str, ...]
    type: Any

    @property
    def key(self) -> str:
        """Its full name, `table.name`."""
        return f"{self.table}.{self.name}"

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return f"{PREFIX}{self.key.replace('.', '_')}".upper()


@cache
def tables() -> Mapping[str, type[Any]]:
    """Returns table -> its options class; a stage's, then those of its engines."""
    hints = typing.get_type_hints(Config)
    engines = typing.get_type_hints(hints.pop("engines"))
    found: dict[str, type[Any]] = {}
    for stage, options in hints.items():
        found[stage] = options
        own = typing.get_type_hints(engines[stage]) if stage in engines else {}
        found |= {f"{stage}.{engine}": kind for engine, kind in own.items()}
    return found


@cache
def places() -> Mapping[str, OptionPlace]:
    """Returns key -> place of every option, table by table."""
    found: dict[str, OptionPlace] = {}
    for table, options in tables().items():
        path = tuple(table.split("."))
        path = ("engines", *path) if len(path) > 1 else path
        found |= {place.key: place for place in _places_in(table, options, path)}
    return found


def _places_in(
    table: str, options: type[Any], path: tuple[str, ...], prefix: str = ""
) -> Iterator[OptionPlace]:
    for field_name, kind in typing.get_type_hints(options).items():
        name = prefix + field_name
        if isinstance(kind, type) and is_dataclass(kind):
            yield from _places_in(table, kind, (*path, field_name), f"{name}_")
        elif f"{table}.{name}" not in PER_SESSION:
            yield OptionPlace(table, name, options, (*path, field_name), kind)


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
        overrides: key -> value as text, from the command line.
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
        raise ConfigError(f"There is no preset {name!r}.{_suggestion(name, preset_names(), {})}")
    return (_PRESETS / f"{name}.toml").read_text(encoding="utf-8")


def _tables(toml_text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(toml_text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source.capitalize()} is not TOML: {error}.") from error


def _settings(found: dict[str, Any], source: str) -> dict[str, tuple[object, str]]:
    """Returns key -> (value, source)."""
    settings: dict[str, tuple[object, str]] = {}
    for table, value in found.items():
        settings |= {key: (item, source) for key, item in _flat(table, value, source)}
    return settings


def _flat(table: str, value: object, source: str) -> Iterator[tuple[str, object]]:
    """Yields the keys and values of a table and of the tables in it."""
    # The keys of a table that was renamed are let through: each is then told its own new name.
    if not (table in MOVED and isinstance(value, dict) and value):
        _known(table, tables(), "table", source)
    if not isinstance(value, dict):
        raise ConfigError(f"{table} in {source} must be a table: [{table}].")
    for name, item in value.items():
        key = f"{table}.{name}"
        if key in tables() or (isinstance(item, dict) and key not in places()):
            yield from _flat(key, item, source)
        else:
            yield key, item


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yields key, value and variable of the variables that are meant as options."""
    # Looked up and not cut at its underscores: names of engines and options have some too.
    keys = {place.variable: key for key, place in places().items()}
    for variable, value in environ.items():
        if variable.startswith(PREFIX) and variable not in NOT_OPTIONS:
            unknown = variable.removeprefix(PREFIX).lower().replace("_", ".", 1)
            yield keys.get(variable.upper(), unknown), value, f"the variable {variable}"


def _with(config: Config, key: str, value: object, source: str) -> Config:
    """Returns `config` with one option changed."""
    _known(key, places(), "option", source)
    place = places()[key]
    kind = place.type
    # No list of texts is meant to be empty by accident, but this one would open the door.
    if key == "server.tokens" and isinstance(value, str) and not value.strip(" ,\t\r\n"):
        raise ConfigError(f"{key} is set but empty (from {source}): leave it out, or set a token.")
    try:
        value = parsed(value, kind) if isinstance(value, str) else checked(value, kind)
    except (TypeError, ValueError):
        shown = "a secret" if place.name == "tokens" else repr(value)
        raise ConfigError(
            f"{key} must be {type_name(kind)}, not {shown} (from {source})."
        ) from None
    changed: Config = _replaced(config, place.path, value)
    return changed


def _replaced(options: Any, path: tuple[str, ...], value: object) -> Any:
    """Returns a dataclass with one field of it, or of a dataclass in it, changed."""
    name, *rest = path
    if rest:
        value = _replaced(getattr(options, name), tuple(rest), value)
    return replace(options, **{name: value})


def _known(name: str, known: Iterable[str], what: str, source: str) -> None:
    """Raises `ConfigError` for a name that is not known."""
    names = tuple(known)
    if name not in names:
        hint = _suggestion(name, names, MOVED)
        raise ConfigError(f"There is no {what} {name!r} (from {source}).{hint}")


def _suggestion(name: str, known: tuple[str, ...], moved: Mapping[str, str]) -> str:
    """Returns the nearest name that there is; `moved` also finds it by a name that there was."""
    close = difflib.get_close_matches(name, (*known, *moved), n=1)
    if not close:  # the right option in the wrong table
        close = [k for k in known if k.rpartition(".")[2] == name.rpartition(".")[2]][:1]
    return f" Did you mean {moved.get(close[0], close[0])!r}?" if close else ""


def _check(server: ServerOptions) -> None:
    if not 0 <= server.port <= 65535:
        raise ConfigError(f"server.port must be between 0 and 65535, not {server.port}.")
    if server.max_sessions < 1:
        raise ConfigError(f"server.max_sessions must be 1 or more, not {server.max_sessions}.")
    for name, number in (
        ("per_address", server.per_address),
        ("hello_pool", server.hello_pool - 1),
    ):
        if number < 0:
            raise ConfigError(f"server.{name} is too small.")
    check_tokens(server.tokens)
    if server.metrics.listen:
        place_to_listen("server.metrics_listen", server.metrics.listen)
        if server.metrics.public:
            raise ConfigError("With server.metrics_listen, server.metrics_public means nothing.")
    for name in ("tls_key", "tls_client_ca"):
        if getattr(server, name) and not server.tls_cert:
            raise ConfigError(f"server.{name} needs server.tls_cert.")
    if server.engine_hang_s <= 0:
        raise ConfigError("server.engine_hang_s must be more than 0.")


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
