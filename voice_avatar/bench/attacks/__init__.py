"""Attacks on a server, and what others notice of them. Doing."""
