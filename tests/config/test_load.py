"""Configuration: sources and their order, types, tables of engines, errors that help."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.config.load import (
    MOVED,
    NOT_OPTIONS,
    PER_SESSION,
    Config,
    OptionPlace,
    ServerOptions,
    load,
    places,
    preset_names,
    tables,
)
from voice_avatar.engines.registry import ENGINES
from voice_avatar.engines.tables import EngineTables
from voice_avatar.engines.vllm_llm import VllmOptions
from voice_avatar.errors import ConfigError
from voice_avatar.models.table import MODELS


def problem(
    toml_text: str = "", preset: str = "", environ: dict[str, str] | None = None, **overrides: str
) -> str:
    with pytest.raises(ConfigError) as caught:
        load(toml_text, environ or {}, overrides, preset)
    return caught.value.message


def test_without_any_source_the_defaults_hold() -> None:
    assert load() == Config()


def test_each_source_goes_over_the_one_before() -> None:
    toml = "[server]\nport = 1\nhost = 'a'\ndrain_s = 1\n[stt]\nmodel = 'mine'"
    environ = {"VOICE_AVATAR_SERVER_PORT": "2", "VOICE_AVATAR_SERVER_HOST": "b"}
    config = load(toml, environ, {"server.port": "3"}, "laptop")
    assert config.llm.model == "qwen2.5-1.5b-instruct"
    assert config.stt.model == "mine"
    assert (config.server.drain_s, config.server.host, config.server.port) == (1.0, "b", 3)


@pytest.mark.parametrize("preset", preset_names())
def test_every_preset_can_be_used_and_names_models_that_exist(preset: str) -> None:
    config = load(preset=preset)
    for name in (config.stt.model, config.llm.model, config.tts.voice):
        assert name in MODELS


def test_the_embedded_preset_is_the_default() -> None:
    assert load(preset="embedded") == load() == Config()


def test_a_preset_is_chosen_by_command_line_then_environment_then_file() -> None:
    toml, environ = 'preset = "gpu"', {"VOICE_AVATAR_PRESET": "laptop"}
    assert load(toml).llm.engine == "vllm"
    assert load(toml, environ).stt.model == "whisper-small"
    assert load(toml, environ, preset="embedded") == Config()


def test_an_unknown_preset_is_an_error_with_a_suggestion() -> None:
    assert "'laptop'" in problem(preset="labtop")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("YES", True),
        ("1", True),
        ("on", True),
        ("off", False),
        ("no", False),
        ("False", False),
        ("0", False),
    ],
)
def test_switches_are_read_from_text(text: str, expected: bool) -> None:
    assert load(overrides={"threads.is_tuned": text}).threads.is_tuned is expected


def test_numbers_texts_and_lists_are_read_from_text() -> None:
    environ = {
        "VOICE_AVATAR_SERVER_MAX_SESSIONS": " 3 ",
        "VOICE_AVATAR_SERVER_TOKENS": "One-0123456789-abcdefghi, Two-0123456789-abcdefghi,",
        "VOICE_AVATAR_TURN_RESCORE_S": "0.5,1",
        "VOICE_AVATAR_TTS_SPEAKER": "12",
        "VOICE_AVATAR_SERVER_LOG_FORMAT": "json",
    }
    config = load(environ=environ)
    assert config.server.max_sessions == 3
    assert config.server.tokens == (
        "One-0123456789-abcdefghi",
        "Two-0123456789-abcdefghi",
    )
    assert config.turn.rescore_s == (0.5, 1.0)
    assert config.tts.speaker == "12"
    assert config.server.log.format == "json"


def test_a_whole_number_is_a_number_too() -> None:
    drain_s = load("[server]\ndrain_s = 3").server.drain_s
    assert drain_s == 3.0
    assert isinstance(drain_s, float)


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[server]\nport = '80'\nhost = 1", "server.host must be a text, not 1"),
        ("[server]\nport = 80.0", "server.port must be a whole number, not 80.0"),
        ("[server]\nport = true", "server.port must be a whole number, not True"),
        ("[server]\nport = 'eighty'", "server.port must be a whole number"),
        ("[server]\ndrain_s = nan", "server.drain_s must be a number"),
        ("[server]\nlog_format = 'xml'", 'server.log_format must be "text" or "json"'),
        ("[server]\norigins = [1]", "server.origins must be a list of texts"),
        ("[server]\norigins = {a = 1}", "server.origins must be a list of texts"),
        ("[threads]\ncores = -1", "threads.cores must be 0 or more, not -1"),
        ("[llm]\nthreads = -2", "llm.threads must be 0 or more, not -2"),
        ("[threads]\nis_tuned = 1", "threads.is_tuned must be true or false"),
        ("[llm.vllm]\nis_eager = 'maybe'", "llm.vllm.is_eager must be true or false"),
        ("[llm]\nvllm = 3", "llm.vllm in the configuration file must be a table: [llm.vllm]"),
        ("[turn]\nrescore_s = ['a']", "turn.rescore_s must be a list of numbers"),
        ("server = 3", "must be a table: [server]"),
        ("[server\n", "is not TOML"),
        ("[server]\nport = 70000", "between 0 and 65535"),
        ("[server]\nmax_sessions = 0", "1 or more"),
        ("[server]\ntls_key = 'key.pem'", "needs server.tls_cert"),
        ("[server]\nmetrics_listen = '9464'", 'server.metrics_listen must be "host:port"'),
        (
            "[server]\nmetrics_listen = '127.0.0.1:9464'\nmetrics_public = true",
            "server.metrics_public means nothing",
        ),
    ],
)
def test_what_does_not_fit_is_an_error_that_names_the_key(toml: str, says: str) -> None:
    assert says in problem(toml)


def test_a_secret_is_not_in_the_error_nor_in_the_text_of_the_options() -> None:
    assert "hunter2" not in problem("[server]\ntokens = {hunter2 = 'hunter2'}")
    assert "hunter2" not in repr(ServerOptions(tokens=("hunter2",)))


def test_an_error_names_its_source() -> None:
    assert "the configuration file" in problem("[server]\nprot = 1")
    environ = {"VOICE_AVATAR_SERVER_PORT": "tcp://10.0.0.1:80"}
    assert "VOICE_AVATAR_SERVER_PORT" in problem(environ=environ)
    assert "--set server.port" in problem(**{"server.port": "x"})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("server.prot", "server.port"),
        ("sever.port", "server.port"),
        ("llm.length_scale", "tts.length_scale"),
        ("stt.modle", "stt.model"),
    ],
)
def test_an_unknown_key_is_an_error_with_a_suggestion(name: str, meant: str) -> None:
    assert f"Did you mean '{meant}'?" in problem(**{name: "1"})


def test_an_unknown_table_is_an_error_with_a_suggestion() -> None:
    assert "Did you mean 'chunking'?" in problem("[chunkin]\nmax_words = 3")


def test_an_unknown_engine_below_a_stage_is_an_error_with_a_suggestion() -> None:
    assert "Did you mean 'llm.vllm'?" in problem("[llm.vlm]\ndtype = 'auto'")
    assert "Did you mean 'llm.vllm.dtype'?" in problem("[llm.vllm]\ndtipe = 'auto'")


def test_a_name_like_no_other_gets_no_suggestion() -> None:
    assert "Did you mean" not in problem(**{"qqq.zzz": "1"})


@pytest.mark.parametrize("key", sorted(PER_SESSION))
def test_what_belongs_to_a_session_is_no_option(key: str) -> None:
    assert "There is no option" in problem(**{key: "x"})


def test_an_unknown_option_in_the_environment_is_an_error() -> None:
    assert "server.port" in problem(environ={"VOICE_AVATAR_SERVER_PROT": "1"})


def test_other_variables_of_the_environment_are_left_alone() -> None:
    environ = {"PATH": "/y", "SERVER_PORT": "1"} | dict.fromkeys(NOT_OPTIONS, "embedded")
    assert load(environ=environ) == Config()


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("VOICE_AVATAR_SEVER_PORT", "server.port"),
        ("VOICE_AVATAR_SERVER__TOKEN", "server.tokens"),
        ("VOICE_AVATAR_LLM_API_KEY", "llm.openai_http.api_key_env"),
        ("VOICE_AVATAR_LLM_VLLM_DTIPE", "llm.vllm.dtype"),
        ("VOICE_AVATAR_LLM__VLLM__DTYPE", "llm.vllm.dtype"),
        ("VOICE_AVATAR_LLM", ""),
    ],
)
def test_a_variable_with_the_prefix_that_is_no_option_is_an_error(
    variable: str, meant: str
) -> None:
    message = problem(environ={variable: "hunter2"})
    assert variable in message
    assert meant in message
    assert "hunter2" not in message


@given(st.dictionaries(st.sampled_from(list(places())), st.text(max_size=8)))
def test_any_text_for_any_option_is_taken_or_refused_by_name(overrides: dict[str, str]) -> None:
    message = ""
    try:
        load(overrides=overrides)
    except ConfigError as error:
        message = error.message
    assert not message or any(key in message for key in (*overrides, "server."))


# -- tables of engines, and keys that are not where their fields are


def test_what_one_engine_knows_is_a_table_below_its_stage() -> None:
    toml = "[llm]\nengine = 'vllm'\n[llm.vllm]\ndtype = 'float16'\n[tts.piper]\nlead_frames = 2"
    config = load(toml)
    assert config.llm.engine == "vllm"
    assert config.engines.llm.vllm == VllmOptions(dtype="float16")
    assert config.engines.tts.piper.lead_frames == 2
    assert config.engines.stt == EngineTables().stt


def test_an_engine_is_configured_from_every_source() -> None:
    toml = "[llm.openai_http]\nbase_url = 'a'\napi_key_env = 'b'\nconnect_timeout_s = 1"
    environ = {
        "VOICE_AVATAR_LLM_OPENAI_HTTP_API_KEY_ENV": "c",
        "VOICE_AVATAR_LLM_OPENAI_HTTP_CONNECT_TIMEOUT_S": "2",
    }
    own = load(toml, environ, {"llm.openai_http.connect_timeout_s": "3"}).engines.llm.openai_http
    assert (own.base_url, own.api_key_env, own.connect_timeout_s) == ("a", "c", 3.0)


def test_a_preset_may_fill_the_table_of_an_engine() -> None:
    assert load(preset="gpu").engines.stt.faster_whisper.device == "cuda"
    assert load(preset="gpu").engines.llm.vllm.gpu_memory_fraction == 0.8


def test_every_table_of_an_engine_belongs_to_an_engine_of_its_stage() -> None:
    own = [table.split(".") for table in tables() if "." in table]
    assert all(engine in ENGINES[stage] for stage, engine in own)
    for stage, engine in own:
        assert type(EngineTables().own(stage, engine)) is tables()[f"{stage}.{engine}"]
    assert EngineTables().own("llm", "scripted") is None
    assert EngineTables().own("vad", "silero") is None


def test_no_stage_has_an_option_called_like_one_of_its_engines_tables() -> None:
    assert not set(tables()) & set(places())


def test_no_two_options_have_one_variable() -> None:
    variables = [place.variable for place in places().values()]
    assert len(set(variables)) == len(variables)
    assert not set(variables) & NOT_OPTIONS


@pytest.mark.parametrize("place", places().values(), ids=lambda place: place.key)
def test_every_option_has_one_field(place: OptionPlace) -> None:
    options: object = Config()
    for name in place.path[:-1]:
        options = getattr(options, name)
    assert type(options) is place.options
    assert place.path[-1] in {item.name for item in fields(place.options)}


def test_a_group_of_a_stages_options_is_a_prefix_and_no_table() -> None:
    environ = {"VOICE_AVATAR_TURN_INTERRUPT_ANY_S": "4"}
    config = load("[turn]\ninterrupt_wait_s = 2", environ, {"turn.interrupt_ask_s": "3"})
    interrupt = config.turn.interrupt
    assert (interrupt.wait_s, interrupt.ask_s, interrupt.any_s) == (2.0, 3.0, 4.0)
    assert "There is no" in problem("[turn.interrupt]\nwait_s = 2")


# -- names that were


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_a_name_that_moved_is_there_under_the_new_one(old: str, new: str) -> None:
    assert old not in places()
    assert old not in tables()
    assert new in places() or new in tables()


@pytest.mark.parametrize(("old", "new"), [(o, n) for o, n in MOVED.items() if "." in o])
def test_an_old_key_is_answered_with_the_new_one_whatever_it_came_from(old: str, new: str) -> None:
    table, _, name = old.partition(".")
    hint = f"Did you mean {new!r}?"
    assert hint in problem(f"[{table}]\n{name} = 1")
    assert hint in problem(**{old: "1"})
    assert hint in problem(environ={f"VOICE_AVATAR_{table}_{name}".upper(): "1"})


def test_an_old_table_is_answered_with_the_new_one() -> None:
    assert "Did you mean 'history'?" in problem("[memory]")
    assert "Did you mean 'history.opening'?" in problem("[memory]\nopenin = ''")
