"""The protocols of others at the server's port: who may come, what they ask for, and their models.

OpenAI's Realtime protocol is at `/v1/realtime`, the list of models at `/v1/models`. Plain PCM
(`pcm/`) is let in here too: its clients show their key as those of Realtime do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, unquote

from websockets.http11 import Request, Response

from voice_avatar.acting.mouth.viseme_sets import VISEME_SETS
from voice_avatar.config.load import Config, ServerOptions
from voice_avatar.realtime import beta
from voice_avatar.realtime.avatar import events_named
from voice_avatar.realtime.settings import Offer
from voice_avatar.server import http
from voice_avatar.server.caller import Caller
from voice_avatar.server.entrance.token_gate import TokenGate, Verdict
from voice_avatar.wire import session_messages

REALTIME_PATH: Final = "/v1/realtime"
MODELS_PATH: Final = "/v1/models"

KEY_SUBPROTOCOL: Final = "openai-insecure-api-key."
"""What the subprotocol begins with in which a browser sends its key."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """What the request for a Realtime session said.

    Attributes:
        model: what the client calls the model, "" = nothing.
        avatar: extension events.
        viseme_set: of the visemes, "" = the first.
        is_beta: whether the beta's names are spoken.
    """

    model: str = ""
    avatar: tuple[str, ...] = ()
    viseme_set: str = ""
    is_beta: bool = False


def path_of(request: Request | None) -> str:
    """Returns the path of a request, without its query."""
    return "" if request is None else request.path.partition("?")[0]


def refused_socket(
    request: Request, options: ServerOptions, gate: TokenGate, address: str, *, is_ready: bool
) -> Response | None:
    """Returns why a WebSocket of one of these protocols is refused; None = it may go on."""
    refusal = http.refusal(request, options) or refused_key(request, gate, address)
    if refusal is None and not is_ready:
        message = "The models are still loading."
        return _refused(HTTPStatus.SERVICE_UNAVAILABLE, "server_overloaded", message)
    return refusal


def refused_key(request: Request, gate: TokenGate, address: str) -> Response | None:
    """Returns the answer to a request without a valid key; None = it has one, or needs none."""
    match gate.look(Caller(address).showing(key_of(request))):
        case Verdict.VALID:
            return None
        case Verdict.THROTTLED:
            message = "Too many incorrect API keys came from this address."
            return _refused(HTTPStatus.TOO_MANY_REQUESTS, "rate_limit_exceeded", message)
        case _:
            message = "Incorrect API key provided."
            return _refused(HTTPStatus.UNAUTHORIZED, "invalid_api_key", message)


def key_of(request: Request) -> str | None:
    """Returns the key of a request.

    It is in `Authorization`, in `api-key` (Azure), or in a subprotocol (browsers).
    """
    token = http.bearer_token(request)
    if token is not None:
        return token
    if (key := request.headers.get("api-key")) is not None:
        return key.strip()
    keys = (name for name in _offered(request) if name.startswith(KEY_SUBPROTOCOL))
    return next((key.removeprefix(KEY_SUBPROTOCOL) for key in keys), None)


def _offered(request: Request) -> list[str]:
    names = ",".join(request.headers.get_all("Sec-WebSocket-Protocol")).split(",")
    return [name.strip() for name in names]


def subprotocol(offered: Sequence[str]) -> str | None:
    """Picks a subprotocol: browsers want one of theirs back, and never their key."""
    names = [name for name in offered if not name.startswith(KEY_SUBPROTOCOL)]
    return "realtime" if "realtime" in names else next(iter(names), None)


def models_answer(
    request: Request, gate: TokenGate, address: str, models: session_messages.Models
) -> Response:
    """Returns the models at work, or one of them, as OpenAI's interface does."""
    if (refusal := refused_key(request, gate, address)) is not None:
        return refusal
    names = [name for name in (models.llm, models.stt, models.tts) if name]
    shown = [
        {"id": name, "object": "model", "created": 0, "owned_by": "voice-avatar"}
        for name in dict.fromkeys(names)
    ]
    wanted = unquote(path_of(request).removeprefix(MODELS_PATH).strip("/"))
    if not wanted:
        return http.json(HTTPStatus.OK, {"object": "list", "data": shown})
    found = next((one for one in shown if one["id"] == wanted), None)
    if found is None:
        message = f"The model '{wanted[:64]}' does not exist."
        return _refused(HTTPStatus.NOT_FOUND, "model_not_found", message)
    return http.json(HTTPStatus.OK, found)


def _refused(status: HTTPStatus, code: str, message: str) -> Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return http.json(status, {"error": error})


def handshake_of(request: Request) -> Handshake:
    """Returns what a request for a Realtime session says."""
    _, _, text = request.path.partition("?")
    query = {name: values[0] for name, values in parse_qs(text).items()}
    viseme_set = query.get("viseme_set", "")
    is_beta = request.headers.get("OpenAI-Beta", "") == beta.HEADER
    return Handshake(
        model=query.get("model", "")[:256],
        avatar=events_named(query.get("avatar", "")),
        viseme_set=viseme_set if viseme_set in VISEME_SETS else "",
        is_beta=is_beta or beta.SUBPROTOCOL in _offered(request),
    )


def offer_of(
    models: session_messages.Models, languages: tuple[str, ...], config: Config, instructions: str
) -> Offer:
    """Returns what a Realtime session may have.

    Args:
        models: at work.
        languages: ISO 639-1 codes that are heard.
        config: of the server.
        instructions: system message of a session that asks for none.
    """
    return Offer(
        model=models.llm,
        voice=models.tts,
        transcriber=models.stt,
        languages=languages,
        instructions=instructions,
        max_tokens=config.session.max_reply_tokens,
        temperature=config.session.temperature,
        viseme_sets=tuple(VISEME_SETS),
    )
