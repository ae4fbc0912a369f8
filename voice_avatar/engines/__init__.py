"""One library a file, imported lazily by name (see `registry.py`). Doing."""
