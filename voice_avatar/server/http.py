"""The HTTP side of the server's port: who may upgrade, tokens, TLS, and plain answers."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qs

import msgspec
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from voice_avatar.acting.clips import library, vrma
from voice_avatar.config.load import ServerOptions
from voice_avatar.server.entrance.origins import is_origin_allowed

CLIPS_PATH: Final = "/v1/gestures"
"""Where the index of all clips is; each clip is below it."""

WEB_KINDS: Final = MappingProxyType(
    {
        ".css": "text/css; charset=utf-8",
        ".glb": "model/gltf-binary",
        ".html": "text/html; charset=utf-8",
        ".ico": "image/x-icon",
        ".jpg": "image/jpeg",
        ".js": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".mjs": "text/javascript; charset=utf-8",
        ".png": "image/png",
        ".svg": "image/svg+xml",
        ".txt": "text/plain; charset=utf-8",
        ".vrm": "model/gltf-binary",
        ".vrma": vrma.MEDIA_TYPE,
        ".webmanifest": "application/manifest+json",
        ".webp": "image/webp",
        ".woff2": "font/woff2",
    }
)
"""Files of the page that are served, by the end of their name; all others stay unseen."""

BUILD_FILES: Final = frozenset(
    {"package.json", "package-lock.json"}
    | {f"{name}.entry.mjs" for name in ("three_vrm", "meshopt_decoder", "draco_decoder")}
)
"""Files that build and check the page, and that it never loads."""

PAGE_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",  # worklets and workers too: they are files of their own
        "worker-src 'self'",
        "style-src 'self'",
        "connect-src 'self' blob:",  # blob: textures inside a model that the user dropped
        "img-src 'self' blob: data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Content-Security-Policy of the page: nothing inline, nothing evaluated, no other host."""

_SINGLE_HEADERS: Final = (
    *("Host", "Origin", "Upgrade", "Authorization", "api-key", "OpenAI-Beta", "X-Forwarded-For"),
    *("Sec-WebSocket-Key", "Sec-WebSocket-Version"),
)
"""Headers that decide something, and so may not be there twice."""

_NOT_WANTED: Final = "bluetooth camera display-capture geolocation hid midi payment serial usb"
"""What the page wants of no browser, so that nothing that gets into it can have it."""

GUARDS: Final = MappingProxyType(
    {
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": ", ".join(
            [
                *("microphone=(self)", "xr-spatial-tracking=(self)", "autoplay=(self)"),
                *(f"{name}=()" for name in _NOT_WANTED.split()),
            ]
        ),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
)
"""What every answer has, whatever it is and whoever makes it, unless it says otherwise."""

TLS_GUARD: Final = ("Strict-Transport-Security", "max-age=31536000")
"""What every answer over TLS has too: for a year browsers come by TLS only. Without subdomains,
which may be somebody else's."""

METHODS: Final = ("GET", "HEAD")
"""What is answered to other than that it is not."""

_FORWARDED: Final = ("X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Via", "X-Real-IP")
"""Headers of reverse proxies."""

_HEADERS: Final = {
    **GUARDS,
    "Connection": "close",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}


def scheme_of(options: ServerOptions) -> str:
    """Returns what the server itself speaks, "http" or "https"."""
    return "https" if options.tls_cert else "http"


def refusal(request: Request, options: ServerOptions) -> Response | None:
    """Returns why a request for a session is refused; None = it may go on."""
    headers = request.headers
    host, scheme = headers.get("Host", ""), scheme_of(options)
    if not is_origin_allowed(headers.get("Origin"), host, scheme, options.origins):
        return text(HTTPStatus.FORBIDDEN, "This origin is not allowed.\n")
    if headers.get("Upgrade", "").lower() != "websocket":
        return text(HTTPStatus.UPGRADE_REQUIRED, "This is a WebSocket.\n")
    return None


def guard(headers: Headers, *, is_tls: bool) -> None:
    """Adds what every answer has; those that are made here have most of it."""
    for name, value in (*GUARDS.items(), *([TLS_GUARD] if is_tls else ())):
        headers.setdefault(name, value)


def malformed(request: Request, *, has_body: bool) -> Response | None:
    """Returns why a request is answered by nobody, whatever it is for; None = it may be."""
    if request.method not in METHODS:
        allow = {"Allow": ", ".join(METHODS)}
        body, kind = b"Only GET and HEAD are answered.\n", "text/plain; charset=utf-8"
        return answer(HTTPStatus.METHOD_NOT_ALLOWED, body, kind, allow)
    # What is there twice may be read one way here and another way by a proxy.
    if any(len(request.headers.get_all(name)) > 1 for name in _SINGLE_HEADERS):
        return text(HTTPStatus.BAD_REQUEST, "A header is there twice.\n")
    if has_body:
        return text(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "No body is wanted.\n")
    if not request.headers.get("Host"):
        return text(HTTPStatus.BAD_REQUEST, "A request needs a Host.\n")
    return None


def without_body(response: Response) -> Response:
    """Returns the answer to HEAD: what GET would have got, but for the body."""
    return Response(response.status_code, response.reason_phrase, response.headers, b"")


