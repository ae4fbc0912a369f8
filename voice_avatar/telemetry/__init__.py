"""Figures and logs, without anybody's words. Doing."""
