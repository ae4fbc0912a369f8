"""Codes: every error has one, and what closes a connection."""

from __future__ import annotations

from voice_avatar.errors import ConnectionFailed, VoiceAvatarError
from voice_avatar.wire.codes import ERROR_CODES, CloseCode, close_code


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
