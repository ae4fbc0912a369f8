"""OpenAI's Realtime protocol as a dialect of the conversation. Pure."""
