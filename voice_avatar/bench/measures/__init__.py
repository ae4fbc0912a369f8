"""What can be measured: one name of `voice-avatar bench` a file. Doing."""
