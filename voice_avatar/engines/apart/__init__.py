"""Engines in processes of their own: what one of them does wrong can be ended with it. Doing."""
