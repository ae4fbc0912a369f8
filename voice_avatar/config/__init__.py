"""Every option of every stage, from five sources. Pure."""
