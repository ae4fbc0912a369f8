"""Prefix caches that are shared by all users, kept apart.

An engine that finds a prompt's beginning in its cache answers sooner: by the time that it takes,
anybody could tell whether somebody else has said something. With a salt of its own, each
conversation finds only what is its own.
"""

from __future__ import annotations

import hashlib
import secrets


class CacheSalts:
    """Salts that nobody outside this process can know or choose."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def of(self, cache_key: str) -> str:
        """Returns the salt of a conversation, by the id that the server gave it."""
        key = cache_key.encode("utf-8", "replace")
        return hashlib.blake2b(key, key=self._secret, digest_size=16).hexdigest()

    def tag(self, cache_key: str) -> str:
        """Returns a short mark of a conversation that nobody else can write."""
        return self.of(f"tag {cache_key}")[:12]
