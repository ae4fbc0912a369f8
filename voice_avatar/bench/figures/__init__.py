"""Figures out of what was measured. Pure."""
