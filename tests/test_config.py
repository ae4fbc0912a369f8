"""Configuration: sources and their order, types, errors that help, help that is complete."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_avatar.config import (
    NOT_OPTIONS,
    PER_SESSION,
    Config,
    ServerOptions,
    load,
    preset_names,
    stages,
)
from voice_avatar.config_doc import describe, markdown
from voice_avatar.errors import ConfigError
from voice_avatar.llm import LlmOptions
from voice_avatar.model_table import MODELS

DOC = Path(__file__).parents[1] / "docs" / "configuration.md"


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
    assert load(overrides={"llm.is_eager": text}).llm.is_eager is expected


def test_numbers_texts_and_lists_are_read_from_text() -> None:
    environ = {
        "VOICE_AVATAR_SERVER_MAX_SESSIONS": " 3 ",
        "VOICE_AVATAR_SERVER_TOKENS": "one, two,",
        "VOICE_AVATAR_TURN_RESCORE_S": "0.5,1",
        "VOICE_AVATAR_TTS_SPEAKER": "12",
        "VOICE_AVATAR_SERVER_LOG_FORMAT": "json",
    }
    config = load(environ=environ)
    assert config.server.max_sessions == 3
    assert config.server.tokens == ("one", "two")
    assert config.turn.rescore_s == (0.5, 1.0)
    assert config.tts.speaker == "12"
    assert config.server.log_format == "json"


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
        ("[llm]\nis_eager = 1", "llm.is_eager must be true or false"),
        ("[llm]\nis_eager = 'maybe'", "llm.is_eager must be true or false"),
        ("[turn]\nrescore_s = ['a']", "turn.rescore_s must be a list of numbers"),
        ("server = 3", "must be a table: [server]"),
        ("[server\n", "is not TOML"),
        ("[server]\nport = 70000", "between 0 and 65535"),
        ("[server]\nmax_sessions = 0", "1 or more"),
        ("[server]\ntls_key = 'key.pem'", "needs server.tls_cert"),
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
        ("VOICE_AVATAR_LLM_API_KEY", "llm.api_key_env"),
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


@given(st.dictionaries(st.sampled_from([o.key for o in describe()]), st.text(max_size=8)))
def test_any_text_for_any_option_is_taken_or_refused_by_name(overrides: dict[str, str]) -> None:
    message = ""
    try:
        load(overrides=overrides)
    except ConfigError as error:
        message = error.message
    assert not message or any(key in message for key in (*overrides, "server."))


def test_every_field_of_every_stage_is_described_or_belongs_to_the_session() -> None:
    described = {option.key for option in describe()}
    for stage, options in stages().items():
        for field in fields(options):
            assert (f"{stage}.{field.name}" in described) != (
                f"{stage}.{field.name}" in PER_SESSION
            )


@pytest.mark.parametrize("option", describe(), ids=lambda option: option.key)
def test_every_option_says_what_it_means_and_takes_its_own_default(option: object) -> None:
    assert len(option.help) > 8  # type: ignore[attr-defined]
    table, name = option.key.split(".")  # type: ignore[attr-defined]
    assert load(f"[{table}]\n{name} = {option.default}") == Config()  # type: ignore[attr-defined]


def test_variables_are_spelt_as_documented() -> None:
    port = next(option for option in describe() if option.key == "server.port")
    assert port.variable == "VOICE_AVATAR_SERVER_PORT"


def test_help_has_every_line_of_a_long_description() -> None:
    threads = next(option for option in describe() if option.key == "llm.threads")
    assert threads.help.startswith("llamacpp: CPU threads;")
    assert threads.help.endswith("of its speed and less.")
    assert LlmOptions.__doc__ is not None


def test_the_documentation_is_what_the_code_says() -> None:
    assert DOC.read_text("utf-8") == markdown(), "run: python -m voice_avatar.config_doc > docs/…"


def test_every_row_of_the_documentation_is_one_row() -> None:
    rows = [line for line in markdown().splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 5 for row in rows)
