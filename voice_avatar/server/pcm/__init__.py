"""The server's side of plain PCM, for benchmarks and toys: a connection. Doing."""
