"""Schemas, tables and AsyncAPI, from the code. Doing."""
