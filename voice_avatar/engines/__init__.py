"""Engines: one file per library, imported lazily by name (see `registry.py`)."""
