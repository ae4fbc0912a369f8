"""Tools that the model may call: offers, calls, and calls in plain text. Pure."""
