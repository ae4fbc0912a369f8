"""The rules of the protocol, each with a talk that shows whether a server keeps it. Doing."""
