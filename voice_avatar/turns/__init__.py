"""Windows of the microphone and recognised words in, the user's turn out. Pure."""
