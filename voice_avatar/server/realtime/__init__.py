"""The server's side of OpenAI's Realtime protocol: who may come, and a connection. Doing."""
