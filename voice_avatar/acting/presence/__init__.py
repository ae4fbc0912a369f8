"""What the body does between replies: it listens, waits and looks. Pure."""
