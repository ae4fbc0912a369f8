"""OpenAI's Realtime protocol as a dialect of the conversation. Pure: no socket, clock or chance.

`dialect.py` is the interface: a client's event in, or a notice of the session in; the server's
events and the session's inputs out, in order. docs/realtime.md says what is kept of the protocol.
"""
