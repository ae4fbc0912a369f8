"""PCM, Opus, G.711 and WAV: samples in and out of bytes. Pure."""
