"""Adapters: one file per dialect, each a `Target` (see `target.py`). Doing."""
