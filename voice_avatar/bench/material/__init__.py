"""What is said and heard in a measurement. Doing."""
