"""Engines on servers elsewhere: what only concerns those. Doing."""
