"""Deltas of a reply become chunks that a voice can say. Pure."""
