"""The server: its port, who is let in, and the connections that carry sessions. Doing."""
