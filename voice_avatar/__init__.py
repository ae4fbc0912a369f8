"""voice-avatar: talk, by voice, with an LLM-driven avatar. Importing this loads nothing heavy."""

__version__ = "0.1.0"