def is_forwarded(request: Request) -> bool:
    """Returns whether a reverse proxy says that it passes a request on."""
    return any(name in request.headers for name in _FORWARDED)


def bearer_token(request: Request) -> str | None:
    """Returns the token of a request: in the header, or in `?token=`."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    _, _, query = request.path.partition("?")
    return next(iter(parse_qs(query).get("token", [])), None)


def json(status: HTTPStatus, body: object) -> Response:
    """Returns an answer of JSON."""
    return answer(status, msgspec.json.encode(body), "application/json")


@dataclass(frozen=True, slots=True)
class _Document:
    """A public file that does not change while the server runs, plain and packed."""

    kind: str
    plain: bytes
    packed: bytes
    etag: str


@cache
def clip_documents() -> dict[str, _Document]:
    """Returns the index of clips and every clip by path. The first call takes about a second."""
    clips = {name: vrma.vrma(library.clip(name)) for name in library.names()}
    index = [
        vrma.described(library.clip(name))
        | {"url": f"gestures/{name}.vrma", "bytes": len(data), "sha256": sha256(data).hexdigest()}
        for name, data in clips.items()
    ]
    body = msgspec.json.encode({"format": "VRMC_vrm_animation-1.0", "clips": index})
    paths = {f"{CLIPS_PATH}/{name}.vrma": data for name, data in clips.items()}
    return {CLIPS_PATH: _document(body, "application/json")} | {
        path: _document(data, vrma.MEDIA_TYPE) for path, data in paths.items()
    }


def _document(body: bytes, kind: str) -> _Document:
    tag = f'"{sha256(body).hexdigest()[:20]}"'
    return _Document(kind, body, gzip.compress(body, mtime=0), tag)


@cache
def web_documents() -> dict[str, _Document]:
    """Returns the page and all that it loads, by path; `/` is `index.html`.

    They are read once. A request only looks its path up here, so that no path, however it is
    written, leads to another file.
    """
    files = dict(_files(resources.files("voice_avatar") / "web", ""))
    made = {
        path: _document(file.read_bytes(), WEB_KINDS[PurePosixPath(path).suffix])
        for path, file in files.items()
    }
    return made | {"/": made["/index.html"]}


def _files(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for one in folder.iterdir():
        if one.name.startswith(".") or one.name in BUILD_FILES:
            continue
        if one.is_dir():
            yield from _files(one, f"{path}/{one.name}")
        elif PurePosixPath(one.name).suffix in WEB_KINDS:
            yield f"{path}/{one.name}", one


def web_answer(path: str, headers: Headers) -> Response:
    """Returns a file of the page, or that there is none; 304 to whom has it already."""
    found = web_documents().get(path)
    if found is None:
        return text(HTTPStatus.NOT_FOUND, "There is nothing here.\n")
    public = {
        "Cache-Control": "no-cache",  # kept, but asked for each time: all files are of one version
        "Content-Security-Policy": PAGE_POLICY,
    }
    return _document_answer(found, headers, public)


def clip_answer(path: str, headers: Headers) -> Response:
    """Returns the index of clips, a clip, or that there is none; 304 to whom has it already."""
    found = clip_documents().get(path)
    if found is None:
        return text(HTTPStatus.NOT_FOUND, "There is no such clip.\n")
    public = {
        "Cache-Control": "public, max-age=3600",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return _document_answer(found, headers, public)


def _document_answer(found: _Document, headers: Headers, more: Mapping[str, str]) -> Response:
    public = {**more, "ETag": found.etag, "Vary": "Accept-Encoding"}
    known = [tag.strip().removeprefix("W/") for tag in _list(headers, "If-None-Match")]
    if found.etag in known or "*" in known:
        return answer(HTTPStatus.NOT_MODIFIED, b"", found.kind, public)
    if any(_takes_gzip(one) for one in _list(headers, "Accept-Encoding")):
        packed = public | {"Content-Encoding": "gzip"}
        return answer(HTTPStatus.OK, found.packed, found.kind, packed)
    return answer(HTTPStatus.OK, found.plain, found.kind, public)


def _list(headers: Headers, name: str) -> list[str]:
    return ",".join(headers.get_all(name)).split(",")


def _takes_gzip(coding: str) -> bool:
    name, _, weight = coding.replace(" ", "").lower().partition(";q=")
    return name == "gzip" and weight.strip("0.") != "" if weight else name == "gzip"


def text(status: HTTPStatus, body: str) -> Response:
    """Returns an answer of plain text."""
    return answer(status, body.encode(), "text/plain; charset=utf-8")


def answer(
    status: HTTPStatus, body: bytes, kind: str, more: Mapping[str, str] = MappingProxyType({})
) -> Response:
    """Returns an answer with a body of content type `kind`; headers in `more` go before others."""
    told = {"Content-Type": kind, "Content-Length": str(len(body)), **_HEADERS, **more}
    if status == HTTPStatus.NOT_MODIFIED:  # it would be the length of what is not sent
        del told["Content-Length"]
    headers = Headers(told)
    return Response(status.value, status.phrase, headers, body)
