"""Codes: every error has one, and what closes a connection."""

from __future__ import annotations

import re

from voice_avatar.errors import (
    ConnectionFailed,
    MessageTooBig,
    Unauthorized,
    VersionUnsupported,
    VoiceAvatarError,
)
from voice_avatar.wire.codes import CLOSE_CODES, ERROR_CODES, WARNING_CODES, CloseCode, close_code


def errors_below(kind: type[VoiceAvatarError]) -> list[type[VoiceAvatarError]]:
    return [kind, *(one for below in kind.__subclasses__() for one in errors_below(below))]


def test_every_error_of_the_project_has_a_code_of_the_table() -> None:
    codes = {kind.code for kind in errors_below(VoiceAvatarError)}
    assert codes - set(ERROR_CODES) == {ConnectionFailed.code}


def test_fatal_errors_are_those_after_which_no_session_goes_on() -> None:
    for kind in errors_below(VoiceAvatarError):
        if kind.is_recoverable and kind.code in ERROR_CODES:
            assert not ERROR_CODES[kind.code].is_fatal or kind.code == "protocol_error"


def test_an_error_closes_with_the_code_of_the_table() -> None:
    assert close_code(VoiceAvatarError("?")) is CloseCode.INTERNAL
    assert close_code(ConnectionFailed("?")) is CloseCode.INTERNAL


def test_every_close_code_has_a_text_and_is_one_that_a_program_may_use() -> None:
    assert set(CLOSE_CODES) == set(CloseCode)
    for code in CloseCode:
        assert CLOSE_CODES[code]
        assert code <= 1013 or 4000 <= code < 5000


def test_no_code_is_a_warning_and_an_error() -> None:
    assert not set(WARNING_CODES) & set(ERROR_CODES)
    for name, text in WARNING_CODES.items():
        assert re.fullmatch(r"[a-z_]+", name)
        assert text.endswith(".")
    for name, code in ERROR_CODES.items():
        assert re.fullmatch(r"[a-z_]+", name)
        assert code.text.endswith(".")


def test_an_error_that_ends_a_session_closes_with_what_it_is() -> None:
    assert close_code(Unauthorized("?")) is CloseCode.UNAUTHORIZED
    assert close_code(VersionUnsupported("?")) is CloseCode.VERSION_UNSUPPORTED
    assert close_code(MessageTooBig("?")) is CloseCode.TOO_BIG


def test_what_does_not_end_a_session_has_no_close_code_of_its_own() -> None:
    for code in ERROR_CODES.values():
        assert code.is_fatal or code.close is CloseCode.INTERNAL
