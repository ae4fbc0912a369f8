"""The decision: what happened in, what to do and what to tell out. Pure."""
