"""Windows and words become the turn of a user. Pure."""
