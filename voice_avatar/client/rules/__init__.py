"""What PROTOCOL.md asks of a client: the reference for every other client. Pure."""
