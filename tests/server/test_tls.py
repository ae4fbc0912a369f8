"""TLS: what is spoken, and certificates that change under those who talk. Real sockets."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from kit import programs
from kit.edge import eventually, running

from voice_avatar.client.connection import connect
from voice_avatar.config.load import Config, ServerOptions
from voice_avatar.conversation.playout import PlayoutOptions
from voice_avatar.errors import ConfigError
from voice_avatar.server.tls import ServerTls, server_tls

PASSPHRASE = b"nobody is asked for it"


@dataclass
class Authority:
    """Signs certificates, as many as are wanted."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def founded(cls, folder: Path, name: str = "authority") -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        made = cls(folder, key, _certificate(name, key, None))
        (folder / f"{name}.pem").write_bytes(_pem(made.certificate))
        return made

    def issue(
        self, path: Path, number: int, *, passphrase: bytes | None = None, is_client: bool = False
    ) -> Path:
        """Writes a certificate with this serial number, and its key, into one file."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate("one", key, self, number)
        how: Any = serialization.NoEncryption()
        if passphrase:
            how = serialization.BestAvailableEncryption(passphrase)
        shape = serialization.PrivateFormat.PKCS8
        path.write_bytes(
            _pem(certificate) + key.private_bytes(serialization.Encoding.PEM, shape, how)
        )
        return path

    def spoil(self, path: Path) -> None:
        """Leaves a file that is no certificate."""
        path.write_text("broken, for a moment")


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: Authority | None, number: int = 1
) -> x509.Certificate:
    names = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    return (
        x509.CertificateBuilder(
            issuer.certificate.subject if issuer else names, names, key.public_key(), number
        )
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .sign(issuer.key if issuer else key, hashes.SHA256())
    )


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.founded(tmp_path)


@pytest.fixture
def options(authority: Authority, tmp_path: Path) -> ServerOptions:
    return ServerOptions(tls_cert=str(authority.issue(tmp_path / "server.pem", 1)))


@pytest.fixture
def client(tmp_path: Path, authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))


def handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[int, tuple[str, str]]:
    """Returns the serial number that a client sees, the version and the suite; without sockets."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = server.wrap_bio(to_server, to_client, server_side=True)
    there = client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1")
    for _ in range(4):
        for side in (there, here):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
    der = there.getpeercert(binary_form=True)
    cipher = there.cipher()
    assert der is not None
    assert cipher is not None
    return x509.load_der_x509_certificate(der).serial_number, (str(there.version()), cipher[0])


# -- what is spoken


def test_no_certificate_is_no_tls() -> None:
    assert server_tls(ServerOptions()) is None


def test_it_speaks_the_newest_tls(options: ServerOptions, client: ssl.SSLContext) -> None:
    assert handshake(ServerTls(options), client)[1][0] == "TLSv1.3"


def test_tls_1_2_has_suites_with_forward_secrecy_and_authenticated_ciphers_only(
    options: ServerOptions, client: ssl.SSLContext
) -> None:
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    for suites in ("ECDHE+AESGCM", "ECDHE+CHACHA20"):
        client.set_ciphers(suites)
        version, suite = handshake(ServerTls(options), client)[1]
        assert version == "TLSv1.2"
        assert suite.startswith("ECDHE-ECDSA-")
    for suites in ("ECDHE+AES:!AESGCM:!AESCCM", "AESGCM:!ECDHE:!DHE", "ECDHE+AESCCM", "DHE+AESGCM"):
        client.set_ciphers(suites)
        with pytest.raises(ssl.SSLError):
            handshake(ServerTls(options), client)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_older_tls_is_refused(
    options: ServerOptions, client: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    client.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="deprecated"):
        client.minimum_version = version
    with pytest.warns(DeprecationWarning, match="deprecated"):
        client.maximum_version = version
    with pytest.raises(ssl.SSLError):
        handshake(ServerTls(options), client)


# -- files that cannot be used


def test_an_encrypted_key_is_an_error_and_asks_no_terminal(
    authority: Authority, tmp_path: Path
) -> None:
    path = authority.issue(tmp_path / "locked.pem", 1, passphrase=PASSPHRASE)
    with pytest.raises(ConfigError, match="encrypted"):
        ServerTls(ServerOptions(tls_cert=str(path)))


