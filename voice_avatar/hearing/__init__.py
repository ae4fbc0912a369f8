"""Microphone -> windows -> how likely is a voice, and whose. Pure."""
