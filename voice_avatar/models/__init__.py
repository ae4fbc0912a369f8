"""The model store: names -> verified files on this machine. Doing."""