@pytest.mark.parametrize("name", ["tls_cert", "tls_key", "tls_client_ca"])
def test_a_file_that_is_not_there_or_no_pem_is_a_clear_error(
    options: ServerOptions, tmp_path: Path, name: str
) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("this is no certificate")
    for path in (tmp_path / "absent.pem", broken):
        with pytest.raises(ConfigError):
            ServerTls(replace(options, **{name: str(path)}))


# -- clients with certificates


def test_with_an_authority_for_clients_only_those_it_knows_come_in(
    options: ServerOptions, client: ssl.SSLContext, authority: Authority, tmp_path: Path
) -> None:
    server = ServerTls(replace(options, tls_client_ca=str(tmp_path / "authority.pem")))
    with pytest.raises(ssl.SSLError):
        handshake(server, client)
    stranger = Authority.founded(tmp_path, "stranger")
    client.load_cert_chain(stranger.issue(tmp_path / "stranger-client.pem", 7))
    with pytest.raises(ssl.SSLError):
        handshake(server, client)
    client.load_cert_chain(authority.issue(tmp_path / "client.pem", 8))
    assert handshake(server, client)[0] == 1


# -- reading them again


def test_the_next_handshake_after_a_reload_has_the_new_certificate(
    options: ServerOptions, client: ssl.SSLContext, authority: Authority
) -> None:
    server = ServerTls(options)
    authority.issue(Path(options.tls_cert), 2)
    assert handshake(server, client)[0] == 1
    server.reload()
    assert handshake(server, client)[0] == 2


def test_an_authority_that_went_lets_nobody_in_after_a_reload(
    options: ServerOptions, client: ssl.SSLContext, authority: Authority, tmp_path: Path
) -> None:
    known = tmp_path / "known.pem"
    known.write_bytes((tmp_path / "authority.pem").read_bytes())
    client.load_cert_chain(authority.issue(tmp_path / "client.pem", 8))
    server = ServerTls(replace(options, tls_client_ca=str(known)))
    assert handshake(server, client)[0] == 1
    Authority.founded(tmp_path, "stranger")
    known.write_bytes((tmp_path / "stranger.pem").read_bytes())
    server.reload()
    with pytest.raises(ssl.SSLError):
        handshake(server, client)


@pytest.mark.parametrize("damage", ["absent", "half", "another key", "encrypted"])
def test_a_reload_of_files_that_cannot_be_used_changes_nothing(
    options: ServerOptions,
    client: ssl.SSLContext,
    authority: Authority,
    tmp_path: Path,
    damage: str,
) -> None:
    server = ServerTls(options)
    path = Path(options.tls_cert)
    match damage:
        case "absent":
            path.unlink()
        case "half":
            path.write_bytes(path.read_bytes()[:500])
        case "another key":  # the certificate is renewed, and its key not yet
            other = authority.issue(tmp_path / "other.pem", 2).read_bytes()
            key = path.read_bytes().partition(b"-----BEGIN PRIVATE")
            path.write_bytes(other.partition(b"-----BEGIN PRIVATE")[0] + key[1] + key[2])
        case "encrypted":
            authority.issue(path, 2, passphrase=PASSPHRASE)
    with pytest.raises(ConfigError):
        server.reload()
    assert handshake(server, client)[0] == 1


def test_a_reload_is_over_before_a_frame_is_due(options: ServerOptions) -> None:
    server = ServerTls(options)
    times = []
    for _ in range(20):
        since = time.perf_counter()
        server.reload()
        times.append(time.perf_counter() - since)
    assert sorted(times)[10] < 0.02


# -- under those who talk


