"""TLS of the server's port: strict settings, and certificates that change while it runs.

Certificates live for weeks and talks for hours, so new files must not end anything: `ServerTls`
makes each connection's TLS from the newest files that were whole. Connections that there are keep
what they have.
"""

from __future__ import annotations

import ssl
from typing import Any, Final

from voice_avatar.config.load import ServerOptions
from voice_avatar.errors import ConfigError

_SUITES: Final = "ECDHE+AESGCM:ECDHE+CHACHA20:!PSK"
"""Of TLS 1.2: those that keep the past secret when the key is lost, and whose ciphers notice
changes. TLS 1.3 has no others."""


class ServerTls(ssl.SSLContext):
    """The TLS settings that a listener is given once, and that can be read anew.

    Listeners ask their context for nothing but `wrap_bio`, once for each connection. Here that is
    passed on to a context made from the files, which `reload` replaces as a whole: certificate, key
    and authorities change together or not at all. (Loading a certificate into a context in use
    drops its key when the two do not belong together, and never forgets an authority.)
    """

    _options: ServerOptions
    _current: ssl.SSLContext

    def __new__(cls, options: ServerOptions) -> ServerTls:
        """Reads the files.

        Args:
            options: names the files; `tls_cert` is set.

        Raises:
            ConfigError: they cannot be used.
        """
        made = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        made._options = options
        made._current = _context(options)
        return made

    def reload(self) -> None:
        """Reads the files again, for connections from now on.

        Raises:
            ConfigError: they cannot be used; those that were read before stay.
        """
        self._current = _context(self._options)

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        """Returns the TLS of one connection."""
        return self._current.wrap_bio(*args, **options)


def server_tls(options: ServerOptions) -> ServerTls | None:
    """Returns the TLS settings of a server; None without a certificate.

    Raises:
        ConfigError: the files cannot be used.
    """
    return ServerTls(options) if options.tls_cert else None


def _context(options: ServerOptions) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_ciphers(_SUITES)
    try:
        # Without a function to ask, OpenSSL would ask the terminal, and wait.
        context.load_cert_chain(options.tls_cert, options.tls_key or None, _no_passphrase)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError("The TLS certificate or key cannot be used.") from error
    if options.tls_client_ca:
        try:
            context.load_verify_locations(options.tls_client_ca)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError("server.tls_client_ca cannot be used.") from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _no_passphrase() -> str:
    raise ConfigError(
        "The TLS key is encrypted, and nobody is there to be asked for its passphrase: store it"
        " without one, readable by the server only."
    )
