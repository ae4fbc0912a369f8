"""Measurements: each file is one, run as `python -m voice_avatar.bench.NAME`."""