@pytest.mark.realtime
async def test_certificates_change_under_load_and_no_session_is_lost(
    options: ServerOptions, client: ssl.SSLContext, authority: Authority
) -> None:
    path = Path(options.tls_cert)
    config = Config(playout=PlayoutOptions(max_ahead_s=60.0))
    ends = asyncio.Event()
    seen: set[int] = set()

    async def talk(url: str) -> int:
        """Talks on one connection until the end."""
        replies = 0
        async with connect(url, ssl=client) as avatar:
            while (not ends.is_set() and replies < 4) or not replies:  # more is no honest client
                assert (await avatar.ask("Hello?")).status == "completed"
                replies += 1
                await asyncio.sleep(0.15)
            await ends.wait()
        return replies

    async def arrive(port: int) -> None:
        """Comes anew again and again, and notes whose certificate it sees."""
        while not ends.is_set():
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
            der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            seen.add(x509.load_der_x509_certificate(der).serial_number)
            writer.close()
            await writer.wait_closed()

    async with running(None, config, tls_cert=str(path), max_sessions=8) as run:
        talks = [asyncio.create_task(talk(run.url)) for _ in range(4)]
        arrivals = [asyncio.create_task(arrive(run.server.port)) for _ in range(2)]
        for number in range(2, 8):
            await asyncio.sleep(0.1)
            authority.issue(path, number)
            run.server.reload()
            authority.spoil(path)
            run.server.reload()
        await eventually(lambda: 7 in seen)
        ends.set()
        assert min(await asyncio.gather(*talks)) > 0
        await asyncio.gather(*arrivals)
    assert max(seen) == 7
    assert len(seen) >= 5


# -- signals


SERVER = """
import asyncio, sys, threading
from kit.edge import engines, quiet_config
from voice_avatar.cli import serve
from voice_avatar.config.load import Config
serve.engines_of = lambda *_, **__: engines("Hello.")
sys.exit(serve.serve(quiet_config(**dict(arg.split("=", 1) for arg in sys.argv[1:]))))
"""


@pytest.fixture
def environ() -> dict[str, str]:
    return programs.environ()


@pytest.fixture
def started(
    options: ServerOptions, environ: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server of its own process, and its port."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, f"tls_cert={options.tls_cert}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environ,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        yield process, int(process.stdout.readline().strip().strip("/").rpartition(":")[2])
    finally:
        process.kill()
        process.communicate()


@pytest.mark.realtime
async def test_sighup_renews_the_certificate_and_ends_nobody(
    started: tuple[subprocess.Popen[str], int],
    options: ServerOptions,
    client: ssl.SSLContext,
    authority: Authority,
) -> None:
    process, port = started
    path = Path(options.tls_cert)
    async with connect(f"wss://127.0.0.1:{port}", ssl=client) as avatar:
        for number in (2, 3):
            authority.issue(path, number)
            process.send_signal(signal.SIGHUP)
            async with asyncio.timeout(30):
                while await serial(port, client) != number:
                    pass
            assert (await avatar.ask("Hello?")).status == "completed"
    assert process.poll() is None


async def serial(port: int, client: ssl.SSLContext) -> int:
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    return int(x509.load_der_x509_certificate(der).serial_number)


@pytest.mark.realtime
def test_the_end_of_its_terminal_ends_a_server_but_a_signal_by_hand_does_not(
    environ: dict[str, str],
) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may use nohup
        os.execve(sys.executable, [sys.executable, "-c", SERVER], environ)
    said = b""
    while b"is ready" not in said:
        said += os.read(terminal, 1000)
    os.kill(pid, signal.SIGHUP)
    while b"nothing to reload" not in said:
        said += os.read(terminal, 1000)
    assert os.waitpid(pid, os.WNOHANG) == (0, 0)
    watchdog = threading.Timer(60, os.kill, (pid, signal.SIGKILL))
    watchdog.start()
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    watchdog.cancel()
    assert os.WIFEXITED(status)


async def test_silent_tls_handshakes_of_an_address_are_bounded(
    options: ServerOptions,
) -> None:
    async with running(per_address=4, tls_cert=options.tls_cert) as run:
        lines = [await asyncio.open_connection("127.0.0.1", run.server.port) for _ in range(12)]
        before_s = asyncio.get_running_loop().time()
        for reader, _ in lines[:8]:
            with suppress(OSError):
                assert not await asyncio.wait_for(reader.read(), 60)
        assert asyncio.get_running_loop().time() - before_s < 4.0  # before their time is over
        assert not any(reader.at_eof() for reader, _ in lines[8:])
        for _, writer in lines:
            writer.close()
