"""One edge per stage: what an engine must do, what it says of itself, what can be set. Pure."""
