"""Golden vectors that clients in every language are tested by. Doing."""
