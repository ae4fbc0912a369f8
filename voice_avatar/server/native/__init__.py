"""The server's side of `voice-avatar.v1`: a connection, its audio, its faces, its offer. Doing."""
