"""Servers of our own as processes, and client programs that run against them."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from voice_avatar.audio.pcm import resample
from voice_avatar.events.payloads import SpeakableChunk, SpeechPiece
from voice_avatar.stages.tts import TtsEngine

ROOT: Final = Path(__file__).resolve().parents[2]
CLIENTS: Final = Path(__file__).resolve().parent / "clients"

SCRIPTED: Final = "\n".join(
    f'[{stage}]\nengine = "scripted"' for stage in ("vad", "turn", "stt", "llm", "tts")
)
"""Configuration of a server that needs no model and always answers the same."""

_START_S: Final = 180.0
_PROGRAM_S: Final = 240.0


def need(environment: str, path: Path) -> None:
    """Skips a test whose environment was not made; fails if it was asked for (`make test-compat`).

    Args:
        environment: its name, as in `COMPAT` of the Makefile.
        path: what is there if it was made.
    """
    wanted = os.environ.get("VOICE_AVATAR_COMPAT")
    if wanted is not None and environment in wanted.split():
        assert path.exists(), f"{path} is missing"
    elif wanted is not None or not path.exists():
        pytest.skip(f"make test-compat COMPAT={environment} makes its environment")


@dataclass(frozen=True)
class Certificate:
    """Files of a certificate for this machine's loopback, and of its key."""

    chain: Path
    key: Path


def certificate(folder: Path) -> Certificate:
    """Makes a certificate that signs itself, for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = Certificate(folder / "chain.pem", folder / "key.pem")
    files.chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


def write_speech(path: Path, voice: TtsEngine, text: str, rate_hz: int) -> None:
    """Writes what a voice says as a WAV file."""
    chunk = SpeakableChunk(index=0, text=text, spoken=text)
    said = b"".join(p.pcm for p in voice.synthesize(chunk) if isinstance(p, SpeechPiece))
    with wave.open(str(path), "wb") as wav:
        wav.setparams((1, 2, rate_hz, 0, "NONE", ""))
        wav.writeframes(resample(said, voice.capabilities.rate_hz, rate_hz))


@contextmanager
def server(folder: Path, config: str = SCRIPTED, tls: Certificate | None = None) -> Iterator[str]:
    """Runs `voice-avatar serve` and yields the address of its API, ws://HOST:PORT/v1.

    Args:
        folder: where its configuration and its log go.
        config: stages, as TOML.
        tls: with it, the address is wss://localhost:PORT/v1.
    """
    persona = Path(__file__).parents[1] / "data" / "quiet_persona.toml"
    lines = ["[server]", f"persona = {json.dumps(str(persona))}", "max_sessions = 64"]
    if tls:
        lines += [
            f"tls_cert = {json.dumps(str(tls.chain))}",
            f"tls_key = {json.dumps(str(tls.key))}",
        ]
    file = folder / "server.toml"
    file.write_text("\n".join([*lines, config, ""]), "utf-8")
    command = [sys.executable, "-m", "voice_avatar", "serve", "--config", str(file), "--port", "0"]
    # The server takes VOICE_AVATAR_… for its own options.
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("VOICE_AVATAR_") or name == "VOICE_AVATAR_HOME"
    } | {"PYTHONPATH": str(ROOT)}
    log = folder / "server.log"
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment,
            start_new_session=True,
        ) as process,
    ):
        try:
            address = _address(process, log)
            yield address.replace("127.0.0.1", "localhost") if tls else address
        finally:
            _end(process)


def _address(process: subprocess.Popen[str], log: Path) -> str:
    """Waits until a server tells where it is."""
    assert process.stdout is not None
    stdout = process.stdout
    said: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in stdout:
            said.put(line)
        said.put("")

    threading.Thread(target=read, daemon=True).start()
    while line := said.get(timeout=_START_S):
        if " ready: " in line:
            return line.split(" ready: ")[1].strip().replace("http", "ws", 1) + "v1"
    raise AssertionError(f"the server did not start:\n{log.read_text('utf-8')[-2000:]}")


def run(command: Sequence[str | Path], **environment: str) -> dict[str, Any]:
    """Runs a client program to its end and returns the facts that it printed."""
    # What a program imports is compiled once, and kept: its environment was made without compiling.
    kept = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment}
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=kept,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=_PROGRAM_S)
    finally:
        _end(process)
    try:
        told: dict[str, Any] = json.loads(output)
    except json.JSONDecodeError:
        raise AssertionError(
            f"{command[1]} ended with {process.returncode}: {errors[-3000:]}"
        ) from None
    told["stderr"] = errors
    return told


def _end(process: subprocess.Popen[str]) -> None:
    """Ends a process and all that it started, and waits for it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(15)
