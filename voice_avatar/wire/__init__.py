"""Our protocol: messages, frames, codes, and what both sides agree on. Pure."""
