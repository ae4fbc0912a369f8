"""What PROTOCOL.md asks of a client, as pure functions: the reference for every other client."""
