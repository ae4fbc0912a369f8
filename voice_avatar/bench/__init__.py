"""Measurements: `voice-avatar bench NAME`, each a file of `measures/`. Doing."""
