"""Keeps sessions on disk as they happen, and runs them again. Doing."""
