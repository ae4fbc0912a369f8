"""Which engine computes with how many threads on this machine. Doing."""
