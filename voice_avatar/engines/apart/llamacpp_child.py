"""The process in which llama.cpp runs: `python -m voice_avatar.engines.apart.llamacpp_child`.

Standard input brings requests, standard output takes what becomes of them, as frames (`Frame`). The
first request says what to load. The process ends with its standard input, so never later than the
server that started it, and at no signal but SIGKILL: the terminal and systemd send theirs to all.
"""

from __future__ import annotations

import os
import secrets
import signal
import struct
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any, Final

import msgspec

from voice_avatar.engines.blas import hold_to_one_thread

HEAD: Final = struct.Struct("<BII")
"""Of a frame: kind, number of the request, bytes that follow."""

LOAD, CHAT, ABORT, METRICS = range(4)
"""Kinds of requests."""

LOADED, CHUNK, REFUSED, END, FIGURES, FAILED = range(4, 10)
"""Kinds of answers. A chat ends with END or REFUSED."""

Frame = tuple[int, int, bytes]
"""(kind, number, payload)"""

_PROPS_TIMEOUT_S = 5.0


class Spec(msgspec.Struct, frozen=True):
    """What to load.

    Attributes:
        path: of the GGUF file.
        alias: name of the model.
        gpu_layers: layers on the GPU.
        threads: CPU threads.
        slots: conversations at once.
        context_tokens: of each.
        batch_tokens: prompt tokens evaluated in one step.
        chat_template: "" = the model's own.
    """

    path: str
    alias: str
    gpu_layers: int
    threads: int
    slots: int
    context_tokens: int
    batch_tokens: int
    chat_template: str = ""


class Loaded(msgspec.Struct, frozen=True):
    """What was loaded.

    Attributes:
        address: URL of llama.cpp's own HTTP server, which nobody has the key of.
        knows_tools: whether the chat template has a place for tools.
    """

    address: str
    knows_tools: bool


class _Props(msgspec.Struct):
    """What llama.cpp says of a model."""

    chat_template_caps: dict[str, bool] = {}


def read_frames(pipe: IO[bytes]) -> Iterator[Frame]:
    """Yields the frames of a pipe until its other end is closed."""
    while len(head := pipe.read(HEAD.size)) == HEAD.size:
        kind, number, size = HEAD.unpack(head)
        payload = pipe.read(size)
        if len(payload) < size:
            return
        yield kind, number, payload


class FrameWriter:
    """Writes frames, from any thread."""

    def __init__(self, pipe: IO[bytes]) -> None:
        """`pipe` is unbuffered or flushed here."""
        self._pipe = pipe
        self._lock = threading.Lock()

    def write(self, kind: int, number: int = 0, payload: bytes = b"") -> None:
        """Writes a frame.

        Raises:
            OSError, ValueError: the other end is closed.
        """
        with self._lock:
            self._pipe.write(HEAD.pack(kind, number, len(payload)) + payload)
            self._pipe.flush()


def params(xllamacpp: Any, spec: Spec) -> Any:
    """Returns a specification as xllamacpp takes it."""
    made = xllamacpp.CommonParams()
    made.model.path = spec.path
    made.model_alias = {spec.alias}
    made.n_gpu_layers = spec.gpu_layers
    made.cpuparams.n_threads = made.cpuparams_batch.n_threads = spec.threads
    made.n_parallel = spec.slots
    made.n_ctx = spec.slots * spec.context_tokens
    made.n_batch = made.n_ubatch = spec.batch_tokens
    if spec.chat_template:
        made.chat_template = spec.chat_template
    made.fit_params = False  # would change the context to what it thinks fits
    made.cache_ram_mib = 0  # slots are the cache; else prompts are kept in up to 8 GB of memory
    made.endpoint_metrics = True
    made.verbosity = 0
    # xllamacpp always opens llama.cpp's HTTP server too. Nobody gets the key, so nobody gets in.
    made.api_keys = [secrets.token_urlsafe()]
    made.hostnames = ["127.0.0.1"]
    made.port = 0
    made.n_threads_http = 1
    made.endpoint_slots = False
    made.ui = False
    return made


class _Child:
    """Carries requests out, each chat in a thread of its own."""

    def __init__(self, server: Any, out: FrameWriter) -> None:
        self._server = server
        self._out = out
        self._unwanted: dict[int, threading.Event] = {}

    def take(self, kind: int, number: int, payload: bytes) -> None:
        """Takes a request. Does not block."""
        if kind == ABORT:
            if unwanted := self._unwanted.get(number):
                unwanted.set()
            return
        work: Any = self._metrics
        if kind == CHAT:
            self._unwanted[number] = threading.Event()
            work = self._chat
        threading.Thread(target=work, args=(number, payload), daemon=True).start()

    def _chat(self, number: int, body: bytes) -> None:
        unwanted = self._unwanted[number]

        def receive(payload: bytes) -> bool:
            """Takes what llama.cpp reports; returns whether to abort the request."""
            if not unwanted.is_set():
                self._out.write(CHUNK, number, payload)
            return unwanted.is_set()

        end = END
        try:
            if not unwanted.is_set():
                self._server.handle_chat_completions(body, receive)
        except (RuntimeError, ValueError):
            end = REFUSED
        del self._unwanted[number]
        with suppress(OSError, ValueError):
            self._out.write(end, number)

    def _metrics(self, number: int, payload: bytes) -> None:
        del payload
        with suppress(OSError, ValueError):
            self._out.write(FIGURES, number, self._server.handle_metrics().encode())


def _template_knows_tools(server: Any, key: str) -> bool:
    """Returns whether tools are part of the prompts that the model's own template makes.

    Asked of the HTTP server that xllamacpp opens on this machine: it is told nowhere else.
    """
    url = f"{server.listening_address}/props"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=_PROPS_TIMEOUT_S) as response:
            props = msgspec.json.decode(response.read(), type=_Props)
    except (OSError, msgspec.MsgspecError):
        return False  # then they are told in plain words
    return props.chat_template_caps.get("supports_tools", False)


def _deaf() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def main() -> None:
    """Runs until standard input ends."""
    _deaf()
    # What a library prints must not come between the frames.
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    out = FrameWriter(pipe)
    frames = read_frames(sys.stdin.buffer)
    _, _, payload = next(frames)
    spec = msgspec.json.decode(payload, type=Spec)
    hold_to_one_thread()
    import xllamacpp

    made = params(xllamacpp, spec)
    try:
        server = xllamacpp.Server(made)
    except RuntimeError:
        out.write(FAILED)
        os._exit(1)
    _deaf()  # llama.cpp's server loop takes both over
    # Answered by the server's loop, which therefore runs. One that is destroyed before it runs
    # never ends (xllamacpp 2026.10).
    server.handle_metrics()
    (key,) = made.api_keys
    loaded = Loaded(server.listening_address, _template_knows_tools(server, key))
    out.write(LOADED, 0, msgspec.json.encode(loaded))
    child = _Child(server, out)
    for frame in frames:
        child.take(*frame)
    os._exit(0)  # at once: the server is gone, and a request may hang


if __name__ == "__main__":
    main()
