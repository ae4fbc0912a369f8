"""Python client of a voice-avatar server: `from voice_avatar.client import connect`. Doing."""

from voice_avatar.client.connection import AvatarConnection, connect

__all__ = ["AvatarConnection", "connect"]
