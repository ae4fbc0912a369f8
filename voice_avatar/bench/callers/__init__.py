"""Who calls a server to measure it. Doing."""
